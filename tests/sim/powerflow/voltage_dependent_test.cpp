// Loads of constant current and constant impedance, against closed forms and against the same load as constant power.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "sim/powerflow/reference/dc.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow::reference {
namespace {

using powerflow::test::flat_start;
using powerflow::test::Flow;
using powerflow::test::make_grid;

constexpr double k_voltage_tolerance_pu = 1e-9;
constexpr double k_angle_tolerance_deg = 1e-7;
constexpr double k_power_tolerance_mw = 1e-6;
constexpr double k_degree = 180.0 / std::numbers::pi;

/// Slack bus 0 at 1 p.u.; what bus 1 draws is for the test to say.
Flow two_buses() {
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.make_voltage_dependent();
  return flow;
}

struct Solved {
  SolveReport report;
  FlowState state;
  FlowResult result;
};

Solved solve(const Grid& grid, const Flow& flow, FlowOptions options = {.tolerance_pu = 1e-11}) {
  const Admittance admittance = make_admittance(grid, std::vector<std::uint8_t>(grid.branch_count(), 1));
  NewtonSolver solver(grid, admittance);
  Solved solved{{}, flat_start(grid.bus_count()), {}};
  solved.report = solver.solve(flow.input(), options, solved.state);
  evaluate(grid, admittance, solved.state, solved.result);
  return solved;
}

TEST(VoltageDependent, AnImpedanceBehindAnImpedanceDividesTheVoltage) {
  const std::complex<double> line(0.02, 0.1), load_pu(0.8, -0.3);  // admittance of the load: P - jQ at 1 p.u.
  Flow flow = two_buses();
  flow.p_impedance_mw[1] = -80.0;
  flow.q_impedance_mvar[1] = -30.0;
  const Solved solved = solve(make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.02, .x_pu = 0.1}}), flow);
  ASSERT_TRUE(solved.report.converged());
  const std::complex<double> voltage = 1.0 / (1.0 + line * load_pu);
  EXPECT_NEAR(solved.state.vm_pu[1], std::abs(voltage), k_voltage_tolerance_pu);
  EXPECT_NEAR(solved.state.va_deg[1], std::arg(voltage) * k_degree, k_angle_tolerance_deg);
  EXPECT_NEAR(solved.result.p_mw[1], -80.0 * std::norm(voltage), k_power_tolerance_mw);
  EXPECT_NEAR(solved.result.q_mvar[1], -30.0 * std::norm(voltage), k_power_tolerance_mw);
}

TEST(VoltageDependent, AnImpedanceIsWhatAShuntIs) {
  Flow as_load = two_buses(), as_shunt = two_buses();
  as_load.p_impedance_mw[1] = -40.0;
  as_load.q_impedance_mvar[1] = 25.0;  // a capacitor
  const Solved load = solve(make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.02, .x_pu = 0.1}}), as_load);
  const Solved shunt =
      solve(make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.02, .x_pu = 0.1}}, {{0.0, 0.0}, {40.0, 25.0}}), as_shunt);
  EXPECT_NEAR(load.state.vm_pu[1], shunt.state.vm_pu[1], k_voltage_tolerance_pu);
  EXPECT_NEAR(load.state.va_deg[1], shunt.state.va_deg[1], k_angle_tolerance_deg);
}

TEST(VoltageDependent, AConstantCurrentBehindAReactanceTurnsTheVoltage) {
  // |V2| sin(d) / x = p |V2| and no reactive power at bus 2: sin(d) = p x, |V2| = cos(d).
  Flow flow = two_buses();
  flow.p_current_mw[1] = -200.0;
  const Solved solved = solve(make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}}), flow);
  ASSERT_TRUE(solved.report.converged());
  const double angle = std::asin(2.0 * 0.1);
  EXPECT_NEAR(solved.state.vm_pu[1], std::cos(angle), k_voltage_tolerance_pu);
  EXPECT_NEAR(solved.state.va_deg[1], -angle * k_degree, k_angle_tolerance_deg);
  EXPECT_NEAR(solved.result.p_mw[1], -200.0 * std::cos(angle), k_power_tolerance_mw);
}

TEST(VoltageDependent, AnImpedanceIsServedWhereConstantPowerCollapses) {
  Flow power = two_buses(), impedance = two_buses();
  power.p_mw[1] = -600.0;  // beyond the 500 MW that x = 0.1 p.u. carries
  impedance.p_impedance_mw[1] = -600.0;
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}});
  EXPECT_FALSE(solve(grid, power).report.converged());
  const Solved solved = solve(grid, impedance);
  ASSERT_TRUE(solved.report.converged());
  EXPECT_NEAR(solved.result.p_mw[1], -600.0 / (1.0 + 0.36), k_power_tolerance_mw);
}

TEST(VoltageDependent, LimitsBindTheUnitAndNotTheLoadBesideIt) {
  // A unit of at most 10 MVAr beside an impedance of 50 MVAr: at its limit the bus draws 50 |V|^2 - 10.
  Flow flow = two_buses();
  flow.type[1] = BusType::pv;
  flow.vm_set_pu[1] = 1.0;
  flow.q_impedance_mvar[1] = -50.0;
  flow.q_min_mvar = {-1e3, 0.0};
  flow.q_max_mvar = {1e3, 10.0};
  const Solved solved =
      solve(make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}}), flow, {.tolerance_pu = 1e-11, .enforce_q_limits = true});
  ASSERT_TRUE(solved.report.converged());
  const double vm = solved.state.vm_pu[1];
  EXPECT_LT(vm, 1.0);
  EXPECT_NEAR(solved.result.q_mvar[1], 10.0 - 50.0 * vm * vm, k_power_tolerance_mw);
}

TEST(VoltageDependent, ADcFlowTakesThemAtOnePerUnit) {
  Flow flow = two_buses();
  flow.p_mw[1] = -10.0;
  flow.p_current_mw[1] = -20.0;
  flow.p_impedance_mw[1] = -30.0;
  const Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}});
  DcSolver solver(grid, std::vector<std::uint8_t>(1, 1));
  FlowState state;
  FlowResult result;
  ASSERT_TRUE(solver.solve(flow.input(), state, result).converged());
  EXPECT_NEAR(result.p_from_mw[0], 60.0, k_power_tolerance_mw);
}

RC_GTEST_PROP(VoltageDependent, IsSolvedAsTheConstantPowerThatItTurnsOutToBe, ()) {
  const auto part = [] { return *rc::gen::inRange(-300, 100) / 10.0; };
  const Grid grid = make_grid(3, {{.from = 0, .to = 1, .r_pu = 0.01, .x_pu = 0.08, .b_pu = 0.02},
                                  {.from = 1, .to = 2, .r_pu = 0.02, .x_pu = 0.1, .tap = 0.98},
                                  {.from = 0, .to = 2, .x_pu = 0.2, .shift_deg = 3.0}});
  Flow flow(3);
  flow.type[0] = BusType::slack;
  flow.participation = {0.5, 0.0, 0.5};
  flow.make_voltage_dependent();
  for (std::size_t i = 1; i < 3; ++i) {
    for (auto* values : {&flow.p_mw, &flow.q_mvar, &flow.p_current_mw, &flow.q_current_mvar, &flow.p_impedance_mw,
                         &flow.q_impedance_mvar})
      (*values)[i] = part();
  }
  const Solved solved = solve(grid, flow);
  RC_ASSERT(solved.report.converged());
  constexpr int k_quadratic = 6;  // a Jacobian that left a term out would need more
  RC_ASSERT(solved.report.iterations <= k_quadratic);
  Flow same = flow;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto power = voltage_dependent_power(flow.input(), i, solved.state.vm_pu[i]).power_mva;
    same.p_mw[i] += power.real();
    same.q_mvar[i] += power.imag();
  }
  same.make_voltage_dependent();
  const Solved again = solve(grid, same);
  RC_ASSERT(again.report.converged());
  for (std::size_t i = 0; i < 3; ++i) {
    RC_ASSERT(std::abs(again.state.vm_pu[i] - solved.state.vm_pu[i]) < k_voltage_tolerance_pu);
    RC_ASSERT(std::abs(again.state.va_deg[i] - solved.state.va_deg[i]) < k_angle_tolerance_deg);
  }
}

}  // namespace
}  // namespace gridplus::powerflow::reference
