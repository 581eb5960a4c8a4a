#include "sim/comms/measured_ages.hpp"

#include <algorithm>

namespace gridplus::comms {

namespace {

struct Taken {
  std::int64_t step;
  double step_s;
  const std::int64_t* generated;
  const float* latency_s;
  std::size_t count;
};

[[gnu::always_inline]] inline void fill(const Taken& in, AgeBatch& ages) {
  const auto longest_s = static_cast<float>(in.step_s * (1.0 + k_time_rounding));
  for (std::size_t i = 0; i < in.count; ++i) {
    const auto steps = static_cast<std::int32_t>(in.step - in.generated[i]);
    const float latency_s = in.latency_s[i];
    ages.age_s[i] =
        static_cast<double>(steps) * in.step_s + static_cast<double>(latency_s <= longest_s ? latency_s : 0.0F);
  }
  for (std::size_t i = 0; i < in.count; ++i) ages.rounded_s[i] = static_cast<float>(ages.age_s[i]);
}

}  // namespace

void measure_ages(std::int64_t step, double step_s, std::span<const std::int64_t> generated,
                  std::span<const float> latency_s, AgeBatch& ages, VectorSet set) {
  const Taken in{step, step_s, generated.data(), latency_s.data(), std::min(generated.size(), AgeBatch::k_size)};
  in_vectors<fill>(set, in, ages);
}

}  // namespace gridplus::comms
