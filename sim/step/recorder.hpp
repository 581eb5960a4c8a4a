// The door through which results leave the engine. output/ implements it.
#pragma once

#include "sim/step/block.hpp"
#include "sim/step/kpi.hpp"

namespace gridplus {

struct Checkpoint;

class Recorder {
 public:
  virtual ~Recorder() = default;
  /// Takes a finished block of steps. Blocks come in order, without gaps. May throw IoError.
  virtual void record(const StepBlock& block) = 0;
  /// Everything recorded so far and `checkpoint` belong together: a run may continue from here.
  virtual void checkpoint(const Checkpoint& checkpoint) = 0;
  /// The run is complete: after this the results file stands under its final name.
  virtual void finish(const RunSummary& summary) = 0;
};

}  // namespace gridplus
