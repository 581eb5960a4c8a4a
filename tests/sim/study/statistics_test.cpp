#include "sim/study/statistics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace gridplus::study {
namespace {

// Table of critical values, NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2.
TEST(StudyStatistics, StudentsTMeetsThePublishedTable) {
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 9), 2.262, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.95, 30), 1.697, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.5, 4), 0.0, 1e-12);
}

TEST(StudyStatistics, AMeanHasItsErrorAndInterval) {
  const std::array<double, 5> values = {2, 4, k_not_known, 6, 8};
  const Estimate found = estimate(values, 0.95);
  EXPECT_EQ(found.count, 4);
  EXPECT_DOUBLE_EQ(found.mean, 5.0);
  EXPECT_NEAR(found.standard_error, std::sqrt(20.0 / 3.0 / 4.0), 1e-12);
  EXPECT_NEAR(found.ci_high - 5.0, 3.182446305 * found.standard_error, 1e-8);  // t(0.975, 3)
  EXPECT_NEAR(found.ci_low + found.ci_high, 10.0, 1e-12);
}

// The highest 5 % of 1, ..., 50 are 50, 49 and half of 48.
TEST(StudyStatistics, TheValueAtRiskIsTheMeanOfTheHighestTwentieth) {
  std::vector<double> values;
  for (int i = 1; i <= 50; ++i) values.push_back(i);
  EXPECT_NEAR(estimate(values, 0.95).cvar95, (50.0 + 49.0 + 0.5 * 48.0) / 2.5, 1e-12);
  EXPECT_DOUBLE_EQ(mean_of_highest({3.0, 7.0, 5.0}, 0.05), 7.0) << "fewer than twenty: the highest";
  EXPECT_TRUE(std::isnan(mean_of_highest({}, 0.05)));
}

TEST(StudyStatistics, OneValueHasNoErrorAndNoneHasNoMean) {
  const std::array<double, 1> one = {3};
  EXPECT_DOUBLE_EQ(estimate(one, 0.95).mean, 3.0);
  EXPECT_TRUE(std::isnan(estimate(one, 0.95).standard_error));
  EXPECT_TRUE(std::isnan(estimate({}, 0.95).mean));
}

}  // namespace
}  // namespace gridplus::study
