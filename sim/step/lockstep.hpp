// Runs side by side, a block of each at a time, with their power flows solved together.
//
// What a run computes does not depend on its company (shared_bases.hpp), so any may join or leave at any step, and runs
// need not be at the same step. A run that fails leaves with its error and spoils no other.
#pragma once

#include <exception>
#include <span>
#include <vector>

#include "sim/step/shared_bases.hpp"
#include "sim/step/simulation.hpp"

namespace gridplus {

/// A run that takes part in one round.
struct LockstepRun {
  Simulation* simulation = nullptr;  ///< not done()
  const StepBlock* block = nullptr;  ///< afterwards: as Simulation::advance() gives it; none where it failed
  std::exception_ptr error;          ///< afterwards: why it failed
};

/// Used by one thread. Keeps what the flows of many rounds share.
class Lockstep {
 public:
  /// Advances every run by a block.
  void advance(std::span<LockstepRun> runs);

 private:
  void solve(std::span<LockstepRun> runs);

  SharedBases bases_;
  std::vector<AskedFlow> asked_;
  std::vector<std::size_t> open_, first_;  ///< runs whose flows are being solved, and where theirs begin in asked_
};

}  // namespace gridplus
