// Hydro plant with a reservoir. Equations and sources: docs/models/reservoir_hydro.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

struct ReservoirHydro {
  static constexpr std::string_view type = "reservoir_hydro";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A hydro plant with a reservoir: inflow, ecological flow, spill, head, and water offered at its value.";

  struct Params {
    double capacity_mw = 0.0;
    double head_m = 0.0;
    double head_at_empty_m = k_not_given;
    double efficiency = 0.9;
    double storage_max_m3 = 0.0;
    double storage_min_m3 = 0.0;
    double initial_fill = 0.5;
    Series inflow_m3_per_s;
    Series ecological_flow_m3_per_s;
    Series availability{1.0, {}};
    double variable_cost_per_mwh = 0.0;
    Series water_value_per_mwh;
    Curve water_value_by_fill;
  };
  struct State {
    double volume_m3 = 0.0;
    double energy_mwh = 0.0;  ///< of the water above storage_min, at the head of the present fill
    double turbined_m3_per_s = 0.0, bypass_m3_per_s = 0.0, spill_m3_per_s = 0.0;
  };

  static constexpr auto fields = std::make_tuple(
      field(&Params::capacity_mw, "capacity", "MW", "largest output").required().at_least(0),
      field(&Params::head_m, "head", "m", "net head of the full reservoir").required().above(0),
      field(&Params::head_at_empty_m, "head_at_empty", "m", "net head at storage_min; as head if not given").above(0),
      field(&Params::efficiency, "efficiency", "1", "of turbine and generator").above(0).at_most(1),
      field(&Params::storage_max_m3, "storage_max", "m3", "volume above which water spills").required().above(0),
      field(&Params::storage_min_m3, "storage_min", "m3", "volume below which none is released").at_least(0),
      field(&Params::initial_fill, "initial_fill", "1",
            "share of the volume between storage_min and storage_max before the first step")
          .between(0, 1),
      field(&Params::inflow_m3_per_s, "inflow", "m3/s", "into the reservoir, evaporation taken off")
          .required()
          .at_least(0),
      field(&Params::ecological_flow_m3_per_s, "ecological_flow", "m3/s",
            "least release, through the turbines as far as they can")
          .at_least(0),
      field(&Params::availability, "availability", "1", "share of the turbines not on outage").between(0, 1),
      field(&Params::variable_cost_per_mwh, "variable_cost", "currency/MWh", "paid per energy"),
      field(&Params::water_value_per_mwh, "water_value", "currency/MWh",
            "what stored water is worth later: added to the price of the offer, not to the cost")
          .at_least(0),
      field(&Params::water_value_by_fill, "water_value_by_fill", "1",
            "factor on water_value over the share of fill; 1 if not given")
          .gives("1"));
  static constexpr auto state_fields = std::make_tuple(
      field(&State::energy_mwh, "energy_mwh", "MWh", "energy of the water above storage_min at the present head"),
      field(&State::volume_m3, "volume_m3", "m3", "water in the reservoir"),
      field(&State::turbined_m3_per_s, "turbined_m3_per_s", "m3/s", "flow through the turbines"),
      field(&State::bypass_m3_per_s, "bypass_m3_per_s", "m3/s", "ecological flow that the turbines could not take"),
      field(&State::spill_m3_per_s, "spill_m3_per_s", "m3/s", "flow over the spillway"));

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params& params, const StepContext& context);
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  /// What is paid; the value of the water is an opportunity, not a cost.
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params&) { return Carrier::hydro; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
};

}  // namespace gridplus::models
