// Pumped hydro plant. Equations and sources: docs/models/pumped_hydro.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

/// What the machines did in the last step.
enum class PumpedHydroMode : std::uint8_t { idle, pumping, generating };
inline constexpr std::array<std::string_view, 3> k_pumped_hydro_mode_names = {"idle", "pumping", "generating"};

struct PumpedHydro {
  static constexpr std::string_view type = "pumped_hydro";
  static constexpr DeviceKind kind = DeviceKind::storage;
  static constexpr std::string_view doc =
      "A pumped hydro plant: pumps, turbines, an upper reservoir given as energy, lowest loads and the time to change "
      "between pumping and generating.";

  struct Params {
    double capacity_mw = 0.0;
    double pump_capacity_mw = k_not_given;
    double energy_capacity_mwh = 0.0;
    double round_trip_efficiency = 0.8;
    double pump_efficiency = k_not_given;
    double min_turbine_load_mw = 0.0;
    double min_pump_load_mw = 0.0;
    double changeover_h = 1.0 / 6.0;
    double loss_per_month = 0.0;
    double initial_level = 0.5;
    Series availability{1.0, {}};
    double variable_cost_per_mwh = 0.0;

    double turbine_efficiency = 1.0, pumping_efficiency = 1.0;  ///< made by prepare()
    double standing_loss_per_h = 0.0;                           ///< made by prepare()
  };
  struct State {
    double energy_mwh = 0.0;
    PumpedHydroMode mode = PumpedHydroMode::idle;
  };

  static constexpr auto fields = std::make_tuple(
      field(&Params::capacity_mw, "capacity", "MW", "largest output of the turbines, at the grid")
          .required()
          .at_least(0),
      field(&Params::pump_capacity_mw, "pump_capacity", "MW",
            "largest draw of the pumps, at the grid; as capacity if not given")
          .at_least(0),
      field(&Params::energy_capacity_mwh, "energy_capacity", "MWh",
            "potential energy of the water that the upper reservoir can hold")
          .required()
          .above(0),
      field(&Params::round_trip_efficiency, "round_trip_efficiency", "1", "given back over drawn, at the grid")
          .above(0)
          .at_most(1),
      field(&Params::pump_efficiency, "pump_efficiency", "1",
            "stored over drawn; the root of round_trip_efficiency if not given")
          .above(0)
          .at_most(1),
      field(&Params::min_turbine_load_mw, "min_turbine_load", "MW", "lowest output of the turbines while they run")
          .at_least(0),
      field(&Params::min_pump_load_mw, "min_pump_load", "MW", "lowest draw of the pumps while they run").at_least(0),
      field(&Params::changeover_h, "changeover_time", "h", "without power between pumping and generating").at_least(0),
      field(&Params::loss_per_month, "reservoir_loss", "1/month", "share of the water lost in a month (730 h)")
          .between(0, 0.99),
      field(&Params::initial_level, "initial_level", "1", "share of energy_capacity held before the first step")
          .between(0, 1),
      field(&Params::availability, "availability", "1", "share of the machines not on outage").between(0, 1),
      field(&Params::variable_cost_per_mwh, "variable_cost", "currency/MWh",
            "operation and maintenance per energy generated")
          .at_least(0));
  static constexpr auto state_fields = std::make_tuple(
      field(&State::mode, "mode", "1", "what the machines did in the step").one_of(k_pumped_hydro_mode_names));

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params& params, const StepContext& context);
  static StorageOffer offer(const Params& params, const State& state, const StepContext& context);
  static StorageResponse step(const Params& params, State& state, const StorageCommand& command,
                              const StepContext& context);
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
  static double energy_capacity_mwh(const Params& params) { return params.energy_capacity_mwh; }
};

}  // namespace gridplus::models
