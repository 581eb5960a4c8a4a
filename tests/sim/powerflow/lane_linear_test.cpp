// Linear flows in lanes against a dense solve of the equations to first order, and against the exact flows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "sim/core/error.hpp"
#include "sim/powerflow/idle_base.hpp"
#include "tests/sim/powerflow/lane_bench.hpp"

namespace gridplus::powerflow {
namespace {

using test::Answer;
using test::Bench;
using test::expect_bitwise_same;
using test::Flow;
using test::random_bench;
using test::varied;

constexpr double k_radian = std::numbers::pi / 180.0;
/// What is left by differences of fourth order in place of derivatives.
constexpr double k_same_vm_pu = 1e-9;
constexpr double k_same_va_deg = 1e-7;

GRIDPLUS_EVERY_INSTRUCTION_SET(LinearFlows);

std::shared_ptr<const LaneBase> idle_base(const Bench& bench) {
  FlowInput roles = bench.base_flow.input();
  roles.va_set_deg = {};
  return make_idle_base(bench.admittance, bench.grid.base_mva(), roles);
}

Answer solve_linear(LaneSolver& solver, std::span<const Flow> flows, int threads = 1) {
  std::vector<FlowInput> inputs;
  for (const Flow& flow : flows) inputs.push_back(flow.input());
  Answer answer{std::vector<FlowState>(flows.size()), std::vector<SolveReport>(flows.size())};
  solver.solve_linear(inputs, answer.states, answer.reports, threads);
  return answer;
}

/// The base's voltages by bus.
FlowState state_of(const LaneBase& base) {
  FlowState state = test::flat_start(base.type().size());
  for (std::size_t k = 0; k < base.pattern().bus.size(); ++k) {
    const auto bus = static_cast<std::size_t>(base.pattern().bus[k]);
    state.vm_pu[bus] = base.vm_pu()[k];
    state.va_deg[bus] = base.va_deg()[k];
  }
  return state;
}

/// A x = b by elimination with the largest pivot of each column.
std::vector<double> solve_dense(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i][k] / a[k][k];
      for (std::size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
  return b;
}

/// The equations to first order about a state, from the exact ones by differences, in MW and MVAr.
class DenseEquations {
 public:
  DenseEquations(const Bench& bench, FlowState base) : bench_(bench), base_(std::move(base)) {}

  /// P then Q of all buses at the base moved by `step` along angle (in rad) or ln |V| of a bus.
  [[nodiscard]] std::vector<double> powers(std::size_t bus, bool angle, double step) const {
    FlowState at = base_;
    if (angle)
      at.va_deg[bus] += step / k_radian;
    else
      at.vm_pu[bus] *= std::exp(step);
    const FlowResult result = evaluate(bench_.grid, bench_.admittance, at);
    std::vector<double> out = result.p_mw;
    out.insert(out.end(), result.q_mvar.begin(), result.q_mvar.end());
    return out;
  }

  [[nodiscard]] std::vector<double> derivative(std::size_t bus, bool angle) const {
    constexpr double h = 1e-3;
    const auto near_up = powers(bus, angle, h), near_down = powers(bus, angle, -h);
    const auto far_up = powers(bus, angle, 2.0 * h), far_down = powers(bus, angle, -2.0 * h);
    std::vector<double> out(near_up.size());
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = (8.0 * (near_up[i] - near_down[i]) - (far_up[i] - far_down[i])) / (12.0 * h);
    return out;
  }

  /// The slack bus's angle is taken to be the base's, 0.
  [[nodiscard]] FlowState solve(const Flow& flow) const {
    const std::size_t buses = flow.type.size();
    const bool shares = !flow.participation.empty();
    std::vector<std::size_t> equations;
    std::vector<std::pair<std::size_t, bool>> unknowns;
    std::vector<double> wanted = powers(0, true, 0.0);
    for (double& power : wanted) power = -power;
    std::vector<double> rho(buses, 0.0), theta(buses, 0.0);
    for (std::size_t i = 0; i < buses; ++i) {
      const auto dependent = voltage_dependent_power(flow.input(), i, base_.vm_pu[i]).power_mva;
      wanted[i] += flow.p_mw[i] + dependent.real();
      wanted[buses + i] += flow.q_mvar[i] + dependent.imag();
      if (flow.type[i] == BusType::pq) {
        equations.push_back(buses + i);
        unknowns.emplace_back(i, false);
      } else {
        rho[i] = std::log(flow.vm_set_pu[i] / base_.vm_pu[i]);
        const auto by_rho = derivative(i, false);
        for (std::size_t k = 0; k < wanted.size(); ++k) wanted[k] -= rho[i] * by_rho[k];
      }
      if (flow.type[i] != BusType::slack) unknowns.emplace_back(i, true);
      if (flow.type[i] != BusType::slack || shares) equations.push_back(i);
    }
    std::vector<std::vector<double>> matrix(equations.size(), std::vector<double>(equations.size(), 0.0));
    std::vector<double> right;
    for (const std::size_t e : equations) right.push_back(wanted[e]);
    for (std::size_t u = 0; u < unknowns.size(); ++u) {
      const auto column = derivative(unknowns[u].first, unknowns[u].second);
      for (std::size_t e = 0; e < equations.size(); ++e) matrix[e][u] = column[equations[e]];
    }
    if (shares)  // the missing power is the last unknown
      for (std::size_t e = 0; e < equations.size(); ++e)
        if (equations[e] < buses) matrix[e].back() = -flow.participation[equations[e]];
    const std::vector<double> z = solve_dense(matrix, right);
    for (std::size_t u = 0; u < unknowns.size(); ++u) (unknowns[u].second ? theta : rho)[unknowns[u].first] = z[u];
    FlowState answer = base_;
    for (std::size_t i = 0; i < buses; ++i) {
      answer.vm_pu[i] *= std::exp(rho[i]);
      answer.va_deg[i] += theta[i] / k_radian;
    }
    return answer;
  }

 private:
  const Bench& bench_;
  FlowState base_;
};

/// Plain, with shares, with other set points, with loads that follow the voltage, and with all of it.
std::vector<Flow> flows_of_all_kinds(const Bench& bench) {
  auto flows = varied(bench, 16, 0.4);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    Flow& flow = flows[k];
    flow.va_set_deg[0] = 0.0;
    if ((k & 1) != 0) {
      flow.participation.assign(flow.p_mw.size(), 0.0);
      flow.participation[5] = 0.3;
      flow.participation[7] = 0.7;
    }
    if ((k & 2) != 0) flow.vm_set_pu[0] = flow.vm_set_pu[10] = 0.99;
    if ((k & 4) != 0) {
      flow.make_voltage_dependent();
      for (std::size_t i = 1; i < flow.p_mw.size(); i += 2) {
        flow.p_current_mw[i] = flow.q_current_mvar[i] = -2.0;
        flow.p_impedance_mw[i] = -3.0;
      }
    }
  }
  return flows;
}

TEST_P(LinearFlows, SolveTheEquationsToFirstOrder) {
  const Bench bench = random_bench(24, 6);
  const auto base = idle_base(bench);
  LaneSolver solver(base, lane_kernels(GetParam()));
  const DenseEquations dense(bench, state_of(*base));
  const auto flows = flows_of_all_kinds(bench);
  const Answer answer = solve_linear(solver, flows);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    ASSERT_TRUE(answer.reports[k].converged());
    EXPECT_EQ(answer.reports[k].iterations, 1);
    const FlowState expected = dense.solve(flows[k]);
    for (std::size_t i = 0; i < flows[k].type.size(); ++i) {
      EXPECT_NEAR(answer.states[k].vm_pu[i], expected.vm_pu[i], k_same_vm_pu) << "bus " << i;
      EXPECT_NEAR(answer.states[k].va_deg[i], expected.va_deg[i], k_same_va_deg) << "bus " << i;
    }
  }
}

/// Largest difference of complex voltages from the exact flow.
double error_pu(const Bench& bench, const Flow& flow, const FlowState& linear) {
  FlowState exact = bench.base_state;
  EXPECT_TRUE(bench.twin(flow, exact, {.tolerance_pu = 1e-12}).converged());
  double largest = 0.0;
  for (std::size_t i = 0; i < exact.vm_pu.size(); ++i)
    largest = std::max(largest, std::abs(std::polar(linear.vm_pu[i], linear.va_deg[i] * k_radian) -
                                         std::polar(exact.vm_pu[i], exact.va_deg[i] * k_radian)));
  return largest;
}

TEST_P(LinearFlows, AreWrongByTheSquareOfTheInjections) {
  const Bench bench = random_bench(24, 6);
  LaneSolver solver(idle_base(bench), lane_kernels(GetParam()));
  for (const bool dependent : {false, true}) {
    double last_pu = 0.0;
    for (const double scale : {0.5, 0.25, 0.125, 0.0625}) {
      Flow flow = bench.base_flow;
      if (dependent) {
        flow.make_voltage_dependent();
        flow.p_impedance_mw[3] = flow.p_current_mw[4] = -20.0 * scale;
      }
      for (double& p_mw : flow.p_mw) p_mw *= scale;
      for (double& q_mvar : flow.q_mvar) q_mvar *= scale;
      const double now_pu = error_pu(bench, flow, solve_linear(solver, {&flow, 1}).states[0]);
      if (last_pu > 0.0) {
        EXPECT_NEAR(last_pu / now_pu, 4.0, 0.6) << "at " << scale;
      }
      last_pu = now_pu;
    }
    EXPECT_LT(last_pu, 1e-3);
  }
}

TEST_P(LinearFlows, ReportTheExactMismatch) {
  const Bench bench = random_bench(24, 6);
  LaneSolver solver(idle_base(bench), lane_kernels(GetParam()));
  Flow flow = bench.base_flow;
  const Answer answer = solve_linear(solver, {&flow, 1});
  const FlowResult result = evaluate(bench.grid, bench.admittance, answer.states[0]);
  double largest_mva = 0.0;
  for (std::size_t i = 0; i < flow.type.size(); ++i) {
    if (flow.type[i] == BusType::slack) continue;
    largest_mva = std::max(largest_mva, std::abs(result.p_mw[i] - flow.p_mw[i]));
    if (flow.type[i] == BusType::pq) largest_mva = std::max(largest_mva, std::abs(result.q_mvar[i] - flow.q_mvar[i]));
  }
  EXPECT_NEAR(answer.reports[0].max_mismatch_pu, largest_mva / bench.grid.base_mva(), 1e-12);
  EXPECT_GT(largest_mva, 0.1);

  std::fill(flow.p_mw.begin(), flow.p_mw.end(), 0.0);
  std::fill(flow.q_mvar.begin(), flow.q_mvar.end(), 0.0);
  EXPECT_LT(solve_linear(solver, {&flow, 1}).reports[0].max_mismatch_pu, 1e-7) << "the base itself";
}

TEST_P(LinearFlows, AnswersBitwiseTheSameInAnyCompany) {
  const Bench bench = random_bench(24, 6);
  LaneSolver solver(idle_base(bench), lane_kernels(GetParam()));
  auto flows = flows_of_all_kinds(bench);
  for (const Flow& flow : varied(bench, 35, 0.2)) flows.push_back(flow);
  flows[4].q_mvar[3] = std::numeric_limits<double>::quiet_NaN();
  const Answer together = solve_linear(solver, flows), threaded = solve_linear(solver, flows, 3);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    SCOPED_TRACE(k);
    EXPECT_EQ(together.reports[k].converged(), k != 4) << "a flow that holds no number";
    if (k == 4) continue;
    const Answer alone = solve_linear(solver, {&flows[k], 1});
    expect_bitwise_same(together.states[k], alone.states[0]);
    expect_bitwise_same(together.states[k], threaded.states[k]);
    EXPECT_EQ(together.reports[k].max_mismatch_pu, alone.reports[0].max_mismatch_pu);
  }
}

TEST(LinearFlow, NeedsTheBusTypesOfItsBase) {
  const Bench bench = random_bench(24, 6);
  LaneSolver solver(idle_base(bench));
  Flow flow = bench.base_flow;
  flow.type[5] = BusType::pq;
  EXPECT_THROW(solve_linear(solver, {&flow, 1}), InvariantError);
}

TEST(LinearFlow, OfABaseWithoutAFactorIsSingular) {
  const Bench bench = random_bench(12, 10);
  FlowState broken = bench.base_state;
  broken.vm_pu[3] = std::numeric_limits<double>::quiet_NaN();
  LaneSolver solver(std::make_shared<LaneBase>(bench.admittance, 100.0, bench.base_flow.type, broken));
  const Answer answer = solve_linear(solver, {&bench.base_flow, 1});
  EXPECT_EQ(answer.reports[0].status, SolveStatus::singular);
  EXPECT_EQ(answer.states[0].vm_pu, std::vector<double>(12, 0.0));
}

}  // namespace
}  // namespace gridplus::powerflow
