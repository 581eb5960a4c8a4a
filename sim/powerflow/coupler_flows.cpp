#include "sim/powerflow/coupler_flows.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace gridplus::powerflow {

CouplerFlows::CouplerFlows(const Grid& grid, const MergedBuses& merged) : grid_(grid), merged_(merged) {
  if (!any()) return;
  const BranchArrays& branch = grid.branch();
  unknown_.assign(grid.bus_count(), -1);
  in_group_.assign(grid.bus_count(), 0);
  is_coupler_.assign(grid.branch_count(), 0);
  std::vector<std::map<std::int32_t, double>> column;  // of A A', the first bus of each group left out
  for (std::size_t i = 0; i < grid.bus_count(); ++i) {
    if (merged.stands_alone_or_first(i)) continue;
    in_group_[i] = in_group_[merged.into[i]] = 1;
    unknown_[i] = static_cast<std::int32_t>(column.size());
    column.emplace_back();
  }
  for (const std::uint32_t k : merged.couplers) {
    is_coupler_[k] = 1;
    const std::int32_t from = unknown_[branch.from[k].index()], to = unknown_[branch.to[k].index()];
    for (const std::int32_t i : {from, to}) {
      if (i >= 0) column[static_cast<std::size_t>(i)][i] += 1.0;
    }
    if (from < 0 || to < 0) continue;
    column[static_cast<std::size_t>(from)][to] -= 1.0;
    column[static_cast<std::size_t>(to)][from] -= 1.0;
  }
  std::vector<std::int32_t> column_start{0}, rows;
  std::vector<double> values;
  for (const auto& entries : column) {
    for (const auto& [row, value] : entries) {
      rows.push_back(row);
      values.push_back(value);
    }
    column_start.push_back(static_cast<std::int32_t>(rows.size()));
  }
  lu_.analyse(std::move(column_start), std::move(rows), values);
  ensure(lu_.factor(values), "the couplers of a group do not connect it");
  x_.resize(column.size());
}

void CouplerFlows::recover(const FlowState& state, FlowResult& result, bool reactive) {
  if (!any()) return;
  // Shunts draw at the bus, before the couplers.
  injection_ = result.p_mw;
  for (std::size_t i = 0; i < injection_.size(); ++i) {
    if (in_group_[i] != 0) injection_[i] -= grid_.bus().gs_mw[i] * state.vm_pu[i] * state.vm_pu[i];
  }
  recover_part(result.p_from_mw, result.p_to_mw);
  if (reactive) {
    injection_ = result.q_mvar;
    for (std::size_t i = 0; i < injection_.size(); ++i) {
      if (in_group_[i] != 0) injection_[i] += grid_.bus().bs_mvar[i] * state.vm_pu[i] * state.vm_pu[i];
    }
    recover_part(result.q_from_mvar, result.q_to_mvar);
  }
  for (const std::uint32_t k : merged_.couplers) {
    const std::size_t bus = grid_.branch().from[k].index();
    const double mva = std::hypot(result.p_from_mw[k], result.q_from_mvar[k]);
    const double voltage_kv = state.vm_pu[bus] * grid_.bus().vn_kv[bus];
    result.i_from_ka[k] = result.i_to_ka[k] = voltage_kv > 0.0 ? mva / (std::numbers::sqrt3 * voltage_kv) : 0.0;
    result.loading_percent[k] = 100.0 * mva / grid_.branch().rating_mva[k];
    result.losses_mw[k] = 0.0;
  }
}

/// What each bus has left to send after its other branches, through the couplers.
void CouplerFlows::recover_part(std::vector<double>& from, std::vector<double>& to) {
  const BranchArrays& branch = grid_.branch();
  std::fill(x_.begin(), x_.end(), 0.0);
  const auto add = [&](std::size_t bus, double value) {
    if (unknown_[bus] >= 0) x_[static_cast<std::size_t>(unknown_[bus])] += value;
  };
  for (std::size_t i = 0; i < injection_.size(); ++i) add(i, injection_[i]);
  for (std::size_t k = 0; k < is_coupler_.size(); ++k) {
    if (is_coupler_[k] != 0) continue;
    add(branch.from[k].index(), -from[k]);
    add(branch.to[k].index(), -to[k]);
  }
  lu_.solve(x_);
  const auto x = [&](BusId bus) {
    const std::int32_t i = unknown_[bus.index()];
    return i < 0 ? 0.0 : x_[static_cast<std::size_t>(i)];
  };
  for (const std::uint32_t k : merged_.couplers) {
    from[k] = x(branch.from[k]) - x(branch.to[k]);
    to[k] = -from[k];
  }
}

}  // namespace gridplus::powerflow
