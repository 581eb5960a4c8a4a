#include "sim/step/reliability.hpp"

#include <gtest/gtest.h>

namespace gridplus {
namespace {

constexpr double k_tolerance = 1e-12;

/// Interruptions of three groups of customers, in half hours.
ReliabilityIndices after(const std::vector<std::vector<double>>& shares, const std::vector<double>& customers,
                         double step_h = 0.5) {
  ReliabilityAccount account;
  for (const auto& step : shares) account.add_step(step, customers, step_h);
  return account.indices(customers);
}

TEST(Reliability, HandCase) {
  // Of 100 customers 40 are out for 2 h, later 10 for half an hour: SAIFI 0.5, SAIDI 0.85 h, CAIDI 1.7 h.
  const auto indices =
      after({{1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {0, 0, 0}, {0, 1, 0}, {0, 0, 0}}, {40, 10, 50});
  EXPECT_NEAR(indices.saifi, 0.5, k_tolerance);
  EXPECT_NEAR(indices.saidi_h, 0.85, k_tolerance);
  EXPECT_NEAR(indices.saidi_h / indices.saifi, 1.7, k_tolerance);
  EXPECT_EQ(indices.maifi, 0.0);
}

TEST(Reliability, AnInterruptionThatGoesOnCountsAsItStands) {
  const auto indices = after({{0}, {1}, {1}}, {10});
  EXPECT_NEAR(indices.saifi, 1.0, k_tolerance);
  EXPECT_NEAR(indices.saidi_h, 1.0, k_tolerance);
}

TEST(Reliability, PartOfAConsumerIsPartOfItsCustomers) {
  const auto indices = after({{0.4}, {0.2}, {0}}, {100});
  EXPECT_NEAR(indices.saifi, 0.4, k_tolerance);
  EXPECT_NEAR(indices.saidi_h, 0.3, k_tolerance);
}

TEST(Reliability, FiveMinutesAreMomentary) {
  const double minute = 1.0 / 60.0;
  const std::vector<std::vector<double>> five(5, {1.0}), six(6, {1.0});
  EXPECT_EQ(after(five, {1}, minute).saifi, 0.0);
  EXPECT_EQ(after(five, {1}, minute).maifi, 1.0);
  EXPECT_EQ(after(six, {1}, minute).saifi, 1.0);
}

TEST(Reliability, WithoutCustomersThereIsNothingToCount) {
  EXPECT_EQ(after({{1}}, {0}).saifi, 0.0);
}

}  // namespace
}  // namespace gridplus
