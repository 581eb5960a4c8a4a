#include "models/producers/synchronous_condenser.hpp"

#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

bool in_service(const SynchronousCondenser::Params& params, const StepContext& context) {
  return context.value(params.availability) >= 0.5;
}

double output_mw(const SynchronousCondenser::Params& params, const StepContext& context) {
  return in_service(params, context) ? -params.losses_mw : 0.0;
}

}  // namespace

void SynchronousCondenser::prepare(Params&, ParamIssues&) {}

ProducerOffer SynchronousCondenser::offer(const Params& params, const State&, const StepContext& context) {
  ProducerOffer offer;
  offer.min_mw = offer.max_mw = output_mw(params, context);
  offer.online = in_service(params, context);
  offer.may_start = false;
  offer.may_stop = false;
  offer.segment_count = 1;
  offer.segments[0] = {0.0, 0.0};
  return offer;
}

ProducerResponse SynchronousCondenser::step(const Params& params, State&, const ProducerCommand&,
                                            const StepContext& context) {
  ProducerResponse response;
  response.p_mw = output_mw(params, context);
  response.online = in_service(params, context);
  return response;
}

ProducerCost SynchronousCondenser::cost(const Params&, double, const StepContext&) {
  return {};
}

template ModelInfo model_info<SynchronousCondenser>();

}  // namespace gridplus::models
