#include "sim/powerflow/lane_solver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <random>

#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::flat_start;
using test::Flow;
using test::Link;
using test::make_grid;

constexpr double k_same_vm_pu = 1e-8;
constexpr double k_same_va_deg = 1e-6;

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

Answer solve(LaneSolver& solver, std::span<const Flow> flows, const FlowOptions& options = {}, int threads = 1) {
  std::vector<FlowInput> inputs;
  for (const Flow& flow : flows) inputs.push_back(flow.input());
  Answer answer{std::vector<FlowState>(flows.size()), std::vector<SolveReport>(flows.size())};
  solver.solve(inputs, options, answer.states, answer.reports, threads);
  return answer;
}

/// A ring of `buses` with random chords, a slack bus, PV buses and loads that it can carry.
Bench random_bench(std::size_t buses, unsigned seed) {
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
std::vector<Flow> varied(const Bench& bench, std::size_t count, double spread, unsigned seed = 1) {
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

void expect_same_as_twin(const Bench& bench, const Flow& flow, const FlowState& state, const SolveReport& report,
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

void expect_bitwise_same(const FlowState& a, const FlowState& b) {
  EXPECT_EQ(a.vm_pu, b.vm_pu);
  EXPECT_EQ(a.va_deg, b.va_deg);
}

/// Two buses, the load behind x = 0.1 p.u. without losses.
Bench two_buses() {
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -100.0;
  return {make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}}), flow};
}

class EveryInstructionSet : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(LaneSolver, EveryInstructionSet, testing::ValuesIn(lane_kernel_names()),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(EveryInstructionSet, AgreesWithTheTwinOnRandomGrids) {
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

TEST_P(EveryInstructionSet, SwitchesBusTypesAndSetPointsPerFlow) {
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

TEST_P(EveryInstructionSet, SharesTheMissingPowerByParticipation) {
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

TEST_P(EveryInstructionSet, KeepsReactiveLimits) {
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

TEST_P(EveryInstructionSet, ServesLoadsThatDependOnTheVoltage) {
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

TEST_P(EveryInstructionSet, SolvesFromAFlatBase) {
  const Bench bench = random_bench(40, 8);
  FlowState flat = flat_start(40);
  flat.va_deg.assign(40, 7.0);
  flat.vm_pu[0] = 1.02;
  LaneSolver solver(std::make_shared<LaneBase>(bench.admittance, 100.0, bench.base_flow.type, flat),
                    lane_kernels(GetParam()));
  const Answer answer = solve(solver, {&bench.base_flow, 1});
  expect_same_as_twin(bench, bench.base_flow, answer.states[0], answer.reports[0]);
}

/// Easy flows, flows of other types and shares, hopeless flows and NaN.
std::vector<Flow> mixed_flows(const Bench& bench) {
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
    if (k % 11 == 6) flow.q_mvar[3] = std::numeric_limits<double>::quiet_NaN();
  }
  return flows;
}

TEST_P(EveryInstructionSet, AnswersBitwiseTheSameInAnyCompany) {
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

TEST_P(EveryInstructionSet, ReportsWhatIsNoSolutionAsFailure) {
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
      if (flows[k].type[i] == BusType::pq && flows[k].participation.empty()) {
        EXPECT_NEAR(result.p_mw[i], flows[k].p_mw[i], 1e-6);
        EXPECT_NEAR(result.q_mvar[i], flows[k].q_mvar[i], 1e-6);
      }
    }
  }
  EXPECT_EQ(failed, 9U);
}

/// A load of unity power factor behind a reactance x at 1 p.u. can draw 1 / (2 x) = 500 MW.
TEST_P(EveryInstructionSet, FindsTheNoseOfTwoBuses) {
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

/// The chord alone, without the Newton behind it.
SolveReport solve_by_chord(const Bench& bench, std::string_view set, const Flow& flow, FlowState& state,
                           const FlowOptions& options = {}) {
  const auto base = bench.lane_base();
  const FlowInput input = flow.input();
  const auto kind = chord_kind(*base, input);
  SolveReport report;
  if (!kind) return report;
  LaneChord chord(*base, lane_kernels(set));
  state = flat_start(flow.p_mw.size());
  LaneTask task{&input, &state, &report};
  chord.solve({&task, 1}, *kind, options);
  EXPECT_EQ(task.from_state, report.status == SolveStatus::iteration_limit);
  return report;
}

TEST_P(EveryInstructionSet, TheChordSharesTheMissingPower) {
  const Bench bench = random_bench(24, 6);
  for (Flow flow : varied(bench, 5, 0.2)) {
    flow.participation.assign(24, 0.0);
    flow.participation[5] = 0.3;
    flow.participation[7] = 0.7;  // a PQ bus, and not the slack bus
    FlowState state;
    const SolveReport report = solve_by_chord(bench, GetParam(), flow, state);
    expect_same_as_twin(bench, flow, state, report);
    EXPECT_LE(report.iterations, 8);
  }
}

TEST_P(EveryInstructionSet, TheChordTakesOtherSetPoints) {
  const Bench bench = random_bench(24, 6);
  for (Flow flow : varied(bench, 5, 0.2)) {
    flow.vm_set_pu[0] = 1.0;
    flow.vm_set_pu[5] = 1.02;
    FlowState state;
    expect_same_as_twin(bench, flow, state, solve_by_chord(bench, GetParam(), flow, state));
    EXPECT_NEAR(state.vm_pu[5], 1.02, 1e-15);
  }
}

TEST_P(EveryInstructionSet, TurnsAnIslandWithItsSlackBus) {
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

TEST_P(EveryInstructionSet, TheChordHandsFlowsBeyondALimitOn) {
  const Bench bench = random_bench(24, 7);
  Flow flow = bench.base_flow;
  flow.q_min_mvar.assign(24, -1e3);
  flow.q_max_mvar.assign(24, 1e3);
  const FlowOptions options{.enforce_q_limits = true};
  FlowState state;
  expect_same_as_twin(bench, flow, state, solve_by_chord(bench, GetParam(), flow, state, options), options);
  const FlowResult result = evaluate(bench.grid, bench.admittance, state);
  for (const std::size_t bus : {0U, 5U}) {  // the slack bus keeps its limits too
    Flow tight = flow;
    tight.q_max_mvar[bus] = result.q_mvar[bus] - 1.0;
    EXPECT_FALSE(solve_by_chord(bench, GetParam(), tight, state, options).converged());
    EXPECT_TRUE(solve_by_chord(bench, GetParam(), tight, state).converged());
    tight = flow;
    tight.q_min_mvar[bus] = result.q_mvar[bus] + 1.0;
    EXPECT_FALSE(solve_by_chord(bench, GetParam(), tight, state, options).converged());
  }
}

TEST(LaneChord, LeavesOtherBusTypesToTheNewton) {
  const Bench bench = random_bench(8, 3);
  const auto base = bench.lane_base();
  Flow flow = bench.base_flow;
  EXPECT_EQ(chord_kind(*base, flow.input()), ChordKind{});
  flow.participation.assign(8, 0.125);
  EXPECT_EQ(chord_kind(*base, flow.input()), (ChordKind{.shares = true}));
  flow.vm_set_pu[5] = 1.05;
  EXPECT_EQ(chord_kind(*base, flow.input()), (ChordKind{.shares = true, .moved = true}));
  flow.type[5] = BusType::pq;
  EXPECT_EQ(chord_kind(*base, flow.input()), std::nullopt);
}

/// lambda of the base is what the slack bus has to give for one more unit of demand.
TEST(LaneBase, KnowsTheAdjointOfTheSlackPower) {
  const Bench bench = random_bench(12, 4);
  const auto base = bench.lane_base();
  const auto slack_mw = [&](const FlowState& state) { return evaluate(bench.grid, bench.admittance, state).p_mw[0]; };
  constexpr double k_step_mw = 0.01;
  for (std::size_t bus = 1; bus < 12; ++bus) {
    Flow flow = bench.base_flow;
    flow.p_mw[bus] += k_step_mw;
    FlowState moved = bench.base_state;
    ASSERT_TRUE(bench.twin(flow, moved, {.tolerance_pu = 1e-11}).converged());
    const double expected = (slack_mw(moved) - slack_mw(bench.base_state)) / k_step_mw;
    const auto position = static_cast<std::size_t>(base->pattern().position[bus]);
    EXPECT_NEAR(base->adjoint()[2 * position], expected, 1e-4);
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

TEST(LaneKernels, AreChosenByTheEnvironment) {
  EXPECT_EQ(lane_kernel_names().front(), "scalar");
  ASSERT_EQ(setenv("GRIDPLUS_SIMD", "scalar", 1), 0);
  EXPECT_EQ(lane_kernels().name, "scalar");
  ASSERT_EQ(setenv("GRIDPLUS_SIMD", "mmx", 1), 0);
  EXPECT_THROW((void)lane_kernels(), InputError);
  ASSERT_EQ(unsetenv("GRIDPLUS_SIMD"), 0);
  EXPECT_EQ(lane_kernels().name, lane_kernel_names().back());
}

TEST(LanePattern, LeavesNoFillOnTrees) {
  std::mt19937 draw(2);
  std::vector<Link> links;
  for (std::size_t i = 1; i < 500; ++i) links.push_back({.from = draw() % i, .to = i});
  const Grid grid = make_grid(500, links);
  Flow flow(500);
  flow.type[17] = BusType::slack;
  const auto pattern = make_lane_pattern(make_admittance(grid, grid.initially_closed()), flow.type);
  EXPECT_EQ(pattern.active, 499);
  const auto branches_off_slack =
      std::count_if(links.begin(), links.end(), [](const Link& link) { return link.from != 17 && link.to != 17; });
  EXPECT_EQ(pattern.lower.start[499], branches_off_slack);
}

/// Elimination on a dense boolean matrix.
TEST(LanePattern, HoldsExactlyTheFillOfElimination) {
  const Bench bench = random_bench(40, 12);
  const auto pattern = make_lane_pattern(bench.admittance, bench.base_flow.type);
  const auto rows = static_cast<std::size_t>(pattern.positions());
  std::vector<std::vector<char>> filled(rows, std::vector<char>(rows, 0));
  for (std::size_t i = 0; i < rows; ++i) {
    for (const std::int32_t j : pattern.coupling.row(i)) filled[i][static_cast<std::size_t>(j)] = 1;
  }
  for (std::size_t k = 0; k < rows; ++k) {
    for (std::size_t i = k + 1; i < rows; ++i) {
      for (std::size_t j = k + 1; j < rows; ++j) filled[i][j] |= static_cast<char>(filled[i][k] & filled[k][j]);
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<std::int32_t> lower;
    std::vector<std::int32_t> upper;
    for (std::size_t j = 0; j < rows; ++j) {
      if (filled[i][j] == 0 || i == j) continue;
      (j < i ? lower : upper).push_back(static_cast<std::int32_t>(j));
    }
    EXPECT_TRUE(std::equal(lower.begin(), lower.end(), pattern.lower.row(i).begin(), pattern.lower.row(i).end()));
    EXPECT_TRUE(std::equal(upper.begin(), upper.end(), pattern.upper.row(i).begin(), pattern.upper.row(i).end()));
  }
}

}  // namespace
}  // namespace gridplus::powerflow
