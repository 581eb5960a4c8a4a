#include "models/producers/reservoir_hydro.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/common/convex_curve.hpp"
#include "models/common/water_power.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = ReservoirHydro::Params;
using State = ReservoirHydro::State;

double fill(const Params& params, double volume_m3) {
  return (volume_m3 - params.storage_min_m3) / (params.storage_max_m3 - params.storage_min_m3);
}

/// MW from one m3/s at the head of the present fill; the head falls linearly with the volume.
double power_per_flow(const Params& params, double volume_m3) {
  const double empty_m = value_or(params.head_at_empty_m, params.head_m);
  const double share = std::clamp(fill(params, volume_m3), 0.0, 1.0);
  return mw_per_m3_per_s(empty_m + (params.head_m - empty_m) * share, params.efficiency);
}

double stored_mwh(const Params& params, double volume_m3) {
  return std::max(0.0, volume_m3 - params.storage_min_m3) * power_per_flow(params, volume_m3) / k_seconds_per_hour;
}

/// Flows of the coming step in m3/s, before a command chooses what is turbined.
struct Flows {
  double seconds = 3600.0;
  double mw_per_flow = 0.0;
  double inflow = 0.0;
  double ecological = 0.0;  ///< least release that the water allows
  double least_turbined = 0.0;
  double most_turbined = 0.0;
  double else_spilled = 0.0;  ///< what would run over if nothing was released
};

Flows flows(const Params& params, const State& state, const StepContext& context) {
  Flows now;
  now.seconds = context.step_h * k_seconds_per_hour;
  now.mw_per_flow = power_per_flow(params, state.volume_m3);
  now.inflow = std::max(context.value(params.inflow_m3_per_s), 0.0);
  const double usable = std::max(0.0, (state.volume_m3 - params.storage_min_m3) / now.seconds + now.inflow);
  const double turbines = params.capacity_mw * std::clamp(context.value(params.availability), 0.0, 1.0);
  now.most_turbined = std::min(turbines / now.mw_per_flow, usable);
  now.ecological = std::clamp(context.value(params.ecological_flow_m3_per_s), 0.0, usable);
  now.least_turbined = std::min(now.ecological, now.most_turbined);
  now.else_spilled = std::max(0.0, (state.volume_m3 - params.storage_max_m3) / now.seconds + now.inflow);
  return now;
}

double water_value(const Params& params, const State& state, const StepContext& context) {
  const double value = context.value(params.water_value_per_mwh);
  if (!given(params.water_value_by_fill)) return value;
  return value * interpolate_clamped(params.water_value_by_fill, fill(params, state.volume_m3));
}

void check(const Params& params, ParamIssues& issues) {
  if (!(params.storage_min_m3 < params.storage_max_m3))
    issues.push_back(
        {"storage_min",
         fmt::format("{} m3 is not below storage_max, which is {} m3", params.storage_min_m3, params.storage_max_m3),
         "a volume below storage_max"});
  if (given(params.head_at_empty_m) && params.head_at_empty_m > params.head_m)
    issues.push_back(
        {"head_at_empty",
         fmt::format("{} m is above the head of the full reservoir, {} m", params.head_at_empty_m, params.head_m),
         fmt::format("up to {} m", params.head_m)});
  const Curve& factor = params.water_value_by_fill;
  const bool sensible = ascending(factor) && std::all_of(factor.y.begin(), factor.y.begin() + factor.count,
                                                         [](double y) { return y >= 0.0; });
  if (!sensible)
    issues.push_back({"water_value_by_fill", "the points are not ascending shares with factors of 0 or more",
                      "points such as [0, 2], [1, 0.5]"});
}

}  // namespace

void ReservoirHydro::prepare(Params& params, ParamIssues& issues) {
  check(params, issues);
}

State ReservoirHydro::initial(const Params& params, const StepContext&) {
  State state;
  state.volume_m3 = params.storage_min_m3 + params.initial_fill * (params.storage_max_m3 - params.storage_min_m3);
  state.energy_mwh = stored_mwh(params, state.volume_m3);
  return state;
}

ProducerOffer ReservoirHydro::offer(const Params& params, const State& state, const StepContext& context) {
  const Flows now = flows(params, state, context);
  const double stored_per_mwh = params.variable_cost_per_mwh + water_value(params, state, context);
  ProducerOffer offer;
  offer.available_mw = offer.max_mw = now.most_turbined * now.mw_per_flow;
  offer.min_mw = offer.machine_min_mw = now.least_turbined * now.mw_per_flow;
  offer.may_start = false;
  offer.may_stop = false;
  offer.full_load_cost_per_mwh = stored_per_mwh;
  const double free_mw = std::min(now.else_spilled * now.mw_per_flow, offer.max_mw);
  if (free_mw > offer.min_mw) offer.segments[offer.segment_count++] = {free_mw, params.variable_cost_per_mwh};
  if (free_mw < offer.max_mw || offer.segment_count == 0)
    offer.segments[offer.segment_count++] = {offer.max_mw, stored_per_mwh};
  return offer;
}

ProducerResponse ReservoirHydro::step(const Params& params, State& state, const ProducerCommand& command,
                                      const StepContext& context) {
  const Flows now = flows(params, state, context);
  const double least_mw = now.least_turbined * now.mw_per_flow, most_mw = now.most_turbined * now.mw_per_flow;
  ProducerResponse response;
  response.available_mw = most_mw;
  response.online = true;
  response.p_mw = std::clamp(command.online ? command.p_mw : 0.0, least_mw, most_mw);

  state.turbined_m3_per_s = response.p_mw / now.mw_per_flow;
  state.bypass_m3_per_s = std::max(0.0, now.ecological - state.turbined_m3_per_s);
  const double before_m3 = state.volume_m3;
  const double released = state.turbined_m3_per_s + state.bypass_m3_per_s;
  const double kept_m3 = before_m3 + (now.inflow - released) * now.seconds;
  state.spill_m3_per_s = std::max(0.0, kept_m3 - params.storage_max_m3) / now.seconds;
  state.volume_m3 = std::clamp(kept_m3, params.storage_min_m3, params.storage_max_m3);
  state.energy_mwh = stored_mwh(params, state.volume_m3);
  return response;
}

ProducerCost ReservoirHydro::cost(const Params& params, double p_mw, const StepContext&) {
  return {p_mw * params.variable_cost_per_mwh, 0.0, 0.0};
}

template ModelInfo model_info<ReservoirHydro>();

}  // namespace gridplus::models
