// Wind turbine or farm from wind speed. Equations and sources: docs/models/wind.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

struct Wind {
  static constexpr std::string_view type = "wind";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A wind turbine or farm: shear, air density, power curve, storm cut-out and wake loss from wind speed, or a "
      "given available power.";

  /// The farm's curve as a table, made where smoothing is asked for.
  struct SmoothCurve {
    static constexpr std::size_t k_points = 129;
    static constexpr double k_highest_m_per_s = 48.0;
    std::array<double, k_points> share{};
  };

  struct Params {
    double capacity_mw = 0.0;
    Series speed_m_per_s{k_not_given, {}};
    double reference_height_m = 100.0;
    double hub_height_m = 100.0;
    double shear_exponent = 1.0 / 7.0;
    Series air_density_kg_per_m3{1.225, {}};
    Curve power_curve;
    double cut_in_m_per_s = 3.0;
    double rated_m_per_s = 12.0;
    double cut_out_m_per_s = 25.0;
    double restart_m_per_s = 20.0;
    double smoothing = 0.0;
    double wake_loss = 0.08;
    Series available_mw{k_not_given, {}};
    Series availability{k_not_given, {}};
    bool curtailable = true;
    double variable_cost_per_mwh = 0.0;

    double hub_factor = 1.0;  ///< made by prepare(): speed at the hub over that at the reference height
    SmoothCurve smooth;
  };
  struct State {
    bool stopped_by_storm = false;
  };

  static constexpr auto fields = std::make_tuple(
      field(&Params::capacity_mw, "capacity", "MW", "rated power").required().at_least(0),
      field(&Params::speed_m_per_s, "speed", "m/s", "wind speed at the reference height").at_least(0),
      field(&Params::reference_height_m, "reference_height", "m", "height above ground of the given speed").above(0),
      field(&Params::hub_height_m, "hub_height", "m", "height above ground of the hub").above(0),
      field(&Params::shear_exponent, "shear_exponent", "1", "of the power law between the two heights").between(0, 1),
      field(&Params::air_density_kg_per_m3, "air_density", "kg/m3", "at the hub").between(0.5, 2),
      field(&Params::power_curve, "power_curve", "m/s",
            "share of the capacity over speed at 1.225 kg/m3; the generic curve if not given")
          .gives("1"),
      field(&Params::cut_in_m_per_s, "cut_in", "m/s", "no output below; generic curve only").at_least(0),
      field(&Params::rated_m_per_s, "rated", "m/s", "full output from here; generic curve only").above(0),
      field(&Params::cut_out_m_per_s, "cut_out", "m/s", "stops for storm from here").above(0),
      field(&Params::restart_m_per_s, "restart", "m/s", "runs again below, after a storm").above(0),
      field(&Params::smoothing, "smoothing", "1",
            "standard deviation of speeds across the farm over their mean; 0 for one turbine")
          .between(0, 0.5),
      field(&Params::wake_loss, "wake_loss", "1", "share lost in the wakes of other turbines").between(0, 0.9),
      field(&Params::available_mw, "available", "MW", "available power at the grid, in place of speed").at_least(0),
      field(&Params::availability, "availability", "1",
            "share of turbines not on outage; 0.97 if not given, 1 with available")
          .between(0, 1),
      field(&Params::curtailable, "curtailable", "1", "may give less than what is available; else all of it is taken"),
      field(&Params::variable_cost_per_mwh, "variable_cost", "currency/MWh",
            "cost per energy; negative where a premium is paid"));
  static constexpr auto state_fields = std::make_tuple(
      field(&State::stopped_by_storm, "stopped_by_storm", "1", "waits for the wind to fall below the restart speed"));

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params& params, const StepContext& context);
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params&) { return Carrier::wind; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }

  /// Share of the capacity that one turbine gives at a speed corrected for density, storms left aside.
  static double turbine_share(const Params& params, double speed_m_per_s);
};

}  // namespace gridplus::models
