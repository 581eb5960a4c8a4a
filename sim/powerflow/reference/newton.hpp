// AC power flow by Newton's method in polar coordinates: the plain scalar solver.
//
// Bus i injects S_i = P_i + jQ_i = V_i conj(sum_j Y_ij V_j). With V_i = |V_i| exp(j theta_i) and
// T_ij = V_i conj(Y_ij V_j) = a_ij + j b_ij, where the unknowns are theta and the relative change u = d|V| / |V|:
//
//   j != i:  dP_i/dtheta_j =  b_ij        dP_i/du_j = a_ij         i:  dP_i/dtheta_i = b_ii - Q_i   dP_i/du_i = a_ii +
//   P_i
//            dQ_i/dtheta_j = -a_ij        dQ_i/du_j = b_ij             dQ_i/dtheta_i = P_i - a_ii   dQ_i/du_i = b_ii +
//            Q_i
//
// theta_i is unknown (and P_i an equation) at every bus but the slack; u_i is unknown (and Q_i an equation) at pq
// buses. W. F. Tinney, C. E. Hart: Power flow solution by Newton's method. IEEE Transactions on Power Apparatus and
// Systems PAS-86(11), 1967. R. D. Zimmerman et al.: MATPOWER User's Manual, chapters 3 and 4.
//
// Distributed slack: an island whose participation factors alpha are given has one more unknown, the missing power D,
// and one more equation, P of its slack bus: P_i(V) = p_i + alpha_i D at every bus.
//
// Voltage-dependent injections: bus i is asked for P = p + p_I |V_i| + p_Z |V_i|^2, so that p_I |V_i| + 2 p_Z |V_i|^2
// is taken off dP_i/du_i, and likewise for Q.
//
// Reactive limits: the flow is solved, then every bus beyond a limit becomes a pq bus at that limit, and every bus at
// its upper (lower) limit whose |V| lies above (below) the set point gets its set point back; repeated until neither
// happens. The answer then satisfies: Q = Qmax implies |V| <= set point, Q = Qmin implies |V| >= set point, and
// Qmin < Q < Qmax implies |V| = set point. A slack bus at a limit keeps its angle and its free P.
//
// The answer depends on the input, the grid and the starting state alone, never on flows solved before (see SparseLu).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/grid/islands.hpp"
#include "sim/powerflow/admittance.hpp"
#include "sim/powerflow/flow.hpp"
#include "sim/powerflow/reference/slack_buses.hpp"
#include "sim/powerflow/reference/sparse_lu.hpp"

namespace gridplus::powerflow::reference {

enum class QLimit : std::uint8_t { none, at_min, at_max };

/// Solves flows on one grid under one switching state. Not for use by two threads at once; make one per thread.
/// `grid` and `admittance` must outlive the solver and stay as they are.
class NewtonSolver {
 public:
  NewtonSolver(const Grid& grid, const Admittance& admittance);

  /// Solves from `state` and leaves the result there, or where the iteration ended if it failed. At pv and slack buses
  /// the set points replace what `state` says; a bus with |V| <= 0 there starts at 1 p.u. Angles end within 180 degrees
  /// of 0. Ordering is kept while the
  /// bus types stay the same; then a solve allocates nothing unless pivots must be chosen anew.
  /// Throws InvariantError if `input` breaks its promises (sizes, one slack bus per island, islands wholly out).
  SolveReport solve(const FlowInput& input, const FlowOptions& options, FlowState& state);

  /// Which buses the last solve left at a reactive limit.
  [[nodiscard]] std::span<const QLimit> q_limits() const { return limit_; }

  /// How often the matrix was ordered, and pivots chosen for a single matrix, since the solver was made.
  [[nodiscard]] std::size_t orderings() const { return orderings_; }
  [[nodiscard]] std::size_t fresh_factors() const { return lu_.fresh_factors(); }

 private:
  static constexpr std::int32_t k_absent = -1;

  /// Places in the Jacobian's values of dP/dtheta, dP/du, dQ/dtheta, dQ/du for one entry of Y.
  struct Places {
    std::int32_t p_theta, p_u, q_theta, q_u;
  };

  void check(const FlowInput& input, const FlowState& state) const;
  void start(const FlowInput& input, const FlowState& state);
  bool same_pattern(const FlowInput& input) const;
  bool update_pattern(const FlowInput& input);
  void number_unknowns(const FlowInput& input);
  void build_jacobian_pattern();
  SolveReport iterate(const FlowInput& input, const FlowOptions& options);
  [[nodiscard]] bool collapsed() const;
  void compute_injections();
  double compute_mismatch(const FlowInput& input);
  void fill_jacobian();
  void apply_step();
  bool switch_limits(const FlowInput& input, const FlowOptions& options, int round);
  [[nodiscard]] bool voltage_is_free(std::size_t bus) const;

  const Grid& grid_;
  const Admittance& y_;
  Islands islands_;
  std::vector<std::int32_t> transpose_;  ///< place of (j, i) in Y for the place of (i, j)

  // The roles the pattern was made for.
  std::vector<BusType> type_;
  std::vector<std::uint8_t> shares_;        ///< takes part in a distributed slack
  std::vector<std::uint8_t> free_voltage_;  ///< pq, or at a reactive limit
  SlackBuses slack_;
  bool pattern_valid_ = false;

  std::vector<std::int32_t> row_p_;       ///< equation of P_i; also the unknown theta_i, or D at a sharing slack bus
  std::vector<std::int32_t> row_q_;       ///< equation of Q_i; also the unknown u_i
  std::vector<std::uint8_t> row_p_is_d_;  ///< the unknown at row_p_ is the island's missing power
  std::vector<std::int32_t> d_of_bus_;    ///< the unknown D of the bus's island, or k_absent
  std::vector<Places> places_;            ///< per entry of Y
  std::vector<std::int32_t> d_place_;     ///< per bus: place of dP_i/dD
  std::vector<double> jacobian_;          ///< values, and one more for what is absent
  SparseLu lu_;
  std::size_t orderings_ = 0;

  // State of a solve, per bus, in radians and per unit.
  std::vector<QLimit> limit_;
  std::vector<std::uint16_t> switches_;
  std::vector<double> theta_, vm_, p_, q_, alpha_;
  struct Dependent {
    Complex power, slope;
  };
  std::vector<Dependent> dependent_;       ///< voltage-dependent injection, and its derivative by u
  std::vector<double> e_, f_;              ///< V = e + jf
  std::vector<double> term_re_, term_im_;  ///< Y_ij V_j per entry of Y
  std::vector<double> missing_;            ///< D per unknown, read at the numbers of D
  std::vector<double> step_;               ///< right-hand side, then step
};

}  // namespace gridplus::powerflow::reference
