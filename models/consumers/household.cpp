#include "models/consumers/household.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/model_info.hpp"
#include "sim/core/random.hpp"

namespace gridplus::models {
namespace {

using Params = Household::Params;
using State = Household::State;

constexpr double k_kw_per_mw = 1000.0;

bool heats(const Params& params) {
  return given(params.heating_setpoint_c);
}
bool cools(const Params& params) {
  return given(params.cooling_setpoint_c);
}

TwoMassInputs inputs(const Params& params, Hvac hvac, const StepContext& context) {
  const double gains_kw = context.value(params.gains_kw);
  TwoMassInputs in{context.value(params.outdoor_c), gains_kw * (1.0 - params.gains_to_mass),
                   gains_kw * params.gains_to_mass};
  if (hvac == Hvac::heating) in.to_air_kw += params.hvac_kw * params.heating_cop;
  if (hvac == Hvac::cooling) in.to_air_kw -= params.hvac_kw * params.cooling_cop;
  return in;
}

/// The unit stops here while it runs.
double stop_c(const Params& params, Hvac hvac) {
  return hvac == Hvac::heating ? params.heating_setpoint_c + 0.5 * params.deadband_k
                               : params.cooling_setpoint_c - 0.5 * params.deadband_k;
}

/// The air is where the running unit stops, or beyond.
bool satisfied(const Params& params, const State& state) {
  if (state.hvac == Hvac::off) return false;
  const double over_k = state.temperature.air_c - stop_c(params, state.hvac);
  return state.hvac == Hvac::heating ? over_k >= 0.0 : over_k <= 0.0;
}

/// What the thermostat asks for where the unit is off and not locked out.
Hvac called(const Params& params, double air_c) {
  constexpr double k_touch_k = 1e-9;  // a crossing found is a crossing
  if (heats(params) && air_c <= params.heating_setpoint_c - 0.5 * params.deadband_k + k_touch_k) return Hvac::heating;
  if (cools(params) && air_c >= params.cooling_setpoint_c + 0.5 * params.deadband_k - k_touch_k) return Hvac::cooling;
  return Hvac::off;
}

/// Time until the thermostat calls the unit that is off.
double time_to_call(const Params& params, const State& state, const TwoMassInputs& in, double left_h) {
  double at_h = left_h;
  const auto meet = [&](double air_c) {
    at_h = std::min(at_h, params.building.time_to(air_c, state.temperature, in, left_h));
  };
  if (heats(params)) meet(params.heating_setpoint_c - 0.5 * params.deadband_k);
  if (cools(params)) meet(params.cooling_setpoint_c + 0.5 * params.deadband_k);
  return at_h;
}

void move(const Params& params, State& state, const TwoMassInputs& in, double hours) {
  state.temperature = params.building.after(state.temperature, in, hours);
  state.locked_h = std::max(0.0, state.locked_h - hours);
}

void stop(const Params& params, State& state) {
  if (state.hvac != Hvac::off) state.locked_h = params.lockout_h;
  state.hvac = Hvac::off;
}

/// Runs the thermostat through a step, from switching to switching; the unit may run `budget_h` of it at most. Returns
/// how long it ran.
double run(const Params& params, State& state, double budget_h, const StepContext& context) {
  double left_h = context.step_h, ran_h = 0.0;
  constexpr double k_instant_h = 1e-12;
  if (params.hvac_kw <= 0.0) budget_h = 0.0;
  while (left_h > k_instant_h) {
    if (budget_h - ran_h <= k_instant_h || satisfied(params, state)) stop(params, state);
    const bool may_run = budget_h - ran_h > k_instant_h;
    if (state.hvac == Hvac::off && may_run && state.locked_h <= k_instant_h)
      state.hvac = called(params, state.temperature.air_c);
    const TwoMassInputs in = inputs(params, state.hvac, context);
    double hours = left_h;
    if (state.hvac != Hvac::off) {
      hours = std::min(left_h, budget_h - ran_h);
      const double until_h = params.building.time_to(stop_c(params, state.hvac), state.temperature, in, hours);
      const bool reached = until_h < hours;
      hours = until_h;
      move(params, state, in, hours);
      ran_h += hours;
      if (reached) stop(params, state);
    } else {
      if (may_run && state.locked_h > k_instant_h)
        hours = std::min(hours, state.locked_h);
      else if (may_run)
        hours = time_to_call(params, state, in, left_h);
      move(params, state, in, hours);
    }
    left_h -= std::max(hours, k_instant_h);
  }
  return ran_h;
}

double own_kw(const Params& params, const State& state, const StepContext& context) {
  State trial = state;
  return params.hvac_kw * run(params, trial, context.step_h, context) / context.step_h;
}

bool can_wait(const Params& params, const State& state) {
  if (!params.controllable) return false;
  const double air_c = state.temperature.air_c;
  const bool cold = heats(params) && air_c < params.heating_setpoint_c - params.comfort_k;
  const bool hot = cools(params) && air_c > params.cooling_setpoint_c + params.comfort_k;
  return !cold && !hot;
}

}  // namespace

void Household::prepare(Params& params, ParamIssues& issues) {
  if (heats(params) && cools(params) && params.cooling_setpoint_c - params.heating_setpoint_c < params.deadband_k)
    issues.push_back({"cooling_setpoint",
                      fmt::format("{} degC is within a deadband of heating_setpoint, which is {} degC",
                                  params.cooling_setpoint_c, params.heating_setpoint_c),
                      fmt::format("at least {} degC", params.heating_setpoint_c + params.deadband_k)});
  params.building =
      TwoMass(params.envelope_kw_per_k, params.coupling_kw_per_k, params.air_kwh_per_k, params.mass_kwh_per_k);
  params.mvar_per_mw = std::tan(std::acos(params.power_factor));
}

State Household::initial(const Params& params, const StepContext& context) {
  const RandomKey key{context.seed, context.replicate, RandomStream::device, params.random_key, 0};
  State state;
  const double outdoor_c = context.value(params.outdoor_c);
  const bool cooling = cools(params) && (!heats(params) || outdoor_c > params.heating_setpoint_c);
  const double middle_c = cooling ? params.cooling_setpoint_c : heats(params) ? params.heating_setpoint_c : outdoor_c;
  state.temperature = {middle_c + params.deadband_k * (uniform(key, 0) - 0.5), middle_c};
  const double needed_kw = std::abs(middle_c - outdoor_c) * params.envelope_kw_per_k;
  const double full_kw = params.hvac_kw * (cooling ? params.cooling_cop : params.heating_cop);
  if ((heats(params) || cooling) && uniform(key, 1) * full_kw < needed_kw)
    state.hvac = cooling ? Hvac::cooling : Hvac::heating;
  state.air_c = state.temperature.air_c;
  state.mass_c = state.temperature.mass_c;
  return state;
}

ConsumerOffer Household::offer(const Params& params, const State& state, const StepContext& context) {
  const double hvac_mw = own_kw(params, state, context) / k_kw_per_mw;
  ConsumerOffer offer;
  offer.demand_mw = context.value(params.appliances_mw) + hvac_mw;
  offer.q_mvar = offer.demand_mw * params.mvar_per_mw;
  offer.priority = params.priority;
  offer.value_of_lost_load_per_mwh = params.value_of_lost_load_per_mwh;
  if (can_wait(params, state)) offer.flexible_down_mw = hvac_mw;
  return offer;
}

ConsumerResponse Household::step(const Params& params, State& state, const ConsumerCommand& command,
                                 const StepContext& context) {
  const double appliances_mw = context.value(params.appliances_mw);
  // A command below the demand takes from heating and cooling first.
  const double left_kw = (command.served_mw - appliances_mw) * k_kw_per_mw;
  const double budget_h = params.hvac_kw > 0.0 ? std::clamp(left_kw / params.hvac_kw, 0.0, 1.0) * context.step_h : 0.0;
  const double demand_kw = own_kw(params, state, context);
  const bool whole = left_kw >= demand_kw;
  const double ran_h = run(params, state, whole ? context.step_h : budget_h, context);
  state.on_share = ran_h / context.step_h;
  state.air_c = state.temperature.air_c;
  state.mass_c = state.temperature.mass_c;
  ConsumerResponse response;
  const double hvac_mw = params.hvac_kw * ran_h / context.step_h / k_kw_per_mw;
  response.served_mw =
      std::clamp(command.served_mw, std::min(0.0, appliances_mw), std::max(0.0, appliances_mw)) + hvac_mw;
  response.q_mvar = response.served_mw * params.mvar_per_mw;
  return response;
}

template ModelInfo model_info<Household>();

}  // namespace gridplus::models
