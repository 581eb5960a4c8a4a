#include "models/producers/thermal.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

constexpr double k_time_slack_h = 1e-6;

/// The 76 MW coal unit of RTS-GMLC (gen.csv, 101_STEAM_3), in SI: 14.00 GJ/MWh at minimum, 10.48 at full load.
Thermal::Params coal_unit() {
  Thermal::Params params;
  params.carrier = Carrier::coal;
  params.capacity_mw = 76;
  params.min_stable_mw = 30;
  params.ramp_mw_per_min = 2;
  params.min_up_h = 8;
  params.min_down_h = 4;
  params.fuel_curve = {4, {30, 45, 61, 76}, {420, 535, 660, 796.5}};
  params.fuel_price_per_gj = {2.0, {}};
  params.emission_factor_t_per_gj = 0.0934;
  params.start_cost = 1000;
  params.start_fuel_gj = 500;
  return params;
}

Curve random_points(double capacity_mw, double highest) {
  Curve curve;
  curve.count = static_cast<std::uint32_t>(*rc::gen::inRange(2, 13));
  for (std::uint32_t i = 0; i < curve.count; ++i) {
    curve.x[i] = capacity_mw * (i + 0.5 * number(0.0, 1.0)) / curve.count;
    curve.y[i] = number(0.0, highest);
  }
  return curve;
}

Thermal::Params random_unit() {
  Thermal::Params params;
  params.capacity_mw = number(0.0, 500.0);
  params.min_stable_mw = params.capacity_mw * number(0.0, 1.0);
  if (*rc::gen::arbitrary<bool>()) params.ramp_mw_per_min = number(0.01, 20.0);
  params.min_up_h = number(0.0, 24.0);
  params.min_down_h = number(0.0, 24.0);
  params.must_run = *rc::gen::inRange(0, 5) == 0;
  params.emission_factor_t_per_gj = number(0.0, 0.2);
  params.fuel_price_per_gj = {number(0.0, 20.0), {}};
  params.variable_cost_per_mwh = number(-5.0, 20.0);
  params.start_cost = number(0.0, 1e5);
  params.initial_state = *rc::gen::element(InitialState::free, InitialState::online, InitialState::offline);
  params.initial_hours_h = number(0.0, 48.0);
  const double tall = 20.0 * params.capacity_mw;
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      params.heat_rate_gj_per_mwh = number(0.0, 20.0);
      break;
    case 1:
      params.start_fuel_gj = number(0.0, 1e4);
      break;
    case 2:
      if (params.capacity_mw > 0) params.fuel_curve = random_points(params.capacity_mw, tall);
      break;
    default:
      if (params.capacity_mw > 0) params.cost_curve = random_points(params.capacity_mw, tall);
      params.heat_rate_gj_per_mwh = number(0.0, 20.0);
  }
  return prepared<Thermal>(params);
}

TEST(Thermal, BurnsWhatItsHeatRateSays) {
  const auto params = prepared<Thermal>(coal_unit());
  StepContext context = context_of();
  context.co2_price_per_t = 50;
  const ProducerCost full = Thermal::cost(params, 76, context);
  EXPECT_NEAR(full.fuel_gj_per_h, 76 * 10.48, 0.1);
  EXPECT_NEAR(full.co2_t_per_h, full.fuel_gj_per_h * 0.0934, 1e-9);
  EXPECT_NEAR(full.cost_per_h, full.fuel_gj_per_h * (2.0 + 0.0934 * 50), 1e-9);
  EXPECT_NEAR(Thermal::offer(params, Thermal::initial(params, context), context).full_load_cost_per_mwh,
              full.cost_per_h / 76, 1e-12);
  EXPECT_EQ(Thermal::cost(params, 0, context).cost_per_h, 0.0);
}

TEST(Thermal, EmissionsOfASimpleHeatRateMeetTheFuelFactor) {
  Thermal::Params params;
  params.capacity_mw = 100;
  params.heat_rate_gj_per_mwh = 9;                 // 40 % efficient
  params.emission_factor_t_per_gj = 0.3361 / 3.6;  // hard coal, t per MWh thermal
  const ProducerCost cost = Thermal::cost(prepared<Thermal>(params), 100, context_of());
  EXPECT_NEAR(cost.co2_t_per_h / 100, 0.3361 / 0.4, 1e-12);
}

TEST(Thermal, RampsWhileOnlineAndReachesItsMinimumFromStandstill) {
  auto params = coal_unit();
  params.ramp_mw_per_min = 0.25;  // 15 MW in an hour
  params.initial_state = InitialState::online;
  params.initial_output_mw = 40;
  params = prepared<Thermal>(params);
  const StepContext context = context_of();
  auto state = Thermal::initial(params, context);
  EXPECT_EQ(Thermal::step(params, state, {true, 76}, context).p_mw, 55);
  EXPECT_EQ(Thermal::offer(params, state, context).max_mw, 70);
  EXPECT_EQ(Thermal::offer(params, state, context).min_mw, 40);
  EXPECT_FALSE(Thermal::offer(params, state, context).may_stop);  // 55 MW cannot reach standstill in this step
  EXPECT_EQ(Thermal::step(params, state, {false, 0}, context).p_mw, 40);
  EXPECT_EQ(Thermal::step(params, state, {false, 0}, context).p_mw, 30);
  EXPECT_FALSE(Thermal::step(params, state, {false, 0}, context).online);
}

TEST(Thermal, KeepsMinimumUpAndDownTimes) {
  auto params = coal_unit();
  params.initial_state = InitialState::offline;
  params = prepared<Thermal>(params);
  const StepContext context = context_of();
  auto state = Thermal::initial(params, context);
  const ProducerResponse start = Thermal::step(params, state, {true, 30}, context);
  EXPECT_TRUE(start.started);
  EXPECT_DOUBLE_EQ(start.start_cost, 1000 + 500 * 2.0);
  EXPECT_DOUBLE_EQ(start.start_co2_t, 500 * 0.0934);
  int hours_up = 1;
  while (Thermal::step(params, state, {false, 0}, context).online) ++hours_up;
  EXPECT_EQ(hours_up, 8);
  int hours_down = 1;
  while (!Thermal::step(params, state, {true, 30}, context).online) ++hours_down;
  EXPECT_EQ(hours_down, 4);
}

TEST(Thermal, MinimumTimesHoldInQuarterHoursToo) {
  auto params = coal_unit();
  params.min_down_h = 2.2;
  params.initial_state = InitialState::offline;
  params.initial_hours_h = 0;
  params = prepared<Thermal>(params);
  const StepContext context = context_of(0.1);
  auto state = Thermal::initial(params, context);
  int steps = 0;
  while (!Thermal::step(params, state, {true, 30}, context).online) ++steps;
  EXPECT_EQ(steps, 22);
}

TEST(Thermal, AFreePastCostsNoStart) {
  const auto params = prepared<Thermal>(coal_unit());
  const StepContext context = context_of();
  auto state = Thermal::initial(params, context);
  const ProducerOffer offer = Thermal::offer(params, state, context);
  EXPECT_TRUE(offer.may_start);
  EXPECT_EQ(offer.max_mw, 76);
  EXPECT_EQ(offer.start_cost, 0.0);
  const ProducerResponse response = Thermal::step(params, state, {true, 76}, context);
  EXPECT_FALSE(response.started);
  EXPECT_EQ(response.start_cost, 0.0);
}

TEST(Thermal, StartFuelGrowsWithTheHoursOffline) {
  auto params = coal_unit();
  params.start_fuel_gj = 0;
  params.start_fuel_curve = {3, {0, 12, 60}, {300, 500, 900}};
  params.initial_state = InitialState::offline;
  const auto fuel_after = [&](double hours) {
    params.initial_hours_h = hours;
    const auto ready = prepared<Thermal>(params);
    auto state = Thermal::initial(ready, context_of());
    return Thermal::step(ready, state, {true, 30}, context_of()).start_fuel_gj;
  };
  EXPECT_EQ(fuel_after(4), 300);
  EXPECT_EQ(fuel_after(12), 500);
  EXPECT_EQ(fuel_after(59), 500);
  EXPECT_EQ(fuel_after(1000), 900);
}

TEST(Thermal, AnOutageTripsIt) {
  ProfileTable profiles(3);
  auto params = coal_unit();
  params.availability = {1.0, profiles.add("outage", {1.0, 0.3, 0.6})};
  params.must_run = true;
  params.min_down_h = 1;
  params = prepared<Thermal>(params);
  StepContext context = context_of(1.0, &profiles);
  auto state = Thermal::initial(params, context);
  EXPECT_TRUE(Thermal::step(params, state, {true, 76}, context).online);
  context.step = 1;  // 22.8 MW is below the minimum of 30 MW
  EXPECT_EQ(Thermal::offer(params, state, context).max_mw, 0.0);
  EXPECT_TRUE(Thermal::step(params, state, {true, 76}, context).stopped);
  context.step = 2;  // must run again as soon as it can
  EXPECT_TRUE(Thermal::offer(params, state, context).online);
  EXPECT_NEAR(Thermal::step(params, state, {false, 76}, context).p_mw, 0.6 * 76, 1e-12);
}

TEST(Thermal, BlamesTheFieldThatDoesNotFit) {
  auto params = coal_unit();
  params.min_stable_mw = 80;
  EXPECT_EQ(test::blamed<Thermal>(params), "min_stable_level");
  params = coal_unit();
  params.heat_rate_gj_per_mwh = 10;
  EXPECT_EQ(test::blamed<Thermal>(params), "heat_rate");
  params = coal_unit();
  params.fuel_curve = {2, {30, 30}, {1, 2}};
  EXPECT_EQ(test::blamed<Thermal>(params), "fuel_curve");
  params = coal_unit();
  params.cost_curve = {2, {30, 76}, {1, 2}};
  EXPECT_EQ(test::blamed<Thermal>(params), "cost_curve");
  params = coal_unit();
  params.start_fuel_curve = {2, {12, 0}, {1, 2}};
  EXPECT_EQ(test::blamed<Thermal>(params), "start_fuel_curve");
  params = coal_unit();
  params.start_fuel_curve = {2, {0, 12}, {1, 2}};
  EXPECT_EQ(test::blamed<Thermal>(params), "start_fuel");
  params = coal_unit();
  params.initial_output_mw = 77;
  EXPECT_EQ(test::blamed<Thermal>(params), "initial_output");
}

TEST(Thermal, DeliversWhatItOffersAndBreaksNoLimit) {
  EXPECT_TRUE(rc::check([] {
    ProfileTable profiles(40);
    std::vector<double> shares;
    for (int k = 0; k < 40; ++k) shares.push_back(*rc::gen::inRange(0, 4) == 0 ? number(0.0, 1.0) : 1.0);
    Thermal::Params params = random_unit();
    params.availability = {1.0, profiles.add("availability", shares)};
    StepContext context = context_of(test::step_length_h(), &profiles);
    context.co2_price_per_t = number(0.0, 100.0);
    auto state = Thermal::initial(params, context);

    double hours_in_state = params.initial_hours_h;
    const double ramp_mw = params.ramp_mw_per_min * 60 * context.step_h;
    for (context.step = 0; context.step < 40; ++context.step) {
      const Thermal::State before = state;
      const ProducerCommand wild{*rc::gen::arbitrary<bool>(), test::wild_power_mw(params.capacity_mw)};
      const ProducerResponse response = test::expect_delivers<Thermal>(params, state, wild, context);
      const double available_mw = params.capacity_mw * shares[static_cast<std::size_t>(context.step)];
      const bool tripped = available_mw < params.min_stable_mw || (available_mw <= 0 && params.capacity_mw > 0);
      RC_ASSERT(response.p_mw <= available_mw);
      RC_ASSERT(!response.online || response.p_mw >= params.min_stable_mw);
      if (response.online && before.online) {
        RC_ASSERT(response.p_mw <= std::max(before.p_mw + ramp_mw, params.min_stable_mw) + 1e-9);
        RC_ASSERT(response.p_mw >= std::min(before.p_mw - ramp_mw, available_mw) - 1e-9);
      }
      if (response.started) RC_ASSERT(hours_in_state >= params.min_down_h - k_time_slack_h);
      if (response.stopped && !tripped) RC_ASSERT(hours_in_state >= params.min_up_h - k_time_slack_h);
      RC_ASSERT(!response.online || !tripped);
      hours_in_state = (response.started || response.stopped ? 0.0 : hours_in_state) + context.step_h;
      RC_ASSERT(std::abs(hours_in_state - state.hours_in_state) < k_time_slack_h);
    }
  }));
}

TEST(Thermal, SegmentsAddUpToTheCost) {
  EXPECT_TRUE(rc::check([] {
    const Thermal::Params params = random_unit();
    StepContext context = context_of();
    context.co2_price_per_t = number(0.0, 100.0);
    const auto state = Thermal::initial(params, context);
    const auto anywhere = [&] {
      return params.min_stable_mw + (params.capacity_mw - params.min_stable_mw) * number(0.0, 1.0);
    };
    test::expect_cost_matches_segments<Thermal>(params, state, anywhere(), anywhere(), context);
  }));
}

}  // namespace
}  // namespace gridplus::models
