#include "sim/powerflow/lane_solver.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/core/parallel.hpp"
#include "sim/powerflow/lane_newton.hpp"

namespace gridplus::powerflow {

namespace {

constexpr std::size_t k_lanes = k_group_lanes;
constexpr std::size_t k_bus = 2 * k_lanes;

/// A flow stays with the chord iterations while they are expected to end within this many.
constexpr int k_most_chord_steps = 30;
/// From this iteration on the expectation counts.
constexpr int k_first_judged_step = 6;
/// Mismatches are accepted a little below the tolerance, so that another order of summation agrees.
constexpr double k_safety = 0.999;
/// Slack angles closer than this are the same: what is left of a conversion to radians and back.
constexpr double k_same_angle_deg = 1e-10;

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

template <class T>
bool same_memory(std::span<const T> a, std::span<const T> b) {
  return a.data() == b.data() && a.size() == b.size();
}

/// Flows that differ in injections only, which is seen from their memory; flows of a batch mostly do.
bool same_roles(const FlowInput& a, const FlowInput& b) {
  return a.p_mw.size() == b.p_mw.size() && a.q_mvar.size() == b.q_mvar.size() && same_memory(a.type, b.type) &&
         same_memory(a.vm_set_pu, b.vm_set_pu) && same_memory(a.va_set_deg, b.va_set_deg) &&
         same_memory(a.participation, b.participation) && same_memory(a.q_min_mvar, b.q_min_mvar) &&
         same_memory(a.q_max_mvar, b.q_max_mvar) && same_memory(a.p_current_mw, b.p_current_mw) &&
         same_memory(a.q_current_mvar, b.q_current_mvar) && same_memory(a.p_impedance_mw, b.p_impedance_mw) &&
         same_memory(a.q_impedance_mvar, b.q_impedance_mvar);
}

/// Whether a lane will not converge soon: the mismatch grows, or its fall over the last two steps takes too long.
bool hopeless(double norm, double two_ago, double first, double tolerance, int iteration) {
  if (!(norm < 1e3 * first + 1.0)) return true;
  if (iteration < k_first_judged_step) return false;
  if (!(norm < two_ago)) return true;
  const double steps_left = 2.0 * std::log(norm / tolerance) / std::log(two_ago / norm);
  return iteration + steps_left > k_most_chord_steps;
}

}  // namespace

/// Memory of one thread.
struct LaneSolver::Scratch {
  explicit Scratch(const LaneBase& base) : spare(base.type().size()) {
    const auto numbers = at(base.pattern().positions()) * k_bus;
    change.resize(numbers);
    state.resize(numbers);
    state32.resize(numbers);
    x.resize(numbers);
    ratio.assign(at(base.pv_count()) * k_lanes, 1.0);
  }

  LaneVector<double> change, state, ratio;
  LaneVector<float> state32, x;
  std::vector<double> spare;  ///< results of lanes without a flow
};

LaneSolver::LaneSolver(std::shared_ptr<const LaneBase> base, const LaneKernels& kernels)
    : base_(std::move(base)), kernels_(&kernels) {}
LaneSolver::~LaneSolver() = default;
LaneSolver::LaneSolver(LaneSolver&&) noexcept = default;
LaneSolver& LaneSolver::operator=(LaneSolver&&) noexcept = default;

void LaneSolver::solve(std::span<const FlowInput> flows, const FlowOptions& options, std::span<FlowState> states,
                       std::span<SolveReport> reports, int threads) {
  ensure(states.size() == flows.size() && reports.size() == flows.size(),
         "a batch needs a state and a report per flow");
  tasks_.clear();
  hard_.clear();
  bool easy = false;
  for (std::size_t k = 0; k < flows.size(); ++k) {
    if (k == 0 || !same_roles(flows[k - 1], flows[k])) {
      check(flows[k]);
      easy = chord_may_solve(flows[k], options);
    }
    states[k].vm_pu.resize(base_->type().size());
    states[k].va_deg.resize(base_->type().size());
    reports[k] = SolveReport{};
    (easy ? tasks_ : hard_).push_back({&flows[k], &states[k], &reports[k]});
  }
  const auto workers = static_cast<std::size_t>(std::max(1, threads));
  scratch_.resize(std::max(scratch_.size(), workers));
  newton_.resize(std::max(newton_.size(), workers));
  parallel_for((tasks_.size() + k_lanes - 1) / k_lanes, threads, 1, [&](std::size_t g, int worker) {
    auto& scratch = scratch_[static_cast<std::size_t>(worker)];
    if (!scratch) scratch = std::make_unique<Scratch>(*base_);
    const std::size_t first = g * k_lanes;
    solve_group({tasks_.data() + first, std::min(k_lanes, tasks_.size() - first)}, options, *scratch);
  });
  for (const LaneTask& task : tasks_) {
    if (!task.report->converged()) hard_.push_back(task);
  }
  parallel_for((hard_.size() + k_newton_lanes - 1) / k_newton_lanes, threads, 1, [&](std::size_t g, int worker) {
    auto& newton = newton_[static_cast<std::size_t>(worker)];
    if (!newton) newton = std::make_unique<LaneNewton>(*base_, newton_kernels(kernels_->name));
    const std::size_t first = g * k_newton_lanes;
    newton->solve({hard_.data() + first, std::min(k_newton_lanes, hard_.size() - first)}, options);
  });
}

void LaneSolver::check(const FlowInput& flow) const {
  check_sizes(flow, base_->type().size());
}

/// The shared factor serves flows of the base's bus types and set points. Everything else is for the full Newton.
bool LaneSolver::chord_may_solve(const FlowInput& flow, const FlowOptions& options) const {
  if (!base_->factored() || !flow.participation.empty() || flow.voltage_dependent()) return false;
  if (options.enforce_q_limits && !flow.q_min_mvar.empty()) return false;
  if (!std::equal(flow.type.begin(), flow.type.end(), base_->type().begin())) {
    for (std::size_t i = 0; i < flow.type.size(); ++i) {
      const auto fixed = [](BusType type) { return type == BusType::slack || type == BusType::out; };
      ensure(flow.type[i] == base_->type()[i] || !(fixed(flow.type[i]) || fixed(base_->type()[i])),
             "the slack and the dead buses of a flow must be those of the base");
    }
    return false;
  }
  for (const std::int32_t position : base_->held()) {
    const std::size_t bus = at(base_->pattern().bus[at(position)]);
    if (flow.vm_set_pu[bus] != base_->vm_pu()[at(position)]) return false;
    if (flow.type[bus] != BusType::slack) continue;
    const double va_deg = flow.va_set_deg.empty() ? 0.0 : flow.va_set_deg[bus];
    if (std::abs(va_deg - base_->va_deg()[at(position)]) > k_same_angle_deg) return false;
  }
  return true;
}

/// Chord iterations: two in float, then in double until every lane has converged or is given up.
void LaneSolver::solve_group(std::span<const LaneTask> tasks, const FlowOptions& options, Scratch& s) const {
  const CouplingView coupling = base_->coupling();
  const FactorView factor = base_->factor();
  const BusView buses = base_->buses();
  std::array<const double*, k_lanes> p{};
  std::array<const double*, k_lanes> q{};
  std::array<double*, k_lanes> vm{};
  std::array<double*, k_lanes> va{};
  for (std::size_t l = 0; l < k_lanes; ++l) {
    const LaneTask& task = tasks[std::min(l, tasks.size() - 1)];
    p[l] = task.flow->p_mw.data();
    q[l] = task.flow->q_mvar.data();
    vm[l] = l < tasks.size() ? task.state->vm_pu.data() : s.spare.data();
    va[l] = l < tasks.size() ? task.state->va_deg.data() : s.spare.data();
  }
  kernels_->gather(buses, p.data(), q.data(), s.change.data(), s.x.data());
  kernels_->start(factor, s.x.data(), s.state32.data());
  kernels_->mismatch32(coupling, s.state32.data(), s.change.data(), s.x.data());
  kernels_->widen(factor, s.x.data(), s.state32.data(), s.ratio.data(), s.state.data());

  alignas(64) std::array<double, k_lanes> norm{};
  alignas(64) std::array<std::uint32_t, k_lanes> moves{};
  std::array<double, k_lanes> first{};
  std::array<double, k_lanes> one_ago{};
  std::array<double, k_lanes> two_ago{};
  std::fill_n(moves.begin(), tasks.size(), 0xffffffffU);
  std::size_t live = tasks.size();
  for (int iteration = 2;; ++iteration) {
    kernels_->mismatch(coupling, s.state.data(), s.change.data(), s.x.data(), norm.data());
    for (std::size_t l = 0; l < tasks.size(); ++l) {
      if (moves[l] == 0) continue;
      SolveReport& report = *tasks[l].report;
      report.iterations = iteration;
      report.max_mismatch_pu = norm[l];
      if (iteration == 2) first[l] = norm[l];
      const bool converged = norm[l] <= k_safety * options.tolerance_pu;
      if (converged) report.status = SolveStatus::converged;
      if (converged || hopeless(norm[l], two_ago[l], first[l], options.tolerance_pu, iteration)) {
        moves[l] = 0;
        --live;
      }
      two_ago[l] = one_ago[l];
      one_ago[l] = norm[l];
    }
    if (live == 0) break;
    kernels_->step(factor, s.x.data(), live == tasks.size() ? nullptr : moves.data(), s.state.data());
  }
  alignas(64) std::array<double, k_lanes> poison{};
  kernels_->polar(buses, s.state.data(), s.ratio.data(), vm.data(), va.data(), poison.data());
  for (std::size_t l = 0; l < tasks.size(); ++l) {
    if (!(poison[l] == 0.0)) tasks[l].report->status = SolveStatus::diverged;
  }
}

}  // namespace gridplus::powerflow
