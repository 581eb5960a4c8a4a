#include "models/common/convex_curve.hpp"

namespace gridplus::models {

Curve lower_convex_hull(const Curve& curve) {
  Curve hull;
  for (std::uint32_t i = 0; i < curve.count; ++i) {
    const auto lies_on_or_above = [&](std::uint32_t mid, std::uint32_t first) {
      const double to_mid = (hull.y[mid] - hull.y[first]) * (curve.x[i] - hull.x[first]);
      const double to_new = (curve.y[i] - hull.y[first]) * (hull.x[mid] - hull.x[first]);
      return to_mid >= to_new;
    };
    while (hull.count >= 2 && lies_on_or_above(hull.count - 1, hull.count - 2)) --hull.count;
    hull.x[hull.count] = curve.x[i];
    hull.y[hull.count] = curve.y[i];
    ++hull.count;
  }
  return hull;
}

bool ascending(const Curve& curve) {
  for (std::uint32_t i = 1; i < curve.count; ++i)
    if (!(curve.x[i] > curve.x[i - 1])) return false;
  return true;
}

}  // namespace gridplus::models
