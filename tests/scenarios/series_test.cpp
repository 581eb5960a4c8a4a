// Series resolved to the steps of a run.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "scenarios/resample.hpp"
#include "tests/scenarios/scenario_text.hpp"

namespace gridplus {
namespace {

using test::demand_of;
using test::model_of;
using test::small_scenario;
using Values = std::vector<double>;

Values demand(const std::string& series, const std::string& table, const std::string& time = "steps: 4") {
  return demand_of(*model_of({{"s.yaml", small_scenario(series, time)}, {"l.csv", table}}));
}

const std::string k_hours =
    "time,a [kW],share\n2018-01-01T00:00+08:00,1000,0.5\n2018-01-01T01:00+08:00,2000,0.25\n"
    "2018-01-01T02:00+08:00,4000,1\n2018-01-01T03:00+08:00,8000,0\n";

TEST(Series, AColumnIsTakenInItsUnit) {
  EXPECT_EQ(demand("'l.csv#a'", k_hours), (Values{1, 2, 4, 8}));
}

TEST(Series, AScaleBringsAPlainColumnToTheUnitOfTheField) {
  EXPECT_EQ(demand("{profile: l.csv#share, scale: 60 MW}", k_hours), (Values{30, 15, 60, 0}));
  EXPECT_EQ(demand("'l.csv#share * 8 MW'", k_hours), (Values{4, 2, 8, 0}));
}

TEST(Series, FinerRowsAreAveragedOverTheStep) {
  EXPECT_EQ(demand("'l.csv#a'", k_hours, "duration: 4 h, step: 2 h"), (Values{1.5, 6}));
}

TEST(Series, CoarserRowsAreHeldOrInterpolated) {
  const std::string time = "duration: 4 h, step: 30 min";
  EXPECT_EQ(demand("'l.csv#a'", k_hours, time), (Values{1, 1, 2, 2, 4, 4, 8, 8}));
  EXPECT_EQ(demand("{profile: l.csv#a, interpolate: linear}", k_hours, time),
            (Values{1.25, 1.75, 2.5, 3.5, 5, 7, 8, 8}));
}

TEST(Series, RowsThatDoNotMatchTheStepsAreCutAtTheirEnds) {
  const Values values = demand("'l.csv#a'", k_hours, "duration: 3 h, step: 90 min");
  EXPECT_NEAR(values[0], (1 + 0.5 * 2) / 1.5, 1e-12);
  EXPECT_NEAR(values[1], (0.5 * 2 + 4) / 1.5, 1e-12);
}

TEST(Series, AnotherOffsetMeansTheSameInstants) {
  std::string utc = "time,a [MW]\n";
  for (int h = 16; h < 24; ++h) utc += "2017-12-31T" + std::to_string(h) + ":00Z," + std::to_string(h) + "\n";
  EXPECT_EQ(demand("'l.csv#a'", utc), (Values{16, 17, 18, 19}));
}

TEST(Series, ADayIsRepeatedOnlyWhenAskedTo) {
  EXPECT_THROW((void)demand("'l.csv#a'", k_hours, "steps: 6"), InputError);
  EXPECT_EQ(demand("{profile: l.csv#a, repeat: true}", k_hours, "steps: 6"), (Values{1, 2, 4, 8, 1, 2}));
}

TEST(Series, AYearIsRepeatedByDate) {
  std::string year = "time,a [MW]\n";
  for (int day = 0; day < 365; ++day)
    year += format_time({1483228800 + day * 86400, 0}) + "," + std::to_string(day + 1) + "\n";  // 2017, UTC
  std::string text = small_scenario("{profile: l.csv#a, repeat: true}", "duration: 731 d, step: 1 d");
  text.replace(text.find("2018-01-01T00:00+08:00"), 22, "2020-01-01T00:00Z     ");
  const Values values = demand_of(*model_of({{"s.yaml", text}, {"l.csv", year}}));
  EXPECT_EQ(values[58], 59) << "28 February";
  EXPECT_EQ(values[59], 59) << "29 February takes the day before";
  EXPECT_EQ(values[60], 60) << "1 March";
  EXPECT_EQ(values[366], 1) << "1 January of the second year";
}

TEST(Series, EachColumnIsLoadedOnceHoweverOftenItIsUsed) {
  std::string text = small_scenario("'l.csv#a'") + "  - {name: other, model: load, bus: town, demand: 'l.csv#a * 2'}\n";
  EXPECT_EQ(model_of({{"s.yaml", text}, {"l.csv", k_hours}})->profiles.columns(), 1U);
}

TEST(Series, ATimelineHoldsOrGoesInALine) {
  EXPECT_EQ(demand_of(*model_of(small_scenario("{2017-01-01: 4 MW, 2018-01-01T02:00: 8 MW}"))), (Values{4, 4, 8, 8}));
  EXPECT_EQ(demand_of(*model_of(small_scenario("{interpolate: linear, 2018-01-01: 4 MW, 2018-01-01T02:00: 8 MW}"))),
            (Values{4, 6, 8, 8}));
}

RC_GTEST_PROP(Resampler, KeepsTheEnergyOfWhatItAverages, ()) {
  const auto row_s = *rc::gen::inRange<std::int64_t>(1, 50);
  const auto steps = *rc::gen::inRange<std::int64_t>(1, 20);
  const auto step_s = *rc::gen::inRange<std::int64_t>(1, 50);
  const auto rows = (steps * step_s + row_s - 1) / row_s;
  const auto values =
      *rc::gen::container<std::vector<int>>(static_cast<std::size_t>(rows), rc::gen::inRange(-100, 100));
  const TimeAxis time({1000, 0}, step_s, steps);
  scenario::Resampler resampler(time, 1000, row_s, scenario::Interpolation::hold);
  double energy = 0.0;
  for (std::int64_t k = 0; k < rows; ++k) {
    resampler.add(values[static_cast<std::size_t>(k)]);
    energy += values[static_cast<std::size_t>(k)] * static_cast<double>(std::min(row_s, steps * step_s - k * row_s));
  }
  const std::vector<double> out = resampler.finish();
  const double kept = std::accumulate(out.begin(), out.end(), 0.0) * static_cast<double>(step_s);
  RC_ASSERT(std::abs(kept - energy) < 1e-8);
}

}  // namespace
}  // namespace gridplus
