#include "sim/powerflow/lane_dc.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "sim/core/parallel.hpp"
#include "sim/powerflow/reference/slack_buses.hpp"

namespace gridplus::powerflow {

namespace {

constexpr double k_radian = std::numbers::pi / 180.0;
/// Balance asked of the solution, relative to the largest injection.
constexpr double k_tolerance = 1e-9;

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

/// Branch susceptances 1 / (x tap) where closed.
std::vector<double> susceptances(const Grid& grid, std::span<const std::uint8_t> closed) {
  const BranchArrays& branch = grid.branch();
  std::vector<double> values(grid.branch_count(), 0.0);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const bool live = closed[k] != 0 && grid.bus().in_service[branch.from[k].index()] != 0 &&
                      grid.bus().in_service[branch.to[k].index()] != 0;
    if (!live || grid.is_coupler(k)) continue;
    const double x = branch.x_pu[k] != 0.0 ? branch.x_pu[k] : std::abs(branch.r_pu[k]);
    values[k] = 1.0 / (x * branch.tap[k]);
  }
  return values;
}

/// The susceptance matrix in the pattern of the admittance matrix, so that the pattern of the AC lanes serves it.
Admittance as_admittance(const Grid& grid, std::span<const std::uint8_t> closed, std::span<const double> susceptance) {
  Admittance y = make_admittance(grid, closed);
  std::fill(y.value.begin(), y.value.end(), Complex{});
  const auto entry = [&](std::uint32_t row, std::uint32_t column) -> Complex& {
    const auto begin = y.column.begin();
    const auto place =
        std::lower_bound(begin + y.row_start[row], begin + y.row_start[row + 1], static_cast<std::int32_t>(column));
    return y.value[static_cast<std::size_t>(place - begin)];
  };
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    const std::uint32_t from = y.merged.into[grid.branch().from[k].index()];
    const std::uint32_t to = y.merged.into[grid.branch().to[k].index()];
    if (from == to) continue;  // within a group of merged buses
    entry(from, from) += susceptance[k];
    entry(to, to) += susceptance[k];
    entry(from, to) -= susceptance[k];
    entry(to, from) -= susceptance[k];
  }
  return y;
}

}  // namespace

/// Memory of one thread.
struct LaneDcSolver::Scratch {
  explicit Scratch(const LaneDcSolver& solver)
      : wanted(at(solver.pattern_.positions()) * k_dc_lanes, 0.0),
        angle(wanted.size()),
        injection_pu(solver.type_.size()),
        missing_pu(at(solver.islands_)),
        shares(at(solver.islands_)) {}

  LaneVector<double> wanted, angle;
  std::vector<double> injection_pu, missing_pu, shares;
  std::array<double, k_dc_lanes> largest_injection{};
};

LaneDcSolver::LaneDcSolver(const Grid& grid, std::span<const std::uint8_t> branch_closed, std::span<const BusType> type,
                           const LaneKernels& kernels)
    : grid_(grid),
      kernels_(&dc_kernels(kernels.name)),
      merged_(merge_buses(grid, branch_closed)),
      type_(type.begin(), type.end()),
      susceptance_(susceptances(grid, branch_closed)),
      shunt_mw_(grid.bus().gs_mw),
      shift_pu_(grid.bus_count(), 0.0),
      island_(grid.bus_count(), -1) {
  ensure(type.size() == grid.bus_count(), "a DC flow needs a role for every bus");
  const Islands islands = find_merged_islands(grid, branch_closed, merged_);
  complete_ = reference::find_slack_buses(islands, type_).complete;
  islands_ = static_cast<std::int32_t>(islands.count);
  fold(merged_, shunt_mw_);
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] != BusType::out) island_[i] = static_cast<std::int32_t>(islands.of_bus[i]);
  }
  for (std::size_t k = 0; k < susceptance_.size(); ++k) {
    const double driven = susceptance_[k] * grid.branch().shift_deg[k] * k_radian;
    shift_pu_[merged_.into[grid.branch().from[k].index()]] += driven;
    shift_pu_[merged_.into[grid.branch().to[k].index()]] -= driven;
  }
  const Admittance matrix = as_admittance(grid, branch_closed, susceptance_);
  pattern_ = make_lane_pattern(matrix, type_);
  for (const std::int32_t place : pattern_.coupling_entry) coupling_.push_back(matrix.value[at(place)].real());
  factor();
}

LaneDcSolver::~LaneDcSolver() = default;

/// Rows of L (unit diagonal) and U by Doolittle's method; the slack columns stay in U.
void LaneDcSolver::factor() {
  std::vector<double> row(at(pattern_.positions()), 0.0);
  lower_.resize(pattern_.lower.column.size());
  upper_.resize(pattern_.upper.column.size());
  inverse_.assign(at(pattern_.active), 0.0);
  factored_ = complete_;
  for (std::size_t i = 0; i < inverse_.size(); ++i) {
    const auto lower = pattern_.lower.row(i), upper = pattern_.upper.row(i), coupled = pattern_.coupling.row(i);
    row[i] = 0.0;
    for (const std::int32_t j : lower) row[at(j)] = 0.0;
    for (const std::int32_t j : upper) row[at(j)] = 0.0;
    for (std::size_t e = 0; e < coupled.size(); ++e)
      row[at(coupled[e])] += coupling_[at(pattern_.coupling.start[i]) + e];
    for (std::size_t e = 0; e < lower.size(); ++e) {
      const std::size_t j = at(lower[e]);
      const double factor = row[j] * inverse_[j];
      lower_[at(pattern_.lower.start[i]) + e] = factor;
      const auto above = pattern_.upper.row(j);
      for (std::size_t u = 0; u < above.size(); ++u)
        row[at(above[u])] -= factor * upper_[at(pattern_.upper.start[j]) + u];
    }
    for (std::size_t e = 0; e < upper.size(); ++e) upper_[at(pattern_.upper.start[i]) + e] = row[at(upper[e])];
    inverse_[i] = 1.0 / row[i];
    if (!std::isfinite(inverse_[i])) factored_ = false;
  }
}

DcFactorView LaneDcSolver::view() const {
  return {.active = pattern_.active,
          .lower_start = pattern_.lower.start.data(),
          .lower_column = pattern_.lower.column.data(),
          .lower = lower_.data(),
          .upper_start = pattern_.upper.start.data(),
          .upper_column = pattern_.upper.column.data(),
          .upper = upper_.data(),
          .inverse = inverse_.data(),
          .coupling_start = pattern_.coupling.start.data(),
          .coupling_column = pattern_.coupling.column.data(),
          .coupling = coupling_.data()};
}

void LaneDcSolver::solve(std::span<const FlowInput> flows, std::span<FlowState> states, std::span<SolveReport> reports,
                         int threads) {
  ensure(states.size() == flows.size() && reports.size() == flows.size(),
         "a batch needs a state and a report per flow");
  for (std::size_t k = 0; k < flows.size(); ++k) {
    check_sizes(flows[k], type_.size());
    states[k].vm_pu.assign(type_.size(), 0.0);
    states[k].va_deg.assign(type_.size(), 0.0);
    reports[k] = {factored_ ? SolveStatus::converged : complete_ ? SolveStatus::singular : SolveStatus::no_slack};
  }
  if (!factored_) return;
  const auto workers = static_cast<std::size_t>(std::max(1, threads));
  scratch_.resize(std::max(scratch_.size(), workers));
  parallel_for((flows.size() + k_dc_lanes - 1) / k_dc_lanes, threads, 1, [&](std::size_t group, int worker) {
    auto& scratch = scratch_[static_cast<std::size_t>(worker)];
    if (!scratch) scratch = std::make_unique<Scratch>(*this);
    const std::size_t first = group * k_dc_lanes, count = std::min(k_dc_lanes, flows.size() - first);
    solve_group(flows.subspan(first, count), states.subspan(first, count), reports.subspan(first, count), *scratch);
  });
}

/// The right-hand side of one lane: injections less shunts, the missing power shared out, phase shifts, known angles.
void LaneDcSolver::load(const FlowInput& flow, std::size_t lane, Scratch& s) const {
  std::fill(s.missing_pu.begin(), s.missing_pu.end(), 0.0);
  std::fill(s.shares.begin(), s.shares.end(), 0.0);
  const double base = grid_.base_mva();
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (island_[i] < 0) continue;
    const double dependent_mw = voltage_dependent_power(flow, i, 1.0).power_mva.real();
    s.injection_pu[i] = (flow.p_mw[i] + dependent_mw - shunt_mw_[i]) / base;
    s.missing_pu[at(island_[i])] -= s.injection_pu[i];
    if (!flow.participation.empty()) s.shares[at(island_[i])] += flow.participation[i];
  }
  double largest = 1.0;
  for (std::int32_t k = 0; k < pattern_.positions(); ++k) {
    const std::size_t bus = at(pattern_.bus[at(k)]), place = at(k) * k_dc_lanes + lane;
    if (k >= pattern_.active) {
      s.angle[place] = flow.va_set_deg.empty() ? 0.0 : flow.va_set_deg[bus] * k_radian;
      continue;
    }
    const std::size_t island = at(island_[bus]);
    double injection = s.injection_pu[bus];
    if (s.shares[island] > 0.0) injection += flow.participation[bus] * s.missing_pu[island];
    largest = std::max(largest, std::abs(injection));
    s.wanted[place] = s.angle[place] = injection + shift_pu_[bus];
  }
  s.largest_injection[lane] = largest;
}

void LaneDcSolver::solve_group(std::span<const FlowInput> flows, std::span<FlowState> states,
                               std::span<SolveReport> reports, Scratch& s) const {
  for (std::size_t l = 0; l < k_dc_lanes; ++l) load(flows[std::min(l, flows.size() - 1)], l, s);
  const DcFactorView factor = view();
  kernels_->solve(factor, s.angle.data());
  alignas(64) std::array<double, k_dc_lanes> mismatch{};
  kernels_->residual(factor, s.wanted.data(), s.angle.data(), mismatch.data());
  for (std::size_t l = 0; l < flows.size(); ++l) {
    FlowState& state = states[l];
    for (std::int32_t k = 0; k < pattern_.positions(); ++k) {
      const std::size_t bus = at(pattern_.bus[at(k)]);
      state.vm_pu[bus] = 1.0;
      state.va_deg[bus] = s.angle[at(k) * k_dc_lanes + l] / k_radian;
    }
    if (merged_.any()) {
      spread(merged_, state.vm_pu);
      spread(merged_, state.va_deg);
    }
    reports[l].iterations = 1;
    reports[l].max_mismatch_pu = mismatch[l];
    const bool balanced = mismatch[l] <= k_tolerance * s.largest_injection[l];
    reports[l].status = balanced ? SolveStatus::converged : SolveStatus::diverged;
  }
}

void LaneDcSolver::evaluate(const FlowState& state, FlowResult& result) const {
  const double base = grid_.base_mva();
  const BranchArrays& branch = grid_.branch();
  result.voltage_pu.resize(type_.size());
  for (std::size_t i = 0; i < type_.size(); ++i)
    result.voltage_pu[i] = std::polar(state.vm_pu[i], state.va_deg[i] * k_radian);
  result.p_mw.assign(type_.size(), 0.0);
  result.q_mvar.assign(type_.size(), 0.0);
  for (auto* per_branch : {&result.p_from_mw, &result.q_from_mvar, &result.p_to_mw, &result.q_to_mvar,
                           &result.i_from_ka, &result.i_to_ka, &result.loading_percent, &result.losses_mw})
    per_branch->assign(branch.r_pu.size(), 0.0);
  for (std::size_t k = 0; k < susceptance_.size(); ++k) {
    const std::uint32_t from = merged_.into[branch.from[k].index()], to = merged_.into[branch.to[k].index()];
    if (susceptance_[k] == 0.0 || type_[from] == BusType::out) continue;
    const double p_mw =
        base * susceptance_[k] * (state.va_deg[from] - state.va_deg[to] - branch.shift_deg[k]) * k_radian;
    const auto current_ka = [&](BusId bus) {
      return std::abs(p_mw) / (std::numbers::sqrt3 * grid_.bus().vn_kv[bus.index()]);
    };
    result.p_from_mw[k] = p_mw;
    result.p_to_mw[k] = -p_mw;
    result.i_from_ka[k] = current_ka(branch.from[k]);
    result.i_to_ka[k] = current_ka(branch.to[k]);
    result.loading_percent[k] = 100.0 * std::abs(p_mw) / branch.rating_mva[k];
    result.p_mw[from] += p_mw;
    result.p_mw[to] -= p_mw;
  }
  for (std::size_t i = 0; i < type_.size(); ++i) {
    if (type_[i] != BusType::out) result.p_mw[i] += shunt_mw_[i];
  }
}

}  // namespace gridplus::powerflow
