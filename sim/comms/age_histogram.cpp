#include "sim/comms/age_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/core/vector_set.hpp"

namespace gridplus::comms {

double AgeHistogram::edge_s(std::size_t bin) {
  const double fraction = 1.0 + 0.25 * static_cast<double>(bin % 4);
  return bin == 0 ? 0.0 : 0.1 * std::ldexp(fraction, static_cast<int>(bin / 4));
}

double AgeHistogram::quantile_s(double q) const {
  const std::uint64_t all = total();
  if (all == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = q * static_cast<double>(all);
  double below = 0.0;
  for (std::size_t i = 0; i < k_bins; ++i) {
    const auto here = static_cast<double>(count_[i]);
    if (here > 0.0 && below + here >= wanted)
      return edge_s(i) + (edge_s(i + 1) - edge_s(i)) * std::max(0.0, wanted - below) / here;
    below += here;
  }
  return edge_s(k_bins);
}

namespace {

struct Taken {
  std::int64_t step;
  double step_s;
  const std::int64_t* generated;
  const float* latency_s;
  std::size_t count;
};

[[gnu::always_inline]] inline void fill(const Taken& in, AgeBatch& ages) {
  const auto longest_s = static_cast<float>(in.step_s);
  for (std::size_t i = 0; i < in.count; ++i) {
    const auto steps = static_cast<std::int32_t>(in.step - in.generated[i]);
    const float latency_s = in.latency_s[i];
    ages.age_s[i] =
        static_cast<double>(steps) * in.step_s + static_cast<double>(latency_s <= longest_s ? latency_s : 0.0F);
  }
  for (std::size_t i = 0; i < in.count; ++i) {
    const float scaled = static_cast<float>(ages.age_s[i]) * 10.0F;
    const std::uint32_t place = (std::bit_cast<std::uint32_t>(scaled) >> 21U) - (127U << 2U);
    const std::uint32_t inside = place < AgeHistogram::k_bins ? place : AgeHistogram::k_bins - 1;
    ages.bin[i] = scaled > 1.0F ? inside : 0;
  }
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void fill_avx2(const Taken& in, AgeBatch& ages) {
  fill(in, ages);
}
[[gnu::target(GRIDPLUS_AVX512)]] void fill_avx512(const Taken& in, AgeBatch& ages) {
  fill(in, ages);
}
#endif

}  // namespace

void measure_ages(std::int64_t step, double step_s, std::span<const std::int64_t> generated,
                  std::span<const float> latency_s, AgeBatch& ages) {
  const Taken in{step, step_s, generated.data(), latency_s.data(), std::min(generated.size(), AgeBatch::k_size)};
#if defined(__x86_64__)
  if (vector_set() == VectorSet::avx512) return fill_avx512(in, ages);
  if (vector_set() == VectorSet::avx2) return fill_avx2(in, ages);
#endif
  fill(in, ages);
}

}  // namespace gridplus::comms
