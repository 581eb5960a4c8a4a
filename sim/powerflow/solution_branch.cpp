#include "sim/powerflow/solution_branch.hpp"

#include <algorithm>
#include <cmath>

#include "sim/powerflow/lane_base.hpp"

namespace gridplus::powerflow {

namespace {

/// A bus this far from its set point does not hold it.
constexpr double k_same_vm_pu = 1e-7;

/// Roles in the solution: what has let go of its set point is pq.
std::vector<BusType> roles_at(const FlowInput& input, const FlowState& state) {
  std::vector<BusType> type(input.type.begin(), input.type.end());
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (type[i] == BusType::pv && std::abs(state.vm_pu[i] - input.vm_set_pu[i]) > k_same_vm_pu) type[i] = BusType::pq;
  }
  return type;
}

}  // namespace

SolutionBranch::SolutionBranch(const Grid& grid, const Admittance& admittance) : grid_(grid), y_(admittance) {}

bool SolutionBranch::is_another(const FlowInput& input, const FlowState& state) {
  const std::vector<int> found = pivots(input, state), idle = pivots_without_load(input, state);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i] > idle[i]) return true;
  return false;
}

std::vector<int> SolutionBranch::pivots(const FlowInput& input, const FlowState& state) {
  return count(input, state, roles_at(input, state));
}

std::vector<int> SolutionBranch::pivots_without_load(const FlowInput& input, const FlowState& state) {
  return count(input, without_load(input), roles_at(input, state));
}

/// From the slack buses over the branches, each of which turns by its phase shift.
FlowState SolutionBranch::without_load(const FlowInput& input) const {
  FlowState idle{std::vector<double>(input.type.size(), 1.0), std::vector<double>(input.type.size(), 0.0)};
  for (std::size_t i = 0; i < input.type.size(); ++i) {
    if (input.type[i] == BusType::pv || input.type[i] == BusType::slack) idle.vm_pu[i] = input.vm_set_pu[i];
  }
  std::vector<std::vector<std::uint32_t>> incident(input.type.size());
  const auto first_of = [&](BusId bus) { return y_.merged.into[bus.index()]; };
  for (std::uint32_t k = 0; k < grid_.branch_count(); ++k) {
    if (y_.branch[k].ft == Complex{}) continue;
    incident[first_of(grid_.branch().from[k])].push_back(k);
    incident[first_of(grid_.branch().to[k])].push_back(k);
  }
  std::vector<std::uint8_t> seen(input.type.size(), 0);
  std::vector<std::uint32_t> reached;
  for (std::uint32_t bus = 0; bus < input.type.size(); ++bus) {
    if (input.type[bus] != BusType::slack) continue;
    reached.push_back(bus);
    seen[bus] = 1;
    if (!input.va_set_deg.empty()) idle.va_deg[reached.back()] = input.va_set_deg[reached.back()];
  }
  for (std::size_t k = 0; k < reached.size(); ++k) {
    for (const std::uint32_t branch : incident[reached[k]]) {
      const std::uint32_t from = first_of(grid_.branch().from[branch]), to = first_of(grid_.branch().to[branch]);
      const std::uint32_t other = from == reached[k] ? to : from;
      if (seen[other] != 0) continue;
      seen[other] = 1;
      const double shift_deg = grid_.branch().shift_deg[branch];
      idle.va_deg[other] = idle.va_deg[reached[k]] + (other == to ? -shift_deg : shift_deg);
      reached.push_back(other);
    }
  }
  return idle;
}

void SolutionBranch::find_pattern(std::span<const BusType> type) {
  const auto has_unknowns = [](BusType t) { return t == BusType::pq || t == BusType::pv; };
  const bool same = type_.size() == type.size() &&
                    std::equal(type.begin(), type.end(), type_.begin(),
                               [&](BusType a, BusType b) { return a == b || (has_unknowns(a) && has_unknowns(b)); });
  if (same) return;
  type_.assign(type.begin(), type.end());
  pattern_ = std::make_shared<const LanePattern>(make_lane_pattern(y_, type));
}

std::vector<int> SolutionBranch::count(const FlowInput& input, const FlowState& state, std::span<const BusType> type) {
  find_pattern(type);
  return LaneBase(pattern_, y_, grid_.base_mva(), type, state, voltage_slopes_mva(input, state))
      .negative_pivots_of_islands();
}

}  // namespace gridplus::powerflow
