// Steps of the equations to first order, whose state is z = rho + j theta, and the way back to u = exp(z) - 1.
#if defined(GRIDPLUS_LANE_LINEAR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_LINEAR_INL
#undef GRIDPLUS_LANE_LINEAR_INL
#else
#define GRIDPLUS_LANE_LINEAR_INL
#endif

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <limits>

#include "sim/powerflow/lane_factor-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

/// state += step, a vector of lanes.
HWY_INLINE void add_step(const float* step, double* state) {
  const D64 d;
  hn::Store(hn::Add(hn::Load(d, state), hn::PromoteTo(d, hn::Load(Half32(), step))), d, state);
}

/// L U x = x in place, with x = (theta, rho), and z += x.
[[maybe_unused]] void linear_step(const FactorView& f, float* x, double* state) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    forward(f, x + first);
    backward<false>(f, x + first, nullptr, [&](std::int32_t i, bool pv, const Pair32&) HWY_ATTR {
      for (std::size_t l = first; l < first + k_at_once; l += k_width64) {
        const std::size_t own = at(i) + l;
        add_step(x + own, state + own + k_group_lanes);
        if (!pv) add_step(x + own + k_group_lanes, state + own);
      }
    });
  }
}

/// u = exp(z) - 1 in the place of z; no number where z is none, or so large that it is no voltage.
[[maybe_unused]] void exponential(std::int32_t positions, double* state) {
  constexpr double k_most = 1e4;  // within what the functions take
  const D64 d;
  const auto one = hn::Set(d, 1.0), most = hn::Set(d, k_most);
  const auto none = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  for (std::int32_t i = 0; i < positions; ++i) {
    for (std::size_t l = 0; l < k_group_lanes; l += k_width64) {
      double* re = state + at(i) + l;
      double* im = re + k_group_lanes;
      const auto rho = hn::Load(d, re), theta = hn::Load(d, im);
      const auto sound = hn::And(hn::Lt(hn::Abs(rho), most), hn::Lt(hn::Abs(theta), most));
      const auto modulus = hn::Exp(d, hn::IfThenElseZero(sound, rho));
      const auto angle = hn::IfThenElseZero(sound, theta);
      hn::Store(hn::IfThenElse(sound, hn::Sub(hn::Mul(modulus, hn::Cos(d, angle)), one), none), d, re);
      hn::Store(hn::IfThenElse(sound, hn::Mul(modulus, hn::Sin(d, angle)), none), d, im);
    }
  }
}

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
