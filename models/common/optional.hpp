// Parameters that may be left out: NaN stands for "not given", as it does in the connection of a device to its bus.
#pragma once

#include <cmath>
#include <limits>

#include "sim/core/field.hpp"

namespace gridplus::models {

inline constexpr double k_not_given = std::numeric_limits<double>::quiet_NaN();
inline constexpr double k_unlimited = std::numeric_limits<double>::infinity();

[[nodiscard]] inline bool given(double value) {
  return !std::isnan(value);
}
[[nodiscard]] inline bool given(const Series& series) {
  return !series.constant() || !std::isnan(series.scale);
}
[[nodiscard]] inline bool given(const Curve& curve) {
  return curve.count > 0;
}

/// `value`, or `otherwise` where it is not given.
[[nodiscard]] inline double value_or(double value, double otherwise) {
  return given(value) ? value : otherwise;
}

}  // namespace gridplus::models
