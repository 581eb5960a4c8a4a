// Triangular solves of a group of lanes with one shared factor, read as a stream of floats.
#if defined(GRIDPLUS_LANE_FACTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_FACTOR_INL
#undef GRIDPLUS_LANE_FACTOR_INL
#else
#define GRIDPLUS_LANE_FACTOR_INL
#endif

#include <hwy/highway.h>

#include "sim/powerflow/lane_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

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

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
