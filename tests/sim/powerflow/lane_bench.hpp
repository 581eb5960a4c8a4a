// Small grids with solved flows, and the lane solver on them: what its tests share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "sim/powerflow/lane_solver.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow::test {

inline constexpr double k_same_vm_pu = 1e-8;
inline constexpr double k_same_va_deg = 1e-6;

/// A grid with a solved base flow, and everything that solves flows on it.
struct Bench {
  Grid grid;
  Admittance admittance;
  Flow base_flow;
  FlowState base_state;

  Bench(Grid made, Flow flow)
      : grid(std::move(made)),
        admittance(make_admittance(grid, grid.initially_closed())),
        base_flow(std::move(flow)),
        base_state(flat_start(grid.bus_count())) {
    const SolveReport report = twin(base_flow, base_state, {.tolerance_pu = 1e-11});
    EXPECT_TRUE(report.converged());
  }

  SolveReport twin(const Flow& flow, FlowState& state, const FlowOptions& options = {}) const {
    reference::NewtonSolver solver(grid, admittance);
    return solver.solve(flow.input(), options, state);
  }

  [[nodiscard]] std::shared_ptr<const LaneBase> lane_base() const {
    return std::make_shared<LaneBase>(admittance, grid.base_mva(), base_flow.type, base_state);
  }
};

struct Answer {
  std::vector<FlowState> states;
  std::vector<SolveReport> reports;
};

inline Answer solve(LaneSolver& solver, std::span<const Flow> flows, const FlowOptions& options = {}, int threads = 1) {
  std::vector<FlowInput> inputs;
  for (const Flow& flow : flows) inputs.push_back(flow.input());
  Answer answer{std::vector<FlowState>(flows.size()), std::vector<SolveReport>(flows.size())};
  solver.solve(inputs, options, answer.states, answer.reports, threads);
  return answer;
}

/// A ring of `buses` with random chords, a slack bus, PV buses and loads that it can carry.
inline Bench random_bench(std::size_t buses, unsigned seed) {
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<Link> links;
  for (std::size_t i = 0; i < buses; ++i) {
    links.push_back({.from = i, .to = (i + 1) % buses, .r_pu = 0.01, .x_pu = 0.05 + 0.1 * uniform(draw), .b_pu = 0.02});
  }
  for (std::size_t k = 0; k < buses / 2; ++k) {
    const std::size_t from = draw() % buses;
    const std::size_t to = draw() % buses;
    if (from != to) links.push_back({.from = from, .to = to, .r_pu = 0.02, .x_pu = 0.2, .tap = 0.98, .shift_deg = 2.0});
  }
  Flow flow(buses);
  for (std::size_t i = 1; i < buses; ++i) {
    flow.p_mw[i] = -20.0 * uniform(draw);
    flow.q_mvar[i] = -5.0 * uniform(draw);
    if (i % 5 == 0) {
      flow.type[i] = BusType::pv;
      flow.p_mw[i] = 60.0;
      flow.vm_set_pu[i] = 1.01;
    }
  }
  flow.type[0] = BusType::slack;
  flow.vm_set_pu[0] = 1.02;
  flow.va_set_deg[0] = 7.0;
  return {make_grid(buses, links), flow};
}

/// The base flow with every injection times its own factor.
inline std::vector<Flow> varied(const Bench& bench, std::size_t count, double spread, unsigned seed = 1) {
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> factor(1.0 - spread, 1.0 + spread);
  std::vector<Flow> flows(count, bench.base_flow);
  for (Flow& flow : flows) {
    for (std::size_t i = 0; i < flow.p_mw.size(); ++i) {
      flow.p_mw[i] *= factor(draw);
      flow.q_mvar[i] *= factor(draw);
    }
  }
  return flows;
}

inline void expect_same_as_twin(const Bench& bench, const Flow& flow, const FlowState& state, const SolveReport& report,
                                const FlowOptions& options = {}) {
  FlowState expected = bench.base_state;
  ASSERT_TRUE(bench.twin(flow, expected, options).converged());
  ASSERT_TRUE(report.converged()) << to_string(report.status);
  EXPECT_LE(report.max_mismatch_pu, options.tolerance_pu);
  for (std::size_t i = 0; i < expected.vm_pu.size(); ++i) {
    EXPECT_NEAR(state.vm_pu[i], expected.vm_pu[i], k_same_vm_pu) << "bus " << i;
    EXPECT_NEAR(std::remainder(state.va_deg[i] - expected.va_deg[i], 360.0), 0.0, k_same_va_deg) << "bus " << i;
  }
}

inline void expect_bitwise_same(const FlowState& a, const FlowState& b) {
  EXPECT_EQ(a.vm_pu, b.vm_pu);
  EXPECT_EQ(a.va_deg, b.va_deg);
}

/// Two buses, the load behind x = 0.1 p.u. without losses.
inline Bench two_buses() {
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -100.0;
  return {make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}}), flow};
}

/// Easy flows, flows of other types and shares, with loads that follow the voltage, hopeless flows and NaN.
inline std::vector<Flow> mixed_flows(const Bench& bench) {
  auto flows = varied(bench, 45, 0.2);
  for (std::size_t k = 0; k < flows.size(); ++k) {
    Flow& flow = flows[k];
    if (k % 7 == 3) {
      for (double& p : flow.p_mw) p *= 40.0;
    }
    if (k % 7 == 4) flow.type[5] = BusType::pq;
    if (k % 7 == 5) flow.participation.assign(flow.p_mw.size(), 1.0 / static_cast<double>(flow.p_mw.size()));
    if (k % 7 == 6) {
      flow.vm_set_pu[10] = 1.0 + 0.001 * static_cast<double>(k);
      flow.va_set_deg[0] = static_cast<double>(k);
    }
    if (k % 5 == 1) {
      flow.q_min_mvar.assign(flow.p_mw.size(), -5.0);
      flow.q_max_mvar.assign(flow.p_mw.size(), 10.0);
    }
    if (k % 6 == 2) {
      flow.make_voltage_dependent();
      for (std::size_t i = k % 4; i < flow.p_mw.size(); i += 3) {
        flow.p_current_mw[i] = flow.q_impedance_mvar[i] = -1.0;
        flow.p_impedance_mw[i] = -2.0;
      }
    }
    if (k % 11 == 6) flow.q_mvar[3] = std::numeric_limits<double>::quiet_NaN();
  }
  return flows;
}

}  // namespace gridplus::powerflow::test

/// Tests of that name run once for each instruction set, GetParam().
#define GRIDPLUS_EVERY_INSTRUCTION_SET(name)                                    \
  class name : public testing::TestWithParam<std::string_view> {};              \
  INSTANTIATE_TEST_SUITE_P(Lanes, name, testing::ValuesIn(lane_kernel_names()), \
                           [](const auto& instance) { return std::string(instance.param); })
