// Buses joined by branches without impedance: one voltage, and what the couplers carry.
#include "sim/powerflow/coupler_flows.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numbers>

#include "sim/powerflow/lane_solver.hpp"
#include "sim/powerflow/reference/dc.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::flat_start;
using test::Flow;
using test::Link;
using test::make_grid;

constexpr double k_voltage_tolerance_pu = 1e-9;
constexpr double k_angle_tolerance_deg = 1e-7;
constexpr double k_power_tolerance_mw = 1e-5;

struct Solved {
  FlowState state;
  FlowResult result;
};

/// Slack at bus 0, a line to the station of buses 1, 2, 3, and a line from bus 3 to bus 4; loads at 2, 3 and 4.
Flow station_flow() {
  Flow flow(5);
  flow.type[0] = BusType::slack;
  flow.p_mw = {0.0, 0.0, -30.0, -20.0, -40.0};
  flow.q_mvar = {0.0, 0.0, -10.0, -5.0, -15.0};
  return flow;
}

std::vector<Link> station_lines() {
  return {{.from = 0, .to = 1, .r_pu = 0.01, .x_pu = 0.05, .b_pu = 0.02},
          {.from = 3, .to = 4, .r_pu = 0.02, .x_pu = 0.08}};
}

Flow folded(const Flow& flow, const MergedBuses& merged) {
  Flow out = flow;
  for (auto* per_bus : {&out.p_mw, &out.q_mvar}) fold(merged, *per_bus);
  fold_roles(merged, out.type, out.vm_set_pu, out.va_set_deg);
  return out;
}

/// Solves with merged buses and gives every bus its own injection back.
Solved solve_merged(const Grid& grid, const Flow& flow, bool in_lanes) {
  const Admittance y = make_admittance(grid, std::vector<std::uint8_t>(grid.branch_count(), 1));
  const Flow merged = folded(flow, y.merged);
  Solved solved{flat_start(grid.bus_count()), {}};
  const FlowOptions options{.tolerance_pu = 1e-10};
  SolveReport report;
  if (in_lanes) {
    LaneSolver solver(std::make_shared<LaneBase>(y, grid.base_mva(), merged.type, solved.state));
    const FlowInput input = merged.input();
    solver.solve({&input, 1}, options, {&solved.state, 1}, {&report, 1});
  } else {
    report = reference::NewtonSolver(grid, y).solve(merged.input(), options, solved.state);
  }
  EXPECT_TRUE(report.converged());
  spread(y.merged, solved.state.vm_pu);
  spread(y.merged, solved.state.va_deg);
  evaluate(grid, y, solved.state, solved.result);
  for (std::size_t i = 1; i < grid.bus_count(); ++i) {
    solved.result.p_mw[i] = flow.p_mw[i];
    solved.result.q_mvar[i] = flow.q_mvar[i];
  }
  CouplerFlows(grid, y.merged).recover(solved.state, solved.result);
  return solved;
}

TEST(CouplerFlows, AChainCarriesWhatLiesBehindIt) {
  auto links = station_lines();
  links.push_back({.from = 1, .to = 2, .x_pu = 0.0});
  links.push_back({.from = 3, .to = 2, .x_pu = 0.0});
  for (const bool in_lanes : {false, true}) {
    const Solved solved = solve_merged(make_grid(5, links), station_flow(), in_lanes);
    EXPECT_EQ(solved.state.vm_pu[1], solved.state.vm_pu[2]);
    EXPECT_EQ(solved.state.vm_pu[1], solved.state.vm_pu[3]);
    EXPECT_EQ(solved.state.va_deg[1], solved.state.va_deg[3]);
    const double behind_mw = solved.result.p_from_mw[1];
    EXPECT_NEAR(solved.result.p_from_mw[2], 30.0 + 20.0 + behind_mw, k_power_tolerance_mw);
    EXPECT_NEAR(solved.result.p_from_mw[2], -solved.result.p_to_mw[0], k_power_tolerance_mw);
    EXPECT_NEAR(solved.result.q_from_mvar[2], -solved.result.q_to_mvar[0], k_power_tolerance_mw);
    EXPECT_NEAR(solved.result.p_from_mw[3], -(20.0 + behind_mw), k_power_tolerance_mw);
    EXPECT_EQ(solved.result.p_to_mw[3], -solved.result.p_from_mw[3]);
    EXPECT_EQ(solved.result.losses_mw[2], 0.0);
    const double mva = std::hypot(solved.result.p_from_mw[2], solved.result.q_from_mvar[2]);
    EXPECT_NEAR(solved.result.loading_percent[2], mva, k_power_tolerance_mw);  // rated 100 MVA
    EXPECT_NEAR(solved.result.i_from_ka[2], mva / (std::numbers::sqrt3 * solved.state.vm_pu[1]), k_power_tolerance_mw);
  }
}

TEST(CouplerFlows, ALoopIsSharedAsByOneSmallImpedance) {
  auto links = station_lines(), small = links;
  for (const auto& [from, to] : {std::pair{1U, 2U}, std::pair{2U, 3U}, std::pair{1U, 3U}, std::pair{1U, 2U}}) {
    links.push_back({.from = from, .to = to, .x_pu = 0.0});
    small.push_back({.from = from, .to = to, .x_pu = 1e-5});
  }
  const Solved merged = solve_merged(make_grid(5, links), station_flow(), false);
  const Solved close = solve_merged(make_grid(5, small), station_flow(), false);
  constexpr double k_as_small_as_the_impedance_mw = 5e-3;
  for (std::size_t k = 0; k < links.size(); ++k) {
    EXPECT_NEAR(merged.result.p_from_mw[k], close.result.p_from_mw[k], k_as_small_as_the_impedance_mw) << k;
    EXPECT_NEAR(merged.result.q_from_mvar[k], close.result.q_from_mvar[k], k_as_small_as_the_impedance_mw) << k;
  }
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(merged.state.vm_pu[i], close.state.vm_pu[i], 2e-5);
}

TEST(CouplerFlows, AShuntBehindACouplerIsFedThroughIt) {
  auto links = station_lines();
  links.push_back({.from = 1, .to = 2, .x_pu = 0.0});
  links.push_back({.from = 2, .to = 3, .x_pu = 0.0});
  const Grid grid = make_grid(5, links, {{0, 0}, {0, 0}, {0, 0}, {7.0, 12.0}, {0, 0}});
  const Solved solved = solve_merged(grid, station_flow(), true);
  const double vm2 = std::pow(solved.state.vm_pu[3], 2);
  EXPECT_NEAR(solved.result.p_from_mw[3], 20.0 + solved.result.p_from_mw[1] + 7.0 * vm2, k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.q_from_mvar[3], 5.0 + solved.result.q_from_mvar[1] - 12.0 * vm2, k_power_tolerance_mw);
}

TEST(CouplerFlows, TheStrongestRoleOfAGroupHolds) {
  // The unit sits at bus 2, behind the coupler: the station keeps its voltage.
  auto links = station_lines();
  links.push_back({.from = 1, .to = 2, .x_pu = 0.0});
  links.push_back({.from = 2, .to = 3, .x_pu = 0.0});
  Flow flow = station_flow();
  flow.type[2] = BusType::pv;
  flow.vm_set_pu[2] = 1.03;
  flow.p_mw[2] = 25.0;
  for (const bool in_lanes : {false, true}) {
    const Solved solved = solve_merged(make_grid(5, links), flow, in_lanes);
    for (const std::size_t i : {1U, 2U, 3U}) EXPECT_NEAR(solved.state.vm_pu[i], 1.03, k_voltage_tolerance_pu);
  }
}

TEST(CouplerFlows, ABranchWithinAGroupCarriesOnlyItsShunt) {
  auto links = station_lines();
  links.push_back({.from = 1, .to = 2, .x_pu = 0.0});
  links.push_back({.from = 2, .to = 3, .x_pu = 0.0});
  const Solved without = solve_merged(make_grid(5, links), station_flow(), false);
  links.push_back({.from = 1, .to = 3, .r_pu = 0.01, .x_pu = 0.1});
  const Solved with = solve_merged(make_grid(5, links), station_flow(), false);
  EXPECT_NEAR(with.result.p_from_mw[4], 0.0, k_power_tolerance_mw);
  EXPECT_NEAR(with.state.vm_pu[4], without.state.vm_pu[4], k_voltage_tolerance_pu);
  EXPECT_NEAR(with.state.va_deg[4], without.state.va_deg[4], k_angle_tolerance_deg);
}

TEST(CouplerFlows, ADcFlowMergesBusesToo) {
  auto links = station_lines();
  links.push_back({.from = 1, .to = 2, .x_pu = 0.0});
  links.push_back({.from = 2, .to = 3, .x_pu = 0.0});
  const Grid grid = make_grid(5, links);
  const std::vector<std::uint8_t> closed(grid.branch_count(), 1);
  const MergedBuses merged = merge_buses(grid, closed);
  const Flow flow = station_flow();
  reference::DcSolver solver(grid, closed);
  FlowState state;
  FlowResult result;
  ASSERT_TRUE(solver.solve(folded(flow, merged).input(), state, result).converged());
  for (std::size_t i = 1; i < 5; ++i) result.p_mw[i] = flow.p_mw[i];
  CouplerFlows(grid, merged).recover(state, result, false);
  EXPECT_EQ(state.va_deg[1], state.va_deg[3]);
  EXPECT_NEAR(result.p_from_mw[2], 90.0, k_power_tolerance_mw);
  EXPECT_NEAR(result.p_from_mw[3], 60.0, k_power_tolerance_mw);
  EXPECT_EQ(result.q_from_mvar[2], 0.0);
}

}  // namespace
}  // namespace gridplus::powerflow
