#include "models/producers/profile_generator.hpp"

#include <algorithm>

#include "models/common/free_resource.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = ProfileGenerator::Params;

double cost_per_mwh(const Params& params, const StepContext& context) {
  return context.value(params.variable_cost_per_mwh) + params.emission_rate_t_per_mwh * context.co2_price_per_t;
}

FreeResource resource(const Params& params, const StepContext& context) {
  const double output_mw = context.value(params.output_mw) * context.value(params.availability);
  return {std::clamp(output_mw, 0.0, params.capacity_mw), params.curtailable, cost_per_mwh(params, context)};
}

}  // namespace

void ProfileGenerator::prepare(Params&, ParamIssues&) {}

ProducerOffer ProfileGenerator::offer(const Params& params, const State&, const StepContext& context) {
  return models::offer(resource(params, context));
}

ProducerResponse ProfileGenerator::step(const Params& params, State&, const ProducerCommand& command,
                                        const StepContext& context) {
  return models::step(resource(params, context), command);
}

ProducerCost ProfileGenerator::cost(const Params& params, double p_mw, const StepContext& context) {
  return {p_mw * cost_per_mwh(params, context), 0.0, p_mw * params.emission_rate_t_per_mwh};
}

template ModelInfo model_info<ProfileGenerator>();

}  // namespace gridplus::models
