#include "models/storage/battery.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/common/convex_curve.hpp"
#include "models/common/energy_store.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = Battery::Params;
using State = Battery::State;

constexpr CalendarAgeing k_calendar;
constexpr double k_hours_per_day = 24.0;

EnergyStore store(const Params& params, const State& state, const StepContext& context) {
  const double capacity_mwh = params.energy_capacity_mwh * state.health;
  const double share = std::clamp(context.value(params.availability), 0.0, 1.0);
  return {.energy_min_mwh = params.soc_min * capacity_mwh,
          .energy_max_mwh = params.soc_max * capacity_mwh,
          .charge_mw = value_or(params.charge_capacity_mw, params.capacity_mw) * share,
          .discharge_mw = params.capacity_mw * share,
          .charge_efficiency = params.charge_efficiency,
          .discharge_efficiency = params.discharge_efficiency,
          .kept = share_kept(params.standing_loss_per_h, context.step_h),
          .step_h = context.step_h};
}

double state_of_charge(const Params& params, const State& state) {
  const double capacity_mwh = params.energy_capacity_mwh * state.health;
  return capacity_mwh > 0.0 ? state.energy_mwh / capacity_mwh : 0.0;
}

/// Ages the cells over a step that went from `soc_before` to `soc_after`; the capacity never grows.
void age(const Params& params, State& state, double soc_before, double soc_after, const StepContext& context) {
  const bool by_time = params.ageing == Ageing::calendar || params.ageing == Ageing::both;
  const bool by_cycles = params.ageing == Ageing::cycle || params.ageing == Ageing::both;
  if (by_time) {
    k_calendar.age(state.calendar_fade_squared, 0.5 * (soc_before + soc_after), context.value(params.temperature_c),
                   context.step_h / k_hours_per_day);
    state.calendar_capacity = k_calendar.capacity(state.calendar_fade_squared);
    state.health = std::min(state.health, state.calendar_capacity);
  }
  if (by_cycles) {
    state.cycle_capacity = std::max(0.0, state.cycle_capacity - state.rainflow.push(soc_after, params.cycle_fade));
    state.health = std::min(state.health, state.cycle_capacity);
  }
}

void check(const Params& params, ParamIssues& issues) {
  if (!(params.soc_min < params.soc_max))
    issues.push_back({"soc_min", fmt::format("{} is not below soc_max, which is {}", params.soc_min, params.soc_max),
                      fmt::format("0 to less than {}", params.soc_max)});
  else if (params.initial_soc < params.soc_min || params.initial_soc > params.soc_max)
    issues.push_back({"initial_soc", fmt::format("{} is outside the window of the state of charge", params.initial_soc),
                      fmt::format("{} to {} (soc_min to soc_max)", params.soc_min, params.soc_max)});
  const Curve& life = params.cycle_life;
  const auto positive = [&](const auto& values) {
    return std::all_of(values.begin(), values.begin() + life.count, [](double v) { return v > 0.0; });
  };
  if (!given(life) || !ascending(life) || !positive(life.x) || !positive(life.y) || life.x[life.count - 1] > 1.0)
    issues.push_back({"cycle_life", "the points are not depths in (0, 1] in ascending order with positive cycles",
                      "points such as [0.2, 5000], [0.8, 1000]"});
}

}  // namespace

void Battery::prepare(Params& params, ParamIssues& issues) {
  check(params, issues);
  if (!issues.empty()) return;
  params.standing_loss_per_h = standing_loss_per_h(params.self_discharge_per_month);
  params.cycle_fade = CycleFade::from(params.cycle_life);
  // A cycle over the whole window costs the share of the life that it uses up.
  const double window = params.soc_max - params.soc_min;
  const double cycle_fade = params.cycle_fade.per_cycle(window);
  const double life_per_cycle = cycle_fade / k_end_of_life_fade;
  params.wear_per_mwh = params.replacement_cost_per_mwh * life_per_cycle / (window * params.discharge_efficiency);
}

State Battery::initial(const Params& params, const StepContext&) {
  State state;
  state.energy_mwh = params.initial_soc * params.energy_capacity_mwh;
  if (params.ageing == Ageing::cycle || params.ageing == Ageing::both)
    state.rainflow.push(params.initial_soc, params.cycle_fade);
  if (params.ageing == Ageing::calendar || params.ageing == Ageing::both) state.calendar_capacity = k_calendar.q0;
  return state;
}

StorageOffer Battery::offer(const Params& params, const State& state, const StepContext& context) {
  const EnergyStore now = store(params, state, context);
  return {.max_charge_mw = now.max_charge_mw(state.energy_mwh),
          .max_discharge_mw = now.max_discharge_mw(state.energy_mwh),
          .energy_mwh = state.energy_mwh,
          .energy_min_mwh = now.energy_min_mwh,
          .energy_max_mwh = now.energy_max_mwh,
          .charge_efficiency = params.charge_efficiency,
          .discharge_efficiency = params.discharge_efficiency,
          .wear_per_mwh = params.wear_per_mwh};
}

StorageResponse Battery::step(const Params& params, State& state, const StorageCommand& command,
                              const StepContext& context) {
  const EnergyStore now = store(params, state, context);
  const double before_mwh = state.energy_mwh;
  const double soc_before = state_of_charge(params, state);
  StorageResponse response;
  response.p_mw = std::clamp(command.p_mw, -now.max_charge_mw(before_mwh), now.max_discharge_mw(before_mwh));
  state.energy_mwh = now.energy_after_mwh(before_mwh, response.p_mw);
  age(params, state, soc_before, state_of_charge(params, state), context);
  // Fade narrows the window; what no longer fits in it is lost.
  state.energy_mwh = std::min(state.energy_mwh, params.soc_max * params.energy_capacity_mwh * state.health);
  const double discharged_mwh = std::max(response.p_mw, 0.0) * context.step_h;
  state.throughput_mwh += discharged_mwh;
  response.energy_mwh = state.energy_mwh;
  response.state_of_charge = state_of_charge(params, state);
  response.state_of_health = state.health;
  response.losses_mwh = before_mwh - response.p_mw * context.step_h - state.energy_mwh;
  response.wear_cost = discharged_mwh * params.wear_per_mwh;
  return response;
}

template ModelInfo model_info<Battery>();

}  // namespace gridplus::models
