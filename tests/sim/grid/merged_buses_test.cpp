#include "sim/grid/merged_buses.hpp"

#include <gtest/gtest.h>

namespace gridplus {
namespace {

/// Buses 0 .. count - 1 of 110 kV; bus 5, where there is one, is out of service.
GridBuilder buses(std::size_t count) {
  GridBuilder builder(100.0);
  for (std::size_t i = 0; i < count; ++i)
    builder.add(BusSpec{.name = std::to_string(i), .vn_kv = 110.0, .in_service = i != 5});
  return builder;
}

void couple(GridBuilder& builder, int from, int to) {
  builder.add(BranchSpec{.name = std::to_string(from).append("-").append(std::to_string(to)),
                         .from_bus = std::to_string(from),
                         .to_bus = std::to_string(to),
                         .kind = BranchKind::coupler});
}

Grid built(const GridBuilder& builder) {
  Diagnostics diagnostics;
  Grid grid = builder.build(diagnostics).grid;
  diagnostics.throw_if_any();
  return grid;
}

TEST(MergedBuses, TheLowestBusOfAGroupStandsForIt) {
  GridBuilder builder = buses(6);
  couple(builder, 4, 2);
  couple(builder, 3, 1);
  couple(builder, 1, 4);
  couple(builder, 0, 5);  // bus 5 is out of service
  builder.add(BranchSpec{.name = "line", .from_bus = "0", .to_bus = "1", .x_pu = 0.1});
  const Grid grid = built(builder);
  const std::vector<std::uint8_t> closed(grid.branch_count(), 1);
  const MergedBuses merged = merge_buses(grid, closed);
  EXPECT_EQ(merged.into, (std::vector<std::uint32_t>{0, 1, 1, 1, 1, 5}));
  EXPECT_EQ(merged.couplers, (std::vector<std::uint32_t>{0, 1, 2}));
  const Islands islands = find_merged_islands(grid, closed, merged);
  EXPECT_EQ(islands.count, 1U);
  EXPECT_EQ(islands.of_bus,
            (std::vector<std::uint32_t>{0, 0, Islands::k_none, Islands::k_none, Islands::k_none, Islands::k_none}));
}

TEST(MergedBuses, AnOpenCouplerMergesNothing) {
  GridBuilder builder = buses(2);
  couple(builder, 0, 1);
  const Grid grid = built(builder);
  EXPECT_TRUE(merge_buses(grid, std::vector<std::uint8_t>{1}).any());
  EXPECT_FALSE(merge_buses(grid, std::vector<std::uint8_t>{0}).any());
}

TEST(MergedBuses, FoldingAddsAndSpreadingCopies) {
  const MergedBuses merged{{0, 1, 1, 0}, {0, 1}};
  std::vector<double> values{1.0, 2.0, 4.0, 8.0};
  fold(merged, values);
  EXPECT_EQ(values, (std::vector<double>{9.0, 6.0, 0.0, 0.0}));
  spread(merged, values);
  EXPECT_EQ(values, (std::vector<double>{9.0, 6.0, 6.0, 9.0}));
}

TEST(GridBuilder, CouplersThatAreMoreThanASwitchAreReported) {
  const auto problems = [](BranchSpec branch) {
    GridBuilder builder = buses(2);
    builder.add(BusSpec{.name = "town", .vn_kv = 20.0});
    branch.name = "bay";
    branch.from_bus = std::to_string(0);
    if (branch.to_bus.empty()) branch.to_bus = std::to_string(1);
    branch.kind = BranchKind::coupler;
    builder.add(std::move(branch));
    Diagnostics diagnostics;
    (void)builder.build(diagnostics);
    std::string text;
    for (const Diagnostic& problem : diagnostics.list()) text += problem.problem;
    return text;
  };
  EXPECT_EQ(problems({}), "");
  EXPECT_NE(problems({.x_pu = 0.1}).find("is not zero"), std::string::npos);
  EXPECT_NE(problems({.tap = 1.05}).find("transforms"), std::string::npos);
  EXPECT_NE(problems({.shift_deg = 30.0}).find("transforms"), std::string::npos);
  EXPECT_NE(problems({.b_pu = 0.1}).find("shunt"), std::string::npos);
  EXPECT_NE(problems({.to_bus = "town"}).find("110 and 20 kV"), std::string::npos);
}

}  // namespace
}  // namespace gridplus
