// Buses that are one electrically: those joined by closed couplers, branches without impedance.
//
// The solvers see one bus for each such group, the one with the lowest index; the others of the group take no part
// there (BusType::out) and get its voltage afterwards. See sim/powerflow/coupler_flows.hpp for what the couplers carry.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/grid/grid.hpp"
#include "sim/grid/islands.hpp"

namespace gridplus {

struct MergedBuses {
  std::vector<std::uint32_t> into;      ///< per bus: the lowest bus of its group, itself where it is alone
  std::vector<std::uint32_t> couplers;  ///< the closed branches without impedance, ascending

  [[nodiscard]] bool any() const { return !couplers.empty(); }
  [[nodiscard]] bool stands_alone_or_first(std::size_t bus) const { return into[bus] == bus; }
};

/// `branch_closed`: one byte per branch, non-zero = closed.
[[nodiscard]] MergedBuses merge_buses(const Grid& grid, std::span<const std::uint8_t> branch_closed);

/// Islands as the solvers see them: those of the grid, but the buses that others stand for belong to none.
[[nodiscard]] Islands find_merged_islands(const Grid& grid, std::span<const std::uint8_t> branch_closed,
                                          const MergedBuses& merged);

/// Adds what each bus of a group has to its first bus and leaves 0 at the others. Empty spans stay empty.
void fold(const MergedBuses& merged, std::span<double> per_bus);

/// Gives every bus of a group what its first bus has.
void spread(const MergedBuses& merged, std::span<double> per_bus);

}  // namespace gridplus
