// Between the arrays of the flows and rows of lanes.
#if defined(GRIDPLUS_LANE_TRANSFER_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef GRIDPLUS_LANE_TRANSFER_INL
#undef GRIDPLUS_LANE_TRANSFER_INL
#else
#define GRIDPLUS_LANE_TRANSFER_INL
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "sim/powerflow/lane_math-inl.hpp"
#include "sim/powerflow/lane_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

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

[[maybe_unused]] void gather(const BusView& b, const double* const* p_mw, const double* const* q_mvar, double* change,
                             float* x) {
  gather_part(b, p_mw, 0, change, x);
  gather_part(b, q_mvar, 1, change, x);
}

/// Magnitude and angle of one bus at the vector of lanes from `lane` on; zero where it is not energised. A network
/// without buses that hold a voltage has no `ratio`, one without any others no `state`.
HWY_INLINE void polar_of_bus(const BusView& b, std::int32_t position, const double* state, const double* ratio,
                             std::size_t lane, V64& vm, V64& va, V64& poison) {
  const D64 d;
  vm = va = hn::Zero(d);
  if (position < 0) return;
  const double* own = state + at(position) + lane;
  const auto x = hn::Add(hn::Set(d, 1.0), hn::Load(d, own));
  const auto y = hn::Load(d, own + k_group_lanes);
  const std::int32_t pv = b.pv_row[position];
  const auto modulus = pv < 0 ? hn::Sqrt(hn::MulAdd(x, x, hn::Mul(y, y)))
                              : hn::Load(d, ratio + static_cast<std::size_t>(pv) * k_group_lanes + lane);
  vm = hn::Mul(modulus, hn::Set(d, b.vm_pu[position]));
  va = hn::Add(angle_deg(d, x, y, modulus), hn::Set(d, b.va_deg[position]));
  poison = hn::MulAdd(pv < 0 ? vm : va, hn::Zero(d), poison);
}

[[maybe_unused]] void polar(const BusView& b, const double* state, const double* ratio, double* const* vm_pu,
                            double* const* va_deg, double* poison) {
  const D64 d;
  constexpr std::size_t N = k_width64;
  const auto whole = static_cast<std::size_t>(b.buses) / N * N;
  for (std::size_t l = 0; l < k_group_lanes; l += N) {
    V64 bad = hn::Zero(d);
    for (std::size_t bus = 0; bus < whole; bus += N) {
      V64 vm[N];
      V64 va[N];
      for (std::size_t k = 0; k < N; ++k) polar_of_bus(b, b.position[bus + k], state, ratio, l, vm[k], va[k], bad);
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
      polar_of_bus(b, b.position[bus], state, ratio, l, vm, va, bad);
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

}  // namespace
}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
