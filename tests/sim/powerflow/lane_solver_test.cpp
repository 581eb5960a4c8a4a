// Every kind of flow through the lanes, against the scalar Newton.
#include "sim/powerflow/lane_solver.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/sim/powerflow/lane_bench.hpp"

namespace gridplus::powerflow {
namespace {

using test::Answer;
using test::Bench;
using test::expect_bitwise_same;
using test::expect_same_as_twin;
using test::flat_start;
using test::Flow;
using test::make_grid;
using test::mixed_flows;
using test::random_bench;
using test::solve;
using test::varied;

GRIDPLUS_EVERY_INSTRUCTION_SET(LaneFlows);

TEST_P(LaneFlows, AgreesWithTheTwinOnRandomGrids) {
  for (const std::size_t buses : {3U, 8U, 9U, 31U, 64U}) {
    SCOPED_TRACE(buses);
    const Bench bench = random_bench(buses, static_cast<unsigned>(buses));
    LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
    const auto flows = varied(bench, 19, 0.3);
    const Answer answer = solve(solver, flows);
    for (std::size_t k = 0; k < flows.size(); ++k) {
      expect_same_as_twin(bench, flows[k], answer.states[k], answer.reports[k]);
    }
  }
}

TEST_P(LaneFlows, SwitchesBusTypesAndSetPointsPerFlow) {
  const Bench bench = random_bench(24, 5);
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  auto flows = varied(bench, 11, 0.2);
  for (std::size_t k = 0; k < flows.size(); k += 2) {
    flows[k].type[5 * (1 + k % 4)] = BusType::pq;
    flows[k].type[7] = BusType::pv;
    flows[k].vm_set_pu[7] = 0.99;
    flows[k].vm_set_pu[0] = 1.0 + 0.002 * static_cast<double>(k);
    flows[k].va_set_deg[0] = static_cast<double>(k);
  }
  const Answer answer = solve(solver, flows);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    expect_same_as_twin(bench, flows[k], answer.states[k], answer.reports[k]);
  }
}

TEST_P(LaneFlows, SharesTheMissingPowerByParticipation) {
  const Bench bench = random_bench(24, 6);
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  auto flows = varied(bench, 9, 0.2);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    if (k % 3 == 2) continue;  // a plain slack among them
    flows[k].participation.assign(24, 0.0);
    flows[k].participation[0] = k % 3 == 0 ? 0.5 : 0.0;
    flows[k].participation[5] = 0.3;
    flows[k].participation[10] = k % 3 == 0 ? 0.2 : 0.7;
  }
  const Answer answer = solve(solver, flows);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    expect_same_as_twin(bench, flows[k], answer.states[k], answer.reports[k]);
  }
}

TEST_P(LaneFlows, KeepsReactiveLimits) {
  const Bench bench = random_bench(24, 7);
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  auto flows = varied(bench, 9, 0.2);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    flows[k].q_min_mvar.assign(24, -1e3);
    flows[k].q_max_mvar.assign(24, 1e3);
    for (std::size_t i = 0; i < 24; i += 5) {
      flows[k].q_max_mvar[i] = 12.0 + 2.0 * static_cast<double>(k);  // tight, for the slack bus too
      flows[k].q_min_mvar[i] = -static_cast<double>(k);
    }
  }
  const FlowOptions options{.enforce_q_limits = true};
  const Answer answer = solve(solver, flows, options);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    expect_same_as_twin(bench, flows[k], answer.states[k], answer.reports[k], options);
  }
}

TEST_P(LaneFlows, ServesLoadsThatDependOnTheVoltage) {
  const Bench bench = random_bench(24, 11);
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  auto flows = varied(bench, 11, 0.2);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    Flow& flow = flows[k];
    if (k % 4 == 1) flow.participation.assign(24, 1.0 / 24.0);
    if (k % 4 == 2) {
      flow.q_min_mvar.assign(24, -4.0);
      flow.q_max_mvar.assign(24, 9.0);  // tight, for the slack bus too
    }
    if (k % 4 == 3) continue;  // constant power among them
    flow.make_voltage_dependent();
    for (std::size_t i = 0; i < 24; ++i) {
      flow.p_current_mw[i] = -0.3 * static_cast<double>(i % 7);
      flow.q_current_mvar[i] = -0.2 * static_cast<double>(i % 5);
      flow.p_impedance_mw[i] = -0.4 * static_cast<double>(i % 3);
      flow.q_impedance_mvar[i] = 0.1 * static_cast<double>(i % 4);
    }
  }
  const FlowOptions options{.enforce_q_limits = true};
  const Answer answer = solve(solver, flows, options);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    expect_same_as_twin(bench, flows[k], answer.states[k], answer.reports[k], options);
  }
}

TEST_P(LaneFlows, SolvesFromAFlatBase) {
  const Bench bench = random_bench(40, 8);
  FlowState flat = flat_start(40);
  flat.va_deg.assign(40, 7.0);
  flat.vm_pu[0] = 1.02;
  LaneSolver solver(std::make_shared<LaneBase>(bench.admittance, 100.0, bench.base_flow.type, flat),
                    lane_kernels(GetParam()));
  const Answer answer = solve(solver, {&bench.base_flow, 1});
  expect_same_as_twin(bench, bench.base_flow, answer.states[0], answer.reports[0]);
}

TEST_P(LaneFlows, TurnsAnIslandWithItsSlackBus) {
  const Bench bench = random_bench(24, 6);
  constexpr double k_turn_deg = 171.0;
  for (const BusType of_bus_5 : {BusType::pv, BusType::pq}) {  // for the chord and for the Newton
    std::vector<Flow> flows(1, bench.base_flow);
    flows[0].type[5] = of_bus_5;
    const Flow unturned = flows[0];
    flows[0].va_set_deg[0] += k_turn_deg;
    LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
    Answer answer = solve(solver, flows);
    for (double& va_deg : answer.states[0].va_deg) {
      EXPECT_LE(std::abs(va_deg), 180.0);
      va_deg -= k_turn_deg;
    }
    expect_same_as_twin(bench, unturned, answer.states[0], answer.reports[0]);
  }
}

TEST(LaneSolver, SolvesIslandsBesideDeadBuses) {
  Flow flow(7);
  flow.type = {BusType::slack, BusType::pq, BusType::pv, BusType::out, BusType::pq, BusType::slack, BusType::pq};
  flow.va_set_deg[5] = -8.0;
  flow.p_mw = {0.0, -40.0, 20.0, 0.0, -30.0, 0.0, -20.0};
  flow.q_mvar = {0.0, -10.0, 0.0, 0.0, -5.0, 0.0, -5.0};
  const Bench bench(make_grid(7, {{.from = 0, .to = 1, .r_pu = 0.01},
                                  {.from = 1, .to = 2, .r_pu = 0.01},
                                  {.from = 2, .to = 0},
                                  {.from = 4, .to = 5},
                                  {.from = 5, .to = 6, .shift_deg = 5.0}}),
                    flow);
  LaneSolver solver(bench.lane_base());
  auto flows = varied(bench, 5, 0.3);
  flows[4].participation = {0.5, 0.0, 0.5, 0.0, 0.0, 1.0, 0.0};
  const Answer answer = solve(solver, flows);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    expect_same_as_twin(bench, flows[k], answer.states[k], answer.reports[k]);
    EXPECT_EQ(answer.states[k].vm_pu[3], 0.0);
    EXPECT_EQ(answer.states[k].va_deg[3], 0.0);
  }
}

TEST(LaneSolver, AnswersFromAnotherBaseAsANewSolverDoes) {
  const Bench bench = random_bench(30, 9);
  const auto flows = mixed_flows(bench);
  FlowState other = bench.base_state;
  for (double& vm_pu : other.vm_pu) vm_pu *= 0.99;
  auto pattern = std::make_shared<LanePattern>(make_lane_pattern(bench.admittance, bench.base_flow.type));
  auto type = bench.base_flow.type;
  const auto base = std::make_shared<LaneBase>(pattern, bench.admittance, 100.0, type, other);
  type[5] = BusType::pq;
  const auto with_fewer_pv = std::make_shared<LaneBase>(pattern, bench.admittance, 100.0, type, other);
  LaneSolver moved(
      std::make_shared<LaneBase>(pattern, bench.admittance, 100.0, bench.base_flow.type, bench.base_state));
  (void)solve(moved, flows);
  for (const auto& next : {base, with_fewer_pv}) {
    moved.move_to(next);
    LaneSolver fresh(next);
    const Answer a = solve(moved, flows);
    const Answer b = solve(fresh, flows);
    for (std::size_t k = 0; k < flows.size(); ++k) expect_bitwise_same(a.states[k], b.states[k]);
  }
}

TEST(LaneSolver, RefusesAFlowWithAnotherSlack) {
  const Bench bench = random_bench(8, 3);
  LaneSolver solver(bench.lane_base());
  std::vector<Flow> flows(1, bench.base_flow);
  std::swap(flows[0].type[0], flows[0].type[5]);
  EXPECT_THROW(solve(solver, flows), InvariantError);
}

TEST(LaneSolver, SolvesNothingAndGridsWithoutUnknowns) {
  Flow flow(1);
  flow.type[0] = BusType::slack;
  const Bench bench(make_grid(1, {}), flow);
  LaneSolver solver(bench.lane_base());
  EXPECT_TRUE(solve(solver, {}).states.empty());
  const Answer answer = solve(solver, {&flow, 1});
  EXPECT_TRUE(answer.reports[0].converged());
  EXPECT_EQ(answer.states[0].vm_pu[0], 1.0);
}

}  // namespace
}  // namespace gridplus::powerflow
