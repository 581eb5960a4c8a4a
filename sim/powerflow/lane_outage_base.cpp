#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/powerflow/lane_outage.hpp"

namespace gridplus::powerflow {

namespace {

std::vector<double> values(std::span<const double> from) {
  return {from.begin(), from.end()};
}

StoredFlow merged_flow(const FlowInput& flow, const MergedBuses& merged) {
  StoredFlow stored(flow);
  stored.merge(merged);
  return stored;
}

Complex base_voltage(const FlowState& state, std::size_t bus) {
  return std::polar(state.vm_pu[bus], state.va_deg[bus] * std::numbers::pi / 180.0);
}

}  // namespace

StoredFlow::StoredFlow(const FlowInput& flow)
    : p_mw(values(flow.p_mw)),
      q_mvar(values(flow.q_mvar)),
      vm_set_pu(values(flow.vm_set_pu)),
      va_set_deg(values(flow.va_set_deg)),
      participation(values(flow.participation)),
      q_min_mvar(values(flow.q_min_mvar)),
      q_max_mvar(values(flow.q_max_mvar)),
      p_current_mw(values(flow.p_current_mw)),
      q_current_mvar(values(flow.q_current_mvar)),
      p_impedance_mw(values(flow.p_impedance_mw)),
      q_impedance_mvar(values(flow.q_impedance_mvar)),
      type(flow.type.begin(), flow.type.end()) {}

FlowInput StoredFlow::input() const {
  return {p_mw,       q_mvar,     type,         vm_set_pu,      va_set_deg,     participation,
          q_min_mvar, q_max_mvar, p_current_mw, q_current_mvar, p_impedance_mw, q_impedance_mvar};
}

void StoredFlow::merge(const MergedBuses& merged) {
  if (!merged.any()) return;
  for (auto* per_bus : {&p_mw, &q_mvar, &participation, &q_min_mvar, &q_max_mvar, &p_current_mw, &q_current_mvar,
                        &p_impedance_mw, &q_impedance_mvar})
    fold(merged, *per_bus);
  fold_roles(merged, type, vm_set_pu, va_set_deg);
}

OutageBase::OutageBase(const Grid& grid, std::span<const std::uint8_t> branch_closed, const FlowInput& flow,
                       const FlowState& state, SecurityLimits limits, std::span<const std::int32_t> tap_positions)
    : grid_(grid),
      closed_(branch_closed.begin(), branch_closed.end()),
      tap_positions_(tap_positions.begin(), tap_positions.end()),
      admittance_(make_admittance(grid, branch_closed, tap_positions)),
      given_flow_(flow),
      flow_(merged_flow(flow, admittance_.merged)),
      state_(state),
      limits_(std::move(limits)),
      lanes_(admittance_, grid.base_mva(), flow_.type, state),
      factor_(lanes_) {
  ensure(limits_.rating_mva.size() == grid.branch_count() && limits_.vm_min_pu.size() == grid.bus_count() &&
             limits_.vm_max_pu.size() == grid.bus_count(),
         "outages need limits for every branch and bus");
  spread(admittance_.merged, state_.vm_pu);
  spread(admittance_.merged, state_.va_deg);
  const SecurityLimits merged = merged_limits(limits_, admittance_.merged);
  const LanePattern& pattern = lanes_.pattern();
  for (std::size_t k = 0; k < pattern.bus.size(); ++k) {
    const auto bus = static_cast<std::size_t>(pattern.bus[k]);
    change_.push_back(flow_.p_mw[bus] / grid.base_mva() - lanes_.injection()[2 * k]);
    change_.push_back(flow_.q_mvar[bus] / grid.base_mva() - lanes_.injection()[2 * k + 1]);
    vm_min_pu_.push_back(merged.vm_min_pu[bus]);
    vm_max_pu_.push_back(merged.vm_max_pu[bus]);
  }
  find_incident();
  list_rated_branches();
}

Admittance OutageBase::admittance_without(std::span<const std::uint32_t> open) const {
  std::vector<std::uint8_t> closed = closed_;
  for (const std::uint32_t branch : open) closed[branch] = 0;
  return make_admittance(grid_, closed, tap_positions_);
}

void OutageBase::find_incident() {
  std::vector<std::vector<std::int32_t>> at_bus(grid_.bus_count());
  for (std::size_t k = 0; k < grid_.branch_count(); ++k) {
    at_bus[grid_.branch().from[k].index()].push_back(static_cast<std::int32_t>(k));
    at_bus[grid_.branch().to[k].index()].push_back(static_cast<std::int32_t>(k));
  }
  for (const auto& row : at_bus) {
    incident_.column.insert(incident_.column.end(), row.begin(), row.end());
    incident_.start.push_back(static_cast<std::int32_t>(incident_.column.size()));
  }
}

/// In the order of their ends' positions, so that a pass over them finds voltages in the cache.
void OutageBase::list_rated_branches() {
  const auto ends = [&](std::uint32_t k) {
    return std::minmax({position(grid_.branch().from[k].index()), position(grid_.branch().to[k].index())});
  };
  for (std::uint32_t k = 0; k < grid_.branch_count(); ++k) {
    const bool live = admittance_.branch[k].ft != Complex{} && ends(k).first >= 0;
    if (live && std::isfinite(limits_.rating_mva[k])) rated_branch_.push_back(k);
  }
  std::sort(rated_branch_.begin(), rated_branch_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return std::pair(ends(a), a) < std::pair(ends(b), b); });
  rated_place_.assign(grid_.branch_count(), -1);
  for (std::size_t p = 0; p < rated_branch_.size(); ++p) {
    const std::uint32_t k = rated_branch_[p];
    rated_place_[k] = static_cast<std::int32_t>(p);
    const std::size_t from = grid_.branch().from[k].index();
    const std::size_t to = grid_.branch().to[k].index();
    security_from_.push_back(position(grid_.branch().from[k].index()));
    security_to_.push_back(position(grid_.branch().to[k].index()));
    const BranchAdmittance& y = admittance_.branch[k];
    const Complex v_from = base_voltage(state_, from);
    const Complex v_to = base_voltage(state_, to);
    const double per_rating = grid_.base_mva() / limits_.rating_mva[k];
    for (const Complex flow : {v_from * std::conj(y.ff * v_from), v_from * std::conj(y.ft * v_to),
                               v_to * std::conj(y.tf * v_from), v_to * std::conj(y.tt * v_to)}) {
      security_flow_.push_back(flow.real() * per_rating);
      security_flow_.push_back(flow.imag() * per_rating);
    }
  }
}

SecurityView OutageBase::security() const {
  return {static_cast<std::int32_t>(rated_branch_.size()),
          security_from_.data(),
          security_to_.data(),
          security_flow_.data(),
          lanes_.pattern().positions(),
          lanes_.vm_pu().data(),
          vm_min_pu_.data(),
          vm_max_pu_.data()};
}

}  // namespace gridplus::powerflow
