// A model made by hand and steps that look like those of a run, for tests of the results: every kind of field and
// variable occurs, every value follows from its place alone, and full mantissas of noise are as hard to compress as
// those of an AC power flow.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/step/checkpoint.hpp"
#include "sim/step/model.hpp"
#include "sim/step/recorder.hpp"

namespace gridplus::test {

struct SyntheticSize {
  std::size_t buses = 5, branches = 6, producers = 7, consumers = 4, storages = 2;
  std::int64_t steps = 100;
};

/// Sizes and horizon of the RTS-GMLC year.
inline constexpr SyntheticSize k_rts_year = {73, 120, 158, 51, 1, 8784};

[[nodiscard]] std::unique_ptr<Model> synthetic_model(const SyntheticSize& size);

/// A run over the model: makes blocks of steps from its state, which is all that a checkpoint needs.
class SyntheticRun {
 public:
  SyntheticRun(const Model& model, std::size_t block_steps);

  [[nodiscard]] bool ended() const { return next_step_ == model_->time.steps(); }
  [[nodiscard]] std::int64_t next_step() const { return next_step_; }
  /// The next block; valid until the next call.
  [[nodiscard]] const StepBlock& advance();
  [[nodiscard]] Checkpoint checkpoint() const;
  void restore(const Checkpoint& checkpoint);
  [[nodiscard]] RunSummary summary() const;

 private:
  void fill_step(std::size_t s);

  const Model* model_;
  std::size_t block_steps_;
  StepBlock block_;
  std::int64_t next_step_ = 0;
  double energy_mwh_ = 0.0;  ///< adds up over the run: goes wrong if a resumed run does not continue from its state
};

/// Records the rest of the run, with a checkpoint after every `checkpoint_blocks` blocks (0: none), and finishes.
void record_to_the_end(SyntheticRun& run, Recorder& recorder, std::size_t checkpoint_blocks = 0);

}  // namespace gridplus::test
