// Distributed slack and reactive power of a group of lanes. The equations are at SlackView.
#if defined(GRIDPLUS_LANE_SLACK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_SLACK_INL
#undef GRIDPLUS_LANE_SLACK_INL
#else
#define GRIDPLUS_LANE_SLACK_INL
#endif

#include <hwy/highway.h>

#include "sim/powerflow/lane_mismatch-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

HWY_INLINE std::size_t lane_row(std::int32_t row) {
  return static_cast<std::size_t>(row) * k_group_lanes;
}

/// sum + lambda F of one bus.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V weighted(D d, const SlackView& s, std::int32_t i, V p, V q, V sum) {
  using T = hn::TFromD<D>;
  const auto of_p = hn::Set(d, static_cast<T>(s.adjoint[2 * i]));
  const auto of_q = hn::Set(d, static_cast<T>(s.adjoint[2 * i + 1]));
  return hn::MulAdd(of_q, q, hn::MulAdd(of_p, p, sum));
}

/// missing of the island += lambda F of one bus.
HWY_INLINE void add_weighted(const SlackView& s, std::int32_t i, std::size_t lane, V64 p, V64 q) {
  const D64 d;
  double* sum = s.missing + lane_row(s.island[i]) + lane;
  hn::Store(weighted(d, s, i, p, q, hn::Load(d, sum)), d, sum);
}

HWY_INLINE void clear_missing(const SlackView& s) {
  for (std::size_t k = 0; k < lane_row(s.islands); ++k) s.missing[k] = 0.0;
}

/// mismatch_of_chunk(), and lambda F of each island in `missing`.
template <class Equations>
HWY_INLINE void weighted_mismatch(const CouplingView& a, const SlackView& s, std::size_t first, const double* state,
                                  const double* change, float* residual, V64 (&largest)[k_chunk64]) {
  const D64 d;
  if (s.islands != 1) {
    mismatch_of_chunk<Equations>(a, state + first, change + first, residual + first, largest,
                                 [&](std::int32_t i, std::size_t v, V64 p, V64 q)
                                     HWY_ATTR { add_weighted(s, i, first + v * k_width64, p, q); });
    return;
  }
  V64 sum[k_chunk64];  // stays in registers
  for (std::size_t v = 0; v < k_chunk64; ++v) sum[v] = hn::Zero(d);
  mismatch_of_chunk<Equations>(a, state + first, change + first, residual + first, largest,
                               [&](std::int32_t i, std::size_t v, V64 p, V64 q)
                                   HWY_ATTR { sum[v] = weighted(d, s, i, p, q, sum[v]); });
  for (std::size_t v = 0; v < k_chunk64; ++v) hn::Store(sum[v], d, s.missing + first + v * k_width64);
}

template <class Equations>
[[maybe_unused]] void mismatch_shared(const CouplingView& a, const SlackView& s, const double* state,
                                      const double* change, float* residual, double* norm) {
  const D64 d;
  clear_missing(s);
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    V64 largest[k_chunk64];
    weighted_mismatch<Equations>(a, s, first, state, change, residual, largest);
    for (std::int32_t k = 0; k < s.islands; ++k) {
      const std::int32_t i = a.rows + k;
      Coupled<D64> t;
      couple_row(d, a, a.value, i, state + first, t);
      for (std::size_t v = 0; v < k_chunk64; ++v) {
        const std::size_t lane = first + v * k_width64;
        const auto x = hn::Load(d, state + at(i) + lane);
        const auto y = hn::Load(d, state + at(i) + lane + k_group_lanes);
        const auto want = hn::Load(d, change + at(i) + lane);
        V64 p;
        V64 q;
        Equations::template mismatch<true>(a.injection + 2 * i, x, y, want, want, t.re[v], t.im[v], p, q);
        const auto gain = hn::Load(d, s.gain + lane_row(k) + lane);
        const auto counts = hn::IfThenZeroElse(hn::Eq(gain, hn::Zero(d)), hn::Abs(p));
        largest[v] = hn::Max(largest[v], counts);
        double* missing = s.missing + lane_row(k) + lane;
        hn::Store(hn::Mul(gain, hn::Sub(hn::Load(d, missing), p)), d, missing);
      }
    }
    for (std::size_t v = 0; v < k_chunk64; ++v) hn::Store(largest[v], d, norm + first + v * k_width64);
  }
}

/// `to` += sign value, at one vector of floats.
HWY_INLINE void add_widened(V32 value, double sign, double* to) {
  const D64 d;
  HWY_ALIGN float narrow[k_width32];
  hn::Store(value, D32(), narrow);
  for (std::size_t l = 0; l < k_width32; l += k_width64) {
    const auto wide = hn::PromoteTo(d, hn::Load(Half32(), narrow + l));
    hn::Store(hn::MulAdd(hn::Set(d, sign), wide, hn::Load(d, to + l)), d, to + l);
  }
}

[[maybe_unused]] void mismatch32_shared(const CouplingView& a, const SlackView& s, const double* state,
                                        const double* change, float* residual) {
  const D32 d;
  clear_missing(s);
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    const float* state32 = in_place_of(state + first);
    mismatch_of_chunk32(a, state32, change + first, residual + first,
                        [&](std::int32_t i, std::size_t v, V32 p, V32 q) HWY_ATTR {
                          const auto both = weighted(d, s, i, p, q, hn::Zero(d));
                          add_widened(both, 1.0, s.missing + lane_row(s.island[i]) + first + v * k_width32);
                        });
    for (std::int32_t k = 0; k < s.islands; ++k) {
      const std::int32_t i = a.rows + k;
      Coupled<D32> t;
      couple_row(d, a, a.value32, i, state32, t);
      const auto subtract = [&](std::size_t v, V32 p, V32)
                                HWY_ATTR { add_widened(p, -1.0, s.missing + lane_row(k) + first + v * k_width32); };
      finish_row32<true>(a, i, t, state32, change + first, residual + first, subtract);
    }
  }
  for (std::size_t l = 0; l < lane_row(s.islands); ++l) s.missing[l] *= s.gain[l];
}

[[maybe_unused]] void missing(const CouplingView& a, const SlackView& s, const double* change) {
  const D64 d;
  clear_missing(s);
  for (std::size_t lane = 0; lane < k_group_lanes; lane += k_width64) {
    for (std::int32_t i = 0; i < a.rows; ++i) {
      const auto q = a.is_pv[i] != 0 ? hn::Zero(d) : hn::Load(d, change + at(i) + lane + k_group_lanes);
      add_weighted(s, i, lane, hn::Load(d, change + at(i) + lane), q);
    }
    for (std::int32_t k = 0; k < s.islands; ++k) {
      double* sum = s.missing + lane_row(k) + lane;
      const auto gain = hn::Load(d, s.gain + lane_row(k) + lane);
      hn::Store(hn::Mul(gain, hn::Sub(hn::Load(d, sum), hn::Load(d, change + at(a.rows + k) + lane))), d, sum);
    }
  }
}

[[maybe_unused]] void share(const CouplingView& a, const SlackView& s, const double* state, double* change,
                            float* residual) {
  const D64 d;
  const Half32 half;
  for (std::int32_t e = 0; e < s.sharing; ++e) {
    const std::int32_t i = s.position[e];
    for (std::size_t lane = 0; lane < k_group_lanes; lane += k_width64) {
      const std::size_t own = at(i) + lane;
      const auto missing = hn::Load(d, s.missing + lane_row(s.island[i]) + lane);
      const auto part = hn::Mul(hn::Load(d, s.alpha + lane_row(e) + lane), missing);
      hn::Store(hn::Add(hn::Load(d, change + own), part), d, change + own);
      if (i >= a.rows) continue;
      auto scaled = part;
      if (state != nullptr && a.is_pv[i] == 0) {
        scaled = hn::Mul(part, chord_scale(d, hn::Load(d, state + own), hn::Load(d, state + own + k_group_lanes)));
      }
      hn::Store(hn::Add(hn::Load(half, residual + own), hn::DemoteTo(half, scaled)), half, residual + own);
    }
  }
}

[[maybe_unused]] void reactive(const CouplingView& a, const std::int32_t* position, std::size_t count,
                               const double* state, double* q_pu) {
  const D64 d;
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    for (std::size_t k = 0; k < count; ++k) {
      const std::int32_t i = position[k];
      Coupled<D64> t;
      couple_row(d, a, a.value, i, state + first, t);
      for (std::size_t v = 0; v < k_chunk64; ++v) {
        const std::size_t lane = first + v * k_width64;
        const auto x = hn::Add(hn::Load(d, state + at(i) + lane), hn::Set(d, 1.0));
        const auto y = hn::Load(d, state + at(i) + lane + k_group_lanes);
        const auto re = hn::Add(hn::Set(d, a.injection[2 * i]), t.re[v]);
        const auto im = hn::Add(hn::Set(d, a.injection[2 * i + 1]), t.im[v]);
        hn::Store(hn::MulAdd(x, im, hn::Mul(y, re)), d, q_pu + k * k_group_lanes + lane);
      }
    }
  }
}

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
