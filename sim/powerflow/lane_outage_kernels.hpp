// The inner loops of power flows that differ by outages: chord iterations whose solve stops in the middle, where each
// lane's correction of the shared factor has its place, and the search for violated limits.
//
// Memory layout as in lane_kernels.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/powerflow/lane_kernels.hpp"
#include "sim/powerflow/security.hpp"

namespace gridplus::powerflow {

/// What the flows of a group want: the same injections at all buses but few.
struct WantedView {
  const double* change = nullptr;  ///< re, im per position: wanted injection minus base injection, for all lanes
  std::int32_t touched = 0;
  const std::int32_t* row = nullptr;  ///< the positions where lanes want something else, ascending
  const double* extra = nullptr;      ///< per touched position re and im rows of lanes: added to `change`
};

/// Lanes that do not count at one branch or bus: bit l for lane l.
struct LeftOut {
  std::int32_t index = 0;
  std::uint32_t lanes = 0;
};

/// Branches with a rating, and the voltage bands of the buses.
struct SecurityView {
  std::int32_t branches = 0;
  const std::int32_t* from = nullptr;  ///< position of each branch's ends
  const std::int32_t* to = nullptr;
  const double* flow = nullptr;   ///< per branch ff, ft, tf, tt (re, im), such that S_f = ff |w_f|^2 + ft w_f conj(w_t)
                                  ///< is the flow into the `from` end over the rating; w = 1 + u
  std::int32_t buses = 0;         ///< positions
  const double* vm_pu = nullptr;  ///< base voltages
  const double* vm_min_pu = nullptr;
  const double* vm_max_pu = nullptr;
};

/// What a group of lanes violates. A row of lanes each.
struct SecurityLanes {
  alignas(64) double largest_loading[k_group_lanes];  ///< square of the apparent power over the rating
  alignas(64) double worst_branch[k_group_lanes];     ///< number of that branch; negative: none
  alignas(64) double overloads[k_group_lanes];
  alignas(64) double overload_index[k_group_lanes];
  alignas(64) double lowest[k_group_lanes];  ///< |V|, p.u.
  alignas(64) double lowest_bus[k_group_lanes];
  alignas(64) double highest[k_group_lanes];
  alignas(64) double highest_bus[k_group_lanes];
  alignas(64) double voltage_violations[k_group_lanes];
  alignas(64) double voltage_index[k_group_lanes];
  alignas(64) double poison[k_group_lanes];  ///< 0, or NaN where a voltage is not finite
};

/// Ends of the lists of LeftOut.
inline constexpr std::int32_t k_list_end = 0x7fffffff;

struct OutageKernels {
  /// Mismatch in double, scaled for the chord step and rounded to float; `norm` is the largest |mismatch| per lane.
  void (*mismatch)(const CouplingView& a, const WantedView& wanted, const double* state, float* residual, double* norm);
  /// x = L^-1 x.
  void (*forward)(const FactorView& f, float* x);
  /// x = U^-1 x and moves the state by it. `moves`: null, or per lane all bits set, or none for a lane that stays.
  void (*move)(const FactorView& f, float* x, const std::uint32_t* moves, double* state);
  /// Compares flows and voltages with their limits. The lists name what does not count, ascending, and end with
  /// k_list_end.
  void (*assess)(const SecurityView& view, const LeftOut* branches, const LeftOut* buses, const double* state,
                 SecurityLanes& found);
};

/// The kernels of the instruction set `name`, one of lane_kernel_names().
[[nodiscard]] const OutageKernels& outage_kernels(std::string_view name);

}  // namespace gridplus::powerflow
