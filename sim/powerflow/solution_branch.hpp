// Which branch of the power-flow equations a solution lies on.
//
// The equations of a grid have many solutions. The one at which grids are run is that which is led to from the grid
// without load, by raising injections step by step; the others, with low voltages or large angles, meet it at the nose.
// Along the way the Jacobian J (equations P, Q by angles and relative voltages) never becomes singular, so that its
// determinant keeps its sign; behind a nose the sign has changed. Of a lossless grid J is the Hessian of the energy
// function, the number of its negative eigenvalues is a solution's type (0: stable), and by Sylvester's law that number
// is read off the pivots of any symmetric elimination. Losses make J a little unsymmetric; the number of negative
// pivots is counted all the same, and a solution is called another branch's where it is not that of the grid without
// load: where it is larger. The parity of the number is the determinant's sign and certain; the rest is by measurement,
// see docs/powerflow.md. H. D. Chiang: Direct Methods for Stability Analysis of Electric Power Systems, Wiley 2011; P.
// W. Sauer, M. A. Pai: Power system steady-state stability and the load-flow Jacobian. IEEE Transactions on Power
// Systems 5(4), 1990.
//
// What chord iterations (lane_chord.hpp) converge to needs no such count. With the factor J0 they converge to x only if
// all eigenvalues m of J0^-1 J(x) have |1 - m| < 1. Then those of J0^-1 ((1 - t) J0 + t J(x)), 1 - t + t m, are not 0
// for any t in [0, 1], and J0 and J(x) are joined without a singular matrix between: x is on its base's branch.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "sim/powerflow/admittance.hpp"
#include "sim/powerflow/lane_pattern.hpp"

namespace gridplus::powerflow {

/// Negative pivots of a block of two rows: those of its eigenvalues that are negative.
[[nodiscard]] inline int negative_pivots(double trace, double determinant) {
  return determinant < 0.0 ? 1 : trace < 0.0 ? 2 : 0;
}

/// Tells branches apart on one grid under one switching state. Not for use by two threads at once.
class SolutionBranch {
 public:
  /// `grid` and `admittance` must outlive it.
  SolutionBranch(const Grid& grid, const Admittance& admittance);

  /// Whether the solution `state` of `input` is not of the branch that is led to from the grid without load. A bus
  /// whose voltage is not its set point has let it go at a reactive limit.
  [[nodiscard]] bool is_another(const FlowInput& input, const FlowState& state);

  /// Negative pivots of the Jacobian at `state`, whether a solution or not, per slack bus in the order of the buses.
  [[nodiscard]] std::vector<int> pivots(const FlowInput& input, const FlowState& state);
  /// The same of the grid without load, with the roles of the buses in `state`.
  [[nodiscard]] std::vector<int> pivots_without_load(const FlowInput& input, const FlowState& state);
  /// The grid without load: set points or 1 p.u., angles as the phase shifters leave them.
  [[nodiscard]] FlowState without_load(const FlowInput& input) const;

 private:
  void find_pattern(std::span<const BusType> type);
  [[nodiscard]] std::vector<int> count(const FlowInput& input, const FlowState& at, std::span<const BusType> type);

  const Grid& grid_;
  const Admittance& y_;
  std::vector<BusType> type_;  ///< that the pattern was made for
  std::shared_ptr<const LanePattern> pattern_;
};

}  // namespace gridplus::powerflow
