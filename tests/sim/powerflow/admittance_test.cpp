#include "sim/powerflow/admittance.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::Link;
constexpr double k_tight = 1e-14;

void expect_near(Complex actual, Complex expected) {
  EXPECT_NEAR(actual.real(), expected.real(), k_tight);
  EXPECT_NEAR(actual.imag(), expected.imag(), k_tight);
}

TEST(Admittance, ALineIsThePiOfItsImpedanceAndCharging) {
  // 1/(0.03 + j0.04) = 12 - j16
  const Grid grid = test::make_grid(2, {{.from = 0, .to = 1, .r_pu = 0.03, .x_pu = 0.04, .b_pu = 0.2, .g_pu = 0.1}});
  const Admittance y = make_admittance(grid, std::vector<std::uint8_t>{1});
  expect_near(y.branch[0].ff, {12.05, -15.9});
  expect_near(y.branch[0].ft, {-12.0, 16.0});
  expect_near(y.branch[0].tf, {-12.0, 16.0});
  expect_near(y.branch[0].tt, {12.05, -15.9});
}

TEST(Admittance, ATransformerHasItsTapAndShiftAtTheFromEnd) {
  // Ratio a = 0.8 exp(j 90 deg) = j0.8: ft = -y/conj(a), tf = -y/a with y = -j10.
  const Grid grid = test::make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.1, .tap = 0.8, .shift_deg = 90.0}});
  const Admittance y = make_admittance(grid, std::vector<std::uint8_t>{1});
  expect_near(y.branch[0].ff, {0.0, -10.0 / 0.64});
  expect_near(y.branch[0].ft, {-12.5, 0.0});
  expect_near(y.branch[0].tf, {12.5, 0.0});
  expect_near(y.branch[0].tt, {0.0, -10.0});
}

TEST(Admittance, TheBusMatrixSumsBranchesAndShunts) {
  const Grid grid = test::make_grid(
      3, {{.from = 0, .to = 1, .x_pu = 0.1}, {.from = 1, .to = 0, .x_pu = 0.2}, {.from = 2, .to = 1, .x_pu = 0.5}},
      {{0, 0}, {10, 20}, {0, 0}});
  const Admittance y = make_admittance(grid, std::vector<std::uint8_t>{1, 1, 1});
  EXPECT_EQ(y.row_start, (std::vector<std::int32_t>{0, 2, 5, 7}));
  EXPECT_EQ(y.column, (std::vector<std::int32_t>{0, 1, 0, 1, 2, 1, 2}));
  EXPECT_EQ(y.diagonal, (std::vector<std::int32_t>{0, 3, 6}));
  expect_near(y.value[1], {0.0, 15.0});
  expect_near(y.value[3], {0.1, -17.0 + 0.2});
}

TEST(Admittance, SwitchingChangesValuesAndNotThePattern) {
  const Grid grid = test::make_grid(3, {{.from = 0, .to = 1}, {.from = 1, .to = 2}});
  const Admittance closed = make_admittance(grid, std::vector<std::uint8_t>{1, 1});
  const Admittance open = make_admittance(grid, std::vector<std::uint8_t>{1, 0});
  EXPECT_EQ(open.column, closed.column);
  EXPECT_EQ(open.row_start, closed.row_start);
  EXPECT_EQ(open.branch[1].ff, Complex{});
  EXPECT_EQ(open.value[4], Complex{});  // (1, 2)
  EXPECT_THROW((void)make_admittance(grid, std::vector<std::uint8_t>{1}), InvariantError);
}

TEST(Evaluate, AnUnlimitedBranchIsNeverLoaded) {
  GridBuilder builder;
  for (const char* name : {"a", "b"}) {
    BusSpec bus;
    bus.name = name;
    builder.add(bus);
  }
  BranchSpec branch;
  branch.name = "k";
  branch.from_bus = "a";
  branch.to_bus = "b";
  branch.x_pu = 0.1;
  builder.add(branch);
  Diagnostics diagnostics;
  const Grid grid = builder.build(diagnostics).grid;
  const Admittance y = make_admittance(grid, std::vector<std::uint8_t>{1});
  const FlowResult flow = evaluate(grid, y, {{1.0, 1.0}, {0.0, -30.0}});
  EXPECT_NEAR(flow.p_from_mw[0], 100.0 * 0.5 / 0.1, 1e-9);  // V V sin(30 deg) / x
  EXPECT_EQ(flow.loading_percent[0], 0.0);
}

/// Injections at a bus are what its branches and its shunt draw, whatever the state.
RC_GTEST_PROP(Evaluate, BusInjectionsAreTheSumOfBranchFlowsAndShunts, ()) {
  const auto number = [](double low, double high) {
    return low + (high - low) * static_cast<double>(*rc::gen::inRange(0, 1'000'001)) / 1e6;
  };
  const auto buses = *rc::gen::inRange<std::size_t>(2, 10);
  std::vector<Link> links;
  std::vector<std::pair<double, double>> shunts;
  FlowState state;
  for (std::size_t i = 0; i < buses; ++i) {
    if (i > 0) {
      links.push_back({*rc::gen::inRange<std::size_t>(0, i), i, number(0, 0.05), number(0.01, 0.3), number(0, 0.2),
                       number(0.9, 1.1), number(-30, 30), number(0, 0.01)});
    }
    shunts.emplace_back(number(-5, 20), number(-20, 20));
    state.vm_pu.push_back(number(0.8, 1.2));
    state.va_deg.push_back(number(-180, 180));
  }
  const Grid grid = test::make_grid(buses, links, shunts);
  const FlowResult flow = evaluate(grid, make_admittance(grid, std::vector<std::uint8_t>(links.size(), 1)), state);
  std::vector<Complex> sum(buses);
  for (std::size_t i = 0; i < buses; ++i) {
    sum[i] = Complex(shunts[i].first, -shunts[i].second) * state.vm_pu[i] * state.vm_pu[i];
  }
  for (std::size_t k = 0; k < links.size(); ++k) {
    sum[links[k].from] += Complex(flow.p_from_mw[k], flow.q_from_mvar[k]);
    sum[links[k].to] += Complex(flow.p_to_mw[k], flow.q_to_mvar[k]);
    RC_ASSERT(flow.losses_mw[k] >= -1e-9);
  }
  for (std::size_t i = 0; i < buses; ++i) {
    RC_ASSERT(std::abs(sum[i] - Complex(flow.p_mw[i], flow.q_mvar[i])) < 1e-8);
  }
}

}  // namespace
}  // namespace gridplus::powerflow
