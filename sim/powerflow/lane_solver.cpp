#include "sim/powerflow/lane_solver.hpp"

#include <algorithm>
#include <array>

#include "sim/core/parallel.hpp"

namespace gridplus::powerflow {

namespace {

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

constexpr std::array<ChordKind, 8> k_kinds{{{false, false, false},
                                            {true, false, false},
                                            {false, true, false},
                                            {true, true, false},
                                            {false, false, true},
                                            {true, false, true},
                                            {false, true, true},
                                            {true, true, true}}};

std::size_t place(ChordKind kind) {
  return (kind.shares ? 1U : 0U) + (kind.moved ? 2U : 0U) + (kind.dependent ? 4U : 0U);
}

}  // namespace

LaneSolver::LaneSolver(std::shared_ptr<const LaneBase> base, const LaneKernels& kernels)
    : base_(std::move(base)), kernels_(&kernels) {}
LaneSolver::~LaneSolver() = default;
LaneSolver::LaneSolver(LaneSolver&&) noexcept = default;
LaneSolver& LaneSolver::operator=(LaneSolver&&) noexcept = default;

void LaneSolver::move_to(std::shared_ptr<const LaneBase> base) {
  const bool same_memory = &base->pattern() == &base_->pattern() && base->pv_count() == base_->pv_count();
  for (auto& chord : chord_) {
    if (!same_memory) chord.reset();
    if (chord) chord->move_to(*base);
  }
  for (auto& newton : newton_) {
    if (!same_memory) newton.reset();
    if (newton) newton->move_to(*base);
  }
  base_ = std::move(base);
}

/// Who goes where.
void LaneSolver::sort(std::span<const FlowInput> flows, std::span<FlowState> states, std::span<SolveReport> reports) {
  ensure(states.size() == flows.size() && reports.size() == flows.size(),
         "a batch needs a state and a report per flow");
  for (auto& tasks : easy_) tasks.clear();
  hard_.clear();
  std::vector<LaneTask>* tasks = &hard_;
  for (std::size_t k = 0; k < flows.size(); ++k) {
    if (k == 0 || !same_roles(flows[k - 1], flows[k])) {
      check(flows[k]);
      const auto kind = chord_kind(*base_, flows[k]);
      tasks = kind ? &easy_[place(*kind)] : &hard_;
    }
    states[k].vm_pu.resize(base_->type().size());
    states[k].va_deg.resize(base_->type().size());
    reports[k] = SolveReport{};
    tasks->push_back({&flows[k], &states[k], &reports[k]});
  }
}

void LaneSolver::solve(std::span<const FlowInput> flows, const FlowOptions& options, std::span<FlowState> states,
                       std::span<SolveReport> reports, int threads) {
  sort(flows, states, reports);
  for_each_group(
      threads, [&](LaneChord& chord, std::span<LaneTask> tasks, ChordKind kind) { chord.solve(tasks, kind, options); });
  newton_.resize(std::max(newton_.size(), static_cast<std::size_t>(std::max(1, threads))));
  for (const auto& of_kind : easy_) {
    for (const LaneTask& task : of_kind) {
      if (!task.report->converged()) hard_.push_back(task);
    }
  }
  parallel_for((hard_.size() + k_newton_lanes - 1) / k_newton_lanes, threads, 1, [&](std::size_t g, int worker) {
    auto& newton = newton_[static_cast<std::size_t>(worker)];
    if (!newton) newton = std::make_unique<LaneNewton>(*base_, newton_kernels(kernels_->name));
    const std::size_t first = g * k_newton_lanes;
    newton->solve({hard_.data() + first, std::min(k_newton_lanes, hard_.size() - first)}, options);
  });
}

void LaneSolver::solve_linear(std::span<const FlowInput> flows, std::span<FlowState> states,
                              std::span<SolveReport> reports, int threads) {
  sort(flows, states, reports);
  for (const LaneTask& task : hard_) {
    ensure(!base_->factored(), "bus types of a linear flow must be those of the base");
    std::fill(task.state->vm_pu.begin(), task.state->vm_pu.end(), 0.0);
    std::fill(task.state->va_deg.begin(), task.state->va_deg.end(), 0.0);
    task.report->status = SolveStatus::singular;
  }
  for_each_group(threads,
                 [](LaneChord& chord, std::span<LaneTask> tasks, ChordKind kind) { chord.solve_linear(tasks, kind); });
}

/// All groups of flows for the chord, of all kinds, in one parallel loop: solve(chord, tasks, kind).
template <class Solve>
void LaneSolver::for_each_group(int threads, const Solve& solve) {
  struct Group {
    ChordKind kind;
    std::span<LaneTask> tasks;
  };
  std::vector<Group> groups;
  for (const ChordKind kind : k_kinds) {
    auto& tasks = easy_[place(kind)];
    for (std::size_t first = 0; first < tasks.size(); first += k_group_lanes) {
      groups.push_back({kind, {tasks.data() + first, std::min(k_group_lanes, tasks.size() - first)}});
    }
  }
  chord_.resize(std::max(chord_.size(), static_cast<std::size_t>(std::max(1, threads))));
  parallel_for(groups.size(), threads, 1, [&](std::size_t g, int worker) {
    auto& chord = chord_[static_cast<std::size_t>(worker)];
    if (!chord) chord = std::make_unique<LaneChord>(*base_, *kernels_);
    solve(*chord, groups[g].tasks, groups[g].kind);
  });
}

void LaneSolver::check(const FlowInput& flow) const {
  check_sizes(flow, base_->type().size());
}

}  // namespace gridplus::powerflow
