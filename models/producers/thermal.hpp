// Thermal unit: fuel, start, ramp and minimum times. Equations and sources: docs/models/thermal.md.
#pragma once

#include <limits>

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

/// What a unit did before the first step.
enum class InitialState : std::uint8_t {
  free,    ///< unknown: the first step may commit it at any output, without start cost
  online,  ///< running at initial_output
  offline
};
inline constexpr std::array<std::string_view, 3> k_initial_state_names = {"free", "online", "offline"};

struct Thermal {
  static constexpr std::string_view type = "thermal";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A fuel-fired or nuclear unit with a convex piecewise-linear fuel curve, start costs, ramp limits and minimum "
      "up and down times.";

  struct Params {
    Carrier carrier = Carrier::other;
    double capacity_mw = 0.0;
    double min_stable_mw = 0.0;
    double ramp_mw_per_min = k_unlimited;
    double min_up_h = 0.0;
    double min_down_h = 0.0;
    bool must_run = false;
    Series availability{1.0, {}};
    Curve fuel_curve;
    double heat_rate_gj_per_mwh = k_not_given;
    Series fuel_price_per_gj;
    double emission_factor_t_per_gj = 0.0;
    Curve cost_curve;
    double variable_cost_per_mwh = 0.0;
    double start_cost = 0.0;
    double start_fuel_gj = 0.0;
    Curve start_fuel_curve;
    InitialState initial_state = InitialState::free;
    double initial_output_mw = k_not_given;
    double initial_hours_h = 8760.0;

    /// Made by prepare(): the convex curves, or straight lines, at common outputs.
    struct Operation {
      std::uint32_t count = 0;
      std::array<double, Curve::k_max_points> p_mw{};
      std::array<double, Curve::k_max_points> fuel_gj_per_h{};
      std::array<double, Curve::k_max_points> cost_per_h{};  ///< that of cost_curve, without fuel
    } operation;
  };

  struct State {
    double p_mw = 0.0;            ///< at the end of the last step
    double hours_in_state = 0.0;  ///< since the last start or stop
    bool online = false;
    bool free = false;  ///< before the first step of a unit whose past is unknown
  };

  static constexpr auto fields = std::make_tuple(
      field(&Params::carrier, "carrier", "1", "what the unit burns").one_of(k_carrier_names),
      field(&Params::capacity_mw, "capacity", "MW", "net output at full load").required().at_least(0),
      field(&Params::min_stable_mw, "min_stable_level", "MW", "lowest output while online").at_least(0),
      field(&Params::ramp_mw_per_min, "ramp_rate", "MW/min",
            "largest change of output, up and down; unlimited if not given")
          .above(0),
      field(&Params::min_up_h, "min_up_time", "h", "shortest time online after a start").at_least(0),
      field(&Params::min_down_h, "min_down_time", "h", "shortest time offline after a stop").at_least(0),
      field(&Params::must_run, "must_run", "1", "stays online whenever it is available"),
      field(&Params::availability, "availability", "1",
            "share of capacity not on outage or derated; below the minimum stable level the unit is tripped")
          .between(0, 1),
      field(&Params::fuel_curve, "fuel_curve", "MW", "fuel per hour over output, at least two points; made convex")
          .gives("GJ/h"),
      field(&Params::heat_rate_gj_per_mwh, "heat_rate", "GJ/MWh", "fuel per energy, in place of fuel_curve")
          .at_least(0),
      field(&Params::fuel_price_per_gj, "fuel_price", "currency/GJ", "price of the fuel").at_least(0),
      field(&Params::emission_factor_t_per_gj, "emission_factor", "t/GJ",
            "CO2 per fuel burnt; `t/MWh` counts thermal energy")
          .at_least(0),
      field(&Params::cost_curve, "cost_curve", "MW",
            "money per hour over output, where fuel and its price are not known apart; made convex")
          .gives("currency/h"),
      field(&Params::variable_cost_per_mwh, "variable_cost", "currency/MWh", "operation and maintenance per energy"),
      field(&Params::start_cost, "start_cost", "currency", "cost of one start, besides its fuel").at_least(0),
      field(&Params::start_fuel_gj, "start_fuel", "GJ", "fuel of one start").at_least(0),
      field(&Params::start_fuel_curve, "start_fuel_curve", "h",
            "fuel of one start by hours offline, in place of start_fuel: each point holds from its hour to the next")
          .gives("GJ"),
      field(&Params::initial_state, "initial_state", "1",
            "before the first step; `free` lets the first step choose at no cost")
          .one_of(k_initial_state_names),
      field(&Params::initial_output_mw, "initial_output", "MW",
            "output before the first step if online; the minimum stable level if not given")
          .at_least(0),
      field(&Params::initial_hours_h, "initial_hours", "h", "time since the last start or stop, before the first step")
          .at_least(0));

  static constexpr auto state_fields =
      std::make_tuple(field(&State::hours_in_state, "hours_in_state_h", "h", "time since the last start or stop"));

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params& params, const StepContext& context);
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  /// Of running at `p_mw`; zero for no output of a unit that cannot run at none.
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params& params) { return params.carrier; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
};

}  // namespace gridplus::models
