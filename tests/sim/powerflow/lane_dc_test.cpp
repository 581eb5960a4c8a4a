// DC flows in lanes against their plain twin.
#include "sim/powerflow/lane_dc.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "sim/powerflow/reference/dc.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::Flow;
using test::Link;
using test::make_grid;

constexpr double k_angle_tolerance_deg = 1e-9;
constexpr double k_power_tolerance_mw = 1e-8;

/// Two islands, a dead part, a coupler, phase shifters, shunts.
Grid mixed_grid() {
  std::mt19937 draw(3);
  std::uniform_real_distribution<double> uniform(0.02, 0.2);
  std::vector<Link> links;
  std::vector<std::pair<double, double>> shunts(40, {0.0, 0.0});
  for (std::size_t i = 0; i < 24; ++i) links.push_back({.from = i, .to = (i + 1) % 25, .x_pu = uniform(draw)});
  for (std::size_t i = 0; i < 20; i += 3)
    links.push_back({.from = i, .to = i + 5, .x_pu = uniform(draw), .tap = 0.97, .shift_deg = 2.0});
  for (std::size_t i = 25; i < 36; ++i) links.push_back({.from = i, .to = i + 1, .x_pu = uniform(draw)});
  links.push_back({.from = 37, .to = 38, .x_pu = 0.1});  // nobody feeds these, nor bus 39
  links.push_back({.from = 4, .to = 9, .x_pu = 0.0});
  shunts[7] = {3.0, 5.0};
  shunts[9] = {1.0, 0.0};
  return make_grid(40, links, shunts);
}

std::vector<Flow> mixed_flows(const MergedBuses& merged, std::size_t count) {
  std::mt19937 draw(5);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<Flow> flows;
  for (std::size_t k = 0; k < count; ++k) {
    Flow flow(40);
    for (std::size_t i = 0; i < 37; ++i) flow.p_mw[i] = 50.0 * uniform(draw);
    for (std::size_t i = 37; i < 40; ++i) flow.type[i] = BusType::out;
    flow.type[0] = flow.type[30] = BusType::slack;
    flow.type[3] = BusType::pv;
    flow.va_set_deg[0] = static_cast<double>(k);
    if (k % 3 == 1) {
      flow.participation.assign(40, 0.0);
      flow.participation[0] = 0.25;
      flow.participation[3] = 0.75;
      flow.participation[30] = 1.0;
    }
    if (k % 3 == 2) {
      flow.make_voltage_dependent();
      flow.p_current_mw[11] = -7.0;
      flow.p_impedance_mw[12] = -9.0;
    }
    fold(merged, flow.p_mw);
    fold_roles(merged, flow.type, flow.vm_set_pu, flow.va_set_deg);
    flows.push_back(std::move(flow));
  }
  return flows;
}

struct Answer {
  std::vector<FlowState> states;
  std::vector<SolveReport> reports;
};

Answer solve(LaneDcSolver& solver, std::span<const Flow> flows, int threads = 1) {
  std::vector<FlowInput> inputs;
  for (const Flow& flow : flows) inputs.push_back(flow.input());
  Answer answer{std::vector<FlowState>(flows.size()), std::vector<SolveReport>(flows.size())};
  solver.solve(inputs, answer.states, answer.reports, threads);
  return answer;
}

class EveryDcInstructionSet : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(LaneDc, EveryDcInstructionSet, testing::ValuesIn(lane_kernel_names()),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(EveryDcInstructionSet, AgreesWithTheTwin) {
  const Grid grid = mixed_grid();
  const std::vector<std::uint8_t> closed(grid.branch_count(), 1);
  const auto flows = mixed_flows(merge_buses(grid, closed), 37);
  LaneDcSolver solver(grid, closed, flows[0].type, lane_kernels(GetParam()));
  reference::DcSolver twin(grid, closed);
  const Answer answer = solve(solver, flows);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    FlowState expected;
    FlowResult expected_flows, lane_flows;
    ASSERT_TRUE(twin.solve(flows[k].input(), expected, expected_flows).converged());
    ASSERT_TRUE(answer.reports[k].converged());
    EXPECT_EQ(answer.states[k].vm_pu, expected.vm_pu);
    solver.evaluate(answer.states[k], lane_flows);
    for (std::size_t i = 0; i < 40; ++i) {
      EXPECT_NEAR(answer.states[k].va_deg[i], expected.va_deg[i], k_angle_tolerance_deg) << i;
      EXPECT_NEAR(lane_flows.p_mw[i], expected_flows.p_mw[i], k_power_tolerance_mw) << i;
    }
    for (std::size_t b = 0; b < grid.branch_count(); ++b) {
      EXPECT_NEAR(lane_flows.p_from_mw[b], expected_flows.p_from_mw[b], k_power_tolerance_mw) << b;
      EXPECT_NEAR(lane_flows.i_to_ka[b], expected_flows.i_to_ka[b], k_power_tolerance_mw) << b;
    }
  }
}

TEST_P(EveryDcInstructionSet, AnswersBitwiseTheSameInAnyCompany) {
  const Grid grid = mixed_grid();
  const std::vector<std::uint8_t> closed(grid.branch_count(), 1);
  auto flows = mixed_flows(merge_buses(grid, closed), 35);
  flows[5].p_mw[2] = std::numeric_limits<double>::quiet_NaN();
  LaneDcSolver solver(grid, closed, flows[0].type, lane_kernels(GetParam()));
  const Answer together = solve(solver, flows), threaded = solve(solver, flows, 3);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    EXPECT_EQ(together.reports[k].converged(), k != 5);
    if (k == 5) continue;
    const Answer alone = solve(solver, {&flows[k], 1});
    EXPECT_EQ(together.states[k].va_deg, alone.states[0].va_deg);
    EXPECT_EQ(together.states[k].va_deg, threaded.states[k].va_deg);
  }
}

TEST(LaneDc, WhatCannotBeSolvedIsReported) {
  const Grid cancelled = make_grid(
      3, {{.from = 0, .to = 1, .x_pu = 0.1}, {.from = 1, .to = 2, .x_pu = 0.1}, {.from = 1, .to = 2, .x_pu = -0.1}});
  Flow flow(3);
  flow.type[0] = BusType::slack;
  flow.p_mw[2] = -10.0;
  LaneDcSolver singular(cancelled, std::vector<std::uint8_t>(3, 1), flow.type);
  EXPECT_EQ(solve(singular, {&flow, 1}).reports[0].status, SolveStatus::singular);
  const Grid line = make_grid(3, {{.from = 0, .to = 1}, {.from = 1, .to = 2}});
  flow.type[0] = BusType::pq;
  LaneDcSolver no_slack(line, std::vector<std::uint8_t>(2, 1), flow.type);
  EXPECT_EQ(solve(no_slack, {&flow, 1}).reports[0].status, SolveStatus::no_slack);
  EXPECT_TRUE(solve(no_slack, {}).states.empty());
}

}  // namespace
}  // namespace gridplus::powerflow
