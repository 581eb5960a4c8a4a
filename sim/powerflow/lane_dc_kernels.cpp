#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/powerflow/lane_dc_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <limits>

#include "sim/powerflow/lane_dc_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t W = k_dc_lanes;
using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;
constexpr std::size_t k_width = hn::MaxLanes(D());
/// Lanes worked on at once: two vectors, so that the chain of one hides behind the other.
constexpr std::size_t k_pair = HWY_MIN(2 * k_width, W);

struct Pair {
  V a, b;
};

HWY_INLINE Pair load(const double* from) {
  const D d;
  return {hn::Load(d, from), hn::Load(d, from + k_pair - k_width)};
}
HWY_INLINE void store(const Pair& pair, double* to) {
  const D d;
  hn::Store(pair.a, d, to);
  hn::Store(pair.b, d, to + k_pair - k_width);
}
/// sum -= value * row
HWY_INLINE void subtract(double value, const Pair& row, Pair& sum) {
  const auto factor = hn::Set(D(), value);
  sum.a = hn::NegMulAdd(factor, row.a, sum.a);
  sum.b = hn::NegMulAdd(factor, row.b, sum.b);
}

HWY_INLINE double* row_of(double* rows, std::int32_t i) {
  return rows + static_cast<std::size_t>(i) * W;
}
HWY_INLINE const double* row_of(const double* rows, std::int32_t i) {
  return rows + static_cast<std::size_t>(i) * W;
}

void solve(const DcFactorView& f, double* angle) {
  for (std::size_t first = 0; first < W; first += k_pair) {
    double* x = angle + first;
    for (std::int32_t i = 0; i < f.active; ++i) {
      Pair sum = load(row_of(x, i));
      for (std::int32_t e = f.lower_start[i]; e < f.lower_start[i + 1]; ++e) {
        subtract(f.lower[e], load(row_of(x, f.lower_column[e])), sum);
      }
      store(sum, row_of(x, i));
    }
    for (std::int32_t i = f.active - 1; i >= 0; --i) {
      Pair sum = load(row_of(x, i));
      for (std::int32_t e = f.upper_start[i]; e < f.upper_start[i + 1]; ++e) {
        subtract(f.upper[e], load(row_of(x, f.upper_column[e])), sum);
      }
      const auto inverse = hn::Set(D(), f.inverse[i]);
      store({hn::Mul(sum.a, inverse), hn::Mul(sum.b, inverse)}, row_of(x, i));
    }
  }
}

void residual(const DcFactorView& f, const double* wanted, const double* angle, double* largest) {
  const D d;
  for (std::size_t first = 0; first < W; first += k_pair) {
    Pair worst{hn::Zero(d), hn::Zero(d)};
    Pair total{hn::Zero(d), hn::Zero(d)};  // not a number as soon as one term is not
    for (std::int32_t i = 0; i < f.active; ++i) {
      Pair sum = load(row_of(wanted + first, i));
      for (std::int32_t e = f.coupling_start[i]; e < f.coupling_start[i + 1]; ++e) {
        subtract(f.coupling[e], load(row_of(angle + first, f.coupling_column[e])), sum);
      }
      worst = {hn::Max(worst.a, hn::Abs(sum.a)), hn::Max(worst.b, hn::Abs(sum.b))};
      total = {hn::Add(total.a, hn::Abs(sum.a)), hn::Add(total.b, hn::Abs(sum.b))};
    }
    const auto infinite = hn::Set(d, std::numeric_limits<double>::infinity());
    worst = {hn::IfThenElse(hn::IsFinite(total.a), worst.a, infinite),
             hn::IfThenElse(hn::IsFinite(total.b), worst.b, infinite)};
    store(worst, largest + first);
  }
}

}  // namespace

const DcKernels* dc_kernels() {
  static constexpr DcKernels table{solve, residual};
  return &table;
}

}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "sim/core/error.hpp"

namespace gridplus::powerflow {

const DcKernels& dc_kernels(std::string_view name) {
  struct Set {
    std::string_view name;
    const DcKernels* (*kernels)();
  };
  constexpr Set sets[] = {{"scalar", HWY_CHOOSE_FALLBACK(dc_kernels)},
                          {"sse4", HWY_CHOOSE_SSE4(dc_kernels)},
                          {"avx2", HWY_CHOOSE_AVX2(dc_kernels)},
                          {"avx512", HWY_CHOOSE_AVX3(dc_kernels)}};
  const DcKernels* found = nullptr;
  for (const Set& set : sets) {
    if (set.name == name && set.kernels != nullptr) found = set.kernels();
  }
  ensure(found != nullptr, "no DC kernels for this instruction set");
  return *found;
}

}  // namespace gridplus::powerflow
#endif  // HWY_ONCE
