#include "sim/step/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace gridplus {

namespace {

/// What devices hold from outside is of this model, or nothing has come yet.
bool fits_outside(const OutsideState& outside, const Model& model) {
  const auto fits = [](const auto& held, std::size_t devices) { return held.empty() || held.size() == devices; };
  return fits(outside.producers, model.producer_count()) && fits(outside.storages, model.storage_count()) &&
         fits(outside.consumers, model.consumer_count());
}

}  // namespace

Simulation::Simulation(const Model& model, int threads, SetPointSource* outside)
    : model_(model),
      state_(initial_state(model)),
      stages_(make_stages(model, std::max(threads, 1), outside)),
      frame_(make_frame(model, stages_.step_by_step ? 1 : k_block_steps)),
      stage_wall_s_(stages_.list.size(), 0.0) {}

void Simulation::restore(const Checkpoint& checkpoint) {
  SimulationState restored = load(checkpoint);
  const bool fits =
      restored.branch_closed.size() == model_.grid.branch_count() &&
      restored.producers.size() == model_.producer_banks.size() &&
      restored.producer_out.size() == model_.producer_count() &&
      restored.microgrids.islanded.size() == model_.microgrids.size() &&
      restored.communication.transport.generated_step.size() == state_.communication.transport.generated_step.size() &&
      fits_outside(restored.outside, model_) && restored.flow_start.vm_pu.size() == model_.grid.bus_count();
  if (!fits) throw IoError("the checkpoint is of another scenario; start the run anew without --resume");
  state_ = std::move(restored);
}

template <class Call>
auto Simulation::in_stage(std::size_t index, Call call) {
  struct Timer {
    double& sum_s;
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
    ~Timer() { sum_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }
  };
  try {
    const Timer timer{stage_wall_s_[index]};
    return call(*stages_.list[index]);
  } catch (const InvariantError& error) {
    throw SimulationError(fmt::format("at {} in stage '{}': {}", format_local(model_.time.at(frame_.context.step)),
                                      stages_.list[index]->label(), error.what()));
  }
}

/// Those of a scope among the stages [from, to).
void Simulation::run_stages(StageScope scope, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i)
    if (stages_.list[i]->scope() == scope) in_stage(i, [&](Stage& stage) { stage.run(state_, frame_); });
}

const StepBlock& Simulation::advance() {
  run_steps();
  run_stages(StageScope::block, stages_.network, stages_.network + 1);
  return end_block();
}

void Simulation::begin_block() {
  run_steps();
  in_stage(stages_.network, [&](Stage&) { stages_.network_stage().begin(state_, frame_); });
}

void Simulation::solve(SharedBases& bases, std::span<const AskedFlow> asked) {
  in_stage(stages_.network, [&](Stage&) { bases.solve(asked); });
}

bool Simulation::go_on() {
  return in_stage(stages_.network, [&](Stage&) { return stages_.network_stage().go_on(state_, frame_); });
}

const StepBlock& Simulation::end_block() {
  run_stages(StageScope::block, stages_.network + 1, stages_.list.size());
  state_.next_step += static_cast<std::int64_t>(frame_.block.count);
  return frame_.block;
}

/// The steps of a block, up to its network.
void Simulation::run_steps() {
  ensure(!done(), "a run goes on after its last step");
  const std::int64_t end = block_end(model_, state_.next_step, stages_.step_by_step);
  frame_.block.first = state_.next_step;
  frame_.block.count = static_cast<std::size_t>(end - state_.next_step);
  frame_.block.events.clear();
  for (std::size_t slot = 0; slot < frame_.block.count; ++slot) {
    frame_.slot = slot;
    frame_.context = make_context(model_, state_.next_step + static_cast<std::int64_t>(slot));
    const auto cuts = [&](const auto& stage) { return stage->begins_block(state_, frame_.context); };
    if (slot > 0 && std::any_of(stages_.list.begin(), stages_.list.end(), cuts)) {
      frame_.block.count = slot;
      break;
    }
    run_stages(StageScope::step, 0, stages_.list.size());
    const auto closed = frame_.block.of(BranchVar::closed, slot);
    for (std::size_t l = 0; l < closed.size(); ++l) closed[l] = state_.branch_closed[l] != 0 ? 1.0 : 0.0;
  }
}

RunSummary Simulation::summary() const {
  RunSummary summary = summarise(state_.kpis, model_, state_.microgrids);
  for (std::size_t i = 0; i < stages_.list.size(); ++i)
    summary.stage_times.push_back({std::string(stages_.list[i]->label()), stage_wall_s_[i]});
  return summary;
}

}  // namespace gridplus
