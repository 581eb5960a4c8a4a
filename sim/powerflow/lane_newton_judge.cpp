// What becomes of a lane of the full Newton once its mismatch is known: further steps, other roles of buses, success or
// failure.
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/powerflow/lane_newton.hpp"
#include "sim/powerflow/solution_branch.hpp"

namespace gridplus::powerflow {

namespace {

constexpr std::size_t k_lanes = k_newton_lanes;
/// A mismatch beyond this (p.u.) never comes back.
constexpr double k_exploded_pu = 1e10;
/// A voltage below this (p.u.) is no state of a real grid: an unloaded bus balances at zero voltage too.
constexpr double k_collapsed_pu = 1e-3;
/// Shortened steps in a row after which a flow is given up.
constexpr int k_most_rejected = 8;
/// From this iteration on, a flow is given up unless two iterations shrink its sum of squared mismatches by this
/// factor: Newton's method near a solution does better even at the nose, where it converges linearly with 1/2.
constexpr int k_first_judged = 4;
constexpr double k_least_fall = 0.1;
/// The first attempt ends too when the sum has grown this much over its least: then it wanders.
constexpr double k_wandering = 10.0;
constexpr int k_first_wandering = 3;
/// Rounds of switching between set points and reactive limits, and switches of one bus after which it switches alone:
/// as in reference/newton.cpp.
constexpr int k_most_rounds = 100;
constexpr std::uint16_t k_restless = 4;

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

/// Decides what a lane does after its mismatch is known: accept, shorten the step, switch limits, end.
void LaneNewton::judge(std::size_t l, const LaneTask& task, const FlowOptions& options) {
  Lane& lane = lane_[l];
  lane.changed = false;
  if (lane.phase == Phase::done) return;
  const bool finite = std::isfinite(square_[l]) && norm_[l] < k_exploded_pu;
  const bool moved = lane.length > 0.0;
  if (lane.phase == Phase::controlled && moved && !(finite && square_[l] < lane.square)) {
    if (++lane.rejected > k_most_rejected) return fail(l, task, SolveStatus::diverged);
    const double best = finite ? lane.square / (lane.square + square_[l]) : 0.1;
    length_[l] = lane.length * std::clamp(best, 0.1, 0.5);
    add_missing(l, length_[l] - lane.length);
    lane.length = length_[l];
    return;
  }
  // A lane is judged again, unmoved, while others shorten their steps: that must change nothing.
  bool stalls = false;
  if (moved) {
    ++lane.iterations;
    stalls = lane.iterations >= k_first_judged && !(square_[l] <= k_least_fall * lane.two_ago);
    stalls = stalls || (lane.iterations >= k_first_wandering && !(square_[l] <= k_wandering * lane.least));
    lane.two_ago = lane.one_ago;
    ++lane.total_iterations;
    lane.length = 0.0;
    lane.rejected = 0;
  }
  task.report->max_mismatch_pu = norm_[l];
  if (!finite) return fail(l, task, solution_is_finite(l) ? SolveStatus::diverged : SolveStatus::singular);
  if (norm_[l] <= options.tolerance_pu) {
    if (collapsed(l)) return fail(l, task, SolveStatus::diverged);
    if (options.enforce_q_limits && !task.flow->q_min_mvar.empty() && switch_limits(l, *task.flow, options)) {
      if (++lane.round > k_most_rounds) return fail(l, task, SolveStatus::iteration_limit);
      set_roles(l, *task.flow);
      lane.iterations = 0;
      lane.least = std::numeric_limits<double>::infinity();
      lane.changed = true;
      return;
    }
    if (on_other_branch(l)) {
      if (lane.looked) return fail(l, task, SolveStatus::other_branch);
      lane.looks = true;
      return;
    }
    task.report->status = SolveStatus::converged;
    task.report->iterations = lane.total_iterations;
    lane.phase = Phase::done;
    return;
  }
  lane.one_ago = square_[l];
  lane.least = std::min(lane.least, square_[l]);
  if (stalls || lane.iterations >= options.max_iterations) fail(l, task, SolveStatus::iteration_limit);
}

/// The first failure starts the flow again with step control; the second ends it.
void LaneNewton::fail(std::size_t l, const LaneTask& task, SolveStatus status) {
  if (lane_[l].phase == Phase::plain) {
    begin(l, task, Phase::controlled);
    lane_[l].changed = true;
    return;
  }
  task.report->status = status;
  task.report->iterations = lane_[l].total_iterations;
  lane_[l].phase = Phase::done;
}

/// Takes note that a live lane has a factor of its own Jacobian. One that only looks is unmoved by it.
void LaneNewton::note_factor(std::size_t l) {
  Lane& lane = lane_[l];
  if (lane.phase == Phase::done) return;
  lane.factored = true;
  if (lane.first_pivots < 0) lane.first_pivots = count_pivots(l);
  lane.looked = lane.looks;
  lane.looks = false;
}

/// Negative pivots of the lane's last factor.
int LaneNewton::count_pivots(std::size_t l) const {
  int pivots = 0;
  for (std::int32_t i = 0; i < factored_rows_; ++i) {
    const double* inverse = inverse_.data() + 4 * at(i) * k_lanes + l;  // of the same signs as the pivot
    const double determinant = inverse[0] * inverse[3 * k_lanes] - inverse[k_lanes] * inverse[2 * k_lanes];
    pivots += negative_pivots(inverse[0] + inverse[3 * k_lanes], determinant);
  }
  return pivots;
}

bool LaneNewton::on_other_branch(std::size_t l) const {
  return lane_[l].factored && count_pivots(l) > lane_[l].first_pivots;
}

/// Moves buses onto and off their limits after a converged round. False if every bus is where it belongs.
bool LaneNewton::switch_limits(std::size_t l, const FlowInput& flow, const FlowOptions& options) {
  bool switched = false;
  std::int32_t worst = -1;
  double worst_excess = 0.0;
  Limit worst_limit = Limit::none;
  const auto apply = [&](std::int32_t i, Limit next) {
    const std::size_t own = at(i) * k_lanes + l;
    limit_[own] = next;
    ++switches_[own];
    switched = true;
    if (next != Limit::none) return;
    const double scale = flow.vm_set_pu[at(base_->pattern().bus[at(i)])] / vm_pu(l, i);
    state_[slot(i, 0, l)] = (1.0 + state_[slot(i, 0, l)]) * scale - 1.0;
    state_[slot(i, 1, l)] *= scale;
  };
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const std::size_t bus = at(base_->pattern().bus[at(i)]);
    if (flow.type[bus] == BusType::pq) continue;
    const std::size_t own = at(i) * k_lanes + l;
    const double low = flow.q_min_mvar[bus] / base_->base_mva();
    const double high = flow.q_max_mvar[bus] / base_->base_mva();
    Limit next = limit_[own];
    double excess = 0.0;
    if (next == Limit::none) {
      const double q = base_->injection()[2 * at(i) + 1] + change_[slot(i, 1, l)] - residual_[slot(i, 1, l)];
      excess = std::max(q - high, low - q);
      if (excess > options.tolerance_pu) next = q > high ? Limit::at_max : Limit::at_min;
    } else if (high - low > options.tolerance_pu) {  // a unit with a fixed Q is always at its limit
      excess = (next == Limit::at_max ? 1.0 : -1.0) * (vm_pu(l, i) - flow.vm_set_pu[bus]);
      if (excess > options.tolerance_pu) next = Limit::none;
    }
    if (next == limit_[own]) continue;
    if (switches_[own] < k_restless && lane_[l].round < k_most_rounds / 2) {
      apply(i, next);
    } else if (excess > worst_excess) {
      worst = i;
      worst_excess = excess;
      worst_limit = next;
    }
  }
  if (!switched && worst >= 0) apply(worst, worst_limit);
  return switched;
}

bool LaneNewton::collapsed(std::size_t l) const {
  for (std::int32_t i = 0; i < view_.positions; ++i) {
    const double re = base_->vm_pu()[at(i)] * (1.0 + state_[slot(i, 0, l)]);
    const double im = base_->vm_pu()[at(i)] * state_[slot(i, 1, l)];
    if (!(re * re + im * im > k_collapsed_pu * k_collapsed_pu)) return true;
  }
  return false;
}

bool LaneNewton::solution_is_finite(std::size_t l) const {
  for (std::int32_t i = 0; i < 2 * view_.active; ++i) {
    if (!std::isfinite(x_[at(i) * k_lanes + l])) return false;
  }
  return true;
}

}  // namespace gridplus::powerflow
