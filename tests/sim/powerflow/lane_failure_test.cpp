// Flows without a solution, and what they must not do to their neighbours.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/sim/powerflow/lane_bench.hpp"

namespace gridplus::powerflow {
namespace {

using test::Answer;
using test::Bench;
using test::expect_bitwise_same;
using test::Flow;
using test::k_same_vm_pu;
using test::mixed_flows;
using test::random_bench;
using test::solve;
using test::two_buses;

GRIDPLUS_EVERY_INSTRUCTION_SET(LaneFailures);

TEST_P(LaneFailures, AnswersBitwiseTheSameInAnyCompany) {
  const Bench bench = random_bench(30, 9);
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  std::vector<Flow> flows = mixed_flows(bench);
  const FlowOptions options{.enforce_q_limits = true};
  const Answer together = solve(solver, flows, options);
  const Answer threaded = solve(solver, flows, options, 3);
  std::vector<Flow> reversed(flows.rbegin(), flows.rend());
  const Answer backwards = solve(solver, reversed, options);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    const Answer alone = solve(solver, {&flows[k], 1}, options);
    for (const auto* other : {&alone.states[0], &threaded.states[k], &backwards.states[flows.size() - 1 - k]}) {
      expect_bitwise_same(together.states[k], *other);
    }
    for (const auto* other : {&alone.reports[0], &threaded.reports[k], &backwards.reports[flows.size() - 1 - k]}) {
      EXPECT_EQ(together.reports[k].status, other->status);
      EXPECT_EQ(together.reports[k].iterations, other->iterations);
    }
  }
}

TEST_P(LaneFailures, ReportsWhatIsNoSolutionAsFailure) {
  const Bench bench = random_bench(30, 10);
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  const std::vector<Flow> flows = mixed_flows(bench);
  const Answer answer = solve(solver, flows);
  std::size_t failed = 0;
  FlowResult result;
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    const FlowState& state = answer.states[k];
    for (std::size_t i = 0; i < state.vm_pu.size(); ++i) {
      EXPECT_TRUE(std::isfinite(state.vm_pu[i]) || !answer.reports[k].converged());
    }
    if (!answer.reports[k].converged()) {
      ++failed;
      continue;
    }
    EXPECT_TRUE(k % 11 != 6 && k % 7 != 3);
    evaluate(bench.grid, bench.admittance, state, result);
    for (std::size_t i = 1; i < state.vm_pu.size(); ++i) {
      const auto [dependent_mva, slope] = voltage_dependent_power(flows[k].input(), i, state.vm_pu[i]);
      if (flows[k].type[i] == BusType::pq && flows[k].participation.empty()) {
        EXPECT_NEAR(result.p_mw[i], flows[k].p_mw[i] + dependent_mva.real(), 1e-6);
        EXPECT_NEAR(result.q_mvar[i], flows[k].q_mvar[i] + dependent_mva.imag(), 1e-6);
      }
    }
  }
  EXPECT_EQ(failed, 9U);
}

/// A load of unity power factor behind a reactance x at 1 p.u. can draw 1 / (2 x) = 500 MW.
TEST_P(LaneFailures, FindsTheNoseOfTwoBuses) {
  const Bench bench = two_buses();
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  double possible = 100.0;
  double impossible = 1000.0;
  while (impossible - possible > 1e-3) {
    std::vector<Flow> flow(1, bench.base_flow);
    const double demand = 0.5 * (possible + impossible);
    flow[0].p_mw[1] = -demand;
    (solve(solver, flow).reports[0].converged() ? possible : impossible) = demand;
  }
  EXPECT_NEAR(possible, 500.0, 0.5);
  EXPECT_LE(possible, 500.0 + 1e-3);
}

/// What must never become a number that is called a solution, each alone among flows that have one.
std::vector<Flow> hostile_flows(const Bench& bench) {
  constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double k_infinity = std::numeric_limits<double>::infinity();
  std::vector<Flow> flows;
  const auto add = [&](auto change) {
    flows.push_back(bench.base_flow);
    change(flows.back());
  };
  for (const double value : {k_nan, k_infinity, -k_infinity, 1e300, -1e300, 1e12, -1e12}) {
    for (const std::size_t bus : {3U, 5U}) {  // a PQ bus, a PV bus
      add([&](Flow& flow) { flow.p_mw[bus] = value; });
      add([&](Flow& flow) {
        flow.p_mw[bus] = value;
        flow.participation.assign(flow.p_mw.size(), 1.0 / static_cast<double>(flow.p_mw.size()));
      });
    }
    add([&](Flow& flow) { flow.q_mvar[3] = value; });
    add([&](Flow& flow) { flow.vm_set_pu[5] = value; });
    add([&](Flow& flow) { flow.vm_set_pu[0] = value; });
    add([&](Flow& flow) {
      flow.make_voltage_dependent();
      flow.p_impedance_mw[3] = -std::abs(value);
      flow.q_current_mvar[4] = value;
    });
    add([&](Flow& flow) {
      flow.q_min_mvar.assign(flow.p_mw.size(), -5.0);
      flow.q_max_mvar.assign(flow.p_mw.size(), 10.0);
      flow.q_mvar[4] = value;
    });
  }
  for (const double value : {k_nan, k_infinity, -k_infinity}) {
    add([&](Flow& flow) { flow.va_set_deg[0] = value; });
    if (value < 0.0) continue;  // shares are not negative
    add([&](Flow& flow) {
      flow.participation.assign(flow.p_mw.size(), 0.0);
      flow.participation[5] = value;
    });
  }
  return flows;
}

TEST_P(LaneFailures, NeverCallANumberThatIsNoneASolution) {
  const Bench bench = random_bench(12, 10);
  LaneSolver solver(bench.lane_base(), lane_kernels(GetParam()));
  const std::vector<Flow> hostile = hostile_flows(bench);
  std::vector<Flow> flows;
  for (const Flow& flow : hostile) {
    flows.push_back(flow);
    flows.push_back(bench.base_flow);
  }
  const Answer alone = solve(solver, {&bench.base_flow, 1}, {.enforce_q_limits = true});
  const Answer answer = solve(solver, flows, {.enforce_q_limits = true});
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    if (k % 2 == 1) {
      EXPECT_TRUE(answer.reports[k].converged());
      expect_bitwise_same(answer.states[k], alone.states[0]);
      continue;
    }
    EXPECT_FALSE(answer.reports[k].converged());
    for (const double vm_pu : answer.states[k].vm_pu)
      EXPECT_TRUE(std::isfinite(vm_pu) || !answer.reports[k].converged());
  }
}

TEST_P(LaneFailures, AreAllFlowsOfABaseThatIsNoState) {
  const Bench bench = random_bench(12, 10);
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 0.0}) {
    FlowState broken = bench.base_state;
    broken.vm_pu[3] = value;
    LaneSolver solver(std::make_shared<LaneBase>(bench.admittance, 100.0, bench.base_flow.type, broken),
                      lane_kernels(GetParam()));
    EXPECT_FALSE(solve(solver, {&bench.base_flow, 1}).reports[0].converged()) << value;
  }
}

/// 100 MW behind x = 0.1: |V|^2 = 1/2 (1 + sqrt(1 - 4 x^2 P^2)) on the branch without load, with a minus on the other.
FlowState low_solution() {
  const double vm_pu = std::sqrt(0.5 * (1.0 - std::sqrt(1.0 - 4.0 * 0.01)));
  return {{1.0, vm_pu}, {0.0, -std::asin(0.1 / vm_pu) * 180.0 / M_PI}};
}

TEST_P(LaneFailures, LeaveAnotherBranchOfTheEquations) {
  const Bench bench = two_buses();
  const FlowState low = low_solution();
  const FlowResult there = evaluate(bench.grid, bench.admittance, low);
  ASSERT_NEAR(there.p_mw[1], -100.0, 1e-9);
  ASSERT_NEAR(there.q_mvar[1], 0.0, 1e-9);
  const auto base = bench.lane_base();
  EXPECT_EQ(base->negative_pivots(), 0);
  EXPECT_EQ(LaneBase(bench.admittance, 100.0, bench.base_flow.type, low).negative_pivots(), 1);
  // The Newton is started beside the low solution, and finds it; it goes back to the base and finds the other.
  LaneNewton newton(*base, newton_kernels(GetParam()));
  const FlowInput flow = bench.base_flow.input();
  FlowState state = low;
  state.vm_pu[1] *= 1.01;
  SolveReport report;
  const LaneTask task{.flow = &flow, .state = &state, .report = &report, .from_state = true};
  newton.solve({&task, 1}, {});
  ASSERT_TRUE(report.converged());
  EXPECT_NEAR(state.vm_pu[1], bench.base_state.vm_pu[1], k_same_vm_pu);
}

}  // namespace
}  // namespace gridplus::powerflow
