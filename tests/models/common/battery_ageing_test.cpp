#include "models/common/battery_ageing.hpp"

#include <numeric>
#include <vector>

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

const CycleFade k_default_life = CycleFade::from({2, {0.2, 0.8}, {5000, 1000}});

double calendar_capacity(double soc, double temperature_c, double years, double step_days = 1.0) {
  const CalendarAgeing ageing;
  double fade_squared = 0.0;
  const auto steps = static_cast<int>(std::lround(365.0 * years / step_days));
  for (int i = 0; i < steps; ++i) ageing.age(fade_squared, soc, temperature_c, step_days);
  return ageing.capacity(fade_squared);
}

/// Fade by the cycles that a series of states of charge closes.
double fade_of(const std::vector<double>& socs, const CycleFade& fade) {
  RainflowCounter counter;
  double lost = 0.0;
  for (const double soc : socs) lost += counter.push(soc, fade);
  return lost;
}

// Check values of the NREL SAM calendar model, computed from its equation; four decimals are given.
TEST(CalendarAgeing, MeetsTheCheckValues) {
  constexpr double tolerance = 5e-5;
  EXPECT_NEAR(calendar_capacity(0.5, 25, 1), 1.0075, tolerance);
  EXPECT_NEAR(calendar_capacity(0.5, 25, 5), 0.9921, tolerance);
  EXPECT_NEAR(calendar_capacity(0.5, 25, 10), 0.9806, tolerance);
  EXPECT_NEAR(calendar_capacity(0.9, 25, 1), 0.9766, tolerance);
  EXPECT_NEAR(calendar_capacity(0.9, 25, 5), 0.9229, tolerance);
  EXPECT_NEAR(calendar_capacity(0.9, 25, 10), 0.8827, tolerance);
  EXPECT_NEAR(calendar_capacity(0.9, 35, 10), 0.7431, tolerance);
}

TEST(CalendarAgeing, DoesNotDependOnTheStepLength) {
  EXPECT_NEAR(calendar_capacity(0.7, 30, 2, 1.0 / 24.0), calendar_capacity(0.7, 30, 2, 10.0), 1e-10);
}

TEST(CycleFade, MeetsTheTableOfCyclesAtItsPointsAndBetween) {
  EXPECT_NEAR(1 - 5000 * k_default_life.per_cycle(0.2), 0.8, 1e-12);
  EXPECT_NEAR(1 - 10000 * k_default_life.per_cycle(0.2), 0.6, 1e-12);
  EXPECT_NEAR(1 - 1000 * k_default_life.per_cycle(0.8), 0.8, 1e-12);
  EXPECT_NEAR(k_default_life.per_cycle(0.5), 0.5 * (k_default_life.per_cycle(0.2) + k_default_life.per_cycle(0.8)),
              1e-15);
  EXPECT_EQ(k_default_life.per_cycle(0.0), 0.0);
  EXPECT_GT(k_default_life.per_cycle(1.0), k_default_life.per_cycle(0.8));
}

TEST(Rainflow, CountsEqualCyclesOnce) {
  RainflowCounter counter;
  double lost = 0.0;
  for (int i = 0; i < 1000; ++i) {
    lost += counter.push(0.1, k_default_life);
    lost += counter.push(0.5, k_default_life);
    lost += counter.push(0.9, k_default_life);
    lost += counter.push(0.5, k_default_life);
  }
  // The last half cycle is still open.
  EXPECT_NEAR(lost, 999.5 * k_default_life.per_cycle(0.8), 2 * k_default_life.per_cycle(0.8));
}

// The example of ASTM E1049-85, figure 6: 3 (half), 4 (half), 4 (whole), 8 (half); 9, 8 and 6 stay open to the end.
TEST(Rainflow, CountsTheAstmExample) {
  const std::vector<double> stress = {-2, 1, -3, 5, -1, 3, -4, 4, -2};
  std::vector<double> socs;
  for (const double s : stress) socs.push_back((s + 10) / 20);
  // A fade equal to the range in units of the example makes the counts readable from the sum.
  const CycleFade by_range = CycleFade::from({1, {0.05}, {k_end_of_life_fade}});
  EXPECT_NEAR(fade_of(socs, by_range), 0.5 * 3 + 0.5 * 4 + 1.0 * 4 + 0.5 * 8, 1e-12);
}

TEST(Rainflow, NeverCountsMoreThanEveryMoveAsHalfACycle) {
  EXPECT_TRUE(rc::check([] {
    const auto raw = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 101));
    std::vector<double> socs(raw.begin(), raw.end());
    for (double& soc : socs) soc /= 100;
    const CycleFade by_depth = CycleFade::from({1, {1.0}, {k_end_of_life_fade}});
    double moved = 0.0;
    for (std::size_t i = 1; i < socs.size(); ++i) moved += std::abs(socs[i] - socs[i - 1]);
    const double lost = fade_of(socs, by_depth);
    RC_ASSERT(lost >= 0.0);
    RC_ASSERT(lost <= 0.5 * moved + 1e-9);
  }));
}

TEST(Rainflow, ForgetsOnlyTheOldestRangeWhenItsMemoryIsFull) {
  std::vector<double> narrowing;
  for (int i = 0; i < 40; ++i) narrowing.push_back(0.5 + (i % 2 ? 1 : -1) * (0.5 - 0.012 * i));
  const CycleFade by_depth = CycleFade::from({1, {1.0}, {k_end_of_life_fade}});
  double expected = 0.0;
  for (std::size_t i = 1; i < narrowing.size(); ++i)
    if (i <= narrowing.size() - RainflowCounter::k_depth) expected += 0.5 * std::abs(narrowing[i] - narrowing[i - 1]);
  EXPECT_NEAR(fade_of(narrowing, by_depth), expected, 1e-12);
}

}  // namespace
}  // namespace gridplus::models
