#include "sim/powerflow/lane_chord.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/sim/powerflow/lane_bench.hpp"

namespace gridplus::powerflow {
namespace {

using test::Bench;
using test::expect_same_as_twin;
using test::flat_start;
using test::Flow;
using test::random_bench;
using test::solve;
using test::varied;

GRIDPLUS_EVERY_INSTRUCTION_SET(LaneChordAlone);

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

TEST_P(LaneChordAlone, TheChordSharesTheMissingPower) {
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

TEST_P(LaneChordAlone, TheChordTakesOtherSetPoints) {
  const Bench bench = random_bench(24, 6);
  for (Flow flow : varied(bench, 5, 0.2)) {
    flow.vm_set_pu[0] = 1.0;
    flow.vm_set_pu[5] = 1.02;
    FlowState state;
    expect_same_as_twin(bench, flow, state, solve_by_chord(bench, GetParam(), flow, state));
    EXPECT_NEAR(state.vm_pu[5], 1.02, 1e-15);
  }
}

/// A third of the demand each of constant power, current and impedance; with a share and other set points too.
TEST_P(LaneChordAlone, TheChordServesLoadsThatFollowTheVoltage) {
  const Bench bench = random_bench(24, 6);
  for (const int kind : {0, 1, 2, 3}) {
    SCOPED_TRACE(kind);
    for (Flow flow : varied(bench, 3, 0.3)) {
      flow.make_voltage_dependent();
      for (std::size_t i = 0; i < 24; ++i) {
        const double p_mw = flow.type[i] == BusType::pq ? flow.p_mw[i] : -6.0;
        flow.p_current_mw[i] = flow.p_impedance_mw[i] = 0.3 * p_mw;
        flow.q_current_mvar[i] = 0.2 * p_mw;
        flow.q_impedance_mvar[i] = -0.1 * p_mw;
        flow.p_mw[i] -= 0.6 * p_mw;
      }
      if ((kind & 1) != 0) flow.participation.assign(24, 1.0 / 24.0);
      if ((kind & 2) != 0) flow.vm_set_pu[5] = 0.97;
      FlowState state;
      const SolveReport report = solve_by_chord(bench, GetParam(), flow, state);
      expect_same_as_twin(bench, flow, state, report);
      EXPECT_LE(report.iterations, 12);
    }
  }
}

/// The limit is on what the units give: not on the bus's demand that follows the voltage.
TEST_P(LaneChordAlone, TheChordKeepsLimitsBesideLoadsThatFollowTheVoltage) {
  const Bench bench = random_bench(24, 7);
  Flow flow = bench.base_flow;
  flow.make_voltage_dependent();
  flow.q_impedance_mvar[5] = -30.0;
  flow.q_min_mvar.assign(24, -1e3);
  flow.q_max_mvar.assign(24, 1e3);
  const FlowOptions options{.enforce_q_limits = true};
  FlowState state;
  expect_same_as_twin(bench, flow, state, solve_by_chord(bench, GetParam(), flow, state, options), options);
  const double given_mvar =
      evaluate(bench.grid, bench.admittance, state).q_mvar[5] + 30.0 * state.vm_pu[5] * state.vm_pu[5];
  for (const double room_mvar : {0.5, -0.5}) {
    flow.q_max_mvar[5] = given_mvar + room_mvar;
    EXPECT_EQ(solve_by_chord(bench, GetParam(), flow, state, options).converged(), room_mvar > 0.0);
  }
}

TEST_P(LaneChordAlone, TheChordHandsFlowsBeyondALimitOn) {
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

}  // namespace
}  // namespace gridplus::powerflow
