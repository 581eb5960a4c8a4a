#include "sim/powerflow/lane_chord.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace gridplus::powerflow {

namespace {

constexpr std::size_t k_lanes = k_group_lanes;
constexpr std::size_t k_bus = 2 * k_lanes;
constexpr std::uint32_t k_all_bits = 0xffffffffU;

/// A flow stays with the chord iterations while they are expected to end within this many.
constexpr int k_most_steps = 30;
/// From this iteration on the expectation counts.
constexpr int k_first_judged_step = 6;
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
  const double steps_left = 2.0 * std::log(norm / tolerance) / std::log(two_ago / norm);
  return iteration + steps_left > k_most_steps;
}

}  // namespace

std::optional<ChordKind> chord_kind(const LaneBase& base, const FlowInput& flow) {
  bool same_types = true;
  for (std::size_t i = 0; i < flow.type.size(); ++i) {
    if (flow.type[i] == base.type()[i]) continue;
    const auto fixed = [](BusType type) { return type == BusType::slack || type == BusType::out; };
    ensure(!fixed(flow.type[i]) && !fixed(base.type()[i]),
           "the slack and the dead buses of a flow must be those of the base");
    same_types = false;
  }
  if (!same_types || !base.factored()) return std::nullopt;
  ChordKind kind{.shares = !flow.participation.empty(), .dependent = flow.voltage_dependent()};
  for (const std::int32_t position : base.held()) {
    const std::size_t bus = at(base.pattern().bus[at(position)]);
    if (flow.vm_set_pu[bus] != base.vm_pu()[at(position)]) kind.moved = true;
    if (flow.type[bus] == BusType::slack && turn_of(base, flow, position) != 0.0) kind.moved = true;
  }
  return kind;
}

LaneChord::LaneChord(const LaneBase& base, const LaneKernels& kernels)
    : base_(&base), kernels_(kernels), spare_(base.type().size()) {
  const auto numbers = at(base.pattern().positions()) * k_bus;
  change_.resize(numbers);
  state_.resize(numbers);
  x_.resize(numbers);
  ratio_.assign(at(base.pv_count()) * k_lanes, 1.0);
}

SlackView LaneChord::slack() {
  return {base_->pattern().slack,
          base_->island().data(),
          base_->adjoint().data(),
          gain_.data(),
          static_cast<std::int32_t>(sharing_.size()),
          sharing_.data(),
          alpha_.data(),
          missing_.data()};
}

void LaneChord::solve(std::span<LaneTask> tasks, ChordKind kind, const FlowOptions& options) {
  ensure(tasks.size() <= k_lanes, "too many flows for one group of lanes");
  load(tasks, kind);
  iterate(tasks, kind, options);
  write(tasks, kind);
  if (options.enforce_q_limits) check_limits(tasks, options);
}

void LaneChord::solve_linear(std::span<LaneTask> tasks, ChordKind kind) {
  ensure(tasks.size() <= k_lanes, "too many flows for one group of lanes");
  load(tasks, kind);
  begin_linear(kind);
  find_linear(kind);
  kernels_.exponential(base_->pattern().positions(), state_.data());
  if (kind.dependent) dependent_.follow(state_.data(), change_.data());
  alignas(64) std::array<double, k_lanes> norm{};
  if (kind.shares) {
    kernels_.mismatch_shared(base_->coupling(), slack(), state_.data(), change_.data(), x_.data(), norm.data());
  } else {
    kernels_.mismatch(base_->coupling(), state_.data(), change_.data(), x_.data(), norm.data());
  }
  for (std::size_t l = 0; l < tasks.size(); ++l) *tasks[l].report = {SolveStatus::converged, 1, norm[l]};
  write(tasks, kind);
}

/// z = 0 but for the logarithms of the set points over the base's.
void LaneChord::begin_linear(ChordKind kind) {
  if (!kind.moved) {
    std::fill(state_.begin(), state_.end(), 0.0);
    return;
  }
  for (const std::int32_t position : base_->held()) {
    double* rho = state_.data() + at(position) * k_bus;
    for (std::size_t l = 0; l < k_lanes; ++l)
      if (rho[l] != 0.0) rho[l] = std::log1p(rho[l]);
  }
}

/// Solves J z = change. The factor is of floats: what it leaves open is taken in double and solved for again.
void LaneChord::find_linear(ChordKind kind) {
  constexpr int k_solves = 2;
  alignas(64) std::array<double, k_lanes> norm{};
  alignas(64) std::array<std::uint32_t, k_lanes> all{};
  all.fill(k_all_bits);
  for (int solve = 0; solve < k_solves; ++solve) {
    const bool at_base = solve == 0 && !kind.moved;  // what is missing is `change`, and x_ already
    if (kind.shares) {
      if (at_base)
        kernels_.missing(base_->coupling(), slack(), change_.data());
      else
        kernels_.linear_mismatch_shared(base_->coupling(), slack(), state_.data(), change_.data(), x_.data(),
                                        norm.data());
      hand_out(all, nullptr);
    } else if (!at_base) {
      kernels_.linear_mismatch(base_->coupling(), state_.data(), change_.data(), x_.data(), norm.data());
    }
    kernels_.linear_step(base_->factor(), x_.data(), state_.data());
  }
}

/// Injections, set points and shares. Lanes without a flow get a copy of the last one.
void LaneChord::load(std::span<const LaneTask> tasks, ChordKind kind) {
  std::array<const double*, k_lanes> p{};
  std::array<const double*, k_lanes> q{};
  for (std::size_t l = 0; l < k_lanes; ++l) {
    const FlowInput& flow = *tasks[std::min(l, tasks.size() - 1)].flow;
    p[l] = flow.p_mw.data();
    q[l] = flow.q_mvar.data();
  }
  kernels_.gather(base_->buses(), p.data(), q.data(), change_.data(), x_.data());
  if (kind.dependent) {
    dependent_.load(*base_, tasks);
    dependent_.begin(*base_, change_.data(), x_.data());
  }
  const auto active = at(base_->pattern().active);
  if (kind.moved) {
    std::fill(state_.begin(), state_.end(), 0.0);
    turn_deg_.assign(at(base_->pattern().slack) * k_lanes, 0.0);
    for (std::size_t l = 0; l < k_lanes; ++l) load_set_points(l, *tasks[std::min(l, tasks.size() - 1)].flow);
  } else {
    std::fill(state_.begin() + static_cast<std::ptrdiff_t>(active * k_bus), state_.end(), 0.0);
    std::fill(ratio_.begin(), ratio_.end(), 1.0);
  }
  if (kind.shares) load_shares(tasks);
}

/// |V| of the set points at the base's angles. A slack bus of another angle turns its island only in the answer.
void LaneChord::load_set_points(std::size_t lane, const FlowInput& flow) {
  const LanePattern& pattern = base_->pattern();
  std::size_t pv_row = 0;
  for (const std::int32_t position : base_->held()) {
    const double ratio = flow.vm_set_pu[at(pattern.bus[at(position)])] / base_->vm_pu()[at(position)];
    state_[at(position) * k_bus + lane] = ratio - 1.0;
    if (position < pattern.active) {
      ratio_[pv_row++ * k_lanes + lane] = ratio;
    } else {
      turn_deg_[at(position - pattern.active) * k_lanes + lane] = turn_of(*base_, flow, position);
    }
  }
}

void LaneChord::load_shares(std::span<const LaneTask> tasks) {
  const LanePattern& pattern = base_->pattern();
  const auto islands = at(pattern.slack);
  missing_.resize(islands * k_lanes);
  gain_.assign(islands * k_lanes, 0.0);  // first alpha_s - lambda alpha
  sharing_.clear();
  alpha_.clear();
  for (std::int32_t i = 0; i < pattern.positions(); ++i) {
    const std::size_t bus = at(pattern.bus[at(i)]);
    alignas(64) std::array<double, k_lanes> alpha{};
    bool any = false;
    for (std::size_t l = 0; l < k_lanes; ++l) {
      alpha[l] = tasks[std::min(l, tasks.size() - 1)].flow->participation[bus];
      any = any || alpha[l] != 0.0;
    }
    if (!any) continue;
    sharing_.push_back(i);
    alpha_.insert(alpha_.end(), alpha.begin(), alpha.end());
    const double weight = i < pattern.active ? -base_->adjoint()[2 * at(i)] : 1.0;
    double* gain = gain_.data() + at(base_->island()[at(i)]) * k_lanes;
    for (std::size_t l = 0; l < k_lanes; ++l) gain[l] += weight * alpha[l];
  }
  for (double& gain : gain_) gain = gain == 0.0 ? 0.0 : 1.0 / gain;
}

/// Lanes that stay where they are get no more of the missing power either.
void LaneChord::hand_out(std::span<const std::uint32_t> moves, const double* state) {
  for (std::size_t k = 0; k < missing_.size(); ++k) {
    if (moves[k % k_lanes] == 0) missing_[k] = 0.0;
  }
  kernels_.share(base_->coupling(), slack(), state, change_.data(), x_.data());
}

/// Two steps in float from the base state.
void LaneChord::begin(ChordKind kind, std::span<const std::uint32_t> moves) {
  const CouplingView coupling = base_->coupling();
  const FactorView factor = base_->factor();
  if (kind.shares) {
    kernels_.missing(coupling, slack(), change_.data());
    hand_out(moves, nullptr);
  }
  kernels_.start(factor, x_.data(), state_.data());
  if (kind.shares) {
    kernels_.mismatch32_shared(coupling, slack(), state_.data(), change_.data(), x_.data());
    hand_out(moves, nullptr);
  } else {
    kernels_.mismatch32(coupling, state_.data(), change_.data(), x_.data());
  }
  kernels_.widen(factor, x_.data(), ratio_.data(), state_.data());
}

/// From the base state unless set points differ, then in double until every lane has converged or is given up.
void LaneChord::iterate(std::span<LaneTask> tasks, ChordKind kind, const FlowOptions& options) {
  const CouplingView coupling = base_->coupling();
  const FactorView factor = base_->factor();
  alignas(64) std::array<double, k_lanes> norm{};
  alignas(64) std::array<std::uint32_t, k_lanes> moves{};
  std::array<double, k_lanes> first{};
  std::array<double, k_lanes> one_ago{};
  std::array<double, k_lanes> two_ago{};
  std::fill_n(moves.begin(), tasks.size(), k_all_bits);
  const int first_iteration = kind.moved ? 0 : 2;
  if (!kind.moved) begin(kind, moves);
  std::size_t live = tasks.size();
  for (int iteration = first_iteration;; ++iteration) {
    if (kind.dependent) dependent_.follow(state_.data(), change_.data());
    if (kind.shares) {
      kernels_.mismatch_shared(coupling, slack(), state_.data(), change_.data(), x_.data(), norm.data());
    } else {
      kernels_.mismatch(coupling, state_.data(), change_.data(), x_.data(), norm.data());
    }
    for (std::size_t l = 0; l < tasks.size(); ++l) {
      if (moves[l] == 0) continue;
      SolveReport& report = *tasks[l].report;
      report.iterations = iteration;
      report.max_mismatch_pu = norm[l];
      if (iteration == first_iteration) first[l] = norm[l];
      const bool converged = norm[l] <= k_safety * options.tolerance_pu && iteration <= options.max_iterations;
      if (converged) report.status = SolveStatus::converged;
      if (converged || iteration >= options.max_iterations ||
          hopeless(norm[l], two_ago[l], first[l], options.tolerance_pu, iteration)) {
        moves[l] = 0;
        --live;
      }
      two_ago[l] = one_ago[l];
      one_ago[l] = norm[l];
    }
    if (live == 0) return;
    if (kind.shares) hand_out(moves, state_.data());
    kernels_.step(factor, x_.data(), live == tasks.size() ? nullptr : moves.data(), state_.data());
  }
}

void LaneChord::write(std::span<LaneTask> tasks, ChordKind kind) {
  std::array<double*, k_lanes> vm{};
  std::array<double*, k_lanes> va{};
  for (std::size_t l = 0; l < k_lanes; ++l) {
    vm[l] = l < tasks.size() ? tasks[l].state->vm_pu.data() : spare_.data();
    va[l] = l < tasks.size() ? tasks[l].state->va_deg.data() : spare_.data();
  }
  alignas(64) std::array<double, k_lanes> poison{};
  kernels_.polar(base_->buses(), state_.data(), ratio_.data(), vm.data(), va.data(), poison.data());
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    if (!(poison[l] == 0.0)) tasks[l].report->status = SolveStatus::diverged;
    if (!kind.moved) continue;
    for (std::size_t i = 0; i < base_->pattern().bus.size(); ++i) {
      const double turn_deg = turn_deg_[at(base_->island()[i]) * k_lanes + l];
      if (turn_deg == 0.0) continue;
      if (!std::isfinite(turn_deg)) tasks[l].report->status = SolveStatus::diverged;
      double& va_deg = va[l][at(base_->pattern().bus[i])];
      va_deg += turn_deg;
      if (std::abs(va_deg) > 180.0) va_deg = std::remainder(va_deg, 360.0);
    }
  }
}

void LaneChord::check_limits(std::span<LaneTask> tasks, const FlowOptions& options) {
  const auto held = base_->held();
  q_pu_.resize(held.size() * k_lanes);
  kernels_.reactive(base_->coupling(), held.data(), held.size(), state_.data(), q_pu_.data());
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    const FlowInput& flow = *tasks[l].flow;
    if (!tasks[l].report->converged() || flow.q_min_mvar.empty()) continue;
    for (std::size_t k = 0; k < held.size() && !tasks[l].from_state; ++k) {
      const std::size_t bus = at(base_->pattern().bus[at(held[k])]);
      const double free_pu =
          q_pu_[k * k_lanes + l] -
          voltage_dependent_power(flow, bus, tasks[l].state->vm_pu[bus]).power_mva.imag() / base_->base_mva();
      const double above = free_pu - flow.q_max_mvar[bus] / base_->base_mva();
      const double below = flow.q_min_mvar[bus] / base_->base_mva() - free_pu;
      tasks[l].from_state = std::max(above, below) > options.tolerance_pu;
    }
    if (tasks[l].from_state) tasks[l].report->status = SolveStatus::iteration_limit;
  }
}

}  // namespace gridplus::powerflow
