#include "sim/powerflow/reference/newton.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "sim/powerflow/reference/dc.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow::reference {
namespace {

using powerflow::test::flat_start;
using powerflow::test::Flow;
using powerflow::test::Link;
using powerflow::test::make_grid;

constexpr double k_voltage_tolerance_pu = 1e-9;
constexpr double k_angle_tolerance_deg = 1e-7;
constexpr double k_power_tolerance_mw = 1e-6;
constexpr double k_degree = 180.0 / std::numbers::pi;

std::vector<std::uint8_t> all_closed(const Grid& grid) {
  return std::vector<std::uint8_t>(grid.branch_count(), 1);
}

struct Solved {
  SolveReport report;
  FlowState state;
  FlowResult result;
};

Solved solve(const Grid& grid, const Flow& flow, FlowOptions options, FlowState start) {
  const Admittance admittance = make_admittance(grid, all_closed(grid));
  NewtonSolver solver(grid, admittance);
  Solved solved{{}, std::move(start), {}};
  solved.report = solver.solve(flow.input(), options, solved.state);
  evaluate(grid, admittance, solved.state, solved.result);
  return solved;
}

Solved solve(const Grid& grid, const Flow& flow, FlowOptions options = {.tolerance_pu = 1e-11}) {
  return solve(grid, flow, options, flat_start(grid.bus_count()));
}

/// Slack bus 0 at 1 p.u. feeds a load at bus 1.
Flow two_bus_flow(double load_mw, double load_mvar) {
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -load_mw;
  flow.q_mvar[1] = -load_mvar;
  return flow;
}

TEST(Newton, ALoadBehindALineHasTheVoltageOfTheClosedForm) {
  constexpr double r = 0.02, x = 0.1, p = 0.8, q = 0.3;
  const Solved solved = solve(make_grid(2, {{.from = 0, .to = 1, .r_pu = r, .x_pu = x}}), two_bus_flow(80.0, 30.0));
  ASSERT_TRUE(solved.report.converged());
  // |V|^4 + (2(rp + xq) - 1) |V|^2 + |z|^2 |s|^2 = 0, and arg V = -arg(|V|^2 + z conj(s)).
  const double half = 0.5 - (r * p + x * q);
  const double vm2 = half + std::sqrt(half * half - (r * r + x * x) * (p * p + q * q));
  const std::complex<double> drop = vm2 + std::complex<double>(r, x) * std::complex<double>(p, -q);
  EXPECT_NEAR(solved.state.vm_pu[1], std::sqrt(vm2), k_voltage_tolerance_pu);
  EXPECT_NEAR(solved.state.va_deg[1], -std::arg(drop) * k_degree, k_angle_tolerance_deg);
  const double loss_mw = 100.0 * r * (p * p + q * q) / vm2;
  EXPECT_NEAR(solved.result.losses_mw[0], loss_mw, k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.p_mw[0], 80.0 + loss_mw, k_power_tolerance_mw);
}

TEST(Newton, AnUnloadedTransformerTurnsAndScalesTheVoltage) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1, .tap = 0.95, .shift_deg = 30.0}});
  const Solved solved = solve(grid, two_bus_flow(0.0, 0.0));
  ASSERT_TRUE(solved.report.converged());
  EXPECT_NEAR(solved.state.vm_pu[1], 1.0 / 0.95, k_voltage_tolerance_pu);
  EXPECT_NEAR(solved.state.va_deg[1], -30.0, k_angle_tolerance_deg);
}

TEST(Newton, ATOfTransformersAddsItsShiftsAlongEachArm) {
  // Bus 1 is the star point; without load the voltages follow from the ratios alone.
  const Grid grid = make_grid(4, {{.from = 0, .to = 1, .x_pu = 0.1, .tap = 1.05, .shift_deg = -30.0},
                                  {.from = 1, .to = 2, .x_pu = 0.1, .tap = 0.9, .shift_deg = 150.0},
                                  {.from = 3, .to = 1, .x_pu = 0.1, .tap = 1.1, .shift_deg = 10.0}});
  Flow flow(4);
  flow.type[0] = BusType::slack;
  flow.va_set_deg[0] = 5.0;
  // So large a shift is out of reach from equal angles; those of the DC flow have it.
  EXPECT_FALSE(solve(grid, flow).report.converged());
  FlowState state;
  FlowResult flows;
  ASSERT_TRUE(DcSolver(grid, all_closed(grid)).solve(flow.input(), state, flows).converged());
  const Solved solved = solve(grid, flow, {.tolerance_pu = 1e-11}, state);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_NEAR(solved.state.vm_pu[1], 1.0 / 1.05, k_voltage_tolerance_pu);
  EXPECT_NEAR(solved.state.va_deg[1], 35.0, k_angle_tolerance_deg);
  EXPECT_NEAR(solved.state.vm_pu[2], 1.0 / 1.05 / 0.9, k_voltage_tolerance_pu);
  EXPECT_NEAR(std::remainder(solved.state.va_deg[2] + 115.0, 360.0), 0.0, k_angle_tolerance_deg);
  EXPECT_NEAR(solved.state.vm_pu[3], 1.1 / 1.05, k_voltage_tolerance_pu);
  EXPECT_NEAR(solved.state.va_deg[3], 45.0, k_angle_tolerance_deg);
}

TEST(Newton, APvBusHoldsItsVoltageAndSendsItsPower) {
  Flow flow(2);
  flow.type = {BusType::slack, BusType::pv};
  flow.vm_set_pu = {1.0, 1.05};
  flow.p_mw[1] = 200.0;
  const Solved solved = solve(make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}}), flow);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_EQ(solved.state.vm_pu[1], 1.05);
  EXPECT_NEAR(solved.state.va_deg[1], std::asin(2.0 * 0.1 / 1.05) * k_degree, k_angle_tolerance_deg);
}

TEST(Newton, IslandsSolvedTogetherAreSolvedAsIfAlone) {
  const Grid both =
      make_grid(4, {{.from = 0, .to = 1, .r_pu = 0.02, .x_pu = 0.1}, {.from = 2, .to = 3, .r_pu = 0.01, .x_pu = 0.2}});
  Flow flow(4);
  flow.type = {BusType::slack, BusType::pq, BusType::pq, BusType::slack};
  flow.p_mw = {0.0, -80.0, -50.0, 0.0};
  flow.q_mvar = {0.0, -30.0, -10.0, 0.0};
  const Solved together = solve(both, flow);
  const Solved first = solve(make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.02, .x_pu = 0.1}}), two_bus_flow(80.0, 30.0));
  const Solved second =
      solve(make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.01, .x_pu = 0.2}}), two_bus_flow(50.0, 10.0));
  ASSERT_TRUE(together.report.converged());
  EXPECT_NEAR(together.state.vm_pu[1], first.state.vm_pu[1], k_voltage_tolerance_pu);
  EXPECT_NEAR(together.state.vm_pu[2], second.state.vm_pu[1], k_voltage_tolerance_pu);
  EXPECT_NEAR(together.state.va_deg[2], second.state.va_deg[1], k_angle_tolerance_deg);
}

TEST(Newton, BusesThatAreOutHaveNoVoltageAndDisturbNobody) {
  const Grid grid = make_grid(4, {{.from = 0, .to = 1, .r_pu = 0.02, .x_pu = 0.1}, {.from = 2, .to = 3}});
  Flow flow(4);
  flow.type = {BusType::slack, BusType::pq, BusType::out, BusType::out};
  flow.p_mw = {0.0, -80.0, -500.0, 20.0};
  flow.q_mvar = {0.0, -30.0, 0.0, 0.0};
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_EQ(solved.state.vm_pu[2], 0.0);
  EXPECT_EQ(solved.result.p_mw[3], 0.0);
  const Solved alone = solve(make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.02, .x_pu = 0.1}}), two_bus_flow(80.0, 30.0));
  EXPECT_NEAR(solved.state.vm_pu[1], alone.state.vm_pu[1], k_voltage_tolerance_pu);
}

TEST(Newton, AnIslandWithoutASlackBusIsReported) {
  const Grid grid = make_grid(4, {{.from = 0, .to = 1}, {.from = 2, .to = 3}});
  Flow flow(4);
  flow.type[0] = BusType::slack;
  const Solved solved = solve(grid, flow);
  EXPECT_EQ(solved.report.status, SolveStatus::no_slack);
  EXPECT_EQ(solved.report.iterations, 0);
}

TEST(Newton, ALoadBeyondWhatTheLineCarriesIsNeverCalledSolved) {
  // At most V^2/(2x) = 500 MW reach the end of a lossless line at unity power factor.
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}});
  EXPECT_TRUE(solve(grid, two_bus_flow(499.0, 0.0)).report.converged());
  for (const double load_mw : {501.0, 600.0, 5e4, 1e12}) {
    const Solved solved = solve(grid, two_bus_flow(load_mw, 0.0));
    EXPECT_FALSE(solved.report.converged()) << load_mw;
    EXPECT_GT(solved.report.max_mismatch_pu, 1e-3) << load_mw;
  }
}

TEST(Newton, NumbersThatAreNotFiniteAreNeverCalledSolved) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}});
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    Flow power = two_bus_flow(10.0, 0.0);
    power.p_mw[1] = bad;
    EXPECT_EQ(solve(grid, power).report.status, SolveStatus::diverged);
    Flow voltage = two_bus_flow(10.0, 0.0);
    voltage.vm_set_pu[0] = bad;
    EXPECT_FALSE(solve(grid, voltage).report.converged());
  }
}

TEST(Newton, AStartThatIsNoVoltageIsReplaced) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}});
  const Admittance admittance = make_admittance(grid, all_closed(grid));
  NewtonSolver solver(grid, admittance);
  const Flow flow = two_bus_flow(50.0, 10.0);
  for (const double start : {0.0, -1.0, std::nan("")}) {
    FlowState state{{start, start}, {start, start}};
    EXPECT_TRUE(solver.solve(flow.input(), {}, state).converged()) << start;
    EXPECT_GT(state.vm_pu[1], 0.9);
  }
}

TEST(Newton, BrokenPromisesOfTheCallerAreNamed) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1}});
  Flow two_slacks(2);
  two_slacks.type = {BusType::slack, BusType::slack};
  EXPECT_THROW(solve(grid, two_slacks), InvariantError);
  Flow half_out(2);
  half_out.type = {BusType::slack, BusType::out};
  EXPECT_THROW(solve(grid, half_out), InvariantError);
  Flow short_input = two_bus_flow(1.0, 1.0);
  short_input.q_mvar.pop_back();
  EXPECT_THROW(solve(grid, short_input), InvariantError);
}

TEST(Newton, ASolvedStateNeedsNoIteration) {
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.01, .x_pu = 0.1}});
  const Admittance admittance = make_admittance(grid, all_closed(grid));
  NewtonSolver solver(grid, admittance);
  const Flow flow = two_bus_flow(60.0, 20.0);
  FlowState state = flat_start(2);
  EXPECT_GT(solver.solve(flow.input(), {}, state).iterations, 0);
  EXPECT_EQ(solver.solve(flow.input(), {}, state).iterations, 0);
}

TEST(DistributedSlack, EachBusTakesItsShareOfWhatIsMissing) {
  const Grid grid =
      make_grid(3, {{.from = 0, .to = 1, .r_pu = 0.01, .x_pu = 0.1}, {.from = 1, .to = 2, .r_pu = 0.02, .x_pu = 0.1}});
  Flow flow(3);
  flow.type = {BusType::slack, BusType::pq, BusType::pv};
  flow.p_mw = {10.0, -100.0, 30.0};
  flow.q_mvar[1] = -20.0;
  flow.participation = {0.25, 0.0, 0.75};
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  const double missing_mw = 60.0 + solved.result.losses_mw[0] + solved.result.losses_mw[1];
  EXPECT_NEAR(solved.result.p_mw[0], 10.0 + 0.25 * missing_mw, k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.p_mw[1], -100.0, k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.p_mw[2], 30.0 + 0.75 * missing_mw, k_power_tolerance_mw);
  EXPECT_EQ(solved.state.va_deg[0], 0.0);
}

TEST(DistributedSlack, AllOnTheSlackBusIsThePlainFlow) {
  const Grid grid =
      make_grid(3, {{.from = 0, .to = 1, .r_pu = 0.01, .x_pu = 0.1}, {.from = 1, .to = 2, .r_pu = 0.02, .x_pu = 0.1}});
  Flow flow(3);
  flow.type = {BusType::slack, BusType::pq, BusType::pv};
  flow.p_mw = {10.0, -100.0, 30.0};
  const Solved plain = solve(grid, flow);
  flow.participation = {1.0, 0.0, 0.0};
  const Solved shared = solve(grid, flow);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(shared.state.vm_pu[i], plain.state.vm_pu[i], k_voltage_tolerance_pu);
    EXPECT_NEAR(shared.state.va_deg[i], plain.state.va_deg[i], k_angle_tolerance_deg);
  }
}

TEST(DistributedSlack, EachIslandSharesItsOwnMissingPower) {
  const Grid grid = make_grid(4, {{.from = 0, .to = 1, .x_pu = 0.1}, {.from = 2, .to = 3, .x_pu = 0.1}});
  Flow flow(4);
  flow.type = {BusType::slack, BusType::pv, BusType::slack, BusType::pv};
  flow.p_mw = {-100.0, 0.0, -40.0, 10.0};
  flow.participation = {0.5, 0.5, 0.0, 0.0};  // the second island does not share: its slack bus takes all
  const Solved solved = solve(grid, flow);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_NEAR(solved.result.p_mw[0], -50.0, k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.p_mw[1], 50.0, k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.p_mw[2], -10.0, k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.p_mw[3], 10.0, k_power_tolerance_mw);
}

// ---- random grids ----

double number(double low, double high) {
  return low + (high - low) * static_cast<double>(*rc::gen::inRange(0, 1'000'001)) / 1e6;
}

struct RandomCase {
  Grid grid;
  Flow flow;
  FlowState state;
};

/// A connected meshed grid and a flow whose answer is a mild random state.
RandomCase random_case() {
  const auto buses = *rc::gen::inRange<std::size_t>(2, 20);
  std::vector<Link> links;
  const auto link = [](std::size_t from, std::size_t to) {
    return Link{from,          to, number(0.0, 0.03), number(0.03, 0.2), number(0, 0.05), number(0.95, 1.05),
                number(-5, 5), 0.0};
  };
  for (std::size_t i = 1; i < buses; ++i) links.push_back(link(*rc::gen::inRange<std::size_t>(0, i), i));
  for (std::size_t i = 2; i < buses; i += 2) links.push_back(link(i, i - 2));
  RandomCase random{make_grid(buses, links), Flow(buses), {}};
  for (std::size_t i = 0; i < buses; ++i) {
    random.state.vm_pu.push_back(number(0.97, 1.03));
    random.state.va_deg.push_back(i == 0 ? 0.0 : number(-4, 4));
    if (i > 0 && *rc::gen::inRange(0, 3) == 0) random.flow.type[i] = BusType::pv;
  }
  random.flow.type[0] = BusType::slack;
  const Admittance admittance = make_admittance(random.grid, all_closed(random.grid));
  const FlowResult result = evaluate(random.grid, admittance, random.state);
  random.flow.p_mw = result.p_mw;
  random.flow.q_mvar = result.q_mvar;
  random.flow.vm_set_pu = random.state.vm_pu;
  return random;
}

RC_GTEST_PROP(Newton, FindsTheStateThatMadeTheInjections, ()) {
  const RandomCase random = random_case();
  const Solved solved = solve(random.grid, random.flow);
  RC_ASSERT(solved.report.converged());
  for (std::size_t i = 0; i < random.state.vm_pu.size(); ++i) {
    RC_ASSERT(std::abs(solved.state.vm_pu[i] - random.state.vm_pu[i]) < 1e-7);
    RC_ASSERT(std::abs(solved.state.va_deg[i] - random.state.va_deg[i]) < 1e-5);
  }
}

RC_GTEST_PROP(Newton, TheReportedMismatchIsThatOfTheState, ()) {
  const RandomCase random = random_case();
  const Solved solved = solve(random.grid, random.flow, {.tolerance_pu = 1e-8});
  RC_ASSERT(solved.report.converged());
  double largest = 0.0;
  for (std::size_t i = 0; i < random.state.vm_pu.size(); ++i) {
    const BusType type = random.flow.type[i];
    if (type != BusType::slack) largest = std::max(largest, std::abs(solved.result.p_mw[i] - random.flow.p_mw[i]));
    if (type == BusType::pq) largest = std::max(largest, std::abs(solved.result.q_mvar[i] - random.flow.q_mvar[i]));
  }
  RC_ASSERT(std::abs(largest / 100.0 - solved.report.max_mismatch_pu) < 1e-11);
  RC_ASSERT(largest / 100.0 < 1.01e-8);
}

RC_GTEST_PROP(Newton, TheAnswerDoesNotDependOnFlowsSolvedBefore, ()) {
  const RandomCase random = random_case();
  const std::size_t buses = random.grid.bus_count();
  const Admittance admittance = make_admittance(random.grid, all_closed(random.grid));
  NewtonSolver fresh(random.grid, admittance);
  FlowState expected = flat_start(buses);
  fresh.solve(random.flow.input(), {}, expected);

  NewtonSolver used(random.grid, admittance);
  Flow other = random.flow;
  for (double& p : other.p_mw) p *= 50.0;  // most of these fail and make the solver choose pivots anew
  FlowState state = flat_start(buses);
  used.solve(other.input(), {}, state);
  other = random.flow;
  other.type.back() = other.type.back() == BusType::pq ? BusType::pv : BusType::pq;
  state = flat_start(buses);
  used.solve(other.input(), {}, state);
  state = flat_start(buses);
  used.solve(random.flow.input(), {}, state);
  RC_ASSERT(state.vm_pu == expected.vm_pu);
  RC_ASSERT(state.va_deg == expected.va_deg);
}

TEST(Newton, TheMatrixIsOrderedOncePerSetOfBusTypes) {
  const Grid grid = make_grid(3, {{.from = 0, .to = 1, .r_pu = 0.01, .x_pu = 0.1}, {.from = 1, .to = 2, .x_pu = 0.1}});
  const Admittance admittance = make_admittance(grid, all_closed(grid));
  NewtonSolver solver(grid, admittance);
  Flow flow(3);
  flow.type[0] = BusType::slack;
  for (int step = 0; step < 5; ++step) {
    flow.p_mw[2] = -10.0 * step;
    FlowState state = flat_start(3);
    ASSERT_TRUE(solver.solve(flow.input(), {}, state).converged());
  }
  EXPECT_EQ(solver.orderings(), 1U);
  EXPECT_EQ(solver.fresh_factors(), 0U);
  flow.type[2] = BusType::pv;
  FlowState state = flat_start(3);
  ASSERT_TRUE(solver.solve(flow.input(), {}, state).converged());
  EXPECT_EQ(solver.orderings(), 2U);
}

}  // namespace
}  // namespace gridplus::powerflow::reference
