#include "sim/step/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace gridplus {

Simulation::Simulation(const Model& model, int threads)
    : model_(model),
      state_(initial_state(model)),
      frame_(make_frame(model)),
      stages_(make_stages(model, std::max(threads, 1))),
      stage_wall_s_(stages_.size(), 0.0),
      step_by_step_(std::any_of(stages_.begin(), stages_.end(), [](const auto& s) { return s->needs_network(); })) {}

void Simulation::restore(const Checkpoint& checkpoint) {
  SimulationState restored = load(checkpoint);
  const bool fits =
      restored.branch_closed.size() == model_.grid.branch_count() &&
      restored.producers.size() == model_.producer_banks.size() &&
      restored.producer_out.size() == model_.producer_count() &&
      restored.communication.transport.generated_step.size() == state_.communication.transport.generated_step.size() &&
      restored.flow_start.vm_pu.size() == model_.grid.bus_count();
  if (!fits) throw IoError("the checkpoint is of another scenario; start the run anew without --resume");
  state_ = std::move(restored);
}

void Simulation::run_stage(std::size_t index) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    stages_[index]->run(state_, frame_);
  } catch (const InvariantError& error) {
    throw SimulationError(fmt::format("at {} in stage '{}': {}", format_local(model_.time.at(frame_.context.step)),
                                      stages_[index]->label(), error.what()));
  }
  stage_wall_s_[index] += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

const StepBlock& Simulation::advance() {
  ensure(!done(), "advance() is called after the last step");
  const std::int64_t end = block_end(model_, state_.next_step, step_by_step_);
  frame_.block.first = state_.next_step;
  frame_.block.count = static_cast<std::size_t>(end - state_.next_step);
  frame_.block.events.clear();
  for (std::size_t slot = 0; slot < frame_.block.count; ++slot) {
    frame_.slot = slot;
    frame_.context = make_context(model_, state_.next_step + static_cast<std::int64_t>(slot));
    const auto cuts = [&](const auto& stage) { return stage->begins_block(state_, frame_.context); };
    if (slot > 0 && std::any_of(stages_.begin(), stages_.end(), cuts)) {
      frame_.block.count = slot;
      break;
    }
    for (std::size_t i = 0; i < stages_.size(); ++i)
      if (stages_[i]->scope() == StageScope::step) run_stage(i);
    const auto closed = frame_.block.of(BranchVar::closed, slot);
    for (std::size_t l = 0; l < closed.size(); ++l) closed[l] = state_.branch_closed[l] != 0 ? 1.0 : 0.0;
  }
  for (std::size_t i = 0; i < stages_.size(); ++i)
    if (stages_[i]->scope() == StageScope::block) run_stage(i);
  state_.next_step += static_cast<std::int64_t>(frame_.block.count);
  return frame_.block;
}

RunSummary Simulation::summary() const {
  RunSummary summary = summarise(state_.kpis, model_);
  for (std::size_t i = 0; i < stages_.size(); ++i)
    summary.stage_times.push_back({std::string(stages_[i]->label()), stage_wall_s_[i]});
  return summary;
}

}  // namespace gridplus
