#include "sim/powerflow/reference/dc.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow::reference {
namespace {

using powerflow::test::Flow;
using powerflow::test::make_grid;

constexpr double k_tight = 1e-9;
constexpr double k_degree = 180.0 / std::numbers::pi;

struct Solved {
  SolveReport report;
  FlowState state;
  FlowResult result;
};

Solved solve(const Grid& grid, const Flow& flow) {
  DcSolver solver(grid, std::vector<std::uint8_t>(grid.branch_count(), 1));
  Solved solved;
  solved.report = solver.solve(flow.input(), solved.state, solved.result);
  return solved;
}

TEST(DcFlow, ATriangleSplitsItsLoadByReactance) {
  // 90 MW from bus 0 to bus 2: two thirds over the direct line, one third around.
  const Grid grid = make_grid(3, {{.from = 0, .to = 1}, {.from = 1, .to = 2}, {.from = 0, .to = 2}});
  Flow flow(3);
  flow.type[0] = BusType::slack;
  flow.p_mw[2] = -90.0;
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_NEAR(solved.result.p_from_mw[0], 30.0, k_tight);
  EXPECT_NEAR(solved.result.p_from_mw[1], 30.0, k_tight);
  EXPECT_NEAR(solved.result.p_from_mw[2], 60.0, k_tight);
  EXPECT_NEAR(solved.result.p_to_mw[2], -60.0, k_tight);
  EXPECT_NEAR(solved.result.loading_percent[2], 60.0, k_tight);
  EXPECT_NEAR(solved.result.p_mw[0], 90.0, k_tight);
  EXPECT_NEAR(solved.state.va_deg[2], -0.6 * 0.1 * k_degree, k_tight);
}

TEST(DcFlow, TapsDivideAndShiftsDrive) {
  // Two parallel branches of 10 p.u.: one with tap 0.8 (12.5 p.u.), one with a shift of 1 degree.
  const Grid grid = make_grid(
      2, {{.from = 0, .to = 1, .x_pu = 0.1, .tap = 0.8}, {.from = 0, .to = 1, .x_pu = 0.1, .shift_deg = 1.0}});
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -100.0;
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  const double shift = 1.0 / k_degree;
  const double angle = (1.0 + 10.0 * shift) / 22.5;  // 12.5 angle + 10 (angle - shift) = 1
  EXPECT_NEAR(solved.state.va_deg[1], -angle * k_degree, k_tight);
  EXPECT_NEAR(solved.result.p_from_mw[0], 1250.0 * angle, k_tight);
  EXPECT_NEAR(solved.result.p_from_mw[1], 1000.0 * (angle - shift), k_tight);
}

TEST(DcFlow, ShuntConductanceDrawsPower) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1}}, {{0, 0}, {25, 0}});
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -50.0;
  const Solved solved = solve(grid, flow);
  EXPECT_NEAR(solved.result.p_from_mw[0], 75.0, k_tight);
  EXPECT_NEAR(solved.result.p_mw[1], -50.0, k_tight);
}

TEST(DcFlow, MissingPowerIsSharedWithinEachIsland) {
  const Grid grid = make_grid(4, {{.from = 0, .to = 1}, {.from = 2, .to = 3}});
  Flow flow(4);
  flow.type = {BusType::slack, BusType::pv, BusType::pq, BusType::slack};
  flow.p_mw = {-100.0, 20.0, -30.0, 0.0};
  flow.participation = {0.25, 0.75, 0.0, 1.0};
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_NEAR(solved.result.p_mw[0], -80.0, k_tight);
  EXPECT_NEAR(solved.result.p_mw[1], 80.0, k_tight);
  EXPECT_NEAR(solved.result.p_mw[2], -30.0, k_tight);
  EXPECT_NEAR(solved.result.p_mw[3], 30.0, k_tight);
}

TEST(DcFlow, BusesThatAreOutCarryNothing) {
  const Grid grid = make_grid(4, {{.from = 0, .to = 1}, {.from = 2, .to = 3}});
  Flow flow(4);
  flow.type = {BusType::slack, BusType::pq, BusType::out, BusType::out};
  flow.p_mw = {0.0, -10.0, -99.0, 0.0};
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_EQ(solved.state.vm_pu[2], 0.0);
  EXPECT_EQ(solved.result.p_from_mw[1], 0.0);
  EXPECT_NEAR(solved.result.p_mw[0], 10.0, k_tight);
}

TEST(DcFlow, SlackAnglesAreKept) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1}});
  Flow flow(2);
  flow.type[1] = BusType::slack;
  flow.va_set_deg[1] = 12.0;
  flow.p_mw[0] = 50.0;
  const Solved solved = solve(grid, flow);
  EXPECT_EQ(solved.state.va_deg[1], 12.0);
  EXPECT_NEAR(solved.state.va_deg[0], 12.0 + 0.05 * k_degree, k_tight);
}

TEST(DcFlow, ABranchOfPureResistanceCountsWithIt) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.2, .x_pu = 0.0}});
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -100.0;
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_NEAR(solved.state.va_deg[1], -0.2 * k_degree, k_tight);
}

TEST(DcFlow, FailureIsData) {
  const Grid grid = make_grid(3, {{.from = 0, .to = 1}});
  Flow flow(3);
  flow.type[0] = BusType::slack;
  EXPECT_EQ(solve(grid, flow).report.status, SolveStatus::no_slack);
  // A series capacitor in parallel with an equal reactance cancels it: the angle is not determined.
  const Grid cancelled = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}, {.from = 0, .to = 1, .x_pu = -0.1}});
  Flow load(2);
  load.type[0] = BusType::slack;
  load.p_mw[1] = -1.0;
  EXPECT_EQ(solve(cancelled, load).report.status, SolveStatus::singular);
  Flow bad(2);
  bad.type[0] = BusType::slack;
  bad.p_mw[1] = std::nan("");
  EXPECT_EQ(solve(make_grid(2, {{.from = 0, .to = 1}}), bad).report.status, SolveStatus::diverged);
}

}  // namespace
}  // namespace gridplus::powerflow::reference
