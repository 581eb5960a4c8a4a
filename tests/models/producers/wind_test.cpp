#include "models/producers/wind.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

Wind::Params turbine() {
  Wind::Params params;
  params.capacity_mw = 100;
  params.speed_m_per_s = {8.0, {}};
  params.wake_loss = 0;
  params.availability = {1.0, {}};
  return params;
}

double available_mw(const Wind::Params& params) {
  return Wind::offer(params, Wind::initial(params, {}), context_of()).available_mw;
}

double at_speed(Wind::Params params, double speed) {
  params.speed_m_per_s = {speed, {}};
  return available_mw(prepared<Wind>(params));
}

TEST(Wind, TheGenericCurveIsCubicBetweenCutInAndRated) {
  EXPECT_EQ(at_speed(turbine(), 2.9), 0.0);
  EXPECT_NEAR(at_speed(turbine(), 8), 100 * (512.0 - 27.0) / (1728.0 - 27.0), 1e-12);
  EXPECT_EQ(at_speed(turbine(), 12), 100.0);
  EXPECT_EQ(at_speed(turbine(), 24.9), 100.0);
  EXPECT_EQ(at_speed(turbine(), 25), 0.0);
}

TEST(Wind, ATabulatedCurveIsMetAtItsPointsAndLinearBetween) {
  auto params = turbine();
  params.power_curve = {4, {3.5, 8, 12, 15}, {0, 0.3, 0.9, 1}};  // V90-like
  EXPECT_EQ(at_speed(params, 3), 0.0);
  EXPECT_DOUBLE_EQ(at_speed(params, 8), 30.0);
  EXPECT_DOUBLE_EQ(at_speed(params, 10), 60.0);
  EXPECT_DOUBLE_EQ(at_speed(params, 20), 100.0);
}

TEST(Wind, ShearCarriesTheSpeedToTheHub) {
  auto params = turbine();
  params.reference_height_m = 10;
  params.hub_height_m = 100;
  params.shear_exponent = 1.0 / 7.0;
  EXPECT_NEAR(at_speed(params, 6), at_speed(turbine(), 6 * std::pow(10.0, 1.0 / 7.0)), 1e-9);
}

TEST(Wind, ThinAirActsLikeASlowerWind) {
  auto params = turbine();
  params.air_density_kg_per_m3 = {1.0, {}};
  EXPECT_NEAR(at_speed(params, 9), at_speed(turbine(), 9 * std::cbrt(1.0 / 1.225)), 1e-9);
}

TEST(Wind, WakesAndOutagesTakeTheirShares) {
  auto params = turbine();
  params.wake_loss = 0.1;
  params.availability = {0.5, {}};
  EXPECT_NEAR(at_speed(params, 20), 45.0, 1e-12);
  params.availability = Wind::Params{}.availability;
  EXPECT_NEAR(at_speed(params, 20), 90.0 * 0.97, 1e-12);
}

TEST(Wind, WaitsAfterAStormUntilTheRestartSpeed) {
  ProfileTable profiles(5);
  auto params = turbine();
  params.speed_m_per_s = {1.0, profiles.add("storm", {22, 26, 22, 19, 22})};
  params = prepared<Wind>(params);
  StepContext context = context_of(1.0, &profiles);
  auto state = Wind::initial(params, context);
  const double expected_mw[] = {100, 0, 0, 100, 100};
  for (context.step = 0; context.step < 5; ++context.step) {
    EXPECT_EQ(Wind::offer(params, state, context).available_mw, expected_mw[context.step]) << context.step;
    EXPECT_EQ(Wind::step(params, state, {true, 1e3}, context).p_mw, expected_mw[context.step]) << context.step;
  }
}

TEST(Wind, SmoothingSpreadsTheCurveButKeepsItsMiddle) {
  auto params = turbine();
  params.smoothing = 0.15;
  EXPECT_GT(at_speed(params, 2.9), 0.0);  // some turbines see more wind than the mean
  EXPECT_LT(at_speed(params, 12), 95.0);  // and some less
  EXPECT_NEAR(at_speed(params, 18), 100.0, 1.0);
  EXPECT_NEAR(at_speed(params, 25), 50.0, 5.0);  // half of them have stopped for the storm
  EXPECT_LT(at_speed(params, 40), 1.0);
}

TEST(Wind, TakesAGivenAvailablePowerAsItIs) {
  Wind::Params params;
  params.capacity_mw = 100;
  params.available_mw = {42.0, {}};
  EXPECT_EQ(available_mw(prepared<Wind>(params)), 42.0);
}

TEST(Wind, BlamesTheFieldThatDoesNotFit) {
  auto params = turbine();
  params.available_mw = {1.0, {}};
  EXPECT_EQ(test::blamed<Wind>(params), "speed");
  params = turbine();
  params.cut_in_m_per_s = 13;
  EXPECT_EQ(test::blamed<Wind>(params), "cut_in");
  params = turbine();
  params.restart_m_per_s = 26;
  EXPECT_EQ(test::blamed<Wind>(params), "restart");
  params = turbine();
  params.power_curve = {2, {3, 12}, {0, 1.5}};
  EXPECT_EQ(test::blamed<Wind>(params), "power_curve");
}

TEST(Wind, DeliversWhatItOffersInAnyWeather) {
  EXPECT_TRUE(rc::check([] {
    ProfileTable profiles(20);
    std::vector<double> speeds;
    for (int k = 0; k < 20; ++k) speeds.push_back(number(0.0, 60.0));
    Wind::Params params = turbine();
    params.capacity_mw = number(0.0, 800.0);
    params.speed_m_per_s = {1.0, profiles.add("speed", speeds)};
    params.hub_height_m = number(20.0, 200.0);
    params.air_density_kg_per_m3 = {number(0.8, 1.4), {}};
    params.smoothing = *rc::gen::element(0.0, 0.1, 0.3);
    params.wake_loss = number(0.0, 0.3);
    params.curtailable = *rc::gen::arbitrary<bool>();
    params.variable_cost_per_mwh = number(-50.0, 20.0);
    params = prepared<Wind>(params);
    StepContext context = context_of(test::step_length_h(), &profiles);
    auto state = Wind::initial(params, context);
    for (; context.step < 20; ++context.step) {
      const ProducerCommand wild{*rc::gen::arbitrary<bool>(), test::wild_power_mw(params.capacity_mw)};
      const ProducerResponse response = test::expect_delivers<Wind>(params, state, wild, context);
      RC_ASSERT(response.p_mw >= 0.0 && response.p_mw <= params.capacity_mw);
    }
  }));
}

}  // namespace
}  // namespace gridplus::models
