// Synthetic series look like what they stand for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "scenarios/synthesis.hpp"

namespace gridplus::scenario {
namespace {

const TimeAxis k_year({1514736000, 8 * 3600}, 3600, 8760);  // 2018 in China

const SyntheticModel& model(std::string_view type) {
  const auto models = synthetic_models();
  return *std::find_if(models.begin(), models.end(), [&](const SyntheticModel& m) { return m.type == type; });
}

std::vector<double> values(std::string_view type, SeriesKeys keys = {1, 2, 3}, const TimeAxis& time = k_year) {
  return model(type).values(model(type).make_params().get(), keys, time);
}

double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mx = mean(x), my = mean(y);
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  return xy / std::sqrt(xx * yy);
}

TEST(Synthesis, LoadHasAPeakNearOneAndAPlausibleLoadFactor) {
  const auto load = values("load");
  const double peak = *std::max_element(load.begin(), load.end());
  EXPECT_GT(peak, 0.95);
  EXPECT_LT(peak, 1.15);
  EXPECT_GT(mean(load) / peak, 0.55);
  EXPECT_LT(mean(load) / peak, 0.85);
  EXPECT_GT(*std::min_element(load.begin(), load.end()), 0.2);
}

TEST(Synthesis, SundaysAreLowerThanWorkingDays) {
  const auto load = values("load");
  double sunday = 0, monday = 0;  // 1 January 2018 is a Monday
  for (std::size_t week = 0; week < 52; ++week)
    for (std::size_t hour = 0; hour < 24; ++hour) {
      monday += load[week * 168 + hour];
      sunday += load[week * 168 + 144 + hour];
    }
  EXPECT_NEAR(sunday / monday, 0.90, 0.02);
}

TEST(Synthesis, TheSunShinesByDayOnly) {
  const auto light = values("solar_irradiance");  // longitude 120 degrees: solar noon is near 12 h local
  for (std::size_t day = 0; day < 365; ++day) {
    EXPECT_EQ(light[day * 24 + 0], 0.0);
    EXPECT_EQ(light[day * 24 + 23], 0.0);
    EXPECT_GT(light[day * 24 + 12], 0.0);
  }
  const double annual_kwh_per_m2 = mean(light) * 8.76;
  EXPECT_GT(annual_kwh_per_m2, 1000);
  EXPECT_LT(annual_kwh_per_m2, 1900);
  EXPECT_LT(*std::max_element(light.begin(), light.end()), 1098.0);
}

TEST(Synthesis, WindSpeedsHaveTheMeanAndSpreadOfTheirWeibullDistribution) {
  std::vector<double> all;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const auto wind = values("wind_speed", {seed, 2, 3});
    all.insert(all.end(), wind.begin(), wind.end());
  }
  EXPECT_NEAR(mean(all), 7.0, 0.35);
  double square = 0;
  for (const double v : all) square += (v - 7.0) * (v - 7.0);
  EXPECT_NEAR(std::sqrt(square / static_cast<double>(all.size())) / 7.0, 0.54, 0.06);  // Rayleigh: 0.523, and seasons
  EXPECT_GE(*std::min_element(all.begin(), all.end()), 0.0);
}

TEST(Synthesis, SitesOfARegionAreCorrelatedOthersAreNot) {
  const auto here = values("wind_speed", {1, 2, 3}), near = values("wind_speed", {1, 2, 4}),
             far = values("wind_speed", {1, 9, 5});
  EXPECT_GT(correlation(here, near), 0.4);
  EXPECT_LT(correlation(here, near), 0.85);
  EXPECT_LT(std::abs(correlation(here, far)), 0.3);
}

TEST(Synthesis, InflowHasTheMeanOneAndItsWetSeason) {
  std::vector<double> all;
  double wet = 0, dry = 0;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const auto inflow = values("hydro_inflow", {seed, 2, 3});
    all.insert(all.end(), inflow.begin(), inflow.end());
    wet += inflow[200 * 24];
    dry += inflow[20 * 24];
  }
  EXPECT_NEAR(mean(all), 1.0, 0.1);
  EXPECT_GT(wet, 2 * dry);
}

TEST(Synthesis, TemperatureFollowsSeasonAndDay) {
  const auto t = values("temperature");
  EXPECT_NEAR(mean(t), 14.0, 1.5);
  EXPECT_GT(mean({t.begin() + 190 * 24, t.begin() + 210 * 24}), mean({t.begin(), t.begin() + 480}) + 15.0);
}

TEST(Synthesis, LongerStepsAreTheMeansOfShorterOnes) {
  const TimeAxis halves({1514736000, 8 * 3600}, 1800, 48), hours({1514736000, 8 * 3600}, 3600, 24);
  for (const SyntheticModel& m : synthetic_models()) {
    const auto fine = values(m.type, {1, 2, 3}, halves), coarse = values(m.type, {1, 2, 3}, hours);
    for (std::size_t i = 0; i < coarse.size(); ++i)
      EXPECT_NEAR(coarse[i], 0.5 * (fine[2 * i] + fine[2 * i + 1]), 1e-12 * (1 + std::abs(coarse[i]))) << m.type;
  }
}

TEST(Synthesis, AnotherSeedGivesAnotherSeries) {
  for (const SyntheticModel& m : synthetic_models())
    EXPECT_NE(values(m.type, {1, 2, 3}), values(m.type, {2, 2, 3})) << m.type;
}

}  // namespace
}  // namespace gridplus::scenario
