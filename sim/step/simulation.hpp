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
  /// `model` must outlive the simulation. `threads` >= 1; results do not depend on it.
  Simulation(const Model& model, int threads);

  /// Continues from a checkpoint of the same model. Throws IoError if it does not fit.
  void restore(const Checkpoint& checkpoint);

  [[nodiscard]] bool done() const { return state_.next_step >= model_.time.steps(); }
  [[nodiscard]] std::int64_t next_step() const { return state_.next_step; }

  /// Runs the next block of steps through all stages. The block is good until the next call.
  /// Throws SimulationError that says in which simulated time and stage it failed.
  const StepBlock& advance();

  /// How the consumers' demand followed the voltage in the last block; one per consumer.
  [[nodiscard]] std::span<const ZipShares> zip() const { return frame_.zip; }

  [[nodiscard]] Checkpoint checkpoint() const { return save(state_); }
  [[nodiscard]] RunSummary summary() const;
  [[nodiscard]] const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }

 private:
  void run_stage(std::size_t index);

  const Model& model_;
  SimulationState state_;
  Frame frame_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<double> stage_wall_s_;
  bool step_by_step_ = false;
};

}  // namespace gridplus
