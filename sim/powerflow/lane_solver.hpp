// Batches of AC power flows on one topology, solved side by side in SIMD lanes.
//
// The answer of a flow depends on its own input and on the base only: not on its neighbours, the size or the order of
// the batch, or the number of threads. See docs/powerflow.md for the method.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "sim/powerflow/lane_chord.hpp"

namespace gridplus::powerflow {

/// Solves batches. Keeps scratch memory for every thread; one solve() at a time.
class LaneSolver {
 public:
  /// `base`: what all flows share. `kernels`: instruction set; the best of this machine by default.
  explicit LaneSolver(std::shared_ptr<const LaneBase> base, const LaneKernels& kernels = lane_kernels());
  ~LaneSolver();
  LaneSolver(LaneSolver&&) noexcept;
  LaneSolver& operator=(LaneSolver&&) noexcept;

  /// Takes another base from now on. Scratch memory is kept if it has the same pattern and as many PV buses.
  void move_to(std::shared_ptr<const LaneBase> base);

  /// Solves every flow from the base state, not from what `states` holds. `states` and `reports` have one entry per
  /// flow; the vectors of a state are sized if they are not yet, and nothing else is allocated once scratch memory is
  /// there. Slack and out buses must be those of the base; PV and PQ, set points, limits and participation may differ
  /// per flow. Flows of the base's bus types that stay within their reactive limits are the fast ones.
  void solve(std::span<const FlowInput> flows, const FlowOptions& options, std::span<FlowState> states,
             std::span<SolveReport> reports, int threads = 1);

  /// The linear approximation of every flow: the equations to first order in the angles and the logarithms of |V|
  /// about the base state, one step with the base's Jacobian. Bus types must be those of the base; injections that
  /// follow the voltage are taken at the base's, reactive limits are not kept. Reports say `converged` with the exact
  /// AC mismatch of the answer, or `singular` where the base has no factor (|V| and angles are then 0). See
  /// docs/powerflow.md.
  void solve_linear(std::span<const FlowInput> flows, std::span<FlowState> states, std::span<SolveReport> reports,
                    int threads = 1);

 private:
  void check(const FlowInput& flow) const;
  void sort(std::span<const FlowInput> flows, std::span<FlowState> states, std::span<SolveReport> reports);
  template <class Solve>
  void for_each_group(int threads, const Solve& solve);

  std::shared_ptr<const LaneBase> base_;
  const LaneKernels* kernels_;
  std::vector<std::unique_ptr<LaneChord>> chord_;    ///< per thread
  std::vector<std::unique_ptr<LaneNewton>> newton_;  ///< per thread
  std::array<std::vector<LaneTask>, 8> easy_;        ///< for the chord, by kind
  std::vector<LaneTask> hard_;                       ///< for the Newton
};

}  // namespace gridplus::powerflow
