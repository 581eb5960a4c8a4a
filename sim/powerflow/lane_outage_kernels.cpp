#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/powerflow/lane_outage_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sim/powerflow/lane_mismatch-inl.hpp"
#include "sim/powerflow/lane_outage_kernels.hpp"
#include "sim/powerflow/lane_step-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

/// One row of the mismatch. `extra`: null, or what the lanes want besides.
template <bool pv>
HWY_INLINE void outage_row(const CouplingView& a, std::int32_t i, const double* change, const double* extra,
                           const double* state, float* residual, V64 (&largest)[k_chunk64]) {
  const D64 d;
  const Half32 half;
  Coupled<D64> t;
  couple_row(d, a, a.value, i, state, t);
  for (std::size_t v = 0; v < k_chunk64; ++v) {
    const std::size_t own = at(i) + v * k_width64;
    auto want_p = hn::Set(d, change[0]);
    auto want_q = hn::Set(d, change[1]);
    if (extra != nullptr) {
      want_p = hn::Add(want_p, hn::Load(d, extra + v * k_width64));
      want_q = hn::Add(want_q, hn::Load(d, extra + v * k_width64 + k_group_lanes));
    }
    const auto x = hn::Load(d, state + own);
    const auto y = hn::Load(d, state + own + k_group_lanes);
    V64 p;
    V64 q;
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

void outage_mismatch(const CouplingView& a, const WantedView& wanted, const double* state, float* residual,
                     double* norm) {
  const D64 d;
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    V64 largest[k_chunk64];
    for (std::size_t v = 0; v < k_chunk64; ++v) largest[v] = hn::Zero(d);
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < a.rows; ++i) {
      const double* extra = nullptr;
      if (next < wanted.touched && wanted.row[next] == i) extra = wanted.extra + at(next++) + first;
      const double* change = wanted.change + 2 * i;
      if (a.is_pv[i] != 0) {
        outage_row<true>(a, i, change, extra, state + first, residual + first, largest);
      } else {
        outage_row<false>(a, i, change, extra, state + first, residual + first, largest);
      }
    }
    for (std::size_t v = 0; v < k_chunk64; ++v) hn::Store(largest[v], d, norm + first + v * k_width64);
  }
}

void outage_forward(const FactorView& f, float* x) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) forward(f, x + first);
}

void outage_move(const FactorView& f, float* x, const std::uint32_t* moves, double* state) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_at_once) {
    if (moves == nullptr) {
      move_lanes<false>(f, x + first, nullptr, state + first);
    } else {
      move_lanes<true>(f, x + first, moves + first, state + first);
    }
  }
}

/// Lanes of one vector that a list leaves out, as a mask of those that count.
HWY_INLINE hn::Mask<D64> counted(std::uint32_t left_out, std::size_t first) {
  std::uint8_t bytes[8] = {static_cast<std::uint8_t>(~(left_out >> first)), 0, 0, 0, 0, 0, 0, 0};
  return hn::LoadMaskBits(D64(), bytes);
}

HWY_INLINE void assess_branches(const SecurityView& view, const LeftOut* left_out, const double* state,
                                std::size_t first, SecurityLanes& found) {
  const D64 d;
  auto largest = hn::Zero(d);
  auto worst = hn::Set(d, -1.0);
  auto overloads = hn::Zero(d);
  auto index = hn::Zero(d);
  const auto one = hn::Set(d, 1.0);
  const auto limit = hn::Set(d, 1.0 + 2.0 * k_loading_tolerance);
  for (std::int32_t k = 0; k < view.branches; ++k) {
    const double* i = state + at(view.from[k]) + first;
    const double* j = state + at(view.to[k]) + first;
    const double* y = view.flow + 8 * static_cast<std::size_t>(k);
    const auto xi = hn::Add(one, hn::Load(d, i));
    const auto yi = hn::Load(d, i + k_group_lanes);
    const auto xj = hn::Add(one, hn::Load(d, j));
    const auto yj = hn::Load(d, j + k_group_lanes);
    const auto mi = hn::MulAdd(xi, xi, hn::Mul(yi, yi));
    const auto mj = hn::MulAdd(xj, xj, hn::Mul(yj, yj));
    const auto re = hn::MulAdd(xi, xj, hn::Mul(yi, yj));  // w_i conj(w_j)
    const auto im = hn::NegMulAdd(xi, yj, hn::Mul(yi, xj));
    const auto flow = [&](const double* own, const double* other, V64 m, V64 n) HWY_ATTR {
      const auto g = hn::Set(d, other[0]);
      const auto b = hn::Set(d, other[1]);
      const auto p = hn::MulAdd(hn::Set(d, own[0]), m, hn::NegMulAdd(b, n, hn::Mul(g, re)));
      const auto q = hn::MulAdd(hn::Set(d, own[1]), m, hn::MulAdd(b, re, hn::Mul(g, n)));
      return hn::MulAdd(p, p, hn::Mul(q, q));
    };
    auto loading = hn::Max(flow(y, y + 2, mi, im), flow(y + 6, y + 4, mj, hn::Neg(im)));
    if (left_out->index == k) {
      loading = hn::IfThenElseZero(counted(left_out->lanes, first), loading);
      ++left_out;
    }
    const auto larger = hn::Gt(loading, largest);
    worst = hn::IfThenElse(larger, hn::Set(d, static_cast<double>(k)), worst);
    largest = hn::Max(largest, loading);
    const auto over = hn::Gt(loading, limit);
    if (hn::AllFalse(d, over)) continue;
    overloads = hn::Add(overloads, hn::IfThenElseZero(over, one));
    const auto term = hn::Mul(hn::Set(d, 0.25), hn::Mul(loading, loading));
    index = hn::Add(index, hn::IfThenElseZero(over, term));
  }
  hn::Store(largest, d, found.largest_loading + first);
  hn::Store(worst, d, found.worst_branch + first);
  hn::Store(overloads, d, found.overloads + first);
  hn::Store(index, d, found.overload_index + first);
}

HWY_INLINE void assess_buses(const SecurityView& view, const LeftOut* left_out, const double* state, std::size_t first,
                             SecurityLanes& found) {
  const D64 d;
  const auto one = hn::Set(d, 1.0);
  auto lowest = hn::Set(d, 1e30);
  auto highest = hn::Set(d, -1e30);
  auto lowest_bus = hn::Set(d, -1.0);
  auto highest_bus = lowest_bus;
  auto violations = hn::Zero(d);
  auto index = hn::Zero(d);
  auto poison = hn::Zero(d);
  const auto all = hn::FirstN(d, k_width64);
  for (std::int32_t i = 0; i < view.buses; ++i) {
    const auto x = hn::Add(one, hn::Load(d, state + at(i) + first));
    const auto y = hn::Load(d, state + at(i) + first + k_group_lanes);
    const auto vm = hn::Mul(hn::Set(d, view.vm_pu[i]), hn::Sqrt(hn::MulAdd(x, x, hn::Mul(y, y))));
    poison = hn::MulAdd(vm, hn::Zero(d), poison);
    auto counts = all;
    if (left_out->index == i) {
      counts = counted(left_out->lanes, first);
      ++left_out;
    }
    const auto bus = hn::Set(d, static_cast<double>(i));
    const auto lower = hn::And(counts, hn::Lt(vm, lowest));
    const auto higher = hn::And(counts, hn::Gt(vm, highest));
    lowest = hn::IfThenElse(lower, vm, lowest);
    lowest_bus = hn::IfThenElse(lower, bus, lowest_bus);
    highest = hn::IfThenElse(higher, vm, highest);
    highest_bus = hn::IfThenElse(higher, bus, highest_bus);
    const auto outside = hn::And(counts, hn::Or(hn::Lt(vm, hn::Set(d, view.vm_min_pu[i] - k_voltage_tolerance_pu)),
                                                hn::Gt(vm, hn::Set(d, view.vm_max_pu[i] + k_voltage_tolerance_pu))));
    if (hn::AllFalse(d, outside)) continue;
    violations = hn::Add(violations, hn::IfThenElseZero(outside, one));
    const double middle = 0.5 * (view.vm_min_pu[i] + view.vm_max_pu[i]);
    const double half = 0.5 * (view.vm_max_pu[i] - view.vm_min_pu[i]);
    const auto r = hn::Mul(hn::Sub(vm, hn::Set(d, middle)), hn::Set(d, 1.0 / half));
    const auto square = hn::Mul(r, r);
    index = hn::Add(index, hn::IfThenElseZero(outside, hn::Mul(hn::Set(d, 0.25), hn::Mul(square, square))));
  }
  hn::Store(lowest, d, found.lowest + first);
  hn::Store(lowest_bus, d, found.lowest_bus + first);
  hn::Store(highest, d, found.highest + first);
  hn::Store(highest_bus, d, found.highest_bus + first);
  hn::Store(violations, d, found.voltage_violations + first);
  hn::Store(index, d, found.voltage_index + first);
  hn::Store(poison, d, found.poison + first);
}

void assess(const SecurityView& view, const LeftOut* branches, const LeftOut* buses, const double* state,
            SecurityLanes& found) {
  for (std::size_t first = 0; first < k_group_lanes; first += k_width64) {
    assess_branches(view, branches, state, first, found);
    assess_buses(view, buses, state, first, found);
  }
}

}  // namespace

const OutageKernels* outage_kernels() {
  static constexpr OutageKernels table{outage_mismatch, outage_forward, outage_move, assess};
  return &table;
}

}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "sim/core/error.hpp"

namespace gridplus::powerflow {

const OutageKernels& outage_kernels(std::string_view name) {
  struct Set {
    std::string_view name;
    const OutageKernels* (*kernels)();
  };
  constexpr Set sets[] = {{"scalar", HWY_CHOOSE_FALLBACK(outage_kernels)},
                          {"sse4", HWY_CHOOSE_SSE4(outage_kernels)},
                          {"avx2", HWY_CHOOSE_AVX2(outage_kernels)},
                          {"avx512", HWY_CHOOSE_AVX3(outage_kernels)}};
  const OutageKernels* found = nullptr;
  for (const Set& set : sets) {
    if (set.name == name && set.kernels != nullptr) found = set.kernels();
  }
  ensure(found != nullptr, "no outage kernels for this instruction set");
  return *found;
}

}  // namespace gridplus::powerflow
#endif  // HWY_ONCE
