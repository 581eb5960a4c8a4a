// Vectors of a group of lanes: how many lanes are worked on at once, loading, rounding, transposing.
// Compiled once per instruction set (the include guard is Highway's).
#if defined(GRIDPLUS_LANE_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_VECTOR_INL
#undef GRIDPLUS_LANE_VECTOR_INL
#else
#define GRIDPLUS_LANE_VECTOR_INL
#endif

#include <hwy/highway.h>

#include "sim/powerflow/lane_kernels.hpp"

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

/// States in float stand in the place of the double ones that they become: a number of type T of one chunk of lanes
/// stands where the doubles of these lanes begin.
template <class T>
constexpr std::size_t k_spread = sizeof(double) / sizeof(T);

HWY_INLINE float* in_place_of(double* state) {
  return reinterpret_cast<float*>(state);
}
HWY_INLINE const float* in_place_of(const double* state) {
  return reinterpret_cast<const float*>(state);
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

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
