// Run-of-river hydro plant. Equations: docs/models/run_of_river.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

struct RunOfRiver {
  static constexpr std::string_view type = "run_of_river";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A hydro plant without storage, by a given output or by flow and head; taken as it comes unless curtailable.";

  struct Params {
    double capacity_mw = 0.0;
    Series output_mw{k_not_given, {}};
    Series flow_m3_per_s{k_not_given, {}};
    Series head_m{k_not_given, {}};
    double efficiency = 0.9;
    double residual_flow_m3_per_s = 0.0;
    Series availability{1.0, {}};
    bool curtailable = false;
    double variable_cost_per_mwh = 0.0;
  };
  struct State {};

  static constexpr auto fields = std::make_tuple(
      field(&Params::capacity_mw, "capacity", "MW", "output at the design flow").required().at_least(0),
      field(&Params::output_mw, "output", "MW", "available output, in place of flow and head").at_least(0),
      field(&Params::flow_m3_per_s, "flow", "m3/s", "of the river at the weir").at_least(0),
      field(&Params::head_m, "head", "m", "net head").at_least(0),
      field(&Params::efficiency, "efficiency", "1", "of turbine and generator").above(0).at_most(1),
      field(&Params::residual_flow_m3_per_s, "residual_flow", "m3/s", "left in the river, past the turbines")
          .at_least(0),
      field(&Params::availability, "availability", "1", "share of the turbines not on outage").between(0, 1),
      field(&Params::curtailable, "curtailable", "1", "may spill water; else all output is taken"),
      field(&Params::variable_cost_per_mwh, "variable_cost", "currency/MWh", "cost per energy"));
  static constexpr auto state_fields = std::make_tuple();

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params&, const StepContext&) { return {}; }
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params&) { return Carrier::hydro; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
};

}  // namespace gridplus::models
