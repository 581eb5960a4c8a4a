#include "sim/comms/latency.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/comms/measured_ages.hpp"
#include "sim/core/random.hpp"

namespace gridplus::comms {
namespace {

using Bits = std::array<std::uint32_t, RandomWords::k_size>;

Bits some_bits() {
  Bits bits{};
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint32_t>(i) * 2654435761U;
  return bits;
}

LatencyBatch batch_of(double median_s, double sigma, double max_s) {
  LatencyBatch batch;
  batch.mu.fill(static_cast<float>(std::log(median_s)));
  batch.sigma.fill(static_cast<float>(sigma));
  batch.max_s.fill(static_cast<float>(max_s));
  return batch;
}

TEST(Latency, NormalQuantilesAreWithinTheirBound) {
  constexpr double k_bound = 1e-5;
  for (std::uint32_t h = 0; h < (1U << 24U); h += 997) {
    const double p = (static_cast<double>(h) + 0.5) * 0x1.0p-25, exact = normal_quantile(p);
    ASSERT_NEAR(static_cast<double>(normal_of_bits(h << 7U)), -exact, k_bound) << p;
    ASSERT_NEAR(static_cast<double>(normal_of_bits((h << 7U) | 0x80000000U)), exact, k_bound) << p;
  }
}

TEST(Latency, IsLognormal) {
  const Bits bits = some_bits();
  LatencyBatch batch = batch_of(0.04, 0.5, 1e30);
  draw_latencies(bits, batch);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const double exact = 0.04 * std::exp(0.5 * static_cast<double>(normal_of_bits(bits[i])));
    EXPECT_NEAR(static_cast<double>(batch.latency_s[i]) / exact, 1.0, 2e-6);
  }
}

TEST(Latency, IsCutAndStaysFinite) {
  const Bits bits = some_bits();
  LatencyBatch cut = batch_of(1.5, 0.8, 1.0);
  draw_latencies(bits, cut);
  for (const float latency_s : cut.latency_s) EXPECT_LE(latency_s, 1.0F);
  LatencyBatch wild = batch_of(1e30, 5.0, std::numeric_limits<float>::max());
  draw_latencies(bits, wild);
  for (const float latency_s : wild.latency_s) EXPECT_TRUE(std::isfinite(latency_s));
}

TEST(Latency, OfAHopWithoutAnyIsExactlyZero) {
  LatencyBatch batch;  // as HopTime says it: no time at most
  draw_latencies(some_bits(), batch);
  for (const float latency_s : batch.latency_s) EXPECT_EQ(latency_s, 0.0F);
}

TEST(Latency, SameBitsForEveryVectorSet) {
  const Bits bits = some_bits();
  LatencyBatch best = batch_of(0.3, 0.7, 10.0);
  draw_latencies(bits, best);
  for (const VectorSet set : {VectorSet::baseline, VectorSet::avx2, VectorSet::avx512}) {
    if (set > vector_set()) continue;
    LatencyBatch other = batch_of(0.3, 0.7, 10.0);
    draw_latencies(bits, other, set);
    EXPECT_EQ(other.latency_s, best.latency_s);
  }
}

TEST(MeasuredAges, AreStepsSinceTheReportAndItsLatencyWithinAStep) {
  const std::vector<std::int64_t> generated = {10, 9, 3, -1};
  const std::vector<float> latency_s = {2.0F, 5.0F, 1000.0F, 0.0F};
  for (const VectorSet set : {VectorSet::baseline, VectorSet::avx2, VectorSet::avx512}) {
    if (set > vector_set()) continue;
    AgeBatch ages;
    measure_ages(10, 900.0, generated, latency_s, ages, set);
    EXPECT_EQ(ages.age_s[0], 2.0);
    EXPECT_EQ(ages.age_s[1], 905.0);
    EXPECT_EQ(ages.age_s[2], 6300.0);
    EXPECT_EQ(ages.age_s[3], 9900.0);
    EXPECT_EQ(ages.rounded_s[1], 905.0F);
  }
}

}  // namespace
}  // namespace gridplus::comms
