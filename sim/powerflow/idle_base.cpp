#include "sim/powerflow/idle_base.hpp"

#include <vector>

namespace gridplus::powerflow {

namespace {

/// 1 p.u. and the voltages held, all angles zero.
FlowState flat_state(const FlowInput& roles) {
  FlowState flat;
  flat.vm_pu.assign(roles.type.size(), 1.0);
  flat.va_deg.assign(roles.type.size(), 0.0);
  for (std::size_t b = 0; b < roles.type.size(); ++b)
    if (roles.type[b] == BusType::pv || roles.type[b] == BusType::slack) flat.vm_pu[b] = roles.vm_set_pu[b];
  return flat;
}

/// A base at voltages far from normal would lead flows to another branch of the equations.
bool sound(const FlowState& state, std::span<const BusType> type) {
  constexpr double k_lowest_pu = 0.8, k_highest_pu = 1.3;
  for (std::size_t b = 0; b < type.size(); ++b)
    if (type[b] != BusType::out && !(state.vm_pu[b] >= k_lowest_pu && state.vm_pu[b] <= k_highest_pu)) return false;
  return true;
}

}  // namespace

std::shared_ptr<const LaneBase> make_idle_base(const Admittance& admittance, double base_mva, const FlowInput& roles,
                                               FlowOptions options, const LaneKernels& kernels) {
  const auto pattern = std::make_shared<const LanePattern>(make_lane_pattern(admittance, roles.type));
  const auto base_at = [&](const FlowState& state) {
    return std::make_shared<const LaneBase>(pattern, admittance, base_mva, roles.type, state);
  };
  const FlowState flat = flat_state(roles);
  const auto first = base_at(flat);
  const std::vector<double> nothing(roles.type.size(), 0.0);
  FlowInput idle;
  idle.p_mw = idle.q_mvar = nothing;
  idle.type = roles.type;
  idle.vm_set_pu = roles.vm_set_pu;
  idle.va_set_deg = roles.va_set_deg;
  FlowState state;
  SolveReport report;
  options.enforce_q_limits = false;
  LaneSolver(first, kernels).solve({&idle, 1}, options, {&state, 1}, {&report, 1});
  if (!report.converged() || !sound(state, roles.type)) return first;
  for (std::size_t b = 0; b < roles.type.size(); ++b)
    if (roles.type[b] == BusType::out) state.vm_pu[b] = flat.vm_pu[b];
  return base_at(state);
}

}  // namespace gridplus::powerflow
