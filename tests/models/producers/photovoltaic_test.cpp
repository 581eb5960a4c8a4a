#include "models/producers/photovoltaic.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

/// 1 kW of inverter per kW of modules, as the check values assume.
Photovoltaic::Params check_plant() {
  Photovoltaic::Params params;
  params.capacity_mw = 1.0;
  params.dc_ac_ratio = 1.0;
  params.irradiance_w_per_m2 = {1000.0, {}};
  params.temperature_coefficient_per_k = -0.0037;
  params.losses = 0.14;
  params.noct_c = 45;
  params.degradation_per_year = 0;
  return prepared<Photovoltaic>(params);
}

// Check values computed from the PVWatts equations; four decimals are given.
TEST(Photovoltaic, MeetsTheCheckValues) {
  constexpr double tolerance = 5e-5;
  struct Point {
    double irradiance, air_c, dc, ac;
  };
  const auto plant = check_plant();
  for (const Point p :
       {Point{1000, 25, 0.7606, 0.7318}, Point{800, 20, 0.6371, 0.6132}, Point{200, 10, 0.1776, 0.1678}}) {
    const double dc_mw = Photovoltaic::dc_power_mw(plant, p.irradiance, p.air_c);
    EXPECT_NEAR(dc_mw, p.dc, tolerance);
    EXPECT_NEAR(Photovoltaic::ac_power_mw(plant, dc_mw), p.ac, tolerance);
  }
}

TEST(Photovoltaic, GivesNothingAtNightAndAtFirstLight) {
  const auto plant = check_plant();
  EXPECT_EQ(Photovoltaic::ac_power_mw(plant, Photovoltaic::dc_power_mw(plant, 0, 10)), 0.0);
  EXPECT_EQ(Photovoltaic::ac_power_mw(plant, Photovoltaic::dc_power_mw(plant, 5, 10)), 0.0);
}

TEST(Photovoltaic, TheInverterClipsALargeArray) {
  auto params = check_plant();
  params.dc_ac_ratio = 2;
  params = prepared<Photovoltaic>(params);
  EXPECT_EQ(Photovoltaic::ac_power_mw(params, Photovoltaic::dc_power_mw(params, 1000, 0)), 1.0);
}

TEST(Photovoltaic, ModulesLoseOutputWithAge) {
  auto params = check_plant();
  const double young = Photovoltaic::dc_power_mw(params, 800, 20);
  params.degradation_per_year = 0.005;
  params.age_years = 10;
  params = prepared<Photovoltaic>(params);
  EXPECT_NEAR(Photovoltaic::dc_power_mw(params, 800, 20), young * std::pow(0.995, 10), 1e-12);
}

TEST(Photovoltaic, TakesAGivenAvailablePowerAsItIs) {
  ProfileTable profiles(2);
  Photovoltaic::Params params;
  params.capacity_mw = 50;
  params.available_mw = {2.0, profiles.add("pv", {12.5, 60.0})};
  params = prepared<Photovoltaic>(params);
  StepContext context = context_of(1.0, &profiles);
  EXPECT_EQ(Photovoltaic::offer(params, {}, context).available_mw, 25.0);
  context.step = 1;
  EXPECT_EQ(Photovoltaic::offer(params, {}, context).available_mw, 50.0);
}

TEST(Photovoltaic, WantsIrradianceOrAvailable) {
  Photovoltaic::Params params;
  params.capacity_mw = 1;
  EXPECT_EQ(test::blamed<Photovoltaic>(params), "irradiance");
  params.irradiance_w_per_m2 = params.available_mw = {1.0, {}};
  EXPECT_EQ(test::blamed<Photovoltaic>(params), "irradiance");
}

TEST(Photovoltaic, DeliversWhatItOffersInAnyWeather) {
  EXPECT_TRUE(rc::check([] {
    Photovoltaic::Params params;
    params.capacity_mw = number(0.001, 500.0);
    params.dc_ac_ratio = number(0.5, 2.0);
    params.irradiance_w_per_m2 = {number(0.0, 1500.0), {}};
    params.temperature_c = {number(-60.0, 60.0), {}};
    params.temperature_coefficient_per_k = number(-0.01, 0.0);
    params.availability = {number(0.0, 1.0), {}};
    params.curtailable = *rc::gen::arbitrary<bool>();
    params.variable_cost_per_mwh = number(-50.0, 20.0);
    params = prepared<Photovoltaic>(params);
    const StepContext context = context_of(test::step_length_h());
    Photovoltaic::State state;
    const ProducerCommand wild{*rc::gen::arbitrary<bool>(), test::wild_power_mw(params.capacity_mw)};
    const ProducerResponse response = test::expect_delivers<Photovoltaic>(params, state, wild, context);
    RC_ASSERT(response.p_mw >= 0.0 && response.p_mw <= params.capacity_mw);
    if (!params.curtailable) RC_ASSERT(response.p_mw == response.available_mw);
    const double most_mw = response.available_mw;
    test::expect_cost_matches_segments<Photovoltaic>(params, state, most_mw * number(0, 1), most_mw * number(0, 1),
                                                     context);
  }));
}

}  // namespace
}  // namespace gridplus::models
