#include "models/producers/run_of_river.hpp"

#include <algorithm>

#include "models/common/free_resource.hpp"
#include "models/common/water_power.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = RunOfRiver::Params;

double river_mw(const Params& params, const StepContext& context) {
  if (given(params.output_mw)) return context.value(params.output_mw);
  const double turbined_m3_per_s = context.value(params.flow_m3_per_s) - params.residual_flow_m3_per_s;
  return turbined_m3_per_s * mw_per_m3_per_s(context.value(params.head_m), params.efficiency);
}

FreeResource resource(const Params& params, const StepContext& context) {
  const double in_service_mw = params.capacity_mw * std::clamp(context.value(params.availability), 0.0, 1.0);
  return {std::clamp(river_mw(params, context), 0.0, in_service_mw), params.curtailable, params.variable_cost_per_mwh};
}

}  // namespace

void RunOfRiver::prepare(Params& params, ParamIssues& issues) {
  const bool by_flow = given(params.flow_m3_per_s) || given(params.head_m);
  if (by_flow == given(params.output_mw))
    issues.push_back({"output",
                      by_flow ? "given beside flow or head, which say the same" : "neither output nor flow is given",
                      "output, or flow with head"});
  else if (by_flow && !(given(params.flow_m3_per_s) && given(params.head_m)))
    issues.push_back({given(params.head_m) ? "flow" : "head", "flow and head need each other", "flow with head"});
}

ProducerOffer RunOfRiver::offer(const Params& params, const State&, const StepContext& context) {
  return models::offer(resource(params, context));
}

ProducerResponse RunOfRiver::step(const Params& params, State&, const ProducerCommand& command,
                                  const StepContext& context) {
  return models::step(resource(params, context), command);
}

ProducerCost RunOfRiver::cost(const Params& params, double p_mw, const StepContext&) {
  return {p_mw * params.variable_cost_per_mwh, 0.0, 0.0};
}

template ModelInfo model_info<RunOfRiver>();

}  // namespace gridplus::models
