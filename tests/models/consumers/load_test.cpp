#include "models/consumers/load.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

Load::Params load(double demand_mw) {
  Load::Params params;
  params.demand_mw = {demand_mw, {}};
  return params;
}

TEST(Load, ReactivePowerFollowsThePowerFactor) {
  auto params = load(80);
  params.power_factor = 0.8;
  params = prepared<Load>(params);
  EXPECT_NEAR(Load::offer(params, {}, context_of()).q_mvar, 60, 1e-12);
  params.leading = true;
  params = prepared<Load>(params);
  EXPECT_NEAR(Load::offer(params, {}, context_of()).q_mvar, -60, 1e-12);
}

TEST(Load, FollowsItsProfilesAndIsScaled) {
  ProfileTable profiles(2);
  auto params = load(0);
  params.demand_mw = {2.0, profiles.add("p", {10, 20})};
  params.reactive_mvar = {1.0, profiles.add("q", {3, 4})};
  params.scale = 1.5;
  params = prepared<Load>(params);
  StepContext context = context_of(1.0, &profiles);
  context.step = 1;
  EXPECT_DOUBLE_EQ(Load::offer(params, {}, context).demand_mw, 60);
  EXPECT_DOUBLE_EQ(Load::offer(params, {}, context).q_mvar, 6);
}

TEST(Load, GrowsByTheYear) {
  auto params = load(100);
  params.growth_per_year = 0.05;
  params.growth_from_year = 2020;
  params = prepared<Load>(params);
  StepContext context = context_of();
  context.time = parse_time("2020-12-31T23:00");
  EXPECT_DOUBLE_EQ(Load::offer(params, {}, context).demand_mw, 100);
  context.time = parse_time("2022-01-01");
  EXPECT_DOUBLE_EQ(Load::offer(params, {}, context).demand_mw, 100 * 1.05 * 1.05);
}

TEST(Load, FollowsThePriceThatItKnows) {
  auto params = load(100);
  params.price_elasticity = -0.1;
  params.power_factor = 0.8;
  params = prepared<Load>(params);
  StepContext context = context_of();
  EXPECT_DOUBLE_EQ(Load::offer(params, {}, context).demand_mw, 100) << "no retail price";
  context.price_ratio = 1.5;
  EXPECT_DOUBLE_EQ(Load::offer(params, {}, context).demand_mw, 100 * std::pow(1.5, -0.1));
  EXPECT_NEAR(Load::offer(params, {}, context).q_mvar, 75 * std::pow(1.5, -0.1), 1e-12);
}

TEST(Load, ShedsReactiveWithActivePower) {
  auto params = load(80);
  params.power_factor = 0.8;
  params = prepared<Load>(params);
  Load::State state;
  const ConsumerResponse half = Load::step(params, state, {40}, context_of());
  EXPECT_EQ(half.served_mw, 40);
  EXPECT_NEAR(half.q_mvar, 30, 1e-12);
}

TEST(Load, APurelyReactiveLoadIsServedWhole) {
  auto params = load(0);
  params.reactive_mvar = {12.0, {}};
  params = prepared<Load>(params);
  Load::State state;
  EXPECT_EQ(Load::step(params, state, {0}, context_of()).q_mvar, 12.0);
}

TEST(Load, ReactiveSharesAreThoseOfActivePowerUnlessGiven) {
  auto params = load(1);
  params.p_current_share = 0.3;
  params.p_impedance_share = 0.2;
  params = prepared<Load>(params);
  Load::State state;
  const ZipShares same = Load::step(params, state, {1}, context_of()).zip;
  EXPECT_EQ(same.q_current, 0.3);
  EXPECT_EQ(same.q_impedance, 0.2);
  params.q_impedance_share = 1.0;
  params = prepared<Load>(params);
  const ZipShares own = Load::step(params, state, {1}, context_of()).zip;
  EXPECT_EQ(own.p_impedance, 0.2);
  EXPECT_EQ(own.q_impedance, 1.0);
}

TEST(Load, DrawsItsDemandAtOnePerUnitAndByItsSharesElsewhere) {
  const ZipShares zip{.p_current = 0.3, .p_impedance = 0.2, .q_current = 0.0, .q_impedance = 1.0};
  EXPECT_EQ(zip.p_factor(1.0), 1.0);
  EXPECT_NEAR(zip.p_factor(0.9), 0.5 + 0.3 * 0.9 + 0.2 * 0.81, 1e-15);
  EXPECT_NEAR(zip.q_factor(0.9), 0.81, 1e-15);
}

TEST(Load, BlamesTheFieldThatDoesNotFit) {
  auto params = load(1);
  params.power_factor = 0.9;
  params.reactive_mvar = {1.0, {}};
  EXPECT_EQ(test::blamed<Load>(params), "power_factor");
  params = load(1);
  params.growth_per_year = 0.02;
  EXPECT_EQ(test::blamed<Load>(params), "growth_from");
}

TEST(Load, ServesBetweenNothingAndItsDemand) {
  EXPECT_TRUE(rc::check([] {
    auto params = load(number(-50.0, 200.0));
    params.power_factor = number(0.1, 1.0);
    params = prepared<Load>(params);
    Load::State state;
    const StepContext context = context_of(test::step_length_h());
    const ConsumerOffer offer = Load::offer(params, state, context);
    RC_ASSERT(Load::step(params, state, {offer.demand_mw}, context).served_mw == offer.demand_mw);
    const ConsumerResponse response = Load::step(params, state, {test::wild_power_mw(200)}, context);
    RC_ASSERT(response.served_mw >= std::min(0.0, offer.demand_mw));
    RC_ASSERT(response.served_mw <= std::max(0.0, offer.demand_mw));
    RC_ASSERT(std::abs(response.q_mvar) <= std::abs(offer.q_mvar) + 1e-12);
  }));
}

}  // namespace
}  // namespace gridplus::models
