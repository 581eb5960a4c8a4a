#include "sim/powerflow/reference/dc.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <map>
#include <numbers>
#include <utility>

#include "sim/powerflow/reference/slack_buses.hpp"

namespace gridplus::powerflow::reference {

namespace {

constexpr double k_radian = std::numbers::pi / 180.0;
constexpr double k_root_3 = std::numbers::sqrt3;
/// Balance asked of the solution, relative to the largest injection.
constexpr double k_tolerance = 1e-9;

}  // namespace

DcSolver::DcSolver(const Grid& grid, std::span<const std::uint8_t> branch_closed)
    : grid_(grid),
      merged_(merge_buses(grid, branch_closed)),
      islands_(find_merged_islands(grid, branch_closed, merged_)),
      susceptance_(grid.branch_count(), 0.0) {
  const BranchArrays& branch = grid.branch();
  shunt_mw_ = grid.bus().gs_mw;
  fold(merged_, shunt_mw_);
  row_start_.assign(grid.bus_count() + 1, 0);
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    const std::uint32_t from = from_bus(k), to = to_bus(k);
    if (branch_closed[k] == 0 || grid.bus().in_service[from] == 0 || grid.bus().in_service[to] == 0) continue;
    if (grid.is_coupler(k)) continue;
    const double x = branch.x_pu[k] != 0.0 ? branch.x_pu[k] : std::abs(branch.r_pu[k]);
    susceptance_[k] = 1.0 / (x * branch.tap[k]);
    ++row_start_[from + 1];
    ++row_start_[to + 1];
  }
  for (std::size_t i = 0; i < grid.bus_count(); ++i) row_start_[i + 1] += row_start_[i];
  incident_.resize(static_cast<std::size_t>(row_start_.back()));
  std::vector<std::int32_t> next(row_start_.begin(), row_start_.end() - 1);
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    if (susceptance_[k] == 0.0) continue;
    for (const std::uint32_t end : {from_bus(k), to_bus(k)}) {
      incident_[static_cast<std::size_t>(next[end]++)] = static_cast<std::uint32_t>(k);
    }
  }
}

void DcSolver::check(const FlowInput& input) const {
  const std::size_t buses = grid_.bus_count();
  ensure(input.p_mw.size() == buses && input.type.size() == buses &&
             (input.va_set_deg.empty() || input.va_set_deg.size() == buses) &&
             (input.participation.empty() || input.participation.size() == buses),
         "a power flow needs one figure per bus");
}

/// Factors the matrix of the unknown angles unless the roles are those of the last solve. Says what stands in the way,
/// or `converged` if nothing does.
SolveStatus DcSolver::update_factors(const FlowInput& input) {
  // A DC flow has no voltages: PV and PQ buses are the same to it, and changes between them need no new factor.
  const auto same_role = [](BusType given, BusType known) {
    return given == known || (given == BusType::pv && known == BusType::pq);
  };
  if (factored_ && std::equal(input.type.begin(), input.type.end(), type_.begin(), type_.end(), same_role)) {
    return SolveStatus::converged;
  }
  factored_ = false;
  type_.assign(input.type.begin(), input.type.end());
  std::replace(type_.begin(), type_.end(), BusType::pv, BusType::pq);
  if (!find_slack_buses(islands_, type_).complete) return SolveStatus::no_slack;
  std::int32_t count = 0;
  unknown_.assign(type_.size(), -1);
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] != BusType::out && type_[i] != BusType::slack) unknown_[i] = count++;
  }
  std::vector<std::int32_t> column_start{0};
  std::vector<std::int32_t> rows;
  std::vector<double> values;
  std::map<std::int32_t, double> column;
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (unknown_[i] < 0) continue;
    column.clear();
    for (std::int32_t e = row_start_[i]; e < row_start_[i + 1]; ++e) {
      const std::uint32_t k = incident_[static_cast<std::size_t>(e)];
      const std::uint32_t other = from_bus(k) == i ? to_bus(k) : from_bus(k);
      column[unknown_[i]] += susceptance_[k];
      if (unknown_[other] >= 0) column[unknown_[other]] -= susceptance_[k];
    }
    if (column.empty()) column[unknown_[i]] = 0.0;
    for (const auto& [row, value] : column) {
      rows.push_back(row);
      values.push_back(value);
    }
    column_start.push_back(static_cast<std::int32_t>(rows.size()));
  }
  right_hand_side_.assign(static_cast<std::size_t>(count), 0.0);
  lu_.analyse(std::move(column_start), std::move(rows), values);
  factored_ = lu_.factor(values);
  return factored_ ? SolveStatus::converged : SolveStatus::singular;
}

/// Injections in per unit, shunts taken off, with each island's missing power shared out.
void DcSolver::share_missing_power(const FlowInput& input) {
  const double base = grid_.base_mva();
  std::vector<double> missing(islands_.count, 0.0);
  std::vector<double> shares(islands_.count, 0.0);
  injection_pu_.assign(type_.size(), 0.0);
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] == BusType::out) continue;
    const double dependent_mw = voltage_dependent_power(input, i, 1.0).power_mva.real();
    injection_pu_[i] = (input.p_mw[i] + dependent_mw - shunt_mw_[i]) / base;
    missing[islands_.of_bus[i]] -= injection_pu_[i];
    if (!input.participation.empty()) shares[islands_.of_bus[i]] += input.participation[i];
  }
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] == BusType::out) continue;
    const std::uint32_t island = islands_.of_bus[i];
    if (shares[island] > 0.0) {
      injection_pu_[i] += input.participation[i] * missing[island];
    } else if (type_[i] == BusType::slack) {
      injection_pu_[i] += missing[island];
    }
  }
}

void DcSolver::set_known_angles(const FlowInput& input, FlowState& state) const {
  state.vm_pu.assign(type_.size(), 0.0);
  state.va_deg.assign(type_.size(), 0.0);
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] != BusType::out) state.vm_pu[i] = 1.0;
    if (type_[i] == BusType::slack && !input.va_set_deg.empty()) state.va_deg[i] = input.va_set_deg[i];
  }
}

SolveReport DcSolver::solve(const FlowInput& input, FlowState& state, FlowResult& result) {
  check(input);
  SolveReport report;
  report.status = update_factors(input);
  if (!report.converged()) return report;
  share_missing_power(input);
  set_known_angles(input, state);
  // Known terms: phase shifts, and the angles of slack buses.
  std::vector<double>& rhs = right_hand_side_;
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (unknown_[i] >= 0) rhs[static_cast<std::size_t>(unknown_[i])] = injection_pu_[i];
  }
  const BranchArrays& branch = grid_.branch();
  for (std::size_t k = 0; k < susceptance_.size(); ++k) {
    const std::uint32_t from = from_bus(k), to = to_bus(k);
    const double known = susceptance_[k] * k_radian * (state.va_deg[from] - state.va_deg[to] - branch.shift_deg[k]);
    if (unknown_[from] >= 0) rhs[static_cast<std::size_t>(unknown_[from])] -= known;
    if (unknown_[to] >= 0) rhs[static_cast<std::size_t>(unknown_[to])] += known;
  }
  lu_.solve(rhs);
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (unknown_[i] >= 0) state.va_deg[i] = rhs[static_cast<std::size_t>(unknown_[i])] / k_radian;
  }
  spread(merged_, state.vm_pu);
  spread(merged_, state.va_deg);
  report.iterations = 1;
  report.max_mismatch_pu = compute_flows(state, result);
  double largest = 1.0;
  for (const double injection : injection_pu_) largest = std::max(largest, std::abs(injection));
  report.status = report.max_mismatch_pu <= k_tolerance * largest ? SolveStatus::converged : SolveStatus::diverged;
  return report;
}

/// Flows and injections that follow from the angles; returns the largest mismatch.
double DcSolver::compute_flows(const FlowState& state, FlowResult& result) const {
  const double base = grid_.base_mva();
  const BranchArrays& branch = grid_.branch();
  const std::size_t branches = grid_.branch_count();
  result.voltage_pu.resize(type_.size());
  for (std::size_t i = 0; i < type_.size(); ++i) {
    result.voltage_pu[i] = std::polar(state.vm_pu[i], state.va_deg[i] * k_radian);
  }
  result.p_mw.assign(type_.size(), 0.0);
  result.q_mvar.assign(type_.size(), 0.0);
  for (auto* per_branch : {&result.p_from_mw, &result.q_from_mvar, &result.p_to_mw, &result.q_to_mvar,
                           &result.i_from_ka, &result.i_to_ka, &result.loading_percent, &result.losses_mw}) {
    per_branch->assign(branches, 0.0);
  }
  for (std::size_t k = 0; k < branches; ++k) {
    const std::uint32_t from = from_bus(k), to = to_bus(k);
    if (susceptance_[k] == 0.0 || type_[from] == BusType::out) continue;
    const double angle = (state.va_deg[from] - state.va_deg[to] - branch.shift_deg[k]) * k_radian;
    const double p_mw = base * susceptance_[k] * angle;
    result.p_from_mw[k] = p_mw;
    result.p_to_mw[k] = -p_mw;
    result.loading_percent[k] = 100.0 * std::abs(p_mw) / branch.rating_mva[k];
    const auto current_ka = [&](BusId bus) { return std::abs(p_mw) / (k_root_3 * grid_.bus().vn_kv[bus.index()]); };
    result.i_from_ka[k] = current_ka(branch.from[k]);
    result.i_to_ka[k] = current_ka(branch.to[k]);
    result.p_mw[from] += p_mw;
    result.p_mw[to] -= p_mw;
  }
  double mismatch = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] == BusType::out) continue;
    const double difference = std::abs(result.p_mw[i] / base - injection_pu_[i]);
    mismatch = std::max(mismatch, difference);
    sum += difference;
    result.p_mw[i] += shunt_mw_[i];
  }
  return std::isfinite(sum) ? mismatch : std::numeric_limits<double>::infinity();
}

}  // namespace gridplus::powerflow::reference
