// What all lanes of a batch share: elimination order, fill, base, instruction set.
#include "sim/powerflow/lane_pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/sim/powerflow/lane_bench.hpp"

namespace gridplus::powerflow {
namespace {

using test::Bench;
using test::Flow;
using test::Link;
using test::make_grid;
using test::random_bench;

/// lambda of the base is what the slack bus has to give for one more unit of demand.
TEST(LaneBase, KnowsTheAdjointOfTheSlackPower) {
  const Bench bench = random_bench(12, 4);
  const auto base = bench.lane_base();
  const auto slack_mw = [&](const FlowState& state) { return evaluate(bench.grid, bench.admittance, state).p_mw[0]; };
  constexpr double k_step_mw = 0.01;
  for (std::size_t bus = 1; bus < 12; ++bus) {
    Flow flow = bench.base_flow;
    flow.p_mw[bus] += k_step_mw;
    FlowState moved = bench.base_state;
    ASSERT_TRUE(bench.twin(flow, moved, {.tolerance_pu = 1e-11}).converged());
    const double expected = (slack_mw(moved) - slack_mw(bench.base_state)) / k_step_mw;
    const auto position = static_cast<std::size_t>(base->pattern().position[bus]);
    EXPECT_NEAR(base->adjoint()[2 * position], expected, 1e-4);
  }
}

TEST(LaneKernels, AreChosenByTheEnvironment) {
  EXPECT_EQ(lane_kernel_names().front(), "scalar");
  ASSERT_EQ(setenv("GRIDPLUS_SIMD", "scalar", 1), 0);
  EXPECT_EQ(lane_kernels().name, "scalar");
  ASSERT_EQ(setenv("GRIDPLUS_SIMD", "mmx", 1), 0);
  EXPECT_THROW((void)lane_kernels(), InputError);
  ASSERT_EQ(unsetenv("GRIDPLUS_SIMD"), 0);
  EXPECT_EQ(lane_kernels().name, lane_kernel_names().back());
}

/// Trees of several times the rows that are sorted at once, in which every third bus holds its voltage.
void expect_no_fill(const std::vector<Link>& links) {
  constexpr std::size_t k_slack = 17;
  const std::size_t buses = links.size() + 1;
  const Grid grid = make_grid(buses, links);
  Flow flow(buses);
  for (std::size_t i = 0; i < buses; i += 3) flow.type[i] = BusType::pv;
  flow.type[k_slack] = BusType::slack;
  const auto pattern = make_lane_pattern(make_admittance(grid, grid.initially_closed()), flow.type);
  std::vector<std::int32_t> placed = pattern.bus;
  std::sort(placed.begin(), placed.end());
  EXPECT_EQ(std::unique(placed.begin(), placed.end()), placed.end());
  EXPECT_EQ(placed.size(), buses);
  EXPECT_EQ(static_cast<std::size_t>(pattern.active), buses - 1);
  const auto branches_off_slack = std::count_if(
      links.begin(), links.end(), [](const Link& link) { return link.from != k_slack && link.to != k_slack; });
  EXPECT_EQ(pattern.lower.start[buses - 1], branches_off_slack);
}

TEST(LanePattern, LeavesNoFillOnTrees) {
  std::mt19937 draw(2);
  std::vector<Link> bush;
  std::vector<Link> chain;
  std::vector<Link> comb;
  for (std::size_t i = 1; i < 9000; ++i) {
    bush.push_back({.from = draw() % i, .to = i});
    chain.push_back({.from = i - 1, .to = i});
    comb.push_back({.from = i < 2 || i % 2 == 0 ? i - 1 : i - 2, .to = i});
  }
  for (const std::vector<Link>& links : {bush, chain, comb}) expect_no_fill(links);
}

/// Elimination on a dense boolean matrix.
TEST(LanePattern, HoldsExactlyTheFillOfElimination) {
  const Bench bench = random_bench(40, 12);
  const auto pattern = make_lane_pattern(bench.admittance, bench.base_flow.type);
  const auto rows = static_cast<std::size_t>(pattern.positions());
  std::vector<std::vector<char>> filled(rows, std::vector<char>(rows, 0));
  for (std::size_t i = 0; i < rows; ++i) {
    for (const std::int32_t j : pattern.coupling.row(i)) filled[i][static_cast<std::size_t>(j)] = 1;
  }
  for (std::size_t k = 0; k < rows; ++k) {
    for (std::size_t i = k + 1; i < rows; ++i) {
      for (std::size_t j = k + 1; j < rows; ++j) filled[i][j] |= static_cast<char>(filled[i][k] & filled[k][j]);
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<std::int32_t> lower;
    std::vector<std::int32_t> upper;
    for (std::size_t j = 0; j < rows; ++j) {
      if (filled[i][j] == 0 || i == j) continue;
      (j < i ? lower : upper).push_back(static_cast<std::int32_t>(j));
    }
    EXPECT_TRUE(std::equal(lower.begin(), lower.end(), pattern.lower.row(i).begin(), pattern.lower.row(i).end()));
    EXPECT_TRUE(std::equal(upper.begin(), upper.end(), pattern.upper.row(i).begin(), pattern.upper.row(i).end()));
  }
}

}  // namespace
}  // namespace gridplus::powerflow
