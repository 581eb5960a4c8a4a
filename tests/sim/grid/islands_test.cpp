#include "sim/grid/islands.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>

namespace gridplus {
namespace {

using Edge = std::pair<std::size_t, std::size_t>;

Grid make_grid(std::size_t buses, const std::vector<Edge>& edges, const std::vector<std::uint8_t>& in_service = {}) {
  GridBuilder builder;
  for (std::size_t i = 0; i < buses; ++i) {
    BusSpec spec;
    spec.name = std::to_string(i);
    spec.in_service = in_service.empty() || in_service[i] != 0;
    builder.add(std::move(spec));
  }
  for (std::size_t k = 0; k < edges.size(); ++k) {
    BranchSpec spec;
    spec.name = std::to_string(k);
    spec.from_bus = std::to_string(edges[k].first);
    spec.to_bus = std::to_string(edges[k].second);
    spec.x_pu = 0.1;
    builder.add(std::move(spec));
  }
  Diagnostics diagnostics;
  Grid grid = builder.build(diagnostics).grid;
  diagnostics.throw_if_any();
  return grid;
}

/// Islands by spreading the lowest number until nothing changes.
std::vector<std::uint32_t> islands_by_spreading(const Grid& grid, const std::vector<std::uint8_t>& closed) {
  const auto live = [&](std::size_t i) { return grid.bus().in_service[i] != 0; };
  std::vector<std::size_t> lowest(grid.bus_count());
  for (std::size_t i = 0; i < lowest.size(); ++i) lowest[i] = i;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t k = 0; k < grid.branch_count(); ++k) {
      const std::size_t from = grid.branch().from[k].index();
      const std::size_t to = grid.branch().to[k].index();
      if (closed[k] == 0 || !live(from) || !live(to) || lowest[from] == lowest[to]) continue;
      lowest[from] = lowest[to] = std::min(lowest[from], lowest[to]);
      changed = true;
    }
  }
  std::vector<std::uint32_t> island(lowest.size(), Islands::k_none);
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < lowest.size(); ++i) {
    if (live(i)) island[i] = lowest[i] == i ? count++ : island[lowest[i]];
  }
  return island;
}

std::uint32_t count_of(const std::vector<std::uint32_t>& islands) {
  std::uint32_t count = 0;
  for (const std::uint32_t island : islands) count = island == Islands::k_none ? count : std::max(count, island + 1);
  return count;
}

TEST(Islands, OpeningABridgeSplitsTheGrid) {
  // Two triangles joined by branch 6.
  const Grid grid = make_grid(6, {{0, 1}, {1, 2}, {2, 0}, {3, 4}, {4, 5}, {5, 3}, {2, 3}});
  std::vector<std::uint8_t> closed(7, 1);
  EXPECT_EQ(find_islands(grid, closed).count, 1U);
  EXPECT_EQ(find_bridges(grid, closed), std::vector<BranchId>{BranchId(6)});
  closed[6] = 0;
  const Islands split = find_islands(grid, closed);
  EXPECT_EQ(split.count, 2U);
  EXPECT_EQ(split.of_bus, (std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_TRUE(find_bridges(grid, closed).empty());
}

TEST(Islands, ParallelBranchesAreNeverBridges) {
  const Grid grid = make_grid(3, {{0, 1}, {1, 0}, {1, 2}});
  std::vector<std::uint8_t> closed(3, 1);
  EXPECT_EQ(find_bridges(grid, closed), std::vector<BranchId>{BranchId(2)});
  closed[1] = 0;
  EXPECT_EQ(find_bridges(grid, closed), (std::vector<BranchId>{BranchId(0), BranchId(2)}));
}

TEST(Islands, ABusOutOfServiceBelongsToNoneAndCarriesNothing) {
  const Grid grid = make_grid(3, {{0, 1}, {1, 2}}, {1, 0, 1});
  const std::vector<std::uint8_t> closed(2, 1);
  const Islands islands = find_islands(grid, closed);
  EXPECT_EQ(islands.of_bus, (std::vector<std::uint32_t>{0, Islands::k_none, 1}));
  EXPECT_EQ(islands.count, 2U);
  EXPECT_TRUE(find_bridges(grid, closed).empty());
}

TEST(Islands, AreNumberedByTheirLowestBus) {
  const Grid grid = make_grid(5, {{4, 1}, {3, 0}});
  EXPECT_EQ(find_islands(grid, std::vector<std::uint8_t>(2, 1)).of_bus, (std::vector<std::uint32_t>{0, 1, 2, 0, 1}));
}

TEST(Islands, AGridWithoutBusesHasNone) {
  const Grid grid = make_grid(0, {});
  EXPECT_EQ(find_islands(grid, {}).count, 0U);
  EXPECT_TRUE(find_bridges(grid, {}).empty());
}

TEST(Islands, AskForOneSwitchStatePerBranch) {
  const Grid grid = make_grid(2, {{0, 1}});
  EXPECT_THROW((void)find_islands(grid, {}), InvariantError);
  EXPECT_THROW((void)find_bridges(grid, {}), InvariantError);
}

TEST(Islands, ALongLineOfBusesDoesNotOverflowTheStack) {
  constexpr std::size_t k_buses = 300'000;
  std::vector<Edge> edges;
  for (std::size_t i = 1; i < k_buses; ++i) edges.emplace_back(i - 1, i);
  const Grid grid = make_grid(k_buses, edges);
  std::vector<std::uint8_t> closed(edges.size(), 1);
  EXPECT_EQ(find_islands(grid, closed).count, 1U);
  EXPECT_EQ(find_bridges(grid, closed).size(), edges.size());
  closed[k_buses / 2] = 0;
  EXPECT_EQ(find_islands(grid, closed).count, 2U);
  EXPECT_EQ(find_bridges(grid, closed).size(), edges.size() - 1);
}

/// A random multigraph with switches and buses out of service.
struct RandomGrid {
  Grid grid;
  std::vector<std::uint8_t> closed;
};

RandomGrid random_grid() {
  const auto buses = *rc::gen::inRange<std::size_t>(2, 14);
  const auto branches = *rc::gen::inRange<std::size_t>(0, 2 * buses);
  std::vector<Edge> edges;
  for (std::size_t k = 0; k < branches; ++k) {
    const auto from = *rc::gen::inRange<std::size_t>(0, buses);
    const auto step = *rc::gen::inRange<std::size_t>(1, buses);
    edges.emplace_back(from, (from + step) % buses);
  }
  const auto mostly = [](std::size_t count) {
    return *rc::gen::container<std::vector<std::uint8_t>>(
        count, rc::gen::map(rc::gen::inRange(0, 5), [](int n) { return static_cast<std::uint8_t>(n > 0); }));
  };
  return {make_grid(buses, edges, mostly(buses)), mostly(branches)};
}

RC_GTEST_PROP(Islands, AgreeWithSpreadingOnRandomGrids, ()) {
  const RandomGrid random = random_grid();
  const Islands islands = find_islands(random.grid, random.closed);
  const auto expected = islands_by_spreading(random.grid, random.closed);
  RC_ASSERT(islands.of_bus == expected);
  RC_ASSERT(islands.count == count_of(expected));
}

RC_GTEST_PROP(Bridges, AreTheBranchesWhoseOpeningMakesOneMoreIsland, ()) {
  const RandomGrid random = random_grid();
  const std::uint32_t before = count_of(islands_by_spreading(random.grid, random.closed));
  std::vector<BranchId> expected;
  for (std::size_t k = 0; k < random.closed.size(); ++k) {
    if (random.closed[k] == 0) continue;
    auto opened = random.closed;
    opened[k] = 0;
    if (count_of(islands_by_spreading(random.grid, opened)) > before) expected.emplace_back(k);
  }
  RC_ASSERT(find_bridges(random.grid, random.closed) == expected);
}

}  // namespace
}  // namespace gridplus
