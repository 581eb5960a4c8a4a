// What couplers carry: branches without impedance, whose buses the solvers treat as one.
//
// The flows of a tree of couplers follow from the balance of each of its buses. In a loop they do not: any circulating
// flow would fit. There the flows with the least sum of squares are taken, which are those of couplers that share one
// small impedance. P and Q are treated alike. With the incidence matrix A of a group's couplers and what each of its
// buses has left to send, s, the flows are f = A' x with A A' x = s.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/powerflow/admittance.hpp"
#include "sim/powerflow/reference/sparse_lu.hpp"

namespace gridplus::powerflow {

/// For one grid under one switching state. Not for use by two threads at once. `grid` must outlive it.
class CouplerFlows {
 public:
  CouplerFlows(const Grid& grid, const MergedBuses& merged);

  [[nodiscard]] bool any() const { return !merged_.couplers.empty(); }

  /// Fills the couplers' flows, currents and loadings in `result`. There, the other branches have their flows and every
  /// bus of a group has its own net injection, which must add up to what the group sends. `reactive`: false for a DC
  /// flow.
  void recover(const FlowState& state, FlowResult& result, bool reactive = true);

 private:
  void recover_part(std::vector<double>& from, std::vector<double>& to);

  const Grid& grid_;
  MergedBuses merged_;
  std::vector<std::int32_t> unknown_;     ///< per bus: number of x, or -1 where it is no part of a group or its first
  std::vector<std::uint8_t> in_group_;    ///< per bus
  std::vector<std::uint8_t> is_coupler_;  ///< per branch
  reference::SparseLu lu_;
  std::vector<double> x_, injection_;
};

}  // namespace gridplus::powerflow
