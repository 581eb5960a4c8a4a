#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/powerflow/lane_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sim/powerflow/lane_kernels.hpp"
#include "sim/powerflow/lane_math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// A tag of at most 64 bytes, how many such vectors a group of W lanes takes, and how many of them are worked on at
/// once: all, but not more than the registers hold.
template <class T, std::size_t W>
struct Group {
  using D = hn::CappedTag<T, HWY_MIN(W, 64 / sizeof(T))>;
  static constexpr std::size_t width = hn::MaxLanes(D());
  static constexpr std::size_t vectors = W / width;
  static constexpr std::size_t chunk = HWY_MIN(vectors, std::size_t{4});
};

template <class D>
HWY_INLINE void multiply_add_conjugate(D d, hn::TFromD<D> re, hn::TFromD<D> im, const hn::TFromD<D>* u, std::size_t w,
                                       hn::Vec<D>& sum_re, hn::Vec<D>& sum_im) {
  const auto a = hn::Set(d, re);
  const auto b = hn::Set(d, im);
  const auto x = hn::Load(d, u);
  const auto y = hn::Load(d, u + w);
  sum_re = hn::MulAdd(b, y, hn::MulAdd(a, x, sum_re));
  sum_im = hn::NegMulAdd(a, y, hn::MulAdd(b, x, sum_im));
}

/// residual = change - (t + u (S + t)) with t = sum over j of A_ij conj(u_j), at lanes [first, first + chunk * width).
template <class T, std::size_t W, class Store>
HWY_INLINE void mismatch_row(const CouplingView& a, const T* value, std::int32_t i, const T* state, const T* change,
                             std::size_t first, const Store& store) {
  using G = Group<T, W>;
  const typename G::D d;
  hn::Vec<typename G::D> re[G::chunk];
  hn::Vec<typename G::D> im[G::chunk];
  for (std::size_t v = 0; v < G::chunk; ++v) re[v] = im[v] = hn::Zero(d);
  for (std::int32_t e = a.start[i]; e < a.start[i + 1]; ++e) {
    const T* u = state + static_cast<std::size_t>(a.column[e]) * 2 * W + first;
    for (std::size_t v = 0; v < G::chunk; ++v) {
      multiply_add_conjugate(d, value[2 * e], value[2 * e + 1], u + v * G::width, W, re[v], im[v]);
    }
  }
  const T* own = state + static_cast<std::size_t>(i) * 2 * W + first;
  const T* want = change + static_cast<std::size_t>(i) * 2 * W + first;
  const auto p = hn::Set(d, static_cast<T>(a.injection[2 * i]));
  const auto q = hn::Set(d, static_cast<T>(a.injection[2 * i + 1]));
  for (std::size_t v = 0; v < G::chunk; ++v) {
    const auto x = hn::Load(d, own + v * G::width);
    const auto y = hn::Load(d, own + v * G::width + W);
    const auto s = hn::Add(p, re[v]);
    const auto t = hn::Add(q, im[v]);
    const auto fp = hn::Sub(hn::Load(d, want + v * G::width), re[v]);
    const auto fq = hn::Sub(hn::Load(d, want + v * G::width + W), im[v]);
    store(v, x, y, hn::MulAdd(y, t, hn::NegMulAdd(x, s, fp)), hn::NegMulAdd(y, s, hn::NegMulAdd(x, t, fq)));
  }
}

/// 1 / |1 + u|^4 to second order in |1 + u|^2 - 1, positive everywhere. Dividing the mismatch of a PQ bus by it makes
/// the base factor fit the lane better: see "the scaled chord" in docs/powerflow.md.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V chord_scale(D d, V x, V y) {
  using T = hn::TFromD<D>;
  const auto s = hn::MulAdd(x, hn::Add(x, hn::Set(d, T(2))), hn::Mul(y, y));
  return hn::MulAdd(s, hn::MulAdd(s, hn::Set(d, T(3)), hn::Set(d, T(-2))), hn::Set(d, T(1)));
}

void mismatch32(const CouplingView& a, const float* state, const float* change, float* residual) {
  constexpr std::size_t W = k_group_lanes;
  using G = Group<float, W>;
  const G::D d;
  for (std::int32_t i = 0; i < a.rows; ++i) {
    float* out = residual + static_cast<std::size_t>(i) * 2 * W;
    for (std::size_t first = 0; first < W; first += G::chunk * G::width) {
      mismatch_row<float, W>(a, a.value32, i, state, change, first,
                             [&](std::size_t v, auto x, auto y, auto p, auto q) HWY_ATTR {
                               float* to = out + first + v * G::width;
                               if (a.is_pv[i] != 0) {
                                 hn::Store(p, d, to);
                                 return;
                               }
                               const auto scale = chord_scale(d, x, y);
                               hn::Store(hn::Mul(p, scale), d, to);
                               hn::Store(hn::Mul(q, scale), d, to + W);
                             });
    }
  }
}

void mismatch(const CouplingView& a, const double* state, const double* change, float* residual, double* norm) {
  constexpr std::size_t W = k_group_lanes;
  using G = Group<double, W>;
  const G::D d;
  const hn::Rebind<float, G::D> d32;
  for (std::size_t first = 0; first < W; first += G::chunk * G::width) {
    hn::Vec<G::D> largest[G::chunk];
    for (std::size_t v = 0; v < G::chunk; ++v) largest[v] = hn::Zero(d);
    for (std::int32_t i = 0; i < a.rows; ++i) {
      float* out = residual + static_cast<std::size_t>(i) * 2 * W + first;
      const bool pv = a.is_pv[i] != 0;
      mismatch_row<double, W>(a, a.value, i, state, change, first,
                              [&](std::size_t v, auto x, auto y, auto p, auto q) HWY_ATTR {
                                float* to = out + v * G::width;
                                largest[v] = hn::Max(largest[v], hn::Abs(p));
                                if (pv) {
                                  hn::Store(hn::DemoteTo(d32, p), d32, to);
                                  return;
                                }
                                largest[v] = hn::Max(largest[v], hn::Abs(q));
                                const auto scale = chord_scale(d, x, y);
                                hn::Store(hn::DemoteTo(d32, hn::Mul(p, scale)), d32, to);
                                hn::Store(hn::DemoteTo(d32, hn::Mul(q, scale)), d32, to + W);
                              });
    }
    for (std::size_t v = 0; v < G::chunk; ++v) {
      hn::Store(largest[v], d, norm + first + v * G::width);
    }
  }
}

using F = Group<float, k_group_lanes>;
using F32 = hn::Vec<F::D>;
constexpr std::size_t k_bus = 2 * k_group_lanes;  // floats of one bus

/// Subtracts one row of a factor times x from (re, im); `pv_row`: only from re. Advances column and value.
template <bool pv_row>
HWY_INLINE void subtract_row(const float* x, const std::int32_t* count, const std::int32_t*& column,
                             const float*& value, F32 (&re)[F::chunk], F32 (&im)[F::chunk]) {
  const F::D d;
  for (std::int32_t k = 0; k < count[0]; ++k, value += pv_row ? 2 : 4) {
    const float* from = x + static_cast<std::size_t>(*column++) * k_bus;
    for (std::size_t v = 0; v < F::chunk; ++v) {
      const auto a = hn::Load(d, from + v * F::width);
      const auto b = hn::Load(d, from + v * F::width + k_group_lanes);
      re[v] = hn::NegMulAdd(hn::Set(d, value[1]), b, hn::NegMulAdd(hn::Set(d, value[0]), a, re[v]));
      if constexpr (!pv_row) {
        im[v] = hn::NegMulAdd(hn::Set(d, value[3]), b, hn::NegMulAdd(hn::Set(d, value[2]), a, im[v]));
      }
    }
  }
  for (std::int32_t k = 0; k < count[1]; ++k, value += pv_row ? 1 : 2) {
    const float* from = x + static_cast<std::size_t>(*column++) * k_bus;
    for (std::size_t v = 0; v < F::chunk; ++v) {
      const auto a = hn::Load(d, from + v * F::width);
      re[v] = hn::NegMulAdd(hn::Set(d, value[0]), a, re[v]);
      if constexpr (!pv_row) im[v] = hn::NegMulAdd(hn::Set(d, value[1]), a, im[v]);
    }
  }
}

/// How the forward solve reads its right-hand side.
enum class Source : std::uint8_t { in_place, other, masked };

template <Source source>
HWY_INLINE F32 load_source(const float* from, F32 mask, std::size_t v) {
  const F::D d;
  const auto loaded = hn::Load(d, from + v * F::width);
  return source == Source::masked ? hn::And(loaded, mask) : loaded;
}

/// L x = in, at one chunk of lanes. masked: in == x, lanes without bits in `moves` count as zero.
template <Source source>
HWY_INLINE void forward(const FactorView& f, const float* in, float* x, const std::uint32_t* moves) {
  const F::D d;
  const std::int32_t* column = f.lower_column;
  const float* value = f.lower_value;
  F32 mask[F::chunk];
  if (source == Source::masked) {
    const hn::RebindToUnsigned<F::D> bits;
    for (std::size_t v = 0; v < F::chunk; ++v) mask[v] = hn::BitCast(d, hn::Load(bits, moves + v * F::width));
  } else {
    for (std::size_t v = 0; v < F::chunk; ++v) mask[v] = hn::Zero(d);
  }
  for (std::int32_t i = 0; i < f.rows; ++i) {
    const std::int32_t* count = f.lower_count + 2 * i;
    if (source == Source::in_place && count[0] + count[1] == 0) continue;
    const float* from = in + static_cast<std::size_t>(i) * k_bus;
    float* to = x + static_cast<std::size_t>(i) * k_bus;
    F32 re[F::chunk];
    F32 im[F::chunk];
    for (std::size_t v = 0; v < F::chunk; ++v) re[v] = load_source<source>(from, mask[v], v);
    if (f.is_pv[i] != 0) {
      subtract_row<true>(x, count, column, value, re, im);
    } else {
      for (std::size_t v = 0; v < F::chunk; ++v) im[v] = load_source<source>(from + k_group_lanes, mask[v], v);
      subtract_row<false>(x, count, column, value, re, im);
      for (std::size_t v = 0; v < F::chunk; ++v) hn::Store(im[v], d, to + v * F::width + k_group_lanes);
    }
    for (std::size_t v = 0; v < F::chunk; ++v) hn::Store(re[v], d, to + v * F::width);
  }
}

/// U x = y in place, and move(i) after each row.
template <class Move>
HWY_INLINE void backward(const FactorView& f, float* x, std::size_t first, const Move& move) {
  const F::D d;
  const std::int32_t* column = f.upper_column;
  const float* value = f.upper_value;
  for (std::int32_t i = f.rows - 1; i >= 0; --i) {
    const std::int32_t* count = f.upper_count + 2 * i;
    float* own = x + static_cast<std::size_t>(i) * k_bus;
    F32 re[F::chunk];
    F32 im[F::chunk];
    if (f.is_pv[i] != 0) {
      for (std::size_t v = 0; v < F::chunk; ++v) {
        re[v] = hn::Mul(hn::Set(d, value[0]), hn::Load(d, own + v * F::width));
      }
      value += 1;
      subtract_row<true>(x, count, column, value, re, im);
    } else {
      for (std::size_t v = 0; v < F::chunk; ++v) {
        const auto a = hn::Load(d, own + v * F::width);
        const auto b = hn::Load(d, own + v * F::width + k_group_lanes);
        re[v] = hn::MulAdd(hn::Set(d, value[1]), b, hn::Mul(hn::Set(d, value[0]), a));
        im[v] = hn::MulAdd(hn::Set(d, value[3]), b, hn::Mul(hn::Set(d, value[2]), a));
      }
      value += 4;
      subtract_row<false>(x, count, column, value, re, im);
      for (std::size_t v = 0; v < F::chunk; ++v) hn::Store(im[v], d, own + v * F::width + k_group_lanes);
    }
    for (std::size_t v = 0; v < F::chunk; ++v) hn::Store(re[v], d, own + v * F::width);
    move(i, first);
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

/// exp(rho + j theta) - 1, also for large theta: buses that turn together keep their differences.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void large_stretch(D d, V theta, V rho, V& m, V& n) {
  V a;
  V b;
  half_tangent(d, theta, a, b);
  rotation(d, a, b, m, n);
  const auto s = hn::MulAdd(hn::Mul(rho, hn::Set(d, hn::TFromD<D>(0.5))), rho, rho);
  m = hn::MulAdd(s, m, hn::Add(m, s));
  n = hn::MulAdd(s, n, n);
}

constexpr std::size_t k_at_once = F::chunk * F::width;  // lanes of one chunk

void start(const FactorView& f, const float* change, float* x, float* state) {
  const F::D d;
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    forward<Source::other>(f, change + first, x + first, nullptr);
    backward(f, x + first, first, [&](std::int32_t i, std::size_t lane) HWY_ATTR {
      float* z = x + static_cast<std::size_t>(i) * k_bus + lane;
      float* own = state + static_cast<std::size_t>(i) * k_bus + lane;
      for (std::size_t v = 0; v < F::chunk; ++v, z += F::width, own += F::width) {
        F32 m;
        F32 n;
        if (f.is_pv[i] != 0) {
          const auto theta = hn::Load(d, z);
          F32 a;
          F32 b;
          half_tangent(d, theta, a, b);
          rotation(d, a, b, m, n);
          hn::Store(theta, d, z + k_group_lanes);
        } else {
          large_stretch(d, hn::Load(d, z), hn::Load(d, z + k_group_lanes), m, n);
        }
        hn::Store(m, d, own);
        hn::Store(n, d, own + k_group_lanes);
      }
    });
  }
}

using W64 = Group<double, k_group_lanes>;
using V64 = hn::Vec<W64::D>;
using V32 = hn::Vec<hn::Rebind<float, W64::D>>;  // the same lanes in float

/// Moves u = x + jy of one vector of lanes by the step z.
HWY_INLINE void move(bool pv, const float* z, V64& x, V64& y) {
  const W64::D d;
  const hn::Rebind<float, W64::D> d32;
  V64 m;
  V64 n;
  if (pv) {
    turn(d, hn::PromoteTo(d, hn::Load(d32, z)), m, n);
  } else {
    V32 m32;
    V32 n32;
    stretch(d32, hn::Load(d32, z), hn::Load(d32, z + k_group_lanes), m32, n32);
    m = hn::PromoteTo(d, m32);
    n = hn::PromoteTo(d, n32);
  }
  multiply_in(m, n, x, y);
}

void widen(const FactorView& f, float* x, const float* state32, const double* ratio, double* state) {
  const W64::D d;
  const hn::Rebind<float, W64::D> d32;
  const auto one = hn::Set(d, 1.0);
  std::int32_t pv_left = 0;
  for (std::int32_t i = 0; i < f.rows; ++i) pv_left += f.is_pv[i];
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    const double* want = ratio + static_cast<std::size_t>(pv_left) * k_group_lanes;
    forward<Source::in_place>(f, x + first, x + first, nullptr);
    backward(f, x + first, first, [&](std::int32_t i, std::size_t lane) HWY_ATTR {
      const std::size_t bus = static_cast<std::size_t>(i) * k_bus;
      const bool pv = f.is_pv[i] != 0;
      if (pv) want -= k_group_lanes;
      for (std::size_t l = lane; l < lane + k_at_once; l += W64::width) {
        V64 re;
        V64 im;
        if (pv) {
          const float* theta = x + bus + l;
          V32 a;
          V32 b;
          half_tangent(d32, hn::Add(hn::Load(d32, theta), hn::Load(d32, theta + k_group_lanes)), a, b);
          rotation(d, hn::PromoteTo(d, a), hn::PromoteTo(d, b), re, im);
          const auto r = hn::Load(d, want + l);
          re = hn::MulAdd(re, r, hn::Sub(r, one));
          im = hn::Mul(im, r);
        } else {
          re = hn::PromoteTo(d, hn::Load(d32, state32 + bus + l));
          im = hn::PromoteTo(d, hn::Load(d32, state32 + bus + l + k_group_lanes));
          V32 m;
          V32 n;
          large_stretch(d32, hn::Load(d32, x + bus + l), hn::Load(d32, x + bus + l + k_group_lanes), m, n);
          multiply_in(hn::PromoteTo(d, m), hn::PromoteTo(d, n), re, im);
        }
        hn::Store(re, d, state + bus + l);
        hn::Store(im, d, state + bus + l + k_group_lanes);
      }
    });
  }
}

void step(const FactorView& f, float* x, const std::uint32_t* moves, double* state) {
  const W64::D d;
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    if (moves == nullptr) {
      forward<Source::in_place>(f, x + first, x + first, nullptr);
    } else {
      forward<Source::masked>(f, x + first, x + first, moves + first);
    }
    backward(f, x + first, first, [&](std::int32_t i, std::size_t lane) HWY_ATTR {
      const std::size_t bus = static_cast<std::size_t>(i) * k_bus;
      double* own = state + bus;
      const bool pv = f.is_pv[i] != 0;
      for (std::size_t l = lane; l < lane + k_at_once; l += W64::width) {
        auto re = hn::Load(d, own + l);
        auto im = hn::Load(d, own + l + k_group_lanes);
        move(pv, x + bus + l, re, im);
        hn::Store(re, d, own + l);
        hn::Store(im, d, own + l + k_group_lanes);
      }
    });
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

void gather_part(const BusView& b, const double* const* flow, std::size_t part, double* change, float* change32) {
  const W64::D d;
  const hn::Rebind<float, W64::D> d32;
  constexpr std::size_t N = W64::width;
  const double per_mva = 1.0 / b.base_mva;
  const auto whole = static_cast<std::size_t>(b.buses) / N * N;
  for (std::size_t l = 0; l < k_group_lanes; l += N) {
    for (std::size_t bus = 0; bus < whole; bus += N) {
      V64 v[N];
      for (std::size_t k = 0; k < N; ++k) v[k] = hn::LoadU(d, flow[l + k] + bus);
      transpose(d, v);
      for (std::size_t k = 0; k < N; ++k) {
        const std::int32_t position = b.position[bus + k];
        if (position < 0) continue;
        const std::size_t row = static_cast<std::size_t>(position);
        const auto value = hn::MulSub(v[k], hn::Set(d, per_mva), hn::Set(d, b.injection[2 * row + part]));
        hn::Store(value, d, change + row * k_bus + part * k_group_lanes + l);
        hn::Store(hn::DemoteTo(d32, value), d32, change32 + row * k_bus + part * k_group_lanes + l);
      }
    }
    for (std::size_t bus = whole; bus < static_cast<std::size_t>(b.buses); ++bus) {
      if (b.position[bus] < 0) continue;
      const std::size_t row = static_cast<std::size_t>(b.position[bus]);
      double* out = change + row * k_bus + part * k_group_lanes + l;
      for (std::size_t k = 0; k < N; ++k) out[k] = flow[l + k][bus];
      const auto value = hn::MulSub(hn::Load(d, out), hn::Set(d, per_mva), hn::Set(d, b.injection[2 * row + part]));
      hn::Store(value, d, out);
      hn::Store(hn::DemoteTo(d32, value), d32, change32 + row * k_bus + part * k_group_lanes + l);
    }
  }
}

void gather(const BusView& b, const double* const* p_mw, const double* const* q_mvar, double* change, float* change32) {
  gather_part(b, p_mw, 0, change, change32);
  gather_part(b, q_mvar, 1, change, change32);
}

/// Magnitude and angle of one bus at one vector of lanes; zero where it is not energised.
HWY_INLINE void polar_of_bus(const BusView& b, std::int32_t position, const double* state, const double* ratio, V64& vm,
                             V64& va, V64& poison) {
  const W64::D d;
  vm = va = hn::Zero(d);
  if (position < 0) return;
  const double* own = state + static_cast<std::size_t>(position) * k_bus;
  const auto x = hn::Add(hn::Set(d, 1.0), hn::Load(d, own));
  const auto y = hn::Load(d, own + k_group_lanes);
  const std::int32_t pv = b.pv_row[position];
  const auto modulus = pv < 0 ? hn::Sqrt(hn::MulAdd(x, x, hn::Mul(y, y)))
                              : hn::Load(d, ratio + static_cast<std::size_t>(pv) * k_group_lanes);
  vm = hn::Mul(modulus, hn::Set(d, b.vm_pu[position]));
  va = hn::Add(angle_deg(d, x, y, modulus), hn::Set(d, b.va_deg[position]));
  poison = hn::MulAdd(hn::Mul(x, y), hn::Zero(d), poison);
}

void polar(const BusView& b, const double* state, const double* ratio, double* const* vm_pu, double* const* va_deg,
           double* poison) {
  const W64::D d;
  constexpr std::size_t N = W64::width;
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
