#include "sim/powerflow/solution_branch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace gridplus::powerflow {

namespace {

constexpr double k_radian = std::numbers::pi / 180.0;
/// A bus this far from its set point does not hold it.
constexpr double k_same_vm_pu = 1e-7;

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

/// (P, Q) by (theta, relative |V|), by rows.
using Block = std::array<double, 4>;

void subtract_product(const Block& a, const Block& b, Block& from) {
  from[0] -= a[0] * b[0] + a[1] * b[2];
  from[1] -= a[0] * b[1] + a[1] * b[3];
  from[2] -= a[2] * b[0] + a[3] * b[2];
  from[3] -= a[2] * b[1] + a[3] * b[3];
}

Block divided(const Block& a, const Block& by) {
  const double inverse = 1.0 / (by[0] * by[3] - by[1] * by[2]);
  return {(a[0] * by[3] - a[1] * by[2]) * inverse, (a[1] * by[0] - a[0] * by[1]) * inverse,
          (a[2] * by[3] - a[3] * by[2]) * inverse, (a[3] * by[0] - a[2] * by[1]) * inverse};
}

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
  pattern_ = make_lane_pattern(y_, type);
  island_.assign(at(pattern_.positions()), -1);
  std::vector<std::int32_t> reached;
  for (std::int32_t s = pattern_.active; s < pattern_.positions(); ++s) {
    reached.assign(1, s);
    island_[at(s)] = s - pattern_.active;
    while (!reached.empty()) {
      const std::int32_t i = reached.back();
      reached.pop_back();
      for (const std::int32_t j : pattern_.coupling.row(at(i))) {
        if (island_[at(j)] >= 0) continue;
        island_[at(j)] = island_[at(s)];
        reached.push_back(j);
      }
    }
  }
}

/// Row by row (Doolittle) on the pattern's order, as LaneBase factors it.
std::vector<int> SolutionBranch::count(const FlowInput& input, const FlowState& state, std::span<const BusType> type) {
  find_pattern(type);
  const auto active = at(pattern_.active);
  std::vector<Complex> voltage;
  for (const std::int32_t bus : pattern_.bus)
    voltage.push_back(std::polar(state.vm_pu[at(bus)], state.va_deg[at(bus)] * k_radian));
  const auto holds = [&](std::size_t position) { return type[at(pattern_.bus[position])] == BusType::pv; };
  std::vector<Block> upper(pattern_.upper.column.size()), diagonal(active), work(active, Block{});
  std::vector<int> negative(at(pattern_.slack), 0);
  for (std::size_t i = 0; i < active; ++i) {
    Complex injection{};
    for (auto e = at(pattern_.coupling.start[i]); e < at(pattern_.coupling.start[i + 1]); ++e) {
      const std::size_t j = at(pattern_.coupling.column[e]);
      const Complex t = voltage[i] * std::conj(y_.value[at(pattern_.coupling_entry[e])] * voltage[j]);
      injection += t;
      if (j >= active) continue;
      work[j] = {t.imag(), holds(j) ? 0.0 : t.real(), holds(i) ? 0.0 : -t.real(),
                 holds(i) || holds(j) ? 0.0 : t.imag()};
    }
    const std::size_t bus = at(pattern_.bus[i]);
    const Complex slope = voltage_dependent_power(input, bus, state.vm_pu[bus]).slope_mva / grid_.base_mva();
    work[i][0] -= injection.imag();
    if (holds(i)) {
      work[i][3] = 1.0;
    } else {
      work[i][1] += injection.real() - slope.real();
      work[i][2] += injection.real();
      work[i][3] += injection.imag() - slope.imag();
    }
    for (auto e = at(pattern_.lower.start[i]); e < at(pattern_.lower.start[i + 1]); ++e) {
      const std::size_t j = at(pattern_.lower.column[e]);
      const Block factor = divided(work[j], diagonal[j]);
      work[j] = Block{};
      for (auto k = at(pattern_.upper.start[j]); k < at(pattern_.upper.start[j + 1]); ++k) {
        if (at(pattern_.upper.column[k]) >= active) break;
        subtract_product(factor, upper[k], work[at(pattern_.upper.column[k])]);
      }
    }
    diagonal[i] = work[i];
    work[i] = Block{};
    negative[at(island_[i])] += negative_pivots(diagonal[i][0] + diagonal[i][3],
                                                diagonal[i][0] * diagonal[i][3] - diagonal[i][1] * diagonal[i][2]);
    for (auto k = at(pattern_.upper.start[i]); k < at(pattern_.upper.start[i + 1]); ++k) {
      if (at(pattern_.upper.column[k]) >= active) break;
      upper[k] = work[at(pattern_.upper.column[k])];
      work[at(pattern_.upper.column[k])] = Block{};
    }
  }
  return negative;
}

}  // namespace gridplus::powerflow
