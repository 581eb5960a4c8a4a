// One run through time, block by block.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/step/recorder.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

class Simulation {
 public:
  /// `model` and `outside` must outlive the simulation. `threads` >= 1; results do not depend on it. `outside`: gives
  /// set points, and every step is then a block of its own; may be null.
  Simulation(const Model& model, int threads, SetPointSource* outside = nullptr);

  /// Continues from a checkpoint of the same model. Throws IoError if it does not fit.
  void restore(const Checkpoint& checkpoint);

  [[nodiscard]] bool done() const { return state_.next_step >= model_.time.steps(); }
  [[nodiscard]] std::int64_t next_step() const { return state_.next_step; }

  /// Runs the next block of steps through all stages. The block is good until the next call.
  /// Throws SimulationError that says in which simulated time and stage it failed.
  const StepBlock& advance();

  /// How the consumers' demand followed the voltage in the last block; one per consumer.
  [[nodiscard]] std::span<const ZipShares> zip() const { return frame_.zip; }

  /// Whether some stage needs what the network made of the step before, so that every step is a block.
  [[nodiscard]] bool step_by_step() const { return stages_.step_by_step; }
  /// advance() in parts, for runs that go on side by side (lockstep.hpp): begin_block(); then solving what ask() lists
  /// and go_on() by turns until it says that it is done; end_block(). They throw as advance() does.
  void begin_block();
  void ask(std::vector<AskedFlow>& asked) { stages_.network_stage().ask(state_, frame_, asked); }
  /// Solves what it has asked, without others.
  void solve(SharedBases& bases, std::span<const AskedFlow> asked);
  [[nodiscard]] bool go_on();
  const StepBlock& end_block();

  [[nodiscard]] Checkpoint checkpoint() const { return save(state_); }
  [[nodiscard]] RunSummary summary() const;
  [[nodiscard]] const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_.list; }

 private:
  void run_steps();
  void run_stages(StageScope scope, std::size_t from, std::size_t to);
  template <class Call>
  auto in_stage(std::size_t index, Call call);

  const Model& model_;
  SimulationState state_;
  Stages stages_;
  Frame frame_;
  std::vector<double> stage_wall_s_;
};

}  // namespace gridplus
