// Elementary functions of vectors, compiled once per instruction set (the include guard is Highway's).
#if defined(GRIDPLUS_LANE_MATH_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_MATH_INL
#undef GRIDPLUS_LANE_MATH_INL
#else
#define GRIDPLUS_LANE_MATH_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// 2 arctan t in degrees for |t| <= 0.1: the Taylor series to t^15, exact to rounding there.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V twice_arctan_deg(D d, V t) {
  constexpr double k_degrees = 2.0 * 57.295779513082320877;
  const auto s = hn::Mul(t, t);
  auto sum = hn::Set(d, -k_degrees / 15);
  for (int k = 13; k >= 1; k -= 2)
    sum = hn::MulAdd(sum, s, hn::Set(d, ((k / 2) % 2 == 0 ? k_degrees : -k_degrees) / k));
  return hn::Mul(t, sum);
}

/// The angle of x + jy of modulus m in degrees, from t = tan(angle / 2) = y / (x + m). A large t is halved by
/// arctan t = 2 arctan(t / (1 + sqrt(1 + t^2))). Every lane takes the way that its own value asks for.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V angle_deg(D d, V x, V y, V m) {
  const auto tangent = hn::Div(y, hn::Add(x, m));
  const auto small = hn::Le(hn::Abs(tangent), hn::Set(d, 0.1));
  const auto direct = twice_arctan_deg(d, tangent);
  if (hn::AllTrue(d, small)) return direct;
  const auto one = hn::Set(d, 1.0);
  auto t = tangent;
  for (int halving = 0; halving < 4; ++halving) {
    t = hn::Div(t, hn::Add(one, hn::Sqrt(hn::MulAdd(t, t, one))));
  }
  return hn::IfThenElse(small, direct, hn::Mul(hn::Set(d, 16.0), twice_arctan_deg(d, t)));
}

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
