#include "sim/powerflow/tap_regulator.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numbers>

#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::flat_start;
using test::Flow;
using test::Link;
using test::make_grid;

constexpr double k_voltage_tolerance_pu = 1e-9;

/// Ten positions either way of 1.25 %, at the `from` end, that hold bus 1 at 1 p.u. within 2 %.
TapChangerSpec changer() {
  return {.ratio_step = 0.0125,
          .lowest = -10,
          .highest = 10,
          .control = TapControl::voltage,
          .bus = "1",
          .set_point = 1.0,
          .dead_band = 0.02};
}

Grid two_buses(const TapChangerSpec& spec) {
  return make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1, .tap_changer = spec}});
}

/// Slack bus 0 feeds bus 1.
Flow loaded(double p_mw, double q_mvar) {
  Flow flow(2);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -p_mw;
  flow.q_mvar[1] = -q_mvar;
  return flow;
}

struct Regulated {
  std::vector<std::int32_t> positions;
  std::vector<TapState> states;
  FlowState state;
  FlowResult result;
  int solves = 0;
};

Regulated regulate(const Grid& grid, const Flow& flow) {
  const std::vector<std::uint8_t> closed(grid.branch_count(), 1);
  TapRegulator taps(grid, closed);
  Regulated out;
  do {
    const Admittance y = make_admittance(grid, closed, taps.positions());
    reference::NewtonSolver solver(grid, y);
    out.state = flat_start(grid.bus_count());
    if (!solver.solve(flow.input(), {.tolerance_pu = 1e-11}, out.state).converged()) ADD_FAILURE() << "no solution";
    evaluate(grid, y, out.state, out.result);
  } while (++out.solves < 1000 && taps.adjust(out.state, out.result.p_from_mw));
  out.positions.assign(taps.positions().begin(), taps.positions().end());
  out.states.assign(taps.states().begin(), taps.states().end());
  return out;
}

/// |V| of bus 1 at a position: |V|^4 + (2 x q - V0^2) |V|^2 + x^2 s^2 = 0 behind the ideal source V0 = 1 / ratio.
double closed_form_vm(double ratio, double p, double q) {
  constexpr double x = 0.1;
  const double half = 0.5 / (ratio * ratio) - x * q;
  return std::sqrt(half + std::sqrt(half * half - x * x * (p * p + q * q)));
}

TEST(TapRegulator, StopsAtTheFirstPositionWithinTheBand) {
  const Regulated out = regulate(two_buses(changer()), loaded(80.0, 60.0));
  ASSERT_EQ(out.states[0], TapState::regulated);
  const int position = out.positions[0];
  ASSERT_LT(position, 0);  // a lower ratio at the `from` end lifts bus 1
  EXPECT_NEAR(out.state.vm_pu[1], closed_form_vm(1.0 + 0.0125 * position, 0.8, 0.6), k_voltage_tolerance_pu);
  EXPECT_GE(closed_form_vm(1.0 + 0.0125 * position, 0.8, 0.6), 0.99);
  EXPECT_LT(closed_form_vm(1.0 + 0.0125 * (position + 1), 0.8, 0.6), 0.99);
  EXPECT_LT(out.solves, 1 - position + 1);
}

TEST(TapRegulator, LeavesAVoltageWithinItsBandAlone) {
  TapChangerSpec spec = changer();
  spec.position = 1;
  const Regulated out = regulate(two_buses(spec), loaded(0.0, -4.0));
  EXPECT_EQ(out.positions[0], 1);
  EXPECT_EQ(out.states[0], TapState::regulated);
  EXPECT_EQ(out.solves, 1);
}

TEST(TapRegulator, AtTheOtherEndItTurnsTheOtherWay) {
  TapChangerSpec spec = changer();
  spec.end = BranchEnd::to;
  const Regulated out = regulate(two_buses(spec), loaded(80.0, 60.0));
  ASSERT_EQ(out.states[0], TapState::regulated);
  ASSERT_GT(out.positions[0], 0);
  const double ratio = 1.0 / (1.0 + 0.0125 * out.positions[0]);
  EXPECT_NEAR(out.state.vm_pu[1], closed_form_vm(ratio, 0.8, 0.6), k_voltage_tolerance_pu);
}

TEST(TapRegulator, ANegativeStepIsUnderstood) {
  TapChangerSpec spec = changer();
  spec.ratio_step = -0.0125;
  const Regulated out = regulate(two_buses(spec), loaded(80.0, 60.0));
  EXPECT_EQ(out.states[0], TapState::regulated);
  EXPECT_GT(out.positions[0], 0);
}

TEST(TapRegulator, TheLastPositionIsAStateAndNoFailure) {
  TapChangerSpec spec = changer();
  spec.lowest = -2;
  const Regulated out = regulate(two_buses(spec), loaded(80.0, 60.0));
  EXPECT_EQ(out.positions[0], -2);
  EXPECT_EQ(out.states[0], TapState::at_limit);
}

TEST(TapRegulator, ABandNarrowerThanAStepEndsAtTheBestPosition) {
  TapChangerSpec spec = changer();
  spec.dead_band = 1e-4;
  const Regulated out = regulate(two_buses(spec), loaded(80.0, 60.0));
  EXPECT_EQ(out.states[0], TapState::hunting);
  const auto error = [&](int n) { return std::abs(closed_form_vm(1.0 + 0.0125 * n, 0.8, 0.6) - 1.0); };
  EXPECT_LE(error(out.positions[0]), error(out.positions[0] - 1));
  EXPECT_LE(error(out.positions[0]), error(out.positions[0] + 1));
  EXPECT_NEAR(std::abs(out.state.vm_pu[1] - 1.0), error(out.positions[0]), k_voltage_tolerance_pu);
}

TEST(TapRegulator, HoldsABusFurtherDown) {
  TapChangerSpec spec = changer();
  spec.bus = "2";
  const Grid grid = make_grid(
      3, {{.from = 0, .to = 1, .x_pu = 0.1, .tap_changer = spec}, {.from = 1, .to = 2, .r_pu = 0.02, .x_pu = 0.05}});
  Flow flow(3);
  flow.type[0] = BusType::slack;
  flow.p_mw[2] = -60.0;
  flow.q_mvar[2] = -30.0;
  const Regulated out = regulate(grid, flow);
  EXPECT_EQ(out.states[0], TapState::regulated);
  EXPECT_NEAR(out.state.vm_pu[2], 1.0, 0.01);
  EXPECT_LT(out.positions[0], 0);
}

TEST(TapRegulator, APhaseShifterHoldsItsPower) {
  // Two parallel ways of x = 0.1; the shift of the second drives P12 = (d - shift) / x through it.
  const TapChangerSpec spec{.shift_step_deg = 0.5,
                            .lowest = -20,
                            .highest = 20,
                            .control = TapControl::active_power,
                            .set_point = 70.0,
                            .dead_band = 6.0};
  const Grid grid =
      make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1}, {.from = 0, .to = 1, .x_pu = 0.1, .tap_changer = spec}});
  const Regulated out = regulate(grid, loaded(100.0, 0.0));
  EXPECT_EQ(out.states[0], TapState::regulated);
  EXPECT_NEAR(out.result.p_from_mw[1], 70.0, 3.0);
  // In the linear model half of the power circulates: P = 50 - shift / (2 x), 4.36 MW per position.
  const double per_position = 100.0 * 0.5 * std::numbers::pi / 180.0 / 0.2;
  EXPECT_NEAR(out.positions[0], -(70.0 - 3.0 - 50.0) / per_position, 1.0);
}

TEST(TapRegulator, AFixedOrDeadChangerStaysWhereItIs) {
  TapChangerSpec spec = changer();
  spec.control = TapControl::none;
  spec.position = 3;
  const Regulated fixed = regulate(two_buses(spec), loaded(80.0, 60.0));
  EXPECT_EQ(fixed.positions[0], 3);
  EXPECT_EQ(fixed.states[0], TapState::fixed);
  EXPECT_EQ(fixed.solves, 1);
  const Grid grid = two_buses(changer());
  const TapRegulator open(grid, std::vector<std::uint8_t>{0});
  EXPECT_FALSE(open.active());
}

TEST(TapChanger, TheGridBeginsAtItsPosition) {
  TapChangerSpec spec = changer();
  spec.position = 4;
  spec.shift_step_deg = 1.5;
  spec.neutral = 1;
  const Grid grid = two_buses(spec);
  EXPECT_DOUBLE_EQ(grid.branch().tap[0], 1.0 + 3 * 0.0125);
  EXPECT_DOUBLE_EQ(grid.branch().shift_deg[0], 4.5);
}

RC_GTEST_PROP(TapRegulator, EndsAndSaysTheTruthForChangersThatDisturbEachOther, ()) {
  // Two transformers in a row, each holding its own side within a random band.
  const auto within = [](int low, int high) { return *rc::gen::inRange(low, high + 1); };
  const auto spec_of = [&](const char* bus) {
    return TapChangerSpec{.ratio_step = 0.001 * within(5, 25),
                          .lowest = -within(1, 12),
                          .highest = within(1, 12),
                          .end = within(0, 1) == 0 ? BranchEnd::from : BranchEnd::to,
                          .control = TapControl::voltage,
                          .bus = bus,
                          .set_point = 0.97 + 0.01 * within(0, 6),
                          .dead_band = 0.001 * within(1, 30)};
  };
  const Grid grid = make_grid(3, {{.from = 0, .to = 1, .r_pu = 0.005, .x_pu = 0.08, .tap_changer = spec_of("1")},
                                  {.from = 1, .to = 2, .r_pu = 0.01, .x_pu = 0.1, .tap_changer = spec_of("2")}});
  Flow flow(3);
  flow.type[0] = BusType::slack;
  flow.p_mw[1] = -within(0, 40);
  flow.q_mvar[1] = -within(-10, 20);
  flow.p_mw[2] = -within(0, 40);
  flow.q_mvar[2] = -within(-10, 20);
  const Regulated out = regulate(grid, flow);
  RC_ASSERT(out.solves < 200);
  for (std::size_t i = 0; i < 2; ++i) {
    const TapChanger& changer = grid.tap_changers()[i];
    const double error = changer.set_point - out.state.vm_pu[changer.bus.index()];
    const bool inside = std::abs(error) <= 0.5 * changer.dead_band;
    RC_ASSERT(inside == (out.states[i] == TapState::regulated));
    RC_ASSERT(changer.lowest <= out.positions[i] && out.positions[i] <= changer.highest);
    if (out.states[i] == TapState::at_limit)
      RC_ASSERT(out.positions[i] == changer.lowest || out.positions[i] == changer.highest);
  }
}

}  // namespace
}  // namespace gridplus::powerflow
