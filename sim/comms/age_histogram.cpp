#include "sim/comms/age_histogram.hpp"

#include <cmath>
#include <limits>

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

}  // namespace gridplus::comms
