#include "models/consumers/load.hpp"

#include <algorithm>
#include <cmath>

#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = Load::Params;

struct Demand {
  double p_mw = 0.0, q_mvar = 0.0;
};

Demand demand(const Params& params, const StepContext& context) {
  double factor = params.scale;
  if (params.growth_per_year != 0.0)
    factor *= std::pow(1.0 + params.growth_per_year, civil(context.time).year - params.growth_from_year);
  if (params.price_elasticity != 0.0) factor *= std::pow(context.price_ratio, params.price_elasticity);
  const double p_mw = factor * context.value(params.demand_mw);
  if (given(params.reactive_mvar)) return {p_mw, factor * context.value(params.reactive_mvar)};
  return {p_mw, p_mw * params.mvar_per_mw};
}

}  // namespace

void Load::prepare(Params& params, ParamIssues& issues) {
  if (given(params.reactive_mvar) && params.power_factor != 1.0)
    issues.push_back({"power_factor", "given beside reactive, which says the same", "one of the two"});
  if (params.growth_per_year != 0.0 && params.growth_from_year == 0)
    issues.push_back({"growth_from", "growth needs the year it counts from", "a calendar year, such as 2020"});
  params.mvar_per_mw = std::tan(std::acos(params.power_factor)) * (params.leading ? -1.0 : 1.0);
  params.zip = {params.p_current_share, params.p_impedance_share,
                value_or(params.q_current_share, params.p_current_share),
                value_or(params.q_impedance_share, params.p_impedance_share)};
}

ConsumerOffer Load::offer(const Params& params, const State&, const StepContext& context) {
  const Demand asked = demand(params, context);
  return {asked.p_mw, asked.q_mvar, params.priority, params.value_of_lost_load_per_mwh};
}

ConsumerResponse Load::step(const Params& params, State&, const ConsumerCommand& command, const StepContext& context) {
  const Demand asked = demand(params, context);
  const double served_mw = std::clamp(command.served_mw, std::min(0.0, asked.p_mw), std::max(0.0, asked.p_mw));
  const double share = asked.p_mw == 0.0 ? 1.0 : served_mw / asked.p_mw;
  return {served_mw, asked.q_mvar * share, params.zip};
}

template ModelInfo model_info<Load>();

}  // namespace gridplus::models
