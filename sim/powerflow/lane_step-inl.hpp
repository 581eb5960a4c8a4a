// The steps of the chord iterations: what the solves give, applied to the states of a group of lanes.
#if defined(GRIDPLUS_LANE_STEP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_STEP_INL
#undef GRIDPLUS_LANE_STEP_INL
#else
#define GRIDPLUS_LANE_STEP_INL
#endif

#include <hwy/highway.h>

#include "sim/powerflow/lane_factor-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

/// u <- u + (1 + u) m for a complex m.
template <class V>
HWY_INLINE void multiply_in(V m, V n, V& x, V& y) {
  const auto re = hn::Add(x, m);
  const auto im = hn::Add(y, n);
  const auto new_x = hn::NegMulAdd(y, n, hn::MulAdd(x, m, re));
  y = hn::MulAdd(y, m, hn::MulAdd(x, n, im));
  x = new_x;
}

/// exp(j theta) - 1 to second order, with |exp| = 1 to rounding: the Cayley transform (1 + j theta/2) / (1 - j
/// theta/2).
template <class D, class V = hn::Vec<D>>
HWY_INLINE void turn(D d, V theta, V& m, V& n) {
  using T = hn::TFromD<D>;
  const auto half = hn::Mul(theta, hn::Set(d, T(0.5)));
  n = hn::Div(theta, hn::MulAdd(half, half, hn::Set(d, T(1))));
  m = hn::Neg(hn::Mul(half, n));
}

/// exp(rho + j theta) - 1 to second order.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void stretch(D d, V theta, V rho, V& m, V& n) {
  const auto square = hn::NegMulAdd(theta, theta, hn::Mul(rho, rho));
  m = hn::MulAdd(hn::Set(d, hn::TFromD<D>(0.5)), square, rho);
  n = hn::MulAdd(rho, theta, theta);
}

/// tan(theta / 2) = a / b, right to 0.1 % up to |theta| = 2: the [3/2] Pade approximant of tan.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void half_tangent(D d, V theta, V& a, V& b) {
  using T = hn::TFromD<D>;
  const auto half = hn::Mul(theta, hn::Set(d, T(0.5)));
  const auto square = hn::Mul(half, half);
  a = hn::Mul(half, hn::Sub(hn::Set(d, T(15)), square));
  b = hn::NegMulAdd(hn::Set(d, T(6)), square, hn::Set(d, T(15)));
}

/// exp(j theta) - 1 for the theta of half tangent a / b; |exp| = 1 to rounding whatever a and b are.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void rotation(D d, V a, V b, V& m, V& n) {
  using T = hn::TFromD<D>;
  const auto twice = hn::Div(hn::Set(d, T(2)), hn::MulAdd(a, a, hn::Mul(b, b)));
  const auto scaled = hn::Mul(a, twice);
  m = hn::Neg(hn::Mul(a, scaled));
  n = hn::Mul(b, scaled);
}

/// exp(j theta) - 1, right to 0.3 % up to |theta| = 1.5, by the series of cosine and sine: buses that turn together
/// keep their differences, as with half_tangent().
template <class D, class V = hn::Vec<D>>
HWY_INLINE void large_turn(D d, V theta, V& m, V& n) {
  using T = hn::TFromD<D>;
  const auto s = hn::Mul(theta, theta);
  const auto cosine =
      hn::MulAdd(s, hn::MulAdd(s, hn::Set(d, T(-1.0 / 720)), hn::Set(d, T(1.0 / 24))), hn::Set(d, T(-0.5)));
  const auto sine = hn::MulAdd(s, hn::MulAdd(s, hn::Set(d, T(1.0 / 120)), hn::Set(d, T(-1.0 / 6))), hn::Set(d, T(1)));
  m = hn::Mul(s, cosine);
  n = hn::Mul(theta, sine);
}

/// From the base state, where u = 0. The step of a PV bus is kept beside x, in the place of the unknown it has not.
[[maybe_unused]] void start(const FactorView& f, float* x, double* state) {
  const D32 d;
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    forward(f, x + first);
    backward<false>(f, x + first, nullptr, [&](std::int32_t i, bool pv, const Pair32& z) HWY_ATTR {
      Pair32 u;
      for (std::size_t v = 0; v < k_chunk32; ++v) {
        large_turn(d, z.re[v], u.re[v], u.im[v]);
        if (pv) {
          hn::Store(z.re[v], d, x + first + at(i) + v * k_width32 + k_group_lanes);
        } else {
          const auto growth = hn::MulAdd(hn::Mul(z.im[v], hn::Set(d, 0.5F)), z.im[v], z.im[v]);
          u.re[v] = hn::MulAdd(growth, u.re[v], hn::Add(u.re[v], growth));
          u.im[v] = hn::MulAdd(growth, u.im[v], u.im[v]);
        }
      }
      float* to = in_place_of(state + first + at(i));
      for (std::size_t v = 0; v < k_chunk32; ++v) {
        hn::Store(u.re[v], d, to + v * k_width32);
        hn::Store(u.im[v], d, to + v * k_width32 + k_group_lanes * k_spread<float>);
      }
    });
  }
}

/// u of a PV bus after the first two steps, its modulus set to ratio.
HWY_INLINE void widen_pv(const float* theta, const double* ratio, double* state) {
  const D64 d;
  const Half32 half;
  VHalf a;
  VHalf b;
  half_tangent(half, hn::Add(hn::Load(half, theta), hn::Load(half, theta + k_group_lanes)), a, b);
  V64 x;
  V64 y;
  rotation(d, hn::PromoteTo(d, a), hn::PromoteTo(d, b), x, y);
  const auto r = hn::Load(d, ratio);
  hn::Store(hn::MulAdd(x, r, hn::Sub(r, hn::Set(d, 1.0))), d, state);
  hn::Store(hn::Mul(y, r), d, state + k_group_lanes);
}

/// Moves u = x + jy of a PQ bus by the step z.
HWY_INLINE void move_pq(const float* z, V64& x, V64& y) {
  const D64 d;
  const Half32 half;
  VHalf m;
  VHalf n;
  stretch(half, hn::Load(half, z), hn::Load(half, z + k_group_lanes), m, n);
  multiply_in(hn::PromoteTo(d, m), hn::PromoteTo(d, n), x, y);
}

[[maybe_unused]] void widen(const FactorView& f, float* x, const double* ratio, double* state) {
  const D64 d;
  const Half32 half;
  std::size_t pv_rows = 0;
  for (std::int32_t i = 0; i < f.rows; ++i) pv_rows += f.is_pv[i];
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    const double* own_ratio = ratio + pv_rows * k_group_lanes;
    forward(f, x + first);
    backward<false>(f, x + first, nullptr, [&](std::int32_t i, bool pv, const Pair32&) HWY_ATTR {
      if (pv) own_ratio -= k_group_lanes;
      if (pv) {
        for (std::size_t l = first; l < first + k_at_once; l += k_width64) {
          widen_pv(x + at(i) + l, own_ratio + l, state + at(i) + l);
        }
        return;
      }
      // All floats of the chunk are read before the doubles that take their place are written.
      const float* from = in_place_of(state + at(i) + first);
      V64 re[k_chunk64];
      V64 im[k_chunk64];
      for (std::size_t v = 0; v < k_chunk64; ++v) {
        re[v] = hn::PromoteTo(d, hn::Load(half, from + v * k_width64));
        im[v] = hn::PromoteTo(d, hn::Load(half, from + v * k_width64 + k_group_lanes * k_spread<float>));
      }
      for (std::size_t v = 0; v < k_chunk64; ++v) {
        const std::size_t own = at(i) + first + v * k_width64;
        move_pq(x + own, re[v], im[v]);
        hn::Store(re[v], d, state + own);
        hn::Store(im[v], d, state + own + k_group_lanes);
      }
    });
  }
}

/// Solves U x = x and moves the double state by x.
template <bool masked>
HWY_INLINE void move_lanes(const FactorView& f, float* x, const std::uint32_t* moves, double* state) {
  const D64 d;
  const Half32 half;
  backward<masked>(f, x, moves, [&](std::int32_t i, bool pv, const Pair32&) HWY_ATTR {
    for (std::size_t l = 0; l < k_at_once; l += k_width64) {
      const std::size_t own = at(i) + l;
      auto re = hn::Load(d, state + own);
      auto im = hn::Load(d, state + own + k_group_lanes);
      if (pv) {
        V64 m;
        V64 n;
        turn(d, hn::PromoteTo(d, hn::Load(half, x + own)), m, n);
        multiply_in(m, n, re, im);
      } else {
        move_pq(x + own, re, im);
      }
      hn::Store(re, d, state + own);
      hn::Store(im, d, state + own + k_group_lanes);
    }
  });
}

template <bool masked>
HWY_INLINE void step_lanes(const FactorView& f, float* x, const std::uint32_t* moves, double* state) {
  forward(f, x);
  move_lanes<masked>(f, x, moves, state);
}

[[maybe_unused]] void step(const FactorView& f, float* x, const std::uint32_t* moves, double* state) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    if (moves == nullptr) {
      step_lanes<false>(f, x + first, nullptr, state + first);
    } else {
      step_lanes<true>(f, x + first, moves + first, state + first);
    }
  }
}

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
