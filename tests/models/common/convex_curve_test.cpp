#include "models/common/convex_curve.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::number;

Curve random_curve() {
  Curve curve;
  curve.count = static_cast<std::uint32_t>(*rc::gen::inRange(2, 13));
  double x = number(0.0, 50.0);
  for (std::uint32_t i = 0; i < curve.count; ++i, x += number(0.1, 30.0)) {
    curve.x[i] = x;
    curve.y[i] = number(-100.0, 1000.0);
  }
  return curve;
}

TEST(ConvexCurve, LeavesAConvexCurveAsItIs) {
  const Curve convex{4, {0, 10, 20, 30}, {5, 6, 8, 20}};
  const Curve hull = lower_convex_hull(convex);
  ASSERT_EQ(hull.count, 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(hull.y[i], convex.y[i]);
}

TEST(ConvexCurve, DropsAPointAboveTheChord) {
  const Curve hull = lower_convex_hull({3, {0, 10, 20}, {0, 15, 20}});
  ASSERT_EQ(hull.count, 2u);
  EXPECT_EQ(hull.x[1], 20);
  EXPECT_EQ(interpolate(hull, 10), 10);
}

TEST(ConvexCurve, TheHullIsConvexBelowThePointsAndTouchesTheEnds) {
  EXPECT_TRUE(rc::check([] {
    const Curve curve = random_curve();
    const Curve hull = lower_convex_hull(curve);
    RC_ASSERT(hull.count >= 2u);
    RC_ASSERT(hull.x[0] == curve.x[0] && hull.y[0] == curve.y[0]);
    RC_ASSERT(hull.x[hull.count - 1] == curve.x[curve.count - 1]);
    for (std::size_t i = 0; i < curve.count; ++i) RC_ASSERT(interpolate(hull, curve.x[i]) <= curve.y[i] + 1e-6);
    for (std::size_t i = 2; i < hull.count; ++i) {
      const double before = (hull.y[i - 1] - hull.y[i - 2]) / (hull.x[i - 1] - hull.x[i - 2]);
      const double after = (hull.y[i] - hull.y[i - 1]) / (hull.x[i] - hull.x[i - 1]);
      RC_ASSERT(after > before - 1e-9);
    }
  }));
}

TEST(ConvexCurve, InterpolationContinuesOutsideOrIsHeld) {
  const Curve line{2, {10, 20}, {1, 2}};
  EXPECT_DOUBLE_EQ(interpolate(line, 30), 3);
  EXPECT_DOUBLE_EQ(interpolate_clamped(line, 30), 2);
  EXPECT_DOUBLE_EQ(interpolate_clamped(line, 0), 1);
  EXPECT_DOUBLE_EQ(interpolate_clamped({1, {5}, {7}}, 100), 7);
}

}  // namespace
}  // namespace gridplus::models
