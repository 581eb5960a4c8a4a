// How old measurements are: a histogram with fixed logarithmic bins, which adds up exactly over threads and time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace gridplus::comms {

/// Bins from 0.1 s to 19 days, four to each doubling; the first also holds what is younger, the last what is older. A
/// quantile is exact to the width of its bin, 16 to 25 %.
class AgeHistogram {
 public:
  static constexpr std::size_t k_bins = 96;

  void add(float age_s, std::uint64_t times = 1) { count_[bin(age_s)] += times; }
  void add(const AgeHistogram& other) {
    for (std::size_t i = 0; i < k_bins; ++i) count_[i] += other.count_[i];
  }
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : count_) sum += n;
    return sum;
  }
  [[nodiscard]] const std::array<std::uint64_t, k_bins>& counts() const { return count_; }

  /// The bin of an age: the exponent and the two leading bits of the fraction of age / 0.1 s.
  [[nodiscard]] static std::size_t bin(float age_s) {
    const float scaled = age_s * 10.0F;
    if (!(scaled > 1.0F)) return 0;
    const std::uint32_t place = (std::bit_cast<std::uint32_t>(scaled) >> 21U) - (127U << 2U);
    return place < k_bins ? place : k_bins - 1;
  }
  /// Lower edge of a bin, s; k_bins gives the upper edge of the last.
  [[nodiscard]] static double edge_s(std::size_t bin);
  /// The age that the share `q` of all does not exceed, s: linear within its bin. NaN for an empty histogram.
  [[nodiscard]] double quantile_s(double q) const;

 private:
  std::array<std::uint64_t, k_bins> count_{};
};

}  // namespace gridplus::comms
