// Battery with its converter, standing losses and ageing. Equations and sources: docs/models/battery.md.
#pragma once

#include "models/common/battery_ageing.hpp"
#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

/// Which kinds of fade reduce the capacity.
enum class Ageing : std::uint8_t { none, calendar, cycle, both };
inline constexpr std::array<std::string_view, 4> k_ageing_names = {"none", "calendar", "cycle", "both"};

struct Battery {
  static constexpr std::string_view type = "battery";
  static constexpr DeviceKind kind = DeviceKind::storage;
  static constexpr std::string_view doc =
      "A battery with charge and discharge efficiency, self-discharge, a window of the state of charge, and calendar "
      "and cycle ageing.";

  struct Params {
    double capacity_mw = 0.0;
    double charge_capacity_mw = k_not_given;
    double energy_capacity_mwh = 0.0;
    double charge_efficiency = 0.9193;
    double discharge_efficiency = 0.9193;
    double self_discharge_per_month = 0.02;
    double soc_min = 0.1;
    double soc_max = 0.9;
    double initial_soc = 0.5;
    Series availability{1.0, {}};
    Ageing ageing = Ageing::none;
    Series temperature_c{25.0, {}};
    Curve cycle_life{2, {0.2, 0.8}, {5000.0, 1000.0}};
    double replacement_cost_per_mwh = 0.0;

    double standing_loss_per_h = 0.0;  ///< made by prepare()
    CycleFade cycle_fade;              ///< made by prepare()
    double wear_per_mwh = 0.0;         ///< made by prepare(): per MWh discharged at the grid
  };
  struct State {
    double energy_mwh = 0.0;
    double health = 1.0;
    double calendar_fade_squared = 0.0;
    double calendar_capacity = 1.0;
    double cycle_capacity = 1.0;
    double throughput_mwh = 0.0;
    RainflowCounter rainflow;
  };

  static constexpr auto fields = std::make_tuple(
      field(&Params::capacity_mw, "capacity", "MW", "largest discharge, at the grid").required().at_least(0),
      field(&Params::charge_capacity_mw, "charge_capacity", "MW",
            "largest charge, at the grid; as capacity if not given")
          .at_least(0),
      field(&Params::energy_capacity_mwh, "energy_capacity", "MWh", "energy between empty and full when new")
          .required()
          .above(0),
      field(&Params::charge_efficiency, "charge_efficiency", "1", "stored over drawn from the grid")
          .above(0)
          .at_most(1),
      field(&Params::discharge_efficiency, "discharge_efficiency", "1", "given to the grid over taken from the store")
          .above(0)
          .at_most(1),
      field(&Params::self_discharge_per_month, "self_discharge", "1/month",
            "share of the energy lost in a month (730 h) of standing")
          .at_least(0)
          .at_most(0.99),
      field(&Params::soc_min, "soc_min", "1", "lowest state of charge that discharging may leave").between(0, 1),
      field(&Params::soc_max, "soc_max", "1", "highest state of charge that charging may reach").between(0, 1),
      field(&Params::initial_soc, "initial_soc", "1", "state of charge before the first step").between(0, 1),
      field(&Params::availability, "availability", "1", "share of the converter in service").between(0, 1),
      field(&Params::ageing, "ageing", "1", "what reduces the capacity").one_of(k_ageing_names),
      field(&Params::temperature_c, "temperature", "degC", "of the cells, for calendar ageing"),
      field(&Params::cycle_life, "cycle_life", "1",
            "cycles until 80 % of the capacity is left, over depth of discharge")
          .gives("1"),
      field(&Params::replacement_cost_per_mwh, "replacement_cost", "currency/MWh",
            "of new cells per energy capacity; spread over the cycle life as the cost of wear")
          .at_least(0));
  static constexpr auto state_fields = std::make_tuple(
      field(&State::throughput_mwh, "throughput_mwh", "MWh", "energy discharged at the grid since the start"),
      field(&State::calendar_capacity, "calendar_capacity", "1", "capacity left by calendar ageing alone"),
      field(&State::cycle_capacity, "cycle_capacity", "1", "capacity left by cycle ageing alone"));

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params& params, const StepContext& context);
  static StorageOffer offer(const Params& params, const State& state, const StepContext& context);
  static StorageResponse step(const Params& params, State& state, const StorageCommand& command,
                              const StepContext& context);
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
  static double energy_capacity_mwh(const Params& params) { return params.energy_capacity_mwh; }
};

}  // namespace gridplus::models
