#include "models/producers/run_of_river.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

RunOfRiver::Params river(double flow_m3_per_s) {
  RunOfRiver::Params params;
  params.capacity_mw = 50;
  params.flow_m3_per_s = {flow_m3_per_s, {}};
  params.head_m = {20.0, {}};
  return params;
}

TEST(RunOfRiver, PowerIsThatOfFallingWater) {
  const auto params = prepared<RunOfRiver>(river(100));
  const double expected_mw = 1000 * 9.80665 * 0.9 * 100 * 20 / 1e6;
  EXPECT_NEAR(RunOfRiver::offer(params, {}, context_of()).available_mw, expected_mw, 1e-9);
}

TEST(RunOfRiver, LeavesTheResidualFlowInTheRiver) {
  auto params = river(100);
  params.residual_flow_m3_per_s = 30;
  EXPECT_DOUBLE_EQ(RunOfRiver::offer(params, {}, context_of()).available_mw,
                   RunOfRiver::offer(river(70), {}, context_of()).available_mw);
  params.flow_m3_per_s = {20.0, {}};
  EXPECT_EQ(RunOfRiver::offer(params, {}, context_of()).available_mw, 0.0);
}

TEST(RunOfRiver, IsTakenAsItComesByDefault) {
  RunOfRiver::Params params;
  params.capacity_mw = 50;
  params.output_mw = {33.0, {}};
  params = prepared<RunOfRiver>(params);
  RunOfRiver::State state;
  EXPECT_EQ(RunOfRiver::step(params, state, {true, 0}, context_of()).p_mw, 33.0);
  params.curtailable = true;
  EXPECT_EQ(RunOfRiver::step(params, state, {true, 5}, context_of()).p_mw, 5.0);
}

TEST(RunOfRiver, WantsOutputOrFlowWithHead) {
  RunOfRiver::Params params;
  EXPECT_EQ(test::blamed<RunOfRiver>(params), "output");
  params.flow_m3_per_s = {1.0, {}};
  EXPECT_EQ(test::blamed<RunOfRiver>(params), "head");
  params.head_m = {1.0, {}};
  EXPECT_EQ(test::blamed<RunOfRiver>(params), "");
  params.output_mw = {1.0, {}};
  EXPECT_EQ(test::blamed<RunOfRiver>(params), "output");
}

TEST(RunOfRiver, DeliversWhatItOffers) {
  EXPECT_TRUE(rc::check([] {
    auto params = river(number(0.0, 500.0));
    params.curtailable = *rc::gen::arbitrary<bool>();
    params.variable_cost_per_mwh = number(0.0, 10.0);
    params.availability = {number(0.0, 1.0), {}};
    RunOfRiver::State state;
    const ProducerCommand wild{*rc::gen::arbitrary<bool>(), test::wild_power_mw(50)};
    const auto response = test::expect_delivers<RunOfRiver>(params, state, wild, context_of());
    RC_ASSERT(response.p_mw >= 0.0 && response.p_mw <= 50.0);
    test::expect_cost_matches_segments<RunOfRiver>(params, state, 0.0, response.available_mw, context_of());
  }));
}

}  // namespace
}  // namespace gridplus::models
