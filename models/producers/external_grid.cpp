#include "models/producers/external_grid.hpp"

#include <algorithm>

#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = ExternalGrid::Params;

struct Limits {
  double import_mw = 0.0, export_mw = 0.0;
};

Limits limits(const Params& params, const StepContext& context) {
  const double share = std::clamp(context.value(params.availability), 0.0, 1.0);
  return {params.import_limit_mw * share, value_or(params.export_limit_mw, params.import_limit_mw) * share};
}

struct Prices {
  double import_per_mwh = 0.0, export_per_mwh = 0.0;
};

/// Selling for more than one buys would be free money in a circle, and not convex.
Prices prices(const Params& params, const StepContext& context) {
  const double import_per_mwh = context.value(params.import_price_per_mwh);
  return {import_per_mwh, std::min(context.value(params.export_price_per_mwh), import_per_mwh)};
}

}  // namespace

void ExternalGrid::prepare(Params&, ParamIssues&) {}

ProducerOffer ExternalGrid::offer(const Params& params, const State&, const StepContext& context) {
  const Limits limit = limits(params, context);
  const Prices price = prices(params, context);
  ProducerOffer offer;
  offer.available_mw = limit.import_mw;
  offer.min_mw = -limit.export_mw;
  offer.max_mw = limit.import_mw;
  offer.may_start = false;
  offer.may_stop = false;
  offer.balancing = true;
  offer.full_load_cost_per_mwh = price.import_per_mwh;
  if (limit.export_mw > 0.0) offer.segments[offer.segment_count++] = {0.0, price.export_per_mwh};
  if (limit.import_mw > 0.0 || offer.segment_count == 0)
    offer.segments[offer.segment_count++] = {limit.import_mw, price.import_per_mwh};
  return offer;
}

ProducerResponse ExternalGrid::step(const Params& params, State&, const ProducerCommand& command,
                                    const StepContext& context) {
  const Limits limit = limits(params, context);
  ProducerResponse response;
  response.available_mw = limit.import_mw;
  response.online = true;
  response.p_mw = std::clamp(command.online ? command.p_mw : 0.0, -limit.export_mw, limit.import_mw);
  response.balancing_up_mw = limit.import_mw - response.p_mw;
  response.balancing_down_mw = response.p_mw + limit.export_mw;
  return response;
}

ProducerCost ExternalGrid::cost(const Params& params, double p_mw, const StepContext& context) {
  const Prices price = prices(params, context);
  return {p_mw * (p_mw > 0.0 ? price.import_per_mwh : price.export_per_mwh), 0.0,
          std::max(p_mw, 0.0) * params.emission_rate_t_per_mwh};
}

template ModelInfo model_info<ExternalGrid>();

}  // namespace gridplus::models
