#include "models/storage/pumped_hydro.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/common/energy_store.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = PumpedHydro::Params;
using State = PumpedHydro::State;

/// A range of mean power in a step: none, or from min to max.
struct Range {
  double min_mw = 0.0, max_mw = 0.0;
};

struct Limits {
  EnergyStore store;
  Range pump, turbine;
};

/// The range where `max_mw` may fall below the lowest load: then the machine cannot run.
Range range(double min_mw, double max_mw) {
  return max_mw < min_mw ? Range{} : Range{min_mw, max_mw};
}

Limits limits(const Params& params, const State& state, const StepContext& context) {
  const double in_service = std::clamp(context.value(params.availability), 0.0, 1.0);
  const double changing = std::max(0.0, 1.0 - params.changeover_h / context.step_h);
  const double pump_share = state.mode == PumpedHydroMode::generating ? changing : 1.0;
  const double turbine_share = state.mode == PumpedHydroMode::pumping ? changing : 1.0;
  Limits now;
  now.store = {.energy_min_mwh = 0.0,
               .energy_max_mwh = params.energy_capacity_mwh,
               .charge_mw = value_or(params.pump_capacity_mw, params.capacity_mw) * in_service * pump_share,
               .discharge_mw = params.capacity_mw * in_service * turbine_share,
               .charge_efficiency = params.pumping_efficiency,
               .discharge_efficiency = params.turbine_efficiency,
               .kept = share_kept(params.standing_loss_per_h, context.step_h),
               .step_h = context.step_h};
  now.pump = range(params.min_pump_load_mw * pump_share, now.store.max_charge_mw(state.energy_mwh));
  now.turbine = range(params.min_turbine_load_mw * turbine_share, now.store.max_discharge_mw(state.energy_mwh));
  return now;
}

/// The command within the range; none where it is below the lowest load.
double within(const Range& range, double p_mw) {
  return p_mw < range.min_mw ? 0.0 : std::min(p_mw, range.max_mw);
}

PumpedHydroMode mode_of(double p_mw) {
  if (p_mw == 0.0) return PumpedHydroMode::idle;
  return p_mw > 0.0 ? PumpedHydroMode::generating : PumpedHydroMode::pumping;
}

void check_load(double load_mw, double capacity_mw, std::string_view key, ParamIssues& issues) {
  if (load_mw > capacity_mw)
    issues.push_back({key, fmt::format("{} MW is above the capacity of {} MW", load_mw, capacity_mw),
                      fmt::format("up to {} MW", capacity_mw)});
}

}  // namespace

void PumpedHydro::prepare(Params& params, ParamIssues& issues) {
  check_load(params.min_turbine_load_mw, params.capacity_mw, "min_turbine_load", issues);
  check_load(params.min_pump_load_mw, value_or(params.pump_capacity_mw, params.capacity_mw), "min_pump_load", issues);
  params.standing_loss_per_h = standing_loss_per_h(params.loss_per_month);
  params.pumping_efficiency = value_or(params.pump_efficiency, std::sqrt(params.round_trip_efficiency));
  params.turbine_efficiency = params.round_trip_efficiency / params.pumping_efficiency;
  if (params.turbine_efficiency > 1.0)
    issues.push_back({"pump_efficiency",
                      fmt::format("{} is below round_trip_efficiency, which is {}", params.pump_efficiency,
                                  params.round_trip_efficiency),
                      fmt::format("{} to 1", params.round_trip_efficiency)});
}

State PumpedHydro::initial(const Params& params, const StepContext&) {
  return {params.initial_level * params.energy_capacity_mwh, PumpedHydroMode::idle};
}

StorageOffer PumpedHydro::offer(const Params& params, const State& state, const StepContext& context) {
  const Limits now = limits(params, state, context);
  return {.max_charge_mw = now.pump.max_mw,
          .max_discharge_mw = now.turbine.max_mw,
          .energy_mwh = state.energy_mwh,
          .energy_min_mwh = now.store.energy_min_mwh,
          .energy_max_mwh = now.store.energy_max_mwh,
          .charge_efficiency = params.pumping_efficiency,
          .discharge_efficiency = params.turbine_efficiency,
          .wear_per_mwh = params.variable_cost_per_mwh,
          .min_charge_mw = now.pump.min_mw,
          .min_discharge_mw = now.turbine.min_mw};
}

StorageResponse PumpedHydro::step(const Params& params, State& state, const StorageCommand& command,
                                  const StepContext& context) {
  const Limits now = limits(params, state, context);
  const double before_mwh = state.energy_mwh;
  StorageResponse response;
  response.p_mw = command.p_mw > 0.0 ? within(now.turbine, command.p_mw) : 0.0 - within(now.pump, -command.p_mw);
  state.energy_mwh = now.store.energy_after_mwh(before_mwh, response.p_mw);
  state.mode = mode_of(response.p_mw);
  response.energy_mwh = state.energy_mwh;
  response.state_of_charge = state.energy_mwh / params.energy_capacity_mwh;
  response.losses_mwh = before_mwh - response.p_mw * context.step_h - state.energy_mwh;
  response.wear_cost = std::max(response.p_mw, 0.0) * context.step_h * params.variable_cost_per_mwh;
  return response;
}

template ModelInfo model_info<PumpedHydro>();

}  // namespace gridplus::models
