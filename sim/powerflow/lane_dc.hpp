// Batches of DC power flows on one topology: one factor of the susceptance matrix, solved for 16 right-hand sides side
// by side in SIMD lanes.
//
// The equations are those of the plain twin, reference/dc.hpp. The matrix is symmetric and has the pattern of the bus
// graph, so ordering and fill are those of the AC lanes (lane_pattern.hpp) with numbers in the place of 2x2 blocks. It
// is factored once, without pivoting, in double; a flow then costs one pass over the factors. The balance of every bus
// is recomputed from the angles, and only what it confirms is called converged. A flow's answer is bitwise the same
// alone, in any company, at any thread count.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/powerflow/flow.hpp"
#include "sim/powerflow/lane_dc_kernels.hpp"
#include "sim/powerflow/lane_kernels.hpp"
#include "sim/powerflow/lane_memory.hpp"
#include "sim/powerflow/lane_pattern.hpp"

namespace gridplus::powerflow {

class LaneDcSolver {
 public:
  /// `type`: the roles of the buses (of merged ones as in Admittance); pv and pq are the same here. `grid` must outlive
  /// the solver.
  LaneDcSolver(const Grid& grid, std::span<const std::uint8_t> branch_closed, std::span<const BusType> type,
               const LaneKernels& kernels = lane_kernels());
  ~LaneDcSolver();

  /// False: the matrix is singular, and every flow is reported so.
  [[nodiscard]] bool factored() const { return factored_; }

  /// Solves every flow; slack and out buses must be those the solver was made for. `states` and `reports` have one
  /// entry per flow; |V| is 1, or 0 at buses that are out. Read are P, voltage-dependent P at 1 p.u., slack angles and
  /// participation.
  void solve(std::span<const FlowInput> flows, std::span<FlowState> states, std::span<SolveReport> reports,
             int threads = 1);

  /// Flows and injections that follow from the angles; reactive powers and losses are 0, couplers carry nothing (see
  /// CouplerFlows).
  void evaluate(const FlowState& state, FlowResult& result) const;

 private:
  struct Scratch;
  void factor();
  void solve_group(std::span<const FlowInput> flows, std::span<FlowState> states, std::span<SolveReport> reports,
                   Scratch& scratch) const;
  void load(const FlowInput& flow, std::size_t lane, Scratch& scratch) const;
  [[nodiscard]] DcFactorView view() const;

  const Grid& grid_;
  const DcKernels* kernels_;
  MergedBuses merged_;
  LanePattern pattern_;
  std::vector<BusType> type_;
  std::vector<double> susceptance_;          ///< per branch, 0 where open
  std::vector<double> shunt_mw_, shift_pu_;  ///< per bus: drawn at 1 p.u., and driven out by phase shifts
  std::vector<std::int32_t> island_;         ///< per bus: number of its slack bus, -1 where out
  std::int32_t islands_ = 0;
  std::vector<double> coupling_, lower_, upper_, inverse_;
  bool factored_ = false, complete_ = true;
  std::vector<std::unique_ptr<Scratch>> scratch_;  ///< per thread
};

}  // namespace gridplus::powerflow
