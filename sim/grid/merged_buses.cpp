#include "sim/grid/merged_buses.hpp"

#include <numeric>
#include <utility>

namespace gridplus {

namespace {

std::uint32_t first_of(std::vector<std::uint32_t>& into, std::uint32_t bus) {
  while (into[bus] != bus) {
    into[bus] = into[into[bus]];
    bus = into[bus];
  }
  return bus;
}

}  // namespace

MergedBuses merge_buses(const Grid& grid, std::span<const std::uint8_t> branch_closed) {
  ensure(branch_closed.size() == grid.branch_count(), "merge_buses needs one switch state per branch");
  MergedBuses merged;
  merged.into.resize(grid.bus_count());
  std::iota(merged.into.begin(), merged.into.end(), 0U);
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    std::uint32_t from = grid.branch().from[k].index(), to = grid.branch().to[k].index();
    const bool live = branch_closed[k] != 0 && grid.bus().in_service[from] != 0 && grid.bus().in_service[to] != 0;
    if (!live || !grid.is_coupler(k)) continue;
    merged.couplers.push_back(static_cast<std::uint32_t>(k));
    from = first_of(merged.into, from);
    to = first_of(merged.into, to);
    if (from > to) std::swap(from, to);
    merged.into[to] = from;
  }
  for (std::uint32_t i = 0; i < merged.into.size(); ++i) merged.into[i] = first_of(merged.into, i);
  return merged;
}

Islands find_merged_islands(const Grid& grid, std::span<const std::uint8_t> branch_closed, const MergedBuses& merged) {
  Islands islands = find_islands(grid, branch_closed);
  for (std::size_t i = 0; i < merged.into.size(); ++i) {
    if (!merged.stands_alone_or_first(i)) islands.of_bus[i] = Islands::k_none;
  }
  return islands;
}

void fold(const MergedBuses& merged, std::span<double> per_bus) {
  for (std::size_t i = 0; i < per_bus.size(); ++i) {
    if (merged.stands_alone_or_first(i)) continue;
    per_bus[merged.into[i]] += per_bus[i];
    per_bus[i] = 0.0;
  }
}

void spread(const MergedBuses& merged, std::span<double> per_bus) {
  for (std::size_t i = 0; i < per_bus.size(); ++i) per_bus[i] = per_bus[merged.into[i]];
}

}  // namespace gridplus
