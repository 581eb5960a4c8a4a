// Elimination order and fill of the power-flow equations on the bus graph.
//
// The two unknowns of a bus (angle, relative voltage) form one 2x2 block, so the symbolic work is done on buses. Slack
// buses carry no unknown and leave the graph; buses that are not energised leave it too. The rest is ordered by
// approximate minimum degree (Amestoy, Davis, Duff 1996), which leaves no fill on trees, and the rows of the factors
// follow from the elimination tree (Liu 1990, "The role of elimination trees in sparse factorization"). Any order in
// which children come before their parents has the same fill: alike rows come together, in pieces of a cache's size.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/powerflow/admittance.hpp"

namespace gridplus::powerflow {

/// Rows of indices in one array.
struct IndexRows {
  std::vector<std::int32_t> start{0};  ///< rows + 1
  std::vector<std::int32_t> column;

  [[nodiscard]] std::size_t size() const { return start.size() - 1; }
  [[nodiscard]] std::span<const std::int32_t> row(std::size_t i) const {
    return {column.data() + start[i], column.data() + start[i + 1]};
  }
};

/// Where every bus stands, and which blocks of the factors L and U can differ from zero. Positions 0 .. active-1 are
/// the buses with unknowns in elimination order; the slack buses follow.
struct LanePattern {
  static constexpr std::int32_t k_out = -1;

  std::int32_t active = 0;
  std::int32_t slack = 0;
  std::vector<std::int32_t> bus;       ///< bus at each position; active + slack entries
  std::vector<std::int32_t> position;  ///< position of each bus, k_out where it is not energised
  IndexRows coupling;  ///< per position, active and slack: the positions its bus is coupled to, itself among them
  std::vector<std::int32_t> coupling_entry;  ///< place of each coupling in Admittance::value
  IndexRows lower;  ///< row i of L: columns below i, ascending; slack rows too, for a slack bus at a reactive limit
  IndexRows upper;  ///< row i of U: columns above i, ascending; the slack columns come last

  [[nodiscard]] std::int32_t positions() const { return active + slack; }
};

/// Orders the energised buses (`type` other than out) and finds the fill. Couplings of zero admittance (open branches)
/// do not count.
[[nodiscard]] LanePattern make_lane_pattern(const Admittance& admittance, std::span<const BusType> type);

}  // namespace gridplus::powerflow
