#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow::reference {
namespace {

using powerflow::test::flat_start;
using powerflow::test::Flow;
using powerflow::test::Link;
using powerflow::test::make_grid;

constexpr FlowOptions k_enforced{.tolerance_pu = 1e-10, .max_iterations = 30, .enforce_q_limits = true};

/// Slack at 1 p.u., a pv bus behind a reactance of 0.1 p.u.
struct TwoBus {
  Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}});
  Admittance admittance = make_admittance(grid, std::vector<std::uint8_t>{1});
  NewtonSolver solver{grid, admittance};
  Flow flow{2};
  FlowState state = flat_start(2);

  explicit TwoBus(double set_point_pu) {
    flow.type = {BusType::slack, BusType::pv};
    flow.vm_set_pu = {1.0, set_point_pu};
    flow.q_min_mvar = {-500.0, -20.0};
    flow.q_max_mvar = {500.0, 20.0};
  }
};

TEST(QLimits, AUnitAtItsUpperLimitLetsTheVoltageSag) {
  TwoBus two(1.05);  // would need 1.05 (1.05 - 1) / 0.1 = 52.5 MVAr
  ASSERT_TRUE(two.solver.solve(two.flow.input(), k_enforced, two.state).converged());
  EXPECT_EQ(two.solver.q_limits()[1], QLimit::at_max);
  EXPECT_NEAR(two.state.vm_pu[1], (1.0 + std::sqrt(1.08)) / 2.0, 1e-9);  // V (V - 1) / 0.1 = 0.2
}

TEST(QLimits, AUnitAtItsLowerLimitLetsTheVoltageRise) {
  TwoBus two(0.95);
  ASSERT_TRUE(two.solver.solve(two.flow.input(), k_enforced, two.state).converged());
  EXPECT_EQ(two.solver.q_limits()[1], QLimit::at_min);
  EXPECT_NEAR(two.state.vm_pu[1], (1.0 + std::sqrt(0.92)) / 2.0, 1e-9);  // V (V - 1) / 0.1 = -0.2
}

TEST(QLimits, AUnitWithinItsLimitsHoldsItsSetPoint) {
  TwoBus two(1.01);
  ASSERT_TRUE(two.solver.solve(two.flow.input(), k_enforced, two.state).converged());
  EXPECT_EQ(two.solver.q_limits()[1], QLimit::none);
  EXPECT_EQ(two.state.vm_pu[1], 1.01);
}

TEST(QLimits, AreLeftAsideUnlessEnforced) {
  TwoBus two(1.05);
  ASSERT_TRUE(two.solver.solve(two.flow.input(), {}, two.state).converged());
  EXPECT_EQ(two.state.vm_pu[1], 1.05);
  EXPECT_EQ(two.solver.q_limits()[1], QLimit::none);
}

TEST(QLimits, ASlackBusAtItsLimitKeepsItsAngleAndLetsItsVoltageGo) {
  TwoBus two(1.05);
  two.flow.q_min_mvar = {-20.0, -500.0};
  two.flow.q_max_mvar = {20.0, 500.0};
  ASSERT_TRUE(two.solver.solve(two.flow.input(), k_enforced, two.state).converged());
  EXPECT_EQ(two.solver.q_limits()[0], QLimit::at_min);
  EXPECT_EQ(two.state.va_deg[0], 0.0);
  EXPECT_GT(two.state.vm_pu[0], 1.0);
  EXPECT_EQ(two.state.vm_pu[1], 1.05);
}

TEST(QLimits, NoVoltageHeldByAnyoneIsNotCalledSolved) {
  // Everybody reaches a limit long before the load's reactive power is met.
  TwoBus two(1.0);
  two.flow.p_mw[1] = -300.0;
  two.flow.q_min_mvar = {-1.0, -1.0};
  two.flow.q_max_mvar = {1.0, 1.0};
  EXPECT_FALSE(two.solver.solve(two.flow.input(), k_enforced, two.state).converged());
}

double number(double low, double high) {
  return low + (high - low) * static_cast<double>(*rc::gen::inRange(0, 1'000'001)) / 1e6;
}

RC_GTEST_PROP(QLimits, EveryAnswerHoldsTheLimitsOrTheSetPoints, ()) {
  const auto buses = *rc::gen::inRange<std::size_t>(3, 16);
  std::vector<Link> links;
  const auto link = [](std::size_t from, std::size_t to) {
    return Link{.from = from, .to = to, .r_pu = number(0, 0.02), .x_pu = number(0.03, 0.15), .b_pu = number(0, 0.05)};
  };
  for (std::size_t i = 1; i < buses; ++i) links.push_back(link(*rc::gen::inRange<std::size_t>(0, i), i));
  for (std::size_t i = 2; i < buses; i += 2) links.push_back(link(i, i - 2));
  const Grid grid = make_grid(buses, links);
  Flow flow(buses);
  flow.type[0] = BusType::slack;
  flow.q_min_mvar.assign(buses, 0.0);
  flow.q_max_mvar.assign(buses, 0.0);
  for (std::size_t i = 0; i < buses; ++i) {
    if (i > 0 && *rc::gen::inRange(0, 2) == 0) flow.type[i] = BusType::pv;
    flow.p_mw[i] = number(-30, 30);
    flow.q_mvar[i] = number(-15, 5);
    flow.vm_set_pu[i] = number(0.97, 1.04);
    flow.q_min_mvar[i] = i == 0 ? -300.0 : -number(0, 40);
    flow.q_max_mvar[i] = i == 0 ? 300.0 : number(0, 40);
  }
  const Admittance admittance = make_admittance(grid, std::vector<std::uint8_t>(links.size(), 1));
  NewtonSolver solver(grid, admittance);
  FlowState state = flat_start(buses);
  RC_PRE(solver.solve(flow.input(), k_enforced, state).converged());  // a random grid may lack a solution within limits
  const FlowResult result = evaluate(grid, admittance, state);
  for (std::size_t i = 0; i < buses; ++i) {
    if (flow.type[i] == BusType::pq) continue;
    const double q = result.q_mvar[i];
    const double above_set_point = state.vm_pu[i] - flow.vm_set_pu[i];
    RC_ASSERT(q <= flow.q_max_mvar[i] + 1e-6);
    RC_ASSERT(q >= flow.q_min_mvar[i] - 1e-6);
    if (flow.q_max_mvar[i] - flow.q_min_mvar[i] < 1e-5) continue;  // a unit with a fixed Q holds no voltage
    if (solver.q_limits()[i] == QLimit::none) RC_ASSERT(above_set_point == 0.0);
    if (solver.q_limits()[i] == QLimit::at_max) {
      RC_ASSERT(std::abs(q - flow.q_max_mvar[i]) < 1e-6);
      RC_ASSERT(above_set_point < 1e-8);
    }
    if (solver.q_limits()[i] == QLimit::at_min) {
      RC_ASSERT(std::abs(q - flow.q_min_mvar[i]) < 1e-6);
      RC_ASSERT(above_set_point > -1e-8);
    }
  }
}

}  // namespace
}  // namespace gridplus::powerflow::reference
