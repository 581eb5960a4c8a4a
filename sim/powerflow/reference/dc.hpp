// DC power flow: lossless, voltages of 1 p.u., small angles.
//
// Branch k from f to t carries P_k = (theta_f - theta_t - shift_k) / (x_k tap_k), where r and charging are neglected.
// The balance of bus i, p_i - Gs_i = sum of the P_k that leave it, is linear in theta. MATPOWER User's Manual,
// section 3.4 and makeBdc; the shunt conductance Gs draws its power at 1 p.u. A branch without reactance, which
// MATPOWER cannot represent, counts with |r + jx| in the place of x. Voltage-dependent injections count at 1 p.u.
//
// Distributed slack: as there are no losses, an island's missing power is known beforehand, and bus i takes its share
// alpha_i of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/grid/islands.hpp"
#include "sim/grid/merged_buses.hpp"
#include "sim/powerflow/flow.hpp"
#include "sim/powerflow/reference/sparse_lu.hpp"

namespace gridplus::powerflow::reference {

/// Solves DC flows on one grid under one switching state. Not for use by two threads at once. `grid` must outlive it.
class DcSolver {
 public:
  DcSolver(const Grid& grid, std::span<const std::uint8_t> branch_closed);

  /// Solves and fills `state` (|V| = 1, or 0 at buses that are out) and `result` (reactive powers and losses are 0; the
  /// bus injections include what the slack buses took up). Buses joined by closed couplers are
  /// to be given as to the AC solvers (see Admittance), and couplers carry nothing in `result`. Only P, types, slack
  /// angles and participation are read. Throws InvariantError if `input` breaks its promises.
  SolveReport solve(const FlowInput& input, FlowState& state, FlowResult& result);

 private:
  void check(const FlowInput& input) const;
  SolveStatus update_factors(const FlowInput& input);
  void set_known_angles(const FlowInput& input, FlowState& state) const;
  void share_missing_power(const FlowInput& input);
  double compute_flows(const FlowState& state, FlowResult& result) const;

  [[nodiscard]] std::uint32_t from_bus(std::size_t k) const { return merged_.into[grid_.branch().from[k].index()]; }
  [[nodiscard]] std::uint32_t to_bus(std::size_t k) const { return merged_.into[grid_.branch().to[k].index()]; }

  const Grid& grid_;
  MergedBuses merged_;
  Islands islands_;
  std::vector<double> shunt_mw_;         ///< per group of merged buses, at its first
  std::vector<double> susceptance_;      ///< per branch, 0 where open
  std::vector<std::int32_t> row_start_;  ///< branches at each bus: places in `incident_`
  std::vector<std::uint32_t> incident_;

  std::vector<BusType> type_;
  bool factored_ = false;
  std::vector<std::int32_t> unknown_;  ///< number of theta_i, or -1
  SparseLu lu_;
  std::vector<double> injection_pu_, right_hand_side_;
};

}  // namespace gridplus::powerflow::reference
