#include "sim/powerflow/solution_branch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>

#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::flat_start;
using test::Flow;
using test::Link;
using test::make_grid;

constexpr double k_degree = 180.0 / M_PI;

/// A load behind a lossless line of reactance x from a bus at 1 p.u.: |V|^4 + (2 Q x - 1) |V|^2 + x^2 (P^2 + Q^2) = 0,
/// sin(theta) = -P x / |V|, cos(theta) = (|V|^2 + Q x) / |V|.
struct TwoBuses {
  static constexpr double x = 0.2;
  Grid grid = make_grid(2, {{.from = 0, .to = 1, .x_pu = x}});
  Admittance admittance = make_admittance(grid, grid.initially_closed());
  Flow flow{2};

  TwoBuses() { flow.type[0] = BusType::slack; }

  [[nodiscard]] FlowState state(double vm_pu, double p, double q) const {
    return {{1.0, vm_pu}, {0.0, std::atan2(-p * x, vm_pu * vm_pu + q * x) * k_degree}};
  }

  /// |V| of both solutions, high and low; empty beyond the nose.
  static std::vector<double> solutions(double p, double q) {
    const double half = 0.5 - q * x;
    const double root = half * half - x * x * (p * p + q * q);
    if (root < 0.0 || half - std::sqrt(std::max(0.0, root)) <= 0.0) return {};
    return {std::sqrt(half + std::sqrt(root)), std::sqrt(half - std::sqrt(root))};
  }
};

TEST(SolutionBranch, TellsBothSolutionsOfTwoBusesApart) {
  int told = 0;
  for (const double power_factor_q : {0.4, 0.0, -0.5, -1.0}) {
    for (double p = 0.1; p < 6.0; p += 0.1) {
      TwoBuses two;
      const double q = power_factor_q * p;
      const std::vector<double> vm_pu = TwoBuses::solutions(p, q);
      if (vm_pu.empty() || vm_pu[0] - vm_pu[1] < 1e-3) continue;
      two.flow.p_mw[1] = -100.0 * p;
      two.flow.q_mvar[1] = -100.0 * q;
      SolutionBranch branch(two.grid, two.admittance);
      for (const double vm : vm_pu) {
        const FlowState state = two.state(vm, p, q);
        const FlowResult result = evaluate(two.grid, two.admittance, state);
        ASSERT_NEAR(result.p_mw[1], two.flow.p_mw[1], 1e-6);  // a solution
        ASSERT_NEAR(result.q_mvar[1], two.flow.q_mvar[1], 1e-6);
        EXPECT_EQ(branch.is_another(two.flow.input(), state), vm == vm_pu[1]) << "P " << p << " Q " << q << " V " << vm;
        ++told;
      }
    }
  }
  EXPECT_GT(told, 100);
}

TEST(SolutionBranch, KnowsThatALoadOfConstantImpedanceHasNoOther) {
  TwoBuses two;
  two.flow.make_voltage_dependent();
  // 4 p.u. at 1 p.u. pulls the voltage below where constant power would have its nose.
  two.flow.p_impedance_mw[1] = -400.0;
  reference::NewtonSolver solver(two.grid, two.admittance);
  FlowState state = flat_start(2);
  ASSERT_TRUE(solver.solve(two.flow.input(), {}, state).converged());
  SolutionBranch branch(two.grid, two.admittance);
  EXPECT_FALSE(branch.is_another(two.flow.input(), state));
  Flow same = two.flow;
  const double drawn_mw = 400.0 * state.vm_pu[1] * state.vm_pu[1];
  same.p_impedance_mw[1] = 0.0;
  same.p_mw[1] = -drawn_mw;
  EXPECT_EQ(branch.is_another(same.input(), state), state.vm_pu[1] < std::sqrt(0.5));
}

/// Between two buses that hold their voltages P = sin(theta) / x has two angles.
TEST(SolutionBranch, TellsBothAnglesBetweenHeldVoltagesApart) {
  TwoBuses two;
  two.flow.type[1] = BusType::pv;
  for (const double degrees : {-150.0, -100.0, -80.0, -10.0, 40.0, 95.0, 170.0}) {
    two.flow.p_mw[1] = 100.0 * std::sin(degrees / k_degree) / TwoBuses::x;
    SolutionBranch branch(two.grid, two.admittance);
    EXPECT_EQ(branch.is_another(two.flow.input(), {{1.0, 1.0}, {0.0, degrees}}), std::abs(degrees) > 90.0) << degrees;
  }
}

TEST(SolutionBranch, CountsFromTheAnglesThatPhaseShiftersLeave) {
  const Grid grid = make_grid(3, {{.from = 0, .to = 1, .x_pu = 0.1, .shift_deg = 150.0},
                                  {.from = 2, .to = 1, .x_pu = 0.1, .shift_deg = 180.0}});
  const Admittance admittance = make_admittance(grid, grid.initially_closed());
  Flow flow(3);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = flow.p_mw[2] = -50.0;
  reference::NewtonSolver solver(grid, admittance);
  FlowState state{{1.0, 1.0, 1.0}, {0.0, -150.0, 30.0}};
  ASSERT_TRUE(solver.solve(flow.input(), {}, state).converged());
  SolutionBranch branch(grid, admittance);
  EXPECT_FALSE(branch.is_another(flow.input(), state));
}

struct Drawn {
  Grid grid;
  Flow flow;
};

/// A meshed grid of ten buses with losses: r over x up to one.
Drawn random_grid(unsigned seed) {
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  constexpr std::size_t k_buses = 10;
  std::vector<Link> links;
  const double ratio = uniform(draw);
  for (std::size_t i = 1; i < k_buses; ++i) {
    const double x = 0.05 + 0.1 * uniform(draw);
    links.push_back({.from = draw() % i, .to = i, .r_pu = ratio * x, .x_pu = x, .b_pu = 0.02});
  }
  for (std::size_t k = 0; k < 5; ++k) {
    const std::size_t from = draw() % k_buses, to = draw() % k_buses;
    if (from != to) links.push_back({.from = from, .to = to, .r_pu = 0.1 * ratio, .x_pu = 0.1});
  }
  Flow flow(k_buses);
  flow.type[0] = BusType::slack;
  for (std::size_t i = 1; i < k_buses; ++i) {
    flow.p_mw[i] = -30.0 * uniform(draw);
    flow.q_mvar[i] = -10.0 * uniform(draw);
    if (i % 4 == 0) flow.type[i] = BusType::pv;
  }
  return {make_grid(k_buses, links), std::move(flow)};
}

/// The solution that is led to from no load, by raising the injections in a hundred steps; empty where there is none.
std::optional<FlowState> followed(const Drawn& drawn, const Admittance& admittance) {
  reference::NewtonSolver solver(drawn.grid, admittance);
  FlowState state = flat_start(drawn.flow.p_mw.size());
  for (int step = 0; step <= 100; ++step) {
    Flow part = drawn.flow;
    for (auto* injections : {&part.p_mw, &part.q_mvar})
      for (double& value : *injections) value *= step / 100.0;
    if (!solver.solve(part.input(), {}, state).converged()) return std::nullopt;
  }
  return state;
}

/// Low voltages and turned angles at some buses.
FlowState wild_start(std::size_t buses, std::mt19937& draw) {
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  FlowState state = flat_start(buses);
  for (std::size_t i = 1; i < buses; ++i) {
    if (uniform(draw) < 0.3) state.vm_pu[i] = 0.05 + 0.5 * uniform(draw);
    if (uniform(draw) < 0.3) state.va_deg[i] = 360.0 * uniform(draw) - 180.0;
  }
  return state;
}

/// Largest difference of voltages, 60 degrees for 1 p.u.
double distance(const FlowState& a, const FlowState& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.vm_pu.size(); ++i) {
    largest = std::max(largest, std::abs(a.vm_pu[i] - b.vm_pu[i]));
    largest = std::max(largest, std::abs(std::remainder(a.va_deg[i] - b.va_deg[i], 360.0)) / 60.0);
  }
  return largest;
}

TEST(SolutionBranch, FindsEveryOtherSolutionOfLossyMeshedGrids) {
  int others = 0, grids = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const Drawn drawn = random_grid(seed);
    const Admittance admittance = make_admittance(drawn.grid, drawn.grid.initially_closed());
    const std::optional<FlowState> operable = followed(drawn, admittance);
    if (!operable) continue;
    ++grids;
    SolutionBranch branch(drawn.grid, admittance);
    EXPECT_FALSE(branch.is_another(drawn.flow.input(), *operable));
    reference::NewtonSolver solver(drawn.grid, admittance);
    std::mt19937 draw(seed);
    for (int start = 0; start < 60; ++start) {
      FlowState state = wild_start(10, draw);
      if (!solver.solve(drawn.flow.input(), {}, state).converged() || distance(state, *operable) < 1e-6) continue;
      ++others;
      EXPECT_TRUE(branch.is_another(drawn.flow.input(), state));
    }
  }
  EXPECT_GT(grids, 50);
  EXPECT_GT(others, 100);
}

}  // namespace
}  // namespace gridplus::powerflow
