// Mismatch of a group of lanes against the shared couplings, in float and in double, and of the equations to first
// order. The equations are in lane_base.hpp.
#if defined(GRIDPLUS_LANE_MISMATCH_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_MISMATCH_INL
#undef GRIDPLUS_LANE_MISMATCH_INL
#else
#define GRIDPLUS_LANE_MISMATCH_INL
#endif

#include <hwy/highway.h>

#include "sim/powerflow/lane_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

/// t = sum over j of A_ij conj(u_j) at one chunk of lanes.
template <class D>
struct Coupled {
  hn::Vec<D> re[k_chunk<D>], im[k_chunk<D>];
};

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void couple_row(D d, const CouplingView& a, const T* value, std::int32_t i, const T* state, Coupled<D>& t) {
  constexpr std::size_t width = hn::MaxLanes(D());
  for (std::size_t v = 0; v < k_chunk<D>; ++v) t.re[v] = t.im[v] = hn::Zero(d);
  for (std::int32_t e = a.start[i]; e < a.start[i + 1]; ++e) {
    const T* u = state + at(a.column[e]) * k_spread<T>;
    const auto g = hn::Set(d, value[2 * e]);
    const auto b = hn::Set(d, value[2 * e + 1]);
    hn::Vec<D> x[k_chunk<D>];
    hn::Vec<D> y[k_chunk<D>];
    for (std::size_t v = 0; v < k_chunk<D>; ++v) {
      x[v] = hn::Load(d, u + v * width);
      y[v] = hn::Load(d, u + v * width + k_group_lanes * k_spread<T>);
    }
    for (std::size_t v = 0; v < k_chunk<D>; ++v) {
      t.re[v] = hn::MulAdd(g, x[v], t.re[v]);
      t.im[v] = hn::MulAdd(b, x[v], t.im[v]);
    }
    for (std::size_t v = 0; v < k_chunk<D>; ++v) {
      t.re[v] = hn::MulAdd(b, y[v], t.re[v]);
      t.im[v] = hn::NegMulAdd(g, y[v], t.im[v]);
    }
  }
}

/// change - (t + u (S + t)) of one bus at one vector of lanes; of a PV bus only p.
template <bool pv, class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE void bus_mismatch(D d, const double* injection, V x, V y, V want_p, V want_q, V re, V im, V& p, V& q) {
  const auto s = hn::Add(hn::Set(d, static_cast<T>(injection[0])), re);
  const auto t = hn::Add(hn::Set(d, static_cast<T>(injection[1])), im);
  p = hn::MulAdd(y, t, hn::NegMulAdd(x, s, hn::Sub(want_p, re)));
  if constexpr (pv) return;
  q = hn::NegMulAdd(y, s, hn::NegMulAdd(x, t, hn::Sub(want_q, im)));
}

/// 1 / |1 + u|^4 to second order in |1 + u|^2 - 1, positive everywhere. Multiplied by it, the mismatch of a PQ bus
/// suits the base factor better: see "The scaled chord" in docs/powerflow.md.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V chord_scale(D d, V x, V y) {
  using T = hn::TFromD<D>;
  const auto s = hn::MulAdd(x, hn::Add(x, hn::Set(d, T(2))), hn::Mul(y, y));
  return hn::MulAdd(s, hn::MulAdd(s, hn::Set(d, T(3)), hn::Set(d, T(-2))), hn::Set(d, T(1)));
}

/// The equations of a bus, and what suits their mismatch to the base factor.
struct Exact {
  static constexpr bool k_scaled = true;
  template <bool pv>
  static HWY_INLINE void mismatch(const double* injection, V64 x, V64 y, V64 want_p, V64 want_q, V64 re, V64 im, V64& p,
                                  V64& q) {
    bus_mismatch<pv>(D64(), injection, x, y, want_p, want_q, re, im, p, q);
  }
};

/// Their first-order part, with z = rho + j theta in the place of u: change - (t + S z).
struct FirstOrder {
  static constexpr bool k_scaled = false;
  template <bool pv>
  static HWY_INLINE void mismatch(const double* injection, V64 x, V64 y, V64 want_p, V64 want_q, V64 re, V64 im, V64& p,
                                  V64& q) {
    const D64 d;
    const auto s = hn::Set(d, injection[0]);
    const auto t = hn::Set(d, injection[1]);
    p = hn::MulAdd(y, t, hn::NegMulAdd(x, s, hn::Sub(want_p, re)));
    if constexpr (pv) return;
    q = hn::NegMulAdd(y, s, hn::NegMulAdd(x, t, hn::Sub(want_q, im)));
  }
};

/// Mismatch of one bus of a group of lanes in float; use(v, p, q) sees it at each vector of lanes, q = 0 at a PV bus.
template <bool pv, class Use>
HWY_INLINE void finish_row32(const CouplingView& a, std::int32_t i, const Coupled<D32>& t, const float* state,
                             const double* change, float* residual, const Use& use) {
  const D32 d;
  for (std::size_t v = 0; v < k_chunk32; ++v) {
    const std::size_t own = at(i) + v * k_width32;
    const float* u = state + at(i) * k_spread<float> + v * k_width32;
    const auto x = hn::Load(d, u);
    const auto y = hn::Load(d, u + k_group_lanes * k_spread<float>);
    V32 p;
    V32 q = hn::Zero(d);
    const auto want_p = load_rounded(change + own);
    const auto want_q = load_rounded(change + own + k_group_lanes);
    bus_mismatch<pv>(d, a.injection + 2 * i, x, y, want_p, want_q, t.re[v], t.im[v], p, q);
    use(v, p, q);
    if constexpr (pv) {
      hn::Store(p, d, residual + own);
    } else {
      const auto scale = chord_scale(d, x, y);
      hn::Store(hn::Mul(p, scale), d, residual + own);
      hn::Store(hn::Mul(q, scale), d, residual + own + k_group_lanes);
    }
  }
}

/// Mismatch of all rows of one chunk of lanes in float. see(i, v, p, q) sees every one.
template <class See>
HWY_INLINE void mismatch_of_chunk32(const CouplingView& a, const float* state, const double* change, float* residual,
                                    const See& see) {
  for (std::int32_t i = 0; i < a.rows; ++i) {
    const auto use = [&](std::size_t v, V32 p, V32 q) HWY_ATTR { see(i, v, p, q); };
    Coupled<D32> t;
    couple_row(D32(), a, a.value32, i, state, t);
    if (a.is_pv[i] != 0) {
      finish_row32<true>(a, i, t, state, change, residual, use);
    } else {
      finish_row32<false>(a, i, t, state, change, residual, use);
    }
  }
}

[[maybe_unused]] void mismatch32(const CouplingView& a, const double* state, const double* change, float* residual) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once)
    mismatch_of_chunk32(a, in_place_of(state + first), change + first, residual + first,
                        [](std::int32_t, std::size_t, V32, V32) HWY_ATTR {});
}

/// Mismatch of one bus of a group of lanes; use(v, p, q) sees it at each vector of lanes, q = 0 at a PV bus.
template <class Equations, bool pv, class Use>
HWY_INLINE void finish_row(const CouplingView& a, std::int32_t i, const Coupled<D64>& t, const double* state,
                           const double* change, float* residual, const Use& use) {
  const D64 d;
  const Half32 half;
  for (std::size_t v = 0; v < k_chunk64; ++v) {
    const std::size_t own = at(i) + v * k_width64;
    const auto x = hn::Load(d, state + own);
    const auto y = hn::Load(d, state + own + k_group_lanes);
    V64 p;
    V64 q = hn::Zero(d);
    const auto want_p = hn::Load(d, change + own);
    const auto want_q = hn::Load(d, change + own + k_group_lanes);
    Equations::template mismatch<pv>(a.injection + 2 * i, x, y, want_p, want_q, t.re[v], t.im[v], p, q);
    use(v, p, q);
    if constexpr (pv) {
      hn::Store(hn::DemoteTo(half, p), half, residual + own);
    } else {
      const auto scale = Equations::k_scaled ? chord_scale(d, x, y) : hn::Set(d, 1.0);
      hn::Store(hn::DemoteTo(half, hn::Mul(p, scale)), half, residual + own);
      hn::Store(hn::DemoteTo(half, hn::Mul(q, scale)), half, residual + own + k_group_lanes);
    }
  }
}

/// Mismatch of all rows of one chunk of lanes, and the largest of each lane. see(i, v, p, q) sees every one.
template <class Equations, class See>
HWY_INLINE void mismatch_of_chunk(const CouplingView& a, const double* state, const double* change, float* residual,
                                  V64 (&largest)[k_chunk64], const See& see) {
  const D64 d;
  for (std::size_t v = 0; v < k_chunk64; ++v) largest[v] = hn::Zero(d);
  for (std::int32_t i = 0; i < a.rows; ++i) {
    Coupled<D64> t;
    couple_row(d, a, a.value, i, state, t);
    if (a.is_pv[i] != 0) {
      finish_row<Equations, true>(a, i, t, state, change, residual, [&](std::size_t v, V64 p, V64 q) HWY_ATTR {
        largest[v] = hn::Max(largest[v], hn::Abs(p));
        see(i, v, p, q);
      });
    } else {
      finish_row<Equations, false>(a, i, t, state, change, residual, [&](std::size_t v, V64 p, V64 q) HWY_ATTR {
        largest[v] = hn::Max(hn::Max(largest[v], hn::Abs(p)), hn::Abs(q));
        see(i, v, p, q);
      });
    }
  }
}

template <class Equations>
[[maybe_unused]] void mismatch(const CouplingView& a, const double* state, const double* change, float* residual,
                               double* norm) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    V64 largest[k_chunk64];
    mismatch_of_chunk<Equations>(a, state + first, change + first, residual + first, largest,
                                 [](std::int32_t, std::size_t, V64, V64) HWY_ATTR {});
    for (std::size_t v = 0; v < k_chunk64; ++v) hn::Store(largest[v], D64(), norm + first + v * k_width64);
  }
}

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
