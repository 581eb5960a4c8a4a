// Generator whose available output is a given time series. Equations: docs/models/profile_generator.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

struct ProfileGenerator {
  static constexpr std::string_view type = "profile_generator";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A generator whose available output is a given time series, either taken as it is or curtailable.";

  struct Params {
    Carrier carrier = Carrier::other;
    double capacity_mw = k_not_given;
    Series output_mw;
    Series availability{1.0, {}};
    bool curtailable = true;
    Series variable_cost_per_mwh;
    double emission_rate_t_per_mwh = 0.0;
  };
  struct State {};

  static constexpr auto fields = std::make_tuple(
      field(&Params::carrier, "carrier", "1", "what the electricity is made from").one_of(k_carrier_names),
      field(&Params::capacity_mw, "capacity", "MW", "nameplate; more than this is never available")
          .required()
          .at_least(0),
      field(&Params::output_mw, "output", "MW", "available output").required().at_least(0),
      field(&Params::availability, "availability", "1", "share of the output not on outage").between(0, 1),
      field(&Params::curtailable, "curtailable", "1", "may give less than what is available; else all of it is taken"),
      field(&Params::variable_cost_per_mwh, "variable_cost", "currency/MWh",
            "cost per energy, CO2 apart; negative where a premium is paid"),
      field(&Params::emission_rate_t_per_mwh, "emission_rate", "t/MWh", "CO2 per electrical energy").at_least(0));
  static constexpr auto state_fields = std::make_tuple();

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params&, const StepContext&) { return {}; }
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params& params) { return params.carrier; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
};

}  // namespace gridplus::models
