#include "models/producers/thermal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/common/convex_curve.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = Thermal::Params;
using State = Thermal::State;
using Operation = Params::Operation;

/// Slack for sums of step lengths that should equal a whole time.
constexpr double k_time_tolerance_h = 1e-9;

/// What limits the unit in the coming step.
struct Limits {
  double available_mw = 0.0;
  double min_mw = 0.0, max_mw = 0.0;  ///< if online in this step
  bool tripped = false;               ///< too little is available to run at all
  bool may_start = false, may_stop = false;
};

/// Ramps from standstill up and to standstill down count like ramps between outputs, but the minimum stable level can
/// always be reached and left within a step.
Limits limits(const Params& params, const State& state, const StepContext& context) {
  Limits now;
  now.available_mw = params.capacity_mw * std::clamp(context.value(params.availability), 0.0, 1.0);
  now.tripped = now.available_mw <= 0.0 ? params.capacity_mw > 0.0 : now.available_mw < params.min_stable_mw;
  if (now.tripped) return now;
  const double ramp_mw = params.ramp_mw_per_min * 60.0 * context.step_h;
  const double first_mw = std::max(params.min_stable_mw, ramp_mw);
  now.min_mw = params.min_stable_mw;
  now.max_mw = now.available_mw;
  if (state.free) {
    now.may_start = true;
  } else if (state.online) {
    now.max_mw = std::min(now.available_mw, std::max(params.min_stable_mw, state.p_mw + ramp_mw));
    now.min_mw = std::clamp(state.p_mw - ramp_mw, params.min_stable_mw, now.max_mw);
    now.may_stop =
        !params.must_run && state.hours_in_state >= params.min_up_h - k_time_tolerance_h && state.p_mw <= first_mw;
  } else {
    now.max_mw = std::min(now.available_mw, first_mw);
    now.may_start = state.hours_in_state >= params.min_down_h - k_time_tolerance_h;
  }
  return now;
}

/// Fuel of a start after the hours offline of `state`.
double start_fuel_gj(const Params& params, const State& state) {
  const Curve& curve = params.start_fuel_curve;
  if (!given(curve)) return params.start_fuel_gj;
  std::size_t i = 0;
  while (i + 1 < curve.count && state.hours_in_state >= curve.x[i + 1] - k_time_tolerance_h) ++i;
  return curve.y[i];
}

/// What a GJ of fuel costs, its CO2 included.
double fuel_cost_per_gj(const Params& params, const StepContext& context) {
  return context.value(params.fuel_price_per_gj) + params.emission_factor_t_per_gj * context.co2_price_per_t;
}

double start_cost(const Params& params, const State& state, double cost_per_gj) {
  return state.free ? 0.0 : params.start_cost + start_fuel_gj(params, state) * cost_per_gj;
}

/// The segment of the operating curve that `p_mw` lies in.
std::size_t segment_of(const Operation& operation, double p_mw) {
  std::size_t i = 0;
  while (i + 2 < operation.count && p_mw > operation.p_mw[i + 1]) ++i;
  return i;
}

double total_at(const Params& params, std::size_t point, double cost_per_gj) {
  const Operation& operation = params.operation;
  return operation.fuel_gj_per_h[point] * cost_per_gj + operation.cost_per_h[point] +
         operation.p_mw[point] * params.variable_cost_per_mwh;
}

double slope_of(const Params& params, std::size_t segment, double cost_per_gj) {
  const Operation& operation = params.operation;
  return (total_at(params, segment + 1, cost_per_gj) - total_at(params, segment, cost_per_gj)) /
         (operation.p_mw[segment + 1] - operation.p_mw[segment]);
}

double total_per_h(const Params& params, double p_mw, double cost_per_gj) {
  const std::size_t i = segment_of(params.operation, p_mw);
  return total_at(params, i, cost_per_gj) + slope_of(params, i, cost_per_gj) * (p_mw - params.operation.p_mw[i]);
}

void add_segments(const Params& params, double cost_per_gj, ProducerOffer& offer) {
  const Operation& operation = params.operation;
  double highest = -k_unlimited;  // rounding must not make equal slopes descend
  for (std::size_t i = 0; i + 1 < operation.count; ++i) {
    const bool last = i + 2 == operation.count || operation.p_mw[i + 1] >= params.capacity_mw;
    if (!last && operation.p_mw[i + 1] <= params.min_stable_mw) continue;
    highest = std::max(highest, slope_of(params, i, cost_per_gj));
    offer.segments[offer.segment_count++] = {last ? params.capacity_mw : operation.p_mw[i + 1], highest};
    if (last) break;
  }
}

void check_curve(const Curve& curve, std::string_view key, ParamIssues& issues) {
  if (!given(curve)) return;
  if (curve.count < 2)
    issues.push_back({key, "one point does not make a curve", "two or more points with ascending output"});
  else if (!ascending(curve))
    issues.push_back({key, "the outputs of the points do not ascend", "points in the order of their output"});
}

void check(const Params& params, ParamIssues& issues) {
  if (params.min_stable_mw > params.capacity_mw)
    issues.push_back({"min_stable_level",
                      fmt::format("{} MW is above the capacity of {} MW", params.min_stable_mw, params.capacity_mw),
                      fmt::format("0 to {} MW", params.capacity_mw)});
  check_curve(params.fuel_curve, "fuel_curve", issues);
  check_curve(params.cost_curve, "cost_curve", issues);
  if (given(params.fuel_curve) && given(params.heat_rate_gj_per_mwh))
    issues.push_back({"heat_rate", "given beside fuel_curve, which says the same", "one of the two"});
  if (given(params.fuel_curve) && given(params.cost_curve))
    issues.push_back({"cost_curve", "given beside fuel_curve",
                      "cost_curve alone, or with heat_rate for the emissions; or fuel_curve with fuel_price"});
  if (given(params.start_fuel_curve) && !ascending(params.start_fuel_curve))
    issues.push_back({"start_fuel_curve", "the hours of the points do not ascend", "points in the order of hours"});
  if (given(params.start_fuel_curve) && params.start_fuel_gj > 0)
    issues.push_back({"start_fuel", "given beside start_fuel_curve, which says the same", "one of the two"});
  if (given(params.initial_output_mw) && params.initial_output_mw > params.capacity_mw)
    issues.push_back({"initial_output",
                      fmt::format("{} MW is above the capacity of {} MW", params.initial_output_mw, params.capacity_mw),
                      fmt::format("up to {} MW", params.capacity_mw)});
}

Operation make_operation(const Params& params) {
  Operation operation;
  const bool by_cost = given(params.cost_curve);
  if (by_cost || given(params.fuel_curve)) {
    const Curve hull = lower_convex_hull(by_cost ? params.cost_curve : params.fuel_curve);
    operation.count = hull.count;
    operation.p_mw = hull.x;
    (by_cost ? operation.cost_per_h : operation.fuel_gj_per_h) = hull.y;
  } else {
    operation.count = 2;
    operation.p_mw[1] = std::max(params.capacity_mw, 1.0);
  }
  if (given(params.heat_rate_gj_per_mwh))
    for (std::size_t i = 0; i < operation.count; ++i)
      operation.fuel_gj_per_h[i] = params.heat_rate_gj_per_mwh * operation.p_mw[i];
  return operation;
}

}  // namespace

void Thermal::prepare(Params& params, ParamIssues& issues) {
  check(params, issues);
  if (issues.empty()) params.operation = make_operation(params);
}

State Thermal::initial(const Params& params, const StepContext&) {
  State state;
  state.hours_in_state = params.initial_hours_h;
  state.free = params.initial_state == InitialState::free;
  state.online = params.initial_state == InitialState::online;
  if (state.online)
    state.p_mw = std::clamp(value_or(params.initial_output_mw, 0.0), params.min_stable_mw, params.capacity_mw);
  return state;
}

ProducerOffer Thermal::offer(const Params& params, const State& state, const StepContext& context) {
  const Limits now = limits(params, state, context);
  const double cost_per_gj = fuel_cost_per_gj(params, context);
  ProducerOffer offer;
  offer.available_mw = now.available_mw;
  offer.min_mw = now.min_mw;
  offer.max_mw = now.max_mw;
  offer.machine_min_mw = params.min_stable_mw;
  offer.restart_h = params.min_down_h;
  offer.online = !now.tripped && (state.online || (params.must_run && now.may_start));
  offer.may_start = now.may_start && !offer.online;
  offer.may_stop = now.may_stop;
  offer.balancing = offer.online || offer.may_start;
  offer.start_cost = start_cost(params, state, cost_per_gj);
  if (params.capacity_mw > 0.0)
    offer.full_load_cost_per_mwh = total_per_h(params, params.capacity_mw, cost_per_gj) / params.capacity_mw;
  add_segments(params, cost_per_gj, offer);
  return offer;
}

ProducerResponse Thermal::step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context) {
  const Limits now = limits(params, state, context);
  const bool wanted = command.online || params.must_run;
  ProducerResponse response;
  response.available_mw = now.available_mw;
  response.online = !now.tripped && (state.online ? wanted || !now.may_stop : wanted && now.may_start);
  response.started = response.online && !state.online && !state.free;
  response.stopped = !response.online && state.online;
  if (response.online) {
    response.p_mw = std::clamp(command.p_mw, now.min_mw, now.max_mw);
    response.balancing_up_mw = now.max_mw - response.p_mw;
    response.balancing_down_mw = response.p_mw - now.min_mw;
  }
  if (response.started) {
    response.start_fuel_gj = start_fuel_gj(params, state);
    response.start_co2_t = response.start_fuel_gj * params.emission_factor_t_per_gj;
    response.start_cost = start_cost(params, state, fuel_cost_per_gj(params, context));
  }
  if (response.started || response.stopped) state.hours_in_state = 0.0;
  state = {response.p_mw, state.hours_in_state + context.step_h, response.online, false};
  return response;
}

ProducerCost Thermal::cost(const Params& params, double p_mw, const StepContext& context) {
  if (p_mw <= 0.0 && params.min_stable_mw > 0.0) return {};
  const Operation& operation = params.operation;
  const std::size_t i = segment_of(operation, p_mw);
  const double share = (p_mw - operation.p_mw[i]) / (operation.p_mw[i + 1] - operation.p_mw[i]);
  ProducerCost cost;
  cost.cost_per_h = total_per_h(params, p_mw, fuel_cost_per_gj(params, context));
  cost.fuel_gj_per_h =
      operation.fuel_gj_per_h[i] + share * (operation.fuel_gj_per_h[i + 1] - operation.fuel_gj_per_h[i]);
  cost.co2_t_per_h = cost.fuel_gj_per_h * params.emission_factor_t_per_gj;
  return cost;
}

template ModelInfo model_info<Thermal>();

}  // namespace gridplus::models
