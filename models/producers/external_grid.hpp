// Connection to a grid outside the model. Equations: docs/models/external_grid.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

struct ExternalGrid {
  static constexpr std::string_view type = "external_grid";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A connection to a grid outside the model, which sells up to an import limit and buys up to an export limit.";

  struct Params {
    double import_limit_mw = 0.0;
    double export_limit_mw = k_not_given;
    Series import_price_per_mwh;
    Series export_price_per_mwh;
    Series availability{1.0, {}};
    double emission_rate_t_per_mwh = 0.0;
  };
  struct State {};

  static constexpr auto fields = std::make_tuple(
      field(&Params::import_limit_mw, "import_limit", "MW", "largest power drawn from outside").required().at_least(0),
      field(&Params::export_limit_mw, "export_limit", "MW",
            "largest power given to outside; as import_limit if not given")
          .at_least(0),
      field(&Params::import_price_per_mwh, "import_price", "currency/MWh", "paid for energy from outside"),
      field(&Params::export_price_per_mwh, "export_price", "currency/MWh",
            "received for energy given to outside; counts as import_price where it is above that"),
      field(&Params::availability, "availability", "1", "share of both limits in service").between(0, 1),
      field(&Params::emission_rate_t_per_mwh, "emission_rate", "t/MWh",
            "CO2 of imported energy; exports earn no credit")
          .at_least(0));
  static constexpr auto state_fields = std::make_tuple();

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params&, const StepContext&) { return {}; }
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  /// `p_mw` < 0 is export; then the cost is what is earned, negative.
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params&) { return Carrier::grid; }
  static double capacity_mw(const Params& params) { return params.import_limit_mw; }
};

}  // namespace gridplus::models
