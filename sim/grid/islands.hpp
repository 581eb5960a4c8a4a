// Connected parts of a grid under a given switching state, and the branches whose loss would split one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/grid/grid.hpp"

namespace gridplus {

/// The islands of a grid. Islands are numbered by their lowest bus; a bus out of service belongs to none.
struct Islands {
  static constexpr std::uint32_t k_none = 0xffffffffU;
  std::vector<std::uint32_t> of_bus;  ///< island of each bus, or k_none
  std::uint32_t count = 0;
};

/// Connected components of the graph filtered to closed branches and buses in service. `branch_closed`: one byte per
/// branch, non-zero = closed.
[[nodiscard]] Islands find_islands(const Grid& grid, std::span<const std::uint8_t> branch_closed);

/// The closed branches whose opening splits an island (graph bridges; parallel branches are never bridges), in
/// ascending order.
[[nodiscard]] std::vector<BranchId> find_bridges(const Grid& grid, std::span<const std::uint8_t> branch_closed);

}  // namespace gridplus
