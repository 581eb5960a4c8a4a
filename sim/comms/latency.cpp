#include "sim/comms/latency.hpp"

#include <bit>

namespace gridplus::comms {

namespace {

/// ln(y) of a normal positive number; within 1e-7.
[[gnu::always_inline]] inline float natural_log(float y) {
  constexpr std::uint32_t k_sqrt_half = 0x3f3504f3U;
  const std::uint32_t moved = std::bit_cast<std::uint32_t>(y) - k_sqrt_half;
  const auto exponent = static_cast<float>(static_cast<std::int32_t>(moved) >> 23);
  const float f = std::bit_cast<float>((moved & 0x007fffffU) + k_sqrt_half) - 1.0F;
  const float f2 = f * f, f4 = f2 * f2;
  const float low = (0.9999999425F - 0.5000036309F * f) + (0.3333511414F - 0.2497007168F * f) * f2;
  const float high = (0.1989856504F - 0.1724701330F * f) + (0.1623418979F - 0.1013405675F * f) * f2;
  const float r = low + high * f4;
  return exponent * 0.69314718056F + r * f;
}

/// e^x within 2e-7, x within [-87, 88].
[[gnu::always_inline]] inline float exponential(float x) {
  constexpr float k_round = 12582912.0F;  // 1.5 2^23: adding it leaves the nearest whole number in the lowest bits
  const float shifted = x * 1.44269504089F + k_round;
  const float whole = shifted - k_round;
  const float f = (x - whole * 0.693359375F) + whole * 2.12194440e-4F;
  const float f2 = f * f;
  const float r = (1.0000000755F + 1.0000000377F * f) +
                  ((0.4999886911F + 0.1666641547F * f) + (0.0419175287F + 0.0083751288899F * f) * f2) * f2;
  const std::uint32_t scale = (std::bit_cast<std::uint32_t>(shifted) << 23U) + 0x3f800000U;
  return r * std::bit_cast<float>(scale);
}

[[gnu::always_inline]] inline float quantile(std::uint32_t bits) {
  const auto h = static_cast<float>(static_cast<std::int32_t>((bits >> 7U) & 0xffffffU));
  const float p = (h + 0.5F) * 0x1.0p-25F;
  const float x = 1.0F - 2.0F * p;
  const float w = -natural_log(4.0F * p * (1.0F - p));
  const float t = w * (1.0F / 8.35F) - 1.0F;
  const float t2 = t * t, t4 = t2 * t2;
  const float low = (3.8502736479F + 2.0418458156F * t) + (-0.4737417294F + 0.1904844217F * t) * t2;
  const float middle = (-0.0642480597F - 0.0037582669F * t) + (0.0463288428F - 0.0880531200F * t) * t2;
  const float high = (0.0821505009F - 0.0072200099F * t) + (-0.0371755769F + 0.0169819954F * t) * t2;
  const float q = low + (middle + high * t4) * t4;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(q * x) | (bits & 0x80000000U));
}

using Bits = std::array<std::uint32_t, RandomWords::k_size>;

// Two loops: with the bounds and the exponential in one, GCC makes branches of the bounds and no vectors.
[[gnu::always_inline]] inline void fill(const Bits& bits, LatencyBatch& batch) {
  for (std::size_t i = 0; i < RandomWords::k_size; ++i) {
    const float x = batch.mu[i] + batch.sigma[i] * quantile(bits[i]);
    const float low = x < -87.0F ? -87.0F : x;
    batch.latency_s[i] = low > 88.0F ? 88.0F : low;
  }
  for (std::size_t i = 0; i < RandomWords::k_size; ++i) {
    const float latency_s = exponential(batch.latency_s[i]), max_s = batch.max_s[i];
    batch.latency_s[i] = latency_s < max_s ? latency_s : max_s;
  }
}

}  // namespace

float normal_of_bits(std::uint32_t bits) {
  return quantile(bits);
}

void draw_latencies(const Bits& bits, LatencyBatch& batch, VectorSet set) {
  in_vectors<fill>(set, bits, batch);
}

}  // namespace gridplus::comms
