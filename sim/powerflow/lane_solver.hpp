// Batches of AC power flows on one topology, solved side by side in SIMD lanes.
//
// The answer of a flow depends on its own input and on the base only: not on its neighbours, the size or the order of
// the batch, or the number of threads. See docs/powerflow.md for the method.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/powerflow/lane_newton.hpp"

namespace gridplus::powerflow {

/// Solves batches. Keeps scratch memory for every thread; one solve() at a time.
class LaneSolver {
 public:
  /// `base`: what all flows share. `kernels`: instruction set; the best of this machine by default.
  explicit LaneSolver(std::shared_ptr<const LaneBase> base, const LaneKernels& kernels = lane_kernels());
  ~LaneSolver();
  LaneSolver(LaneSolver&&) noexcept;
  LaneSolver& operator=(LaneSolver&&) noexcept;

  /// Solves every flow from the base state, not from what `states` holds. `states` and `reports` have one entry per
  /// flow; the vectors of a state are sized if they are not yet, and nothing else is allocated once scratch memory is
  /// there. Slack and out buses must be those of the base; PV and PQ, set points, limits and participation may differ
  /// per flow, but flows of the base's types and set points, without limits to enforce and without participation, are
  /// the fast ones.
  void solve(std::span<const FlowInput> flows, const FlowOptions& options, std::span<FlowState> states,
             std::span<SolveReport> reports, int threads = 1);

 private:
  struct Scratch;
  void check(const FlowInput& flow) const;
  [[nodiscard]] bool chord_may_solve(const FlowInput& flow, const FlowOptions& options) const;
  void solve_group(std::span<const LaneTask> tasks, const FlowOptions& options, Scratch& scratch) const;

  std::shared_ptr<const LaneBase> base_;
  const LaneKernels* kernels_;
  std::vector<std::unique_ptr<Scratch>> scratch_;    ///< per thread
  std::vector<std::unique_ptr<LaneNewton>> newton_;  ///< per thread
  std::vector<LaneTask> tasks_, hard_;
};

}  // namespace gridplus::powerflow
