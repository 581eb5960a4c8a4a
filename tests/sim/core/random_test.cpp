#include "sim/core/random.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace gridplus {
namespace {

TEST(Random, ADrawDependsOnItsKeyAlone) {
  const RandomKey key{7, 0, RandomStream::outage, 12, 345};
  const double first = uniform(key, 2);
  (void)uniform({8, 1, RandomStream::cyber, 3, 4}, 5);
  EXPECT_EQ(uniform(key, 2), first);
}

TEST(Random, EveryPartOfTheKeyMatters) {
  const RandomKey key{7, 1, RandomStream::outage, 12, 345};
  std::set<double> draws{uniform(key)};
  draws.insert(uniform({8, 1, RandomStream::outage, 12, 345}));
  draws.insert(uniform({7, 2, RandomStream::outage, 12, 345}));
  draws.insert(uniform({7, 1, RandomStream::cyber, 12, 345}));
  draws.insert(uniform({7, 1, RandomStream::outage, 13, 345}));
  draws.insert(uniform({7, 1, RandomStream::outage, 12, 346}));
  draws.insert(uniform(key, 1));
  EXPECT_EQ(draws.size(), 7u);
}

TEST(Random, ManyEntitiesAtOnceDrawWhatEachDraws) {
  const RandomKey key{7, 1, RandomStream::outage, 12, 345};
  std::vector<double> draws(100);
  uniforms(key, 3, draws);
  for (std::uint32_t i = 0; i < draws.size(); ++i)
    ASSERT_EQ(draws[i], uniform({7, 1, RandomStream::outage, 12 + i, 345}, 3)) << "entity " << 12 + i;
}

TEST(Random, UniformDrawsFillTheUnitInterval) {
  // Mean 1/2 and variance 1/12; over 1e5 draws their standard errors are 9.1e-4 and 2.4e-4: five of them are allowed.
  constexpr int k_draws = 100'000;
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < k_draws; ++i) {
    const double u = uniform({1, 0, RandomStream::device, 0, static_cast<std::uint64_t>(i)});
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  const double mean = sum / k_draws;
  EXPECT_NEAR(mean, 0.5, 5 * 9.1e-4);
  EXPECT_NEAR(squares / k_draws - mean * mean, 1.0 / 12.0, 5 * 2.4e-4);
}

TEST(Random, NormalDrawsHaveTheirMoments) {
  // Over 1e5 draws the standard errors of mean, variance and fourth moment are 0.0032, 0.0045 and 0.031.
  constexpr int k_draws = 100'000;
  double m1 = 0.0, m2 = 0.0, m4 = 0.0;
  for (int i = 0; i < k_draws; ++i) {
    const double z = normal({3, 0, RandomStream::device, static_cast<std::uint32_t>(i), 0});
    m1 += z, m2 += z * z, m4 += z * z * z * z;
  }
  EXPECT_NEAR(m1 / k_draws, 0.0, 5 * 0.0032);
  EXPECT_NEAR(m2 / k_draws, 1.0, 5 * 0.0045);
  EXPECT_NEAR(m4 / k_draws, 3.0, 5 * 0.031);
}

TEST(Random, NormalQuantilesMeetPublishedValues) {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.1, with more digits from any table of the distribution.
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.99), 2.3263478740408408, 1e-14);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-9), -5.997807015007686, 1e-12);
}

RC_GTEST_PROP(Random, TheQuantileInvertsTheDistribution, ()) {
  const double p = *rc::gen::map(rc::gen::inRange(1, 1'000'000), [](int i) { return i / 1'000'000.0; });
  const double z = normal_quantile(p);
  RC_ASSERT(std::abs(0.5 * std::erfc(-z / std::sqrt(2.0)) - p) < 1e-14);
}

}  // namespace
}  // namespace gridplus
