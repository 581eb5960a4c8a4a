// Fuel and money per hour as piecewise-linear functions of output, made convex: a merit order and a linear programme
// need marginal costs that do not fall.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/core/field.hpp"

namespace gridplus::models {

/// The lower convex hull of the points of `curve` (Andrew's monotone chain): the largest convex function that lies
/// nowhere above them. Needs ascending x.
[[nodiscard]] Curve lower_convex_hull(const Curve& curve);

/// Whether x ascends strictly.
[[nodiscard]] bool ascending(const Curve& curve);

/// The line through `curve` at `x`, with the first and last slope continued outside. Needs two points or more.
[[nodiscard]] inline double interpolate(const Curve& curve, double x) {
  std::size_t i = 0;
  while (i + 2 < curve.count && x > curve.x[i + 1]) ++i;
  const double slope = (curve.y[i + 1] - curve.y[i]) / (curve.x[i + 1] - curve.x[i]);
  return curve.y[i] + slope * (x - curve.x[i]);
}

/// The same with the end values held outside, and a constant for one point.
[[nodiscard]] inline double interpolate_clamped(const Curve& curve, double x) {
  if (curve.count == 1) return curve.y[0];
  return interpolate(curve, std::clamp(x, curve.x[0], curve.x[curve.count - 1]));
}

}  // namespace gridplus::models
