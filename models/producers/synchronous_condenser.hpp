// Synchronous condenser. Described in docs/models/synchronous_condenser.md.
#pragma once

#include "sim/device/model.hpp"

namespace gridplus::models {

struct SynchronousCondenser {
  static constexpr std::string_view type = "synchronous_condenser";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A synchronous machine that turns without a drive: it holds voltage within its reactive limits and draws its "
      "losses.";

  struct Params {
    double losses_mw = 0.0;
    Series availability{1.0, {}};
  };
  struct State {};

  static constexpr auto fields =
      std::make_tuple(field(&Params::losses_mw, "losses", "MW", "drawn from the grid while in service").at_least(0),
                      field(&Params::availability, "availability", "1", "in service at 0.5 and above").between(0, 1));
  static constexpr auto state_fields = std::make_tuple();

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params&, const StepContext&) { return {}; }
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params&) { return Carrier::other; }
  static double capacity_mw(const Params&) { return 0.0; }
};

}  // namespace gridplus::models
