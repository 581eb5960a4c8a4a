// The ages of many measurements at once.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sim/comms/age_histogram.hpp"
#include "sim/core/vector_set.hpp"

namespace gridplus::comms {

/// Times are kept in single precision; a sum of a few that is longer than the steps by no more than this share is not.
inline constexpr double k_time_rounding = 1e-6;
[[nodiscard]] constexpr bool within_step(double latency_s, double step_s) {
  return latency_s <= step_s * (1.0 + k_time_rounding);
}

/// Ages of many measurements at the end of a step.
struct AgeBatch {
  static constexpr std::size_t k_size = 128;
  std::array<double, k_size> age_s{};
  std::array<float, k_size> rounded_s{};  ///< for histograms
};
/// Fills the first entries of `ages` for measurements taken in steps `generated` that took `latency_s` to arrive: age =
/// (step - generated) step_s, and the latency where it was no longer than a step. At most AgeBatch::k_size.
void measure_ages(std::int64_t step, double step_s, std::span<const std::int64_t> generated,
                  std::span<const float> latency_s, AgeBatch& ages, VectorSet set = vector_set());

}  // namespace gridplus::comms
