#include "sim/powerflow/lane_newton.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace gridplus::powerflow {

namespace {

constexpr std::size_t k_lanes = k_newton_lanes;
constexpr double k_radian = std::numbers::pi / 180.0;
/// Slack angles closer than this are the same: what is left of a conversion to radians and back.
constexpr double k_same_angle_deg = 1e-10;

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

void set_bit(std::uint8_t& bits, std::size_t lane, bool value) {
  const auto bit = static_cast<std::uint8_t>(1U << lane);
  bits = static_cast<std::uint8_t>(value ? bits | bit : bits & ~bit);
}

bool bit(std::uint8_t bits, std::size_t lane) {
  return (bits >> lane & 1U) != 0;
}

}  // namespace

double turn_of(const LaneBase& base, const FlowInput& flow, std::int32_t slack_position) {
  const std::size_t bus = at(base.pattern().bus[at(slack_position)]);
  const double turn_deg = (flow.va_set_deg.empty() ? 0.0 : flow.va_set_deg[bus]) - base.va_deg()[at(slack_position)];
  return std::abs(turn_deg) <= k_same_angle_deg ? 0.0 : turn_deg;  // also what is no number
}

LaneNewton::LaneNewton(const LaneBase& base, const NewtonKernels& kernels)
    : base_(&base), kernels_(kernels), view_(base.newton()) {
  const auto positions = at(view_.positions);
  for (auto* numbers : {&state_, &saved_, &change_, &residual_, &x_}) numbers->assign(2 * positions * k_lanes, 0.0);
  upper_.assign(4 * base.pattern().upper.column.size() * k_lanes, 0.0);
  inverse_.assign(4 * positions * k_lanes, 0.0);
  std::size_t longest = 0;
  for (std::size_t i = 0; i < positions; ++i) longest = std::max(longest, base.pattern().lower.row(i).size());
  work_.assign(4 * longest * k_lanes, 0.0);
  place_.resize(positions);
  p_counts_.resize(positions);
  v_free_.resize(positions);
  limit_.resize(positions * k_lanes);
  switches_.resize(positions * k_lanes);
}

void LaneNewton::move_to(const LaneBase& base) {
  base_ = &base;
  view_ = base.newton();
}

void LaneNewton::solve(std::span<const LaneTask> tasks, const FlowOptions& options) {
  ensure(tasks.size() <= k_lanes, "too many flows for one group of lanes");
  std::fill(p_counts_.begin(), p_counts_.end(), 0);
  std::fill(v_free_.begin(), v_free_.end(), 0);
  shares_ = false;
  for (Lane& lane : lane_) lane.phase = Phase::done;
  const bool any_share =
      std::any_of(tasks.begin(), tasks.end(), [](const LaneTask& task) { return !task.flow->participation.empty(); });
  if (any_share && border_.empty()) {
    border_.assign(2 * at(view_.positions) * k_lanes, 0.0);
    alpha_.assign(at(view_.positions) * k_lanes, 0.0);
    missing_.assign(at(view_.positions - view_.active) * k_lanes, 0.0);
  }
  depends_ =
      std::any_of(tasks.begin(), tasks.end(), [](const LaneTask& task) { return task.flow->voltage_dependent(); });
  if (depends_ && dependent_.empty()) dependent_.assign(4 * at(view_.positions) * k_lanes, 0.0);
  for (std::size_t l = 0; l < k_lanes; ++l) load(l, tasks[std::min(l, tasks.size() - 1)]);
  for (std::size_t l = 0; l < tasks.size(); ++l) begin(l, tasks[l], Phase::plain);
  list_removed(tasks);
  NewtonLanes lanes{.rows = view_.active,
                    .state = state_.data(),
                    .change = change_.data(),
                    .dependent = depends_ ? dependent_.data() : nullptr,
                    .residual = residual_.data(),
                    .p_counts = p_counts_.data(),
                    .v_free = v_free_.data(),
                    .x = x_.data(),
                    .border = nullptr,
                    .upper = upper_.data(),
                    .inverse = inverse_.data(),
                    .work = work_.data(),
                    .place = place_.data()};
  while (true) {
    take_mismatch(lanes);
    length_.fill(0.0);
    for (std::size_t l = 0; l < tasks.size(); ++l) judge(l, tasks[l], options);
    if (!any_live()) break;
    // Lanes that try a shorter step, or begin anew, go first; the others hold their accepted state.
    kernels_.move(view_.positions, x_.data(), length_.data(), saved_.data(), state_.data());
    const bool shortened = std::any_of(length_.begin(), length_.end(), [](double length) { return length > 0.0; });
    if (shortened || std::any_of(lane_.begin(), lane_.end(), [](const Lane& lane) { return lane.changed; })) continue;
    const bool slack_free = std::any_of(v_free_.begin() + view_.active, v_free_.end(), [](auto b) { return b != 0; });
    lanes.rows = slack_free ? view_.positions : view_.active;
    std::fill_n(x_.data() + 2 * at(view_.active) * k_lanes, 2 * at(view_.positions - view_.active) * k_lanes, 0.0);
    lanes.border = nullptr;
    if (shares_) {
      for (std::int32_t i = 0; i < view_.positions; ++i) {
        std::copy_n(alpha_.data() + at(i) * k_lanes, k_lanes, border_.data() + slot(i, 0, 0));
        std::fill_n(border_.data() + slot(i, 1, 0), k_lanes, 0.0);
      }
      lanes.border = border_.data();
    }
    make_patches();
    lanes.patch = patches_.data();
    kernels_.solve(view_, lanes);
    factored_rows_ = lanes.rows;
    for (std::size_t l = 0; l < tasks.size(); ++l) note_factor(l);
    if (shares_) {
      for (std::size_t l = 0; l < tasks.size(); ++l) {
        if (!lane_[l].looked) distribute(l, lanes.rows);
      }
    }
    std::copy_n(state_.data(), 2 * at(view_.positions) * k_lanes, saved_.data());
    for (std::size_t l = 0; l < tasks.size(); ++l) {
      lane_[l].length = length_[l] = lane_[l].phase == Phase::done || lane_[l].looked ? 0.0 : 1.0;
      lane_[l].square = square_[l];
    }
    kernels_.move(view_.positions, x_.data(), length_.data(), saved_.data(), state_.data());
  }
  kernels_.polar(view_.positions, state_.data(), x_.data());
  for (std::size_t l = 0; l < tasks.size(); ++l) write_state(l, *tasks[l].state);
}

void LaneNewton::list_removed(std::span<const LaneTask> tasks) {
  removed_.clear();
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    for (const RemovedFlow& flow : tasks[l].removed) removed_.push_back({l, flow, {}});
  }
  std::stable_sort(removed_.begin(), removed_.end(),
                   [](const RemovedInLane& a, const RemovedInLane& b) { return a.flow.row < b.flow.row; });
}

std::complex<double> LaneNewton::voltage(std::size_t lane, std::int32_t position) const {
  return {1.0 + state_[slot(position, 0, lane)], state_[slot(position, 1, lane)]};
}

/// Residuals and norms. What a removed flow would carry is wanted in addition, so that the lane's own grid balances.
void LaneNewton::take_mismatch(const NewtonLanes& lanes) {
  for (RemovedInLane& r : removed_) {
    r.change = {change_[slot(r.flow.row, 0, r.lane)], change_[slot(r.flow.row, 1, r.lane)]};
  }
  for (const RemovedInLane& r : removed_) {
    const Complex flow = r.flow.at([&](std::int32_t position) { return voltage(r.lane, position); });
    change_[slot(r.flow.row, 0, r.lane)] += flow.real();
    change_[slot(r.flow.row, 1, r.lane)] += flow.imag();
  }
  kernels_.mismatch(view_, lanes, norm_.data(), square_.data());
  for (const RemovedInLane& r : removed_) {
    change_[slot(r.flow.row, 0, r.lane)] = r.change.real();
    change_[slot(r.flow.row, 1, r.lane)] = r.change.imag();
  }
}

/// What the Jacobians lack without the removed flows.
void LaneNewton::make_patches() {
  patches_.clear();
  for (const RemovedInLane& r : removed_) {
    const Complex w = voltage(r.lane, r.flow.row);
    const Complex own = r.flow.own * std::norm(w);
    const Complex other = r.flow.other * w * std::conj(voltage(r.lane, r.flow.column));
    patches_.push_back({r.flow.row, r.flow.column, static_cast<std::uint32_t>(r.lane), -own.real(), -own.imag(),
                        -other.real(), -other.imag()});
  }
  patches_.push_back({.row = k_no_more_patches});
}

bool LaneNewton::any_live() const {
  return std::any_of(lane_.begin(), lane_.end(), [](const Lane& lane) { return lane.phase != Phase::done; });
}

/// Equations of P and participation. Lanes without a flow get a copy of the last one and stay done.
void LaneNewton::load(std::size_t lane, const LaneTask& task) {
  const FlowInput& flow = *task.flow;
  for (std::int32_t i = 0; i < view_.positions; ++i) set_bit(p_counts_[at(i)], lane, i < view_.active);
  begin(lane, task, Phase::done);
  if (depends_) load_dependent(lane, flow);
  if (alpha_.empty()) return;
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const double share = flow.participation.empty() ? 0.0 : flow.participation[at(base_->pattern().bus[at(i)])];
    alpha_[at(i) * k_lanes + lane] = share;
    if (share <= 0.0) continue;
    set_bit(p_counts_[at(view_.active + base_->island()[at(i)])], lane, true);
    shares_ = true;
  }
}

/// Voltage-dependent injections in per unit at the base voltage: the factors of |1 + u| and |1 + u|^2.
void LaneNewton::load_dependent(std::size_t lane, const FlowInput& flow) {
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const std::size_t bus = at(base_->pattern().bus[at(i)]);
    std::array<double, 4> parts{};
    if (flow.voltage_dependent()) {
      const double current = base_->vm_pu()[at(i)] / base_->base_mva();
      const double impedance = current * base_->vm_pu()[at(i)];
      parts = {flow.p_current_mw[bus] * current, flow.q_current_mvar[bus] * current,
               flow.p_impedance_mw[bus] * impedance, flow.q_impedance_mvar[bus] * impedance};
    }
    for (std::size_t part = 0; part < parts.size(); ++part)
      dependent_[(4 * at(i) + part) * k_lanes + lane] = parts[part];
  }
}

/// Of a position at its present voltage, in per unit.
LaneNewton::DependentPower LaneNewton::dependent(std::size_t lane, std::int32_t position) const {
  if (!depends_) return {};
  const double* row = dependent_.data() + 4 * at(position) * k_lanes + lane;
  const double m = std::hypot(1.0 + state_[slot(position, 0, lane)], state_[slot(position, 1, lane)]);
  const std::complex<double> current(row[0], row[k_lanes]);
  const std::complex<double> impedance(row[2 * k_lanes], row[3 * k_lanes]);
  return {m * (current + m * impedance), m * (current + 2.0 * m * impedance)};
}

/// Puts a lane at its start: the base state, or at first the task's, with the flow's own set points, every
/// island turned to the angle of its slack bus.
void LaneNewton::begin(std::size_t lane, const LaneTask& task, Phase phase) {
  const FlowInput& flow = *task.flow;
  const int iterations = phase == Phase::plain ? 0 : lane_[lane].total_iterations;
  lane_[lane] = Lane{.phase = phase, .total_iterations = iterations};
  if (task.from_state && phase == Phase::plain) lane_[lane].first_pivots = base_->negative_pivots();
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const std::size_t bus = at(base_->pattern().bus[at(i)]);
    limit_[at(i) * k_lanes + lane] = Limit::none;
    switches_[at(i) * k_lanes + lane] = 0;
    std::complex<double> w = 1.0;
    if (task.from_state && phase == Phase::plain) {
      const double angle_deg = task.state->va_deg[bus] - base_->va_deg()[at(i)];
      w = std::polar(task.state->vm_pu[bus] / base_->vm_pu()[at(i)], angle_deg * k_radian);
    } else {
      if (flow.type[bus] != BusType::pq) w = flow.vm_set_pu[bus] / base_->vm_pu()[at(i)];
      const double turn_deg = turn_of(*base_, flow, view_.active + base_->island()[at(i)]);
      if (turn_deg != 0.0) w *= std::polar(1.0, turn_deg * k_radian);
    }
    const std::complex<double> u = w - 1.0;
    state_[slot(i, 0, lane)] = u.real();
    state_[slot(i, 1, lane)] = u.imag();
    change_[slot(i, 0, lane)] = flow.p_mw[bus] / base_->base_mva() - base_->injection()[2 * at(i)];
  }
  set_roles(lane, flow);
}

/// Which |V| are free, and the Q that they are free for.
void LaneNewton::set_roles(std::size_t lane, const FlowInput& flow) {
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const std::size_t bus = at(base_->pattern().bus[at(i)]);
    set_bit(v_free_[at(i)], lane, flow.type[bus] == BusType::pq || limit_[at(i) * k_lanes + lane] != Limit::none);
    set_target(lane, flow, i);
  }
}

void LaneNewton::set_target(std::size_t lane, const FlowInput& flow, std::int32_t position) {
  const std::size_t bus = at(base_->pattern().bus[at(position)]);
  const Limit limit = limit_[at(position) * k_lanes + lane];
  const double target_mvar = limit == Limit::none     ? flow.q_mvar[bus]
                             : limit == Limit::at_min ? flow.q_min_mvar[bus]
                                                      : flow.q_max_mvar[bus];
  change_[slot(position, 1, lane)] = target_mvar / base_->base_mva() - base_->injection()[2 * at(position) + 1];
}

double LaneNewton::vm_pu(std::size_t lane, std::int32_t position) const {
  return base_->vm_pu()[at(position)] *
         std::hypot(1.0 + state_[slot(position, 0, lane)], state_[slot(position, 1, lane)]);
}

/// Distributed slack: the missing power D of each island is one more unknown, P of its slack bus one more equation,
///
///   F + alpha D = J z  in all rows, z = y + w D,  y = J^-1 F,  w = J^-1 alpha
///
/// so that the slack row r gives D = (r y - F_s) / (alpha_s - r w). Adds w D to the step and alpha D to what is wanted.
void LaneNewton::distribute(std::size_t l, std::int32_t rows) {
  const IndexRows& coupling = base_->pattern().coupling;
  for (std::int32_t s = view_.active; s < view_.positions; ++s) {
    if (lane_[l].phase == Phase::done || !bit(p_counts_[at(s)], l)) continue;
    const std::complex<double> own(1.0 + state_[slot(s, 0, l)], state_[slot(s, 1, l)]);
    double row_y = 0.0;
    double row_w = 0.0;
    for (std::int32_t e = coupling.start[at(s)]; e < coupling.start[at(s) + 1]; ++e) {
      const std::int32_t j = coupling.column[at(e)];
      if (j >= rows) continue;
      const std::complex<double> other(1.0 + state_[slot(j, 0, l)], -state_[slot(j, 1, l)]);
      auto n = own * std::complex<double>(view_.coupling[2 * e], view_.coupling[2 * e + 1]) * other;
      if (j == s) {
        const DependentPower more = dependent(l, s);
        n += base_->injection()[2 * at(s)] + change_[slot(s, 0, l)] - residual_[slot(s, 0, l)] +
             (more.power - more.slope).real();
      }
      row_y += n.imag() * x_[slot(j, 0, l)] + n.real() * x_[slot(j, 1, l)];
      row_w += n.imag() * border_[slot(j, 0, l)] + n.real() * border_[slot(j, 1, l)];
    }
    for (const RemovedInLane& r : removed_) {
      if (r.lane != l || r.flow.row != s) continue;
      const Complex w = voltage(l, s);
      const auto take = [&](std::int32_t j, Complex n) {
        if (j >= rows) return;
        row_y -= n.imag() * x_[slot(j, 0, l)] + n.real() * x_[slot(j, 1, l)];
        row_w -= n.imag() * border_[slot(j, 0, l)] + n.real() * border_[slot(j, 1, l)];
      };
      take(s, r.flow.own * std::norm(w));
      take(r.flow.column, r.flow.other * w * std::conj(voltage(l, r.flow.column)));
    }
    const double missing = (row_y - residual_[slot(s, 0, l)]) / (alpha_[at(s) * k_lanes + l] - row_w);
    missing_[at(s - view_.active) * k_lanes + l] = missing;
    for (std::int32_t i = 0; i < rows; ++i) {
      if (base_->island()[at(i)] != s - view_.active) continue;
      x_[slot(i, 0, l)] += missing * border_[slot(i, 0, l)];
      x_[slot(i, 1, l)] += missing * border_[slot(i, 1, l)];
    }
  }
  add_missing(l, 1.0);
}

/// Adds `share` of the last step of the missing power to what is wanted.
void LaneNewton::add_missing(std::size_t l, double share) {
  if (!shares_) return;
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const std::int32_t island = base_->island()[at(i)];
    change_[slot(i, 0, l)] += share * missing_[at(island) * k_lanes + l] * alpha_[at(i) * k_lanes + l];
  }
}

/// Voltages by bus, from the moduli and angles left in x_; the base state where the lane holds no number.
void LaneNewton::write_state(std::size_t l, FlowState& state) const {
  std::fill(state.vm_pu.begin(), state.vm_pu.end(), 0.0);
  std::fill(state.va_deg.begin(), state.va_deg.end(), 0.0);
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const std::size_t bus = at(base_->pattern().bus[at(i)]);
    const double modulus = x_[slot(i, 0, l)];
    const double angle_deg = x_[slot(i, 1, l)];
    const bool finite = std::isfinite(modulus) && std::isfinite(angle_deg);
    state.vm_pu[bus] = base_->vm_pu()[at(i)] * (finite ? modulus : 1.0);
    const double va_deg = base_->va_deg()[at(i)] + (finite ? angle_deg : 0.0);
    state.va_deg[bus] = std::abs(va_deg) <= 180.0 ? va_deg : std::remainder(va_deg, 360.0);
  }
}

}  // namespace gridplus::powerflow
