#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/powerflow/lane_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sim/powerflow/lane_kernels.hpp"
#include "sim/powerflow/lane_math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t k_bus = 2 * k_group_lanes;  // numbers of one bus

using D64 = hn::CappedTag<double, 8>;
using D32 = hn::CappedTag<float, 16>;
using Half32 = hn::Rebind<float, D64>;  // as many floats as a vector has doubles
using V64 = hn::Vec<D64>;
using V32 = hn::Vec<D32>;
using VHalf = hn::Vec<Half32>;
constexpr std::size_t k_width64 = hn::MaxLanes(D64());
constexpr std::size_t k_width32 = hn::MaxLanes(D32());
/// Lanes worked on at once: as many as the registers hold, at most the group.
constexpr std::size_t k_at_once = HWY_MIN(4 * k_width64, k_group_lanes);
constexpr std::size_t k_chunk64 = k_at_once / k_width64;
constexpr std::size_t k_chunk32 = k_at_once / k_width32;

template <class D>
constexpr std::size_t k_chunk = k_at_once / hn::MaxLanes(D());

HWY_INLINE std::size_t at(std::int32_t bus) {
  return static_cast<std::size_t>(bus) * k_bus;
}

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
    const T* u = state + at(a.column[e]);
    const auto g = hn::Set(d, value[2 * e]);
    const auto b = hn::Set(d, value[2 * e + 1]);
    hn::Vec<D> x[k_chunk<D>];
    hn::Vec<D> y[k_chunk<D>];
    for (std::size_t v = 0; v < k_chunk<D>; ++v) {
      x[v] = hn::Load(d, u + v * width);
      y[v] = hn::Load(d, u + v * width + k_group_lanes);
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

/// The two numbers of a bus at one chunk of lanes, in float.
struct Pair32 {
  V32 re[k_chunk32], im[k_chunk32];
};

HWY_INLINE void load_pair(const float* from, bool pv, Pair32& pair) {
  const D32 d;
  for (std::size_t v = 0; v < k_chunk32; ++v) {
    pair.re[v] = hn::Load(d, from + v * k_width32);
    if (!pv) pair.im[v] = hn::Load(d, from + v * k_width32 + k_group_lanes);
  }
}

HWY_INLINE void store_pair(const Pair32& pair, bool pv, float* to) {
  const D32 d;
  for (std::size_t v = 0; v < k_chunk32; ++v) {
    hn::Store(pair.re[v], d, to + v * k_width32);
    if (!pv) hn::Store(pair.im[v], d, to + v * k_width32 + k_group_lanes);
  }
}

/// Where a solve has come to in the stream of one factor.
struct Cursor {
  const std::int32_t* column;
  const float* value;
};

/// Subtracts one row of a factor times x from `pair`. Advances the cursor.
template <bool pv_row>
HWY_INLINE void subtract_row(const float* x, const std::int32_t* count, Cursor& c, Pair32& pair) {
  const D32 d;
  for (std::int32_t k = 0; k < count[0]; ++k, c.value += pv_row ? 2 : 4) {
    const float* from = x + at(*c.column++);
    for (std::size_t v = 0; v < k_chunk32; ++v) {
      const auto a = hn::Load(d, from + v * k_width32);
      const auto b = hn::Load(d, from + v * k_width32 + k_group_lanes);
      pair.re[v] = hn::NegMulAdd(hn::Set(d, c.value[1]), b, hn::NegMulAdd(hn::Set(d, c.value[0]), a, pair.re[v]));
      if constexpr (pv_row) continue;
      pair.im[v] = hn::NegMulAdd(hn::Set(d, c.value[3]), b, hn::NegMulAdd(hn::Set(d, c.value[2]), a, pair.im[v]));
    }
  }
  for (std::int32_t k = 0; k < count[1]; ++k, c.value += pv_row ? 1 : 2) {
    const float* from = x + at(*c.column++);
    for (std::size_t v = 0; v < k_chunk32; ++v) {
      const auto a = hn::Load(d, from + v * k_width32);
      pair.re[v] = hn::NegMulAdd(hn::Set(d, c.value[0]), a, pair.re[v]);
      if constexpr (pv_row) continue;
      pair.im[v] = hn::NegMulAdd(hn::Set(d, c.value[1]), a, pair.im[v]);
    }
  }
}

/// One vector of floats from doubles.
HWY_INLINE V32 load_rounded(const double* from) {
  const D64 d;
  const Half32 half;
#if HWY_TARGET == HWY_SCALAR
  return hn::DemoteTo(half, hn::Load(d, from));
#else
  return hn::Combine(D32(), hn::DemoteTo(half, hn::Load(d, from + k_width64)), hn::DemoteTo(half, hn::Load(d, from)));
#endif
}

template <bool pv>
HWY_INLINE void finish_row32(const CouplingView& a, std::int32_t i, const Coupled<D32>& t, const float* state,
                             const double* change, float* residual) {
  const D32 d;
  for (std::size_t v = 0; v < k_chunk32; ++v) {
    const std::size_t own = at(i) + v * k_width32;
    const auto x = hn::Load(d, state + own);
    const auto y = hn::Load(d, state + own + k_group_lanes);
    V32 p;
    V32 q;
    const auto want_p = load_rounded(change + own);
    const auto want_q = load_rounded(change + own + k_group_lanes);
    bus_mismatch<pv>(d, a.injection + 2 * i, x, y, want_p, want_q, t.re[v], t.im[v], p, q);
    if constexpr (pv) {
      hn::Store(p, d, residual + own);
    } else {
      const auto scale = chord_scale(d, x, y);
      hn::Store(hn::Mul(p, scale), d, residual + own);
      hn::Store(hn::Mul(q, scale), d, residual + own + k_group_lanes);
    }
  }
}

void mismatch32(const CouplingView& a, const float* state, const double* change, float* residual) {
  const D32 d;
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    for (std::int32_t i = 0; i < a.rows; ++i) {
      Coupled<D32> t;
      couple_row(d, a, a.value32, i, state + first, t);
      if (a.is_pv[i] != 0) {
        finish_row32<true>(a, i, t, state + first, change + first, residual + first);
      } else {
        finish_row32<false>(a, i, t, state + first, change + first, residual + first);
      }
    }
  }
}

template <bool pv>
HWY_INLINE void finish_row(const CouplingView& a, std::int32_t i, const Coupled<D64>& t, const double* state,
                           const double* change, float* residual, V64 (&largest)[k_chunk64]) {
  const D64 d;
  const Half32 half;
  for (std::size_t v = 0; v < k_chunk64; ++v) {
    const std::size_t own = at(i) + v * k_width64;
    const auto x = hn::Load(d, state + own);
    const auto y = hn::Load(d, state + own + k_group_lanes);
    V64 p;
    V64 q;
    const auto want_p = hn::Load(d, change + own);
    const auto want_q = hn::Load(d, change + own + k_group_lanes);
    bus_mismatch<pv>(d, a.injection + 2 * i, x, y, want_p, want_q, t.re[v], t.im[v], p, q);
    largest[v] = hn::Max(largest[v], hn::Abs(p));
    if constexpr (pv) {
      hn::Store(hn::DemoteTo(half, p), half, residual + own);
    } else {
      largest[v] = hn::Max(largest[v], hn::Abs(q));
      const auto scale = chord_scale(d, x, y);
      hn::Store(hn::DemoteTo(half, hn::Mul(p, scale)), half, residual + own);
      hn::Store(hn::DemoteTo(half, hn::Mul(q, scale)), half, residual + own + k_group_lanes);
    }
  }
}

void mismatch(const CouplingView& a, const double* state, const double* change, float* residual, double* norm) {
  const D64 d;
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    V64 largest[k_chunk64];
    for (std::size_t v = 0; v < k_chunk64; ++v) largest[v] = hn::Zero(d);
    for (std::int32_t i = 0; i < a.rows; ++i) {
      Coupled<D64> t;
      couple_row(d, a, a.value, i, state + first, t);
      if (a.is_pv[i] != 0) {
        finish_row<true>(a, i, t, state + first, change + first, residual + first, largest);
      } else {
        finish_row<false>(a, i, t, state + first, change + first, residual + first, largest);
      }
    }
    for (std::size_t v = 0; v < k_chunk64; ++v) hn::Store(largest[v], d, norm + first + v * k_width64);
  }
}

/// L x = x in place.
HWY_INLINE void forward(const FactorView& f, float* x) {
  Cursor c{f.lower_column, f.lower_value};
  for (std::int32_t i = 0; i < f.rows; ++i) {
    const std::int32_t* count = f.lower_count + 2 * i;
    if (count[0] + count[1] == 0) continue;
    const bool pv = f.is_pv[i] != 0;
    Pair32 pair;
    load_pair(x + at(i), pv, pair);
    if (pv) {
      subtract_row<true>(x, count, c, pair);
    } else {
      subtract_row<false>(x, count, c, pair);
    }
    store_pair(pair, pv, x + at(i));
  }
}

HWY_INLINE V32 multiply_add(const float* coefficient, V32 a, V32 b) {
  const D32 d;
  return hn::MulAdd(hn::Set(d, coefficient[1]), b, hn::Mul(hn::Set(d, coefficient[0]), a));
}

/// U x = y in place, and use(i) after each row. masked: y of lanes without bits in `moves` counts as zero.
template <bool masked, class Use>
HWY_INLINE void backward(const FactorView& f, float* x, const std::uint32_t* moves, const Use& use) {
  const D32 d;
  Cursor c{f.upper_column, f.upper_value};
  V32 mask[k_chunk32];
  for (std::size_t v = 0; v < k_chunk32; ++v) {
    mask[v] = masked ? hn::BitCast(d, hn::Load(hn::RebindToUnsigned<D32>(), moves + v * k_width32)) : hn::Zero(d);
  }
  for (std::int32_t i = f.rows - 1; i >= 0; --i) {
    const bool pv = f.is_pv[i] != 0;
    Pair32 pair;
    load_pair(x + at(i), pv, pair);
    for (std::size_t v = 0; v < k_chunk32; ++v) {
      const auto a = masked ? hn::And(pair.re[v], mask[v]) : pair.re[v];
      if (pv) {
        pair.re[v] = hn::Mul(hn::Set(d, c.value[0]), a);
        continue;
      }
      const auto b = masked ? hn::And(pair.im[v], mask[v]) : pair.im[v];
      pair.re[v] = multiply_add(c.value, a, b);
      pair.im[v] = multiply_add(c.value + 2, a, b);
    }
    c.value += pv ? 1 : 4;
    if (pv) {
      subtract_row<true>(x, f.upper_count + 2 * i, c, pair);
    } else {
      subtract_row<false>(x, f.upper_count + 2 * i, c, pair);
    }
    store_pair(pair, pv, x + at(i));
    use(i, pv, pair);
  }
}

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
void start(const FactorView& f, float* x, float* state) {
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
      store_pair(u, false, state + first + at(i));
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

void widen(const FactorView& f, float* x, const float* state32, const double* ratio, double* state) {
  const D64 d;
  const Half32 half;
  std::size_t pv_rows = 0;
  for (std::int32_t i = 0; i < f.rows; ++i) pv_rows += f.is_pv[i];
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    const double* own_ratio = ratio + pv_rows * k_group_lanes;
    forward(f, x + first);
    backward<false>(f, x + first, nullptr, [&](std::int32_t i, bool pv, const Pair32&) HWY_ATTR {
      if (pv) own_ratio -= k_group_lanes;
      for (std::size_t l = first; l < first + k_at_once; l += k_width64) {
        const std::size_t own = at(i) + l;
        if (pv) {
          widen_pv(x + own, own_ratio + l, state + own);
          continue;
        }
        auto re = hn::PromoteTo(d, hn::Load(half, state32 + own));
        auto im = hn::PromoteTo(d, hn::Load(half, state32 + own + k_group_lanes));
        move_pq(x + own, re, im);
        hn::Store(re, d, state + own);
        hn::Store(im, d, state + own + k_group_lanes);
      }
    });
  }
}

template <bool masked>
HWY_INLINE void step_lanes(const FactorView& f, float* x, const std::uint32_t* moves, double* state) {
  const D64 d;
  const Half32 half;
  forward(f, x);
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

void step(const FactorView& f, float* x, const std::uint32_t* moves, double* state) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    if (moves == nullptr) {
      step_lanes<false>(f, x + first, nullptr, state + first);
    } else {
      step_lanes<true>(f, x + first, moves + first, state + first);
    }
  }
}

/// Transposes N vectors of N numbers.
template <class D, std::size_t N, class V = hn::Vec<D>>
HWY_INLINE void transpose([[maybe_unused]] D d, [[maybe_unused]] V (&v)[N]) {
#if HWY_TARGET != HWY_SCALAR
  V pairs[N];
  for (std::size_t k = 0; k < N; k += 2) {
    pairs[k] = hn::InterleaveLower(d, v[k], v[k + 1]);
    pairs[k + 1] = hn::InterleaveUpper(d, v[k], v[k + 1]);
  }
  if constexpr (N == 2) {
    v[0] = pairs[0];
    v[1] = pairs[1];
  } else if constexpr (N == 4) {
    for (std::size_t k = 0; k < 2; ++k) {
      v[k] = hn::ConcatLowerLower(d, pairs[2 + k], pairs[k]);
      v[2 + k] = hn::ConcatUpperUpper(d, pairs[2 + k], pairs[k]);
    }
  } else {
    for (std::size_t k = 0; k < 2; ++k) {
      const V low_even = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(pairs[2 + k]), pairs[k]);
      const V low_odd = hn::OddEvenBlocks(pairs[2 + k], hn::SwapAdjacentBlocks(pairs[k]));
      const V high_even = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(pairs[6 + k]), pairs[4 + k]);
      const V high_odd = hn::OddEvenBlocks(pairs[6 + k], hn::SwapAdjacentBlocks(pairs[4 + k]));
      v[k] = hn::ConcatLowerLower(d, high_even, low_even);
      v[2 + k] = hn::ConcatLowerLower(d, high_odd, low_odd);
      v[4 + k] = hn::ConcatUpperUpper(d, high_even, low_even);
      v[6 + k] = hn::ConcatUpperUpper(d, high_odd, low_odd);
    }
  }
#endif
}

/// Numbers ahead of which the flows' own arrays are fetched: one stream per flow is more than the hardware follows.
constexpr std::size_t k_ahead = 48;

void gather_part(const BusView& b, const double* const* flow, std::size_t part, double* change, float* x) {
  const D64 d;
  const Half32 d32;
  constexpr std::size_t N = k_width64;
  const double per_mva = 1.0 / b.base_mva;
  const auto whole = static_cast<std::size_t>(b.buses) / N * N;
  for (std::size_t l = 0; l < k_group_lanes; l += N) {
    for (std::size_t bus = 0; bus < whole; bus += N) {
      V64 v[N];
      for (std::size_t k = 0; k < N; ++k) {
        v[k] = hn::LoadU(d, flow[l + k] + bus);
        hwy::Prefetch(flow[l + k] + bus + k_ahead);
      }
      transpose(d, v);
      for (std::size_t k = 0; k < N; ++k) {
        const std::int32_t position = b.position[bus + k];
        if (position < 0) continue;
        const std::size_t row = static_cast<std::size_t>(position);
        const auto value = hn::MulSub(v[k], hn::Set(d, per_mva), hn::Set(d, b.injection[2 * row + part]));
        hn::Store(value, d, change + at(position) + part * k_group_lanes + l);
        hn::Store(hn::DemoteTo(d32, value), d32, x + at(position) + part * k_group_lanes + l);
      }
    }
    for (std::size_t bus = whole; bus < static_cast<std::size_t>(b.buses); ++bus) {
      if (b.position[bus] < 0) continue;
      const std::size_t row = static_cast<std::size_t>(b.position[bus]);
      double* out = change + at(b.position[bus]) + part * k_group_lanes + l;
      for (std::size_t k = 0; k < N; ++k) out[k] = flow[l + k][bus];
      const auto value = hn::MulSub(hn::Load(d, out), hn::Set(d, per_mva), hn::Set(d, b.injection[2 * row + part]));
      hn::Store(value, d, out);
      hn::Store(hn::DemoteTo(d32, value), d32, x + at(b.position[bus]) + part * k_group_lanes + l);
    }
  }
}

void gather(const BusView& b, const double* const* p_mw, const double* const* q_mvar, double* change, float* x) {
  gather_part(b, p_mw, 0, change, x);
  gather_part(b, q_mvar, 1, change, x);
}

/// Magnitude and angle of one bus at one vector of lanes; zero where it is not energised.
HWY_INLINE void polar_of_bus(const BusView& b, std::int32_t position, const double* state, const double* ratio, V64& vm,
                             V64& va, V64& poison) {
  const D64 d;
  vm = va = hn::Zero(d);
  if (position < 0) return;
  const double* own = state + at(position);
  const auto x = hn::Add(hn::Set(d, 1.0), hn::Load(d, own));
  const auto y = hn::Load(d, own + k_group_lanes);
  const std::int32_t pv = b.pv_row[position];
  const auto modulus = pv < 0 ? hn::Sqrt(hn::MulAdd(x, x, hn::Mul(y, y)))
                              : hn::Load(d, ratio + static_cast<std::size_t>(pv) * k_group_lanes);
  vm = hn::Mul(modulus, hn::Set(d, b.vm_pu[position]));
  va = hn::Add(angle_deg(d, x, y, modulus), hn::Set(d, b.va_deg[position]));
  poison = hn::MulAdd(pv < 0 ? vm : va, hn::Zero(d), poison);
}

void polar(const BusView& b, const double* state, const double* ratio, double* const* vm_pu, double* const* va_deg,
           double* poison) {
  const D64 d;
  constexpr std::size_t N = k_width64;
  const auto whole = static_cast<std::size_t>(b.buses) / N * N;
  for (std::size_t l = 0; l < k_group_lanes; l += N) {
    V64 bad = hn::Zero(d);
    for (std::size_t bus = 0; bus < whole; bus += N) {
      V64 vm[N];
      V64 va[N];
      for (std::size_t k = 0; k < N; ++k) polar_of_bus(b, b.position[bus + k], state + l, ratio + l, vm[k], va[k], bad);
      transpose(d, vm);
      transpose(d, va);
      for (std::size_t k = 0; k < N; ++k) {
        hn::StoreU(vm[k], d, vm_pu[l + k] + bus);
        hn::StoreU(va[k], d, va_deg[l + k] + bus);
        hwy::Prefetch(vm_pu[l + k] + bus + k_ahead);
        hwy::Prefetch(va_deg[l + k] + bus + k_ahead);
      }
    }
    for (std::size_t bus = whole; bus < static_cast<std::size_t>(b.buses); ++bus) {
      V64 vm;
      V64 va;
      polar_of_bus(b, b.position[bus], state + l, ratio + l, vm, va, bad);
      HWY_ALIGN double column[2][N];
      hn::Store(vm, d, column[0]);
      hn::Store(va, d, column[1]);
      for (std::size_t k = 0; k < N; ++k) {
        vm_pu[l + k][bus] = column[0][k];
        va_deg[l + k][bus] = column[1][k];
      }
    }
    hn::Store(bad, d, poison + l);
  }
}

#if HWY_TARGET == HWY_AVX3
constexpr std::string_view k_name = "avx512";
#elif HWY_TARGET == HWY_AVX2
constexpr std::string_view k_name = "avx2";
#elif HWY_TARGET == HWY_SSE4
constexpr std::string_view k_name = "sse4";
#else
constexpr std::string_view k_name = "scalar";
#endif

}  // namespace

const LaneKernels* kernels() {
  static constexpr LaneKernels table{k_name, start, mismatch32, widen, mismatch, step, gather, polar};
  return &table;
}

}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <array>
#include <cstdlib>
#include <string>

#include "sim/core/error.hpp"

namespace gridplus::powerflow {

namespace {

struct InstructionSet {
  std::string_view name;
  const LaneKernels* (*kernels)();
  std::int64_t target;
};

/// Weakest first. A set that was not compiled for this architecture has no kernels.
constexpr std::array<InstructionSet, 4> k_sets{{{"scalar", HWY_CHOOSE_FALLBACK(kernels), 0},
                                                {"sse4", HWY_CHOOSE_SSE4(kernels), HWY_SSE4},
                                                {"avx2", HWY_CHOOSE_AVX2(kernels), HWY_AVX2},
                                                {"avx512", HWY_CHOOSE_AVX3(kernels), HWY_AVX3}}};

bool usable(const InstructionSet& set) {
  return set.kernels != nullptr && (set.target == 0 || (hwy::SupportedTargets() & set.target) != 0);
}

}  // namespace

std::vector<std::string_view> lane_kernel_names() {
  std::vector<std::string_view> names;
  for (const InstructionSet& set : k_sets) {
    if (usable(set)) names.push_back(set.name);
  }
  return names;
}

const LaneKernels& lane_kernels(std::string_view name) {
  for (const InstructionSet& set : k_sets) {
    if (set.name == name && usable(set)) return *set.kernels();
  }
  Diagnostic diagnostic;
  diagnostic.path = "GRIDPLUS_SIMD";
  diagnostic.problem.append("'").append(name).append("' is no instruction set of this machine");
  for (const std::string_view known : lane_kernel_names()) {
    diagnostic.allowed += diagnostic.allowed.empty() ? "" : ", ";
    diagnostic.allowed += known;
  }
  diagnostic.hint = "unset GRIDPLUS_SIMD to take the best";
  throw InputError(diagnostic);
}

const LaneKernels& lane_kernels() {
  const char* forced = std::getenv("GRIDPLUS_SIMD");
  return lane_kernels(forced != nullptr && *forced != '\0' ? std::string_view(forced) : lane_kernel_names().back());
}

}  // namespace gridplus::powerflow
#endif  // HWY_ONCE
