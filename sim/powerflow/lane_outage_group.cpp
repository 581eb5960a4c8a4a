#include "sim/powerflow/lane_outage_group.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gridplus::powerflow {

namespace {

constexpr std::size_t k_lanes = k_group_lanes;
constexpr std::size_t k_bus = 2 * k_lanes;
constexpr std::size_t k_terms = LaneCorrection::k_most_terms;
/// As in lane_solver.cpp: how long a flow stays with the chord iterations, and from when on that is judged.
constexpr int k_most_chord_steps = 30;
constexpr int k_first_judged_step = 5;
/// Mismatches are accepted a little below the tolerance, so that another order of summation agrees.
constexpr double k_safety = 0.999;

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

/// Whether a lane will not converge soon: the mismatch grows, or its fall over the last two steps takes too long.
bool hopeless(double norm, double two_ago, double first, double tolerance, int iteration) {
  if (!(norm < 1e3 * first + 1.0)) return true;
  if (iteration < k_first_judged_step) return false;
  if (!(norm < two_ago)) return true;
  return iteration + 2.0 * std::log(norm / tolerance) / std::log(two_ago / norm) > k_most_chord_steps;
}

/// The place of column `j` in the couplings of row `i`; the pattern is symmetric.
std::size_t coupling_place(const LanePattern& pattern, std::int32_t i, std::int32_t j) {
  const auto row = pattern.coupling.row(at(i));
  const auto place = std::lower_bound(row.begin(), row.end(), j) - row.begin();
  return at(pattern.coupling.start[at(i)]) + static_cast<std::size_t>(place);
}

Complex coupling(const CouplingView& view, std::size_t place) {
  return {view.value[2 * place], view.value[2 * place + 1]};
}

/// Sorts by index and joins the lanes of equal ones.
void close_list(std::vector<LeftOut>& list) {
  std::sort(list.begin(), list.end(), [](const LeftOut& a, const LeftOut& b) { return a.index < b.index; });
  std::size_t kept = 0;
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (kept > 0 && list[kept - 1].index == list[k].index) {
      list[kept - 1].lanes |= list[k].lanes;
    } else {
      list[kept++] = list[k];
    }
  }
  list.resize(kept);
  list.push_back({k_list_end, 0});
}

}  // namespace

void removed_flows(const OutageBase& base, const Outage& outage, std::vector<RemovedFlow>& flows) {
  flows.clear();
  const auto is_lost = [&](std::uint32_t bus) {
    return std::binary_search(outage.lost.begin(), outage.lost.end(), bus);
  };
  const LaneBase& lanes = base.lanes();
  const auto voltage = [&](std::int32_t k) {
    return std::polar(lanes.vm_pu()[at(k)], lanes.va_deg()[at(k)] * std::numbers::pi / 180.0);
  };
  for (const std::uint32_t branch : outage.open) {
    const std::uint32_t from = base.grid().branch().from[branch].index();
    const std::uint32_t to = base.grid().branch().to[branch].index();
    const std::int32_t i = base.position(from);
    const std::int32_t j = base.position(to);
    const BranchAdmittance& y = base.admittance().branch[branch];
    if (i < 0 || y.ft == Complex{}) continue;
    const Complex v_i = voltage(i);
    const Complex v_j = voltage(j);
    if (!is_lost(from)) flows.push_back({i, j, v_i * std::conj(y.ff * v_i), v_i * std::conj(y.ft * v_j)});
    if (!is_lost(to)) flows.push_back({j, i, v_j * std::conj(y.tt * v_j), v_j * std::conj(y.tf * v_i)});
  }
}

OutageGroup::OutageGroup(const OutageBase& base, const OutageKernels& kernels) : base_(base), kernels_(kernels) {
  const auto numbers = at(base.lanes().pattern().positions()) * k_bus;
  state_.resize(numbers);
  x_.resize(numbers);
  middle_.resize(k_terms * k_terms);
}

bool OutageGroup::is_free(const Lane& lane, std::int32_t position) const {
  return base_.lanes().coupling().is_pv[position] == 0 || lane.released == position;
}

std::int32_t OutageGroup::slot_of(std::int32_t position) const {
  const auto place = std::lower_bound(touched_.begin(), touched_.end(), position);
  return place != touched_.end() && *place == position ? static_cast<std::int32_t>(place - touched_.begin()) : -1;
}

Complex OutageGroup::voltage(std::size_t l, std::int32_t position) const {
  const double* u = state_.data() + at(position) * k_bus + l;
  return {1.0 + u[0], u[k_lanes]};
}

void OutageGroup::load(std::span<const OutageTask> tasks) {
  const LanePattern& pattern = base_.lanes().pattern();
  std::fill(state_.begin(), state_.end(), 0.0);
  std::fill(x_.begin(), x_.end(), 0.0F);
  touched_.clear();
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    removed_flows(base_, *tasks[l].outage, lane_[l].removed);
    for (const RemovedFlow& flow : lane_[l].removed) touched_.push_back(flow.row);
    for (const Outage::Change& change : tasks[l].outage->change) touched_.push_back(base_.position(change.bus));
    for (const Outage::Change& change : tasks[l].outage->released) touched_.push_back(base_.position(change.bus));
  }
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  std::erase_if(touched_, [&](std::int32_t position) { return position < 0 || position >= pattern.active; });
  fixed_.assign(touched_.size() * k_bus, 0.0);
  extra_.assign(touched_.size() * k_bus, 0.0);
  for (std::size_t l = 0; l < tasks.size(); ++l) load_lane(l, *tasks[l].outage);
}

void OutageGroup::load_lane(std::size_t l, const Outage& outage) {
  Lane& lane = lane_[l];
  lane.removed_slot.clear();
  for (const RemovedFlow& flow : lane.removed) lane.removed_slot.push_back(slot_of(flow.row));
  lane.released = -1;
  enter_changes(l, outage);
  make_correction(lane);
}

void OutageGroup::enter_changes(std::size_t l, const Outage& outage) {
  const double per_mva = 1.0 / base_.grid().base_mva();
  for (const Outage::Change& change : outage.change) {
    const std::int32_t slot = slot_of(base_.position(change.bus));
    if (slot < 0) continue;
    fixed_[at(slot) * k_bus + l] += change.p_mw * per_mva;
    fixed_[at(slot) * k_bus + k_lanes + l] += change.q_mvar * per_mva;
  }
  for (const Outage::Change& change : outage.released) {
    const std::int32_t position = base_.position(change.bus);
    const std::int32_t slot = slot_of(position);
    if (slot < 0) continue;
    lane_[l].released = position;
    lane_[l].target = Complex(change.p_mw, change.q_mvar) * per_mva;
    fixed_[at(slot) * k_bus + l] = change.p_mw * per_mva - base_.flow().p_mw[base_.first_of(change.bus)] * per_mva;
  }
}

std::size_t OutageGroup::term(std::vector<LaneCorrection::Column>& columns, Unknown unknown, std::size_t from) const {
  for (std::size_t k = from; k < columns.size(); ++k) {
    const auto& [other, value] = columns[k].front();
    if (columns[k].size() == 1 && other.position == unknown.position && other.part == unknown.part) return k;
  }
  columns.push_back({{unknown, 1.0}});
  return columns.size() - 1;
}

/// Where the removed flows F stand in the Jacobian: -dF by the angles and relative voltages of both ends.
void OutageGroup::add_removed_terms(const Lane& lane) {
  const std::int32_t active = base_.lanes().pattern().active;
  for (const RemovedFlow& flow : lane.removed) {
    const std::int32_t i = flow.row;
    const std::int32_t j = flow.column;
    if (i >= active) continue;
    const auto enter = [&](std::int32_t column, std::int32_t part, Complex derivative) {
      if (column >= active || (part == 1 && !is_free(lane, column))) return;
      const std::size_t r = term(r_, {column, part}, 0);
      const std::size_t p = term(c_, {i, 0}, 0);
      middle_[p * k_terms + r] -= derivative.real();
      if (!is_free(lane, i)) return;
      const std::size_t q = term(c_, {i, 1}, 0);
      middle_[q * k_terms + r] -= derivative.imag();
    };
    const Complex turned(-flow.other.imag(), flow.other.real());  // j T
    enter(i, 0, turned);
    enter(j, 0, -turned);
    enter(i, 1, 2.0 * flow.own + flow.other);
    enter(j, 1, flow.other);
  }
}

/// The row of Q and the column of rho at a bus whose voltage is free here but not in the base, where the factor has an
/// identity in their place.
void OutageGroup::add_released_terms(const Lane& lane) {
  const std::int32_t g = lane.released;
  if (g < 0) return;
  const LanePattern& pattern = base_.lanes().pattern();
  const CouplingView view = base_.lanes().coupling();
  const Complex injection(view.injection[2 * g], view.injection[2 * g + 1]);
  LaneCorrection::Column row;
  LaneCorrection::Column column;
  for (const std::int32_t k : pattern.coupling.row(at(g))) {
    if (k >= pattern.active) continue;
    const Complex own = coupling(view, coupling_place(pattern, g, k));
    if (k == g) {
      row.push_back({{g, 0}, injection.real() - own.real()});
      row.push_back({{g, 1}, injection.imag() + own.imag() - 1.0});
      column.push_back({{g, 0}, injection.real() + own.real()});
      continue;
    }
    const Complex other = coupling(view, coupling_place(pattern, k, g));
    row.push_back({{k, 0}, -own.real()});
    column.push_back({{k, 0}, other.real()});
    if (!is_free(lane, k)) continue;
    row.push_back({{k, 1}, own.imag()});
    column.push_back({{k, 1}, other.imag()});
  }
  const std::size_t own_c = term(c_, {g, 1}, 0);
  const std::size_t own_r = term(r_, {g, 1}, 0);
  r_.push_back(std::move(row));
  middle_[own_c * k_terms + r_.size() - 1] += 1.0;
  c_.push_back(std::move(column));
  middle_[(c_.size() - 1) * k_terms + own_r] += 1.0;
}

void OutageGroup::make_correction(Lane& lane) {
  c_.clear();
  r_.clear();
  std::fill(middle_.begin(), middle_.end(), 0.0);
  add_removed_terms(lane);
  add_released_terms(lane);
  lane.regular = true;
  lane.correction.clear();
  if (c_.empty() || r_.empty()) return;
  std::vector<double>& d = correction_.matrix;
  std::vector<double> compact;
  for (std::size_t i = 0; i < c_.size(); ++i) {
    compact.insert(compact.end(), middle_.data() + i * k_terms, middle_.data() + i * k_terms + r_.size());
  }
  d.clear();
  lane.regular = lane.correction.make(base_.factor(), c_, r_, compact, correction_);
}

/// At the rows of opened branches, what the couplings count for them is wanted in addition.
void OutageGroup::want_removed_flows(std::size_t l) {
  const Lane& lane = lane_[l];
  const auto set = [&](std::size_t slot) {
    extra_[slot * k_bus + l] = fixed_[slot * k_bus + l];
    extra_[slot * k_bus + k_lanes + l] = fixed_[slot * k_bus + k_lanes + l];
  };
  for (const std::int32_t slot : lane.removed_slot) {
    if (slot >= 0) set(at(slot));
  }
  for (std::size_t k = 0; k < lane.removed.size(); ++k) {
    if (lane.removed_slot[k] < 0) continue;
    const Complex flow = lane.removed[k].at([&](std::int32_t position) { return voltage(l, position); });
    double* extra = extra_.data() + at(lane.removed_slot[k]) * k_bus + l;
    extra[0] += flow.real();
    extra[k_lanes] += flow.imag();
  }
}

/// The equation of Q that the kernels leave out at a PV bus.
void OutageGroup::take_released_mismatch(std::size_t l) {
  const Lane& lane = lane_[l];
  if (lane.released < 0) return;
  const LanePattern& pattern = base_.lanes().pattern();
  const CouplingView view = base_.lanes().coupling();
  const std::int32_t g = lane.released;
  Complex sum(view.injection[2 * g], view.injection[2 * g + 1]);
  for (auto e = at(pattern.coupling.start[at(g)]); e < at(pattern.coupling.start[at(g) + 1]); ++e) {
    sum += coupling(view, e) * std::conj(voltage(l, pattern.coupling.column[e]) - 1.0);
  }
  double q = (voltage(l, g) * sum).imag();
  for (const RemovedFlow& flow : lane.removed) {
    if (flow.row == g) q -= flow.at([&](std::int32_t position) { return voltage(l, position); }).imag();
  }
  const double mismatch = lane.target.imag() - q;
  x_[at(g) * k_bus + k_lanes + l] = static_cast<float>(mismatch);
  norm_[l] = std::max(norm_[l], std::abs(mismatch));
}

void OutageGroup::judge(std::size_t l, const OutageTask& task, const FlowOptions& options, int iteration) {
  Lane& lane = lane_[l];
  SolveReport& report = task.result->report;
  report.iterations = iteration;
  report.max_mismatch_pu = norm_[l];
  if (iteration == 0) lane.first = norm_[l];
  const bool converged = norm_[l] <= k_safety * options.tolerance_pu;
  if (converged) report.status = SolveStatus::converged;
  if (!lane.regular) report.status = SolveStatus::singular;
  if (converged || !lane.regular || hopeless(norm_[l], lane.two_ago, lane.first, options.tolerance_pu, iteration)) {
    moves_[l] = 0;
  }
  lane.two_ago = lane.one_ago;
  lane.one_ago = norm_[l];
}

void OutageGroup::step(std::span<const OutageTask> tasks, std::size_t live) {
  const FactorView factor = base_.lanes().factor();
  kernels_.forward(factor, x_.data());
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    if (moves_[l] != 0) lane_[l].correction.apply(x_.data() + l);
  }
  kernels_.move(factor, x_.data(), live == k_lanes ? nullptr : moves_.data(), state_.data());
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    if (moves_[l] == 0 || lane_[l].released < 0) continue;
    const std::size_t own = at(lane_[l].released) * k_bus + l;
    const double rho = x_[own + k_lanes];
    const Complex w = (1.0 + rho + 0.5 * rho * rho) * voltage(l, lane_[l].released);
    state_[own] = w.real() - 1.0;
    state_[own + k_lanes] = w.imag();
  }
}

void OutageGroup::solve(std::span<const OutageTask> tasks, const FlowOptions& options) {
  load(tasks);
  const WantedView wanted{base_.change().data(), static_cast<std::int32_t>(touched_.size()), touched_.data(),
                          extra_.data()};
  moves_.fill(0);
  std::fill_n(moves_.begin(), tasks.size(), 0xffffffffU);
  std::copy(fixed_.begin(), fixed_.end(), extra_.begin());
  for (int iteration = 0;; ++iteration) {
    for (std::size_t l = 0; l < tasks.size(); ++l) want_removed_flows(l);
    kernels_.mismatch(base_.lanes().coupling(), wanted, state_.data(), x_.data(), norm_.data());
    for (std::size_t l = 0; l < tasks.size(); ++l) {
      if (moves_[l] == 0) continue;
      take_released_mismatch(l);
      judge(l, tasks[l], options, iteration);
    }
    const auto live = static_cast<std::size_t>(std::count(moves_.begin(), moves_.end(), 0xffffffffU));
    if (live == 0) break;
    step(tasks, live);
  }
  assess(tasks);
}

/// What no longer carries anything in lane l does not count.
void OutageGroup::leave_out(std::size_t l, const Outage& outage) {
  const std::uint32_t bit = 1U << l;
  const auto leave_branch = [&](std::size_t branch) {
    const std::int32_t place = base_.rated_place()[branch];
    if (place >= 0) branches_out_.push_back({place, bit});
  };
  for (const std::uint32_t branch : outage.open) leave_branch(branch);
  for (const std::uint32_t bus : outage.lost) {
    const std::int32_t position = base_.lanes().pattern().position[bus];
    if (position >= 0) buses_out_.push_back({position, bit});
    for (const std::int32_t branch : base_.incident().row(bus)) leave_branch(at(branch));
  }
}

void OutageGroup::assess(std::span<const OutageTask> tasks) {
  branches_out_.clear();
  buses_out_.clear();
  for (std::size_t l = 0; l < tasks.size(); ++l) leave_out(l, *tasks[l].outage);
  close_list(branches_out_);
  close_list(buses_out_);
  kernels_.assess(base_.security(), branches_out_.data(), buses_out_.data(), state_.data(), found_);
  const auto count = [](double value) { return static_cast<std::uint32_t>(value); };
  const auto bus = [&](double place) {
    return place < 0.0 ? SecurityFigures::k_none
                       : static_cast<std::uint32_t>(base_.lanes().pattern().bus[static_cast<std::size_t>(place)]);
  };
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    OutageResult& result = *tasks[l].result;
    result.method = OutageMethod::chord;
    if (!(found_.poison[l] == 0.0)) result.report.status = SolveStatus::diverged;
    if (!result.report.converged()) continue;
    const double worst = found_.worst_branch[l];
    result.figures.largest_loading_percent = 100.0 * std::sqrt(found_.largest_loading[l]);
    result.figures.worst_branch =
        worst < 0.0 ? SecurityFigures::k_none : base_.rated_branch()[static_cast<std::size_t>(worst)];
    result.figures.overloads = count(found_.overloads[l]);
    result.figures.overload_index = found_.overload_index[l];
    result.figures.lowest_vm_pu = found_.lowest[l];
    result.figures.lowest_bus = bus(found_.lowest_bus[l]);
    result.figures.highest_vm_pu = found_.highest[l];
    result.figures.highest_bus = bus(found_.highest_bus[l]);
    result.figures.voltage_violations = count(found_.voltage_violations[l]);
    result.figures.voltage_index = found_.voltage_index[l];
    if (tasks[l].state != nullptr) write_state(l, tasks[l]);
  }
}

void OutageGroup::write_state(std::size_t l, const OutageTask& task) const {
  const LaneBase& lanes = base_.lanes();
  FlowState& state = *task.state;
  state.vm_pu.assign(lanes.type().size(), 0.0);
  state.va_deg.assign(lanes.type().size(), 0.0);
  for (std::int32_t k = 0; k < lanes.pattern().positions(); ++k) {
    const auto bus = at(lanes.pattern().bus[at(k)]);
    const Complex w = voltage(l, k);
    state.vm_pu[bus] = lanes.vm_pu()[at(k)] * std::abs(w);
    const double va_deg = lanes.va_deg()[at(k)] + std::arg(w) * 180.0 / std::numbers::pi;
    state.va_deg[bus] = std::abs(va_deg) <= 180.0 ? va_deg : std::remainder(va_deg, 360.0);
  }
  spread(base_.admittance().merged, state.vm_pu);
  spread(base_.admittance().merged, state.va_deg);
  for (const std::uint32_t bus : task.outage->lost) state.vm_pu[bus] = state.va_deg[bus] = 0.0;
}

}  // namespace gridplus::powerflow
