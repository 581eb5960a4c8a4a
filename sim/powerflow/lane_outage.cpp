#include "sim/powerflow/lane_outage.hpp"

#include <algorithm>

#include "sim/core/parallel.hpp"
#include "sim/powerflow/lane_outage_group.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "sim/powerflow/solution_branch.hpp"

namespace gridplus::powerflow {

namespace {

/// Opened branches and released buses that a lane's correction has terms for.
constexpr std::size_t k_most_open = 4;

/// The flow of an outaged grid as the general solvers take it.
struct OutagedFlow : StoredFlow {
  /// For the lanes: on the base's buses, where lost ones stay with the base's roles as a shadow.
  OutagedFlow(const OutageBase& base, const Outage& outage) : StoredFlow(base.flow()) {
    change_injections(base, outage);
    drop_lost_shares(base, outage);
  }
  /// On the buses of the outaged grid, which an opened coupler may have parted: lost ones are out.
  OutagedFlow(const OutageBase& base, const Outage& outage, const MergedBuses& merged) : StoredFlow(base.given_flow()) {
    change_injections(base, outage);
    if (outage.new_slack != Outage::k_none) move_slack(base, outage);
    for (const std::uint32_t bus : outage.lost) type[bus] = BusType::out;
    drop_lost_shares(base, outage);
    merge(merged);
  }

 private:
  void change_injections(const OutageBase& base, const Outage& outage) {
    // Where buses are put together already, their first has everything.
    const auto bus_of = [&](std::uint32_t bus) { return type[bus] == BusType::out ? base.first_of(bus) : bus; };
    for (const Outage::Change& change : outage.change) {
      const std::uint32_t bus = bus_of(change.bus);
      p_mw[bus] += change.p_mw;
      q_mvar[bus] += change.q_mvar;
      if (q_min_mvar.empty()) continue;
      q_min_mvar[bus] += change.q_min_mvar;
      q_max_mvar[bus] += change.q_max_mvar;
    }
    for (const Outage::Change& change : outage.released) {
      const std::uint32_t first = base.first_of(change.bus);
      p_mw[bus_of(change.bus)] += change.p_mw - base.flow().p_mw[first];
      q_mvar[bus_of(change.bus)] += change.q_mvar - base.flow().q_mvar[first];
      for (std::uint32_t bus = 0; bus < type.size(); ++bus) {
        if (base.first_of(bus) == first && type[bus] != BusType::out) type[bus] = BusType::pq;
      }
    }
  }

  /// The old slack bus of the new one's island becomes PV unless it is lost or released.
  void move_slack(const OutageBase& base, const Outage& outage) {
    const LaneBase& lanes = base.lanes();
    const auto position = static_cast<std::size_t>(base.position(outage.new_slack));
    const auto slack = static_cast<std::uint32_t>(
        lanes.pattern().bus[static_cast<std::size_t>(lanes.pattern().active + lanes.island()[position])]);
    for (std::uint32_t bus = 0; bus < type.size(); ++bus) {
      if (base.first_of(bus) == slack && type[bus] == BusType::slack) type[bus] = BusType::pv;
    }
    type[outage.new_slack] = BusType::slack;
    va_set_deg.resize(type.size(), 0.0);
    va_set_deg[outage.new_slack] = base.state().va_deg[outage.new_slack];
    vm_set_pu[outage.new_slack] = base.state().vm_pu[outage.new_slack];
  }

  /// What lost and released buses would have taken up falls to the others of the island, in proportion.
  void drop_lost_shares(const OutageBase& base, const Outage& outage) {
    if (participation.empty()) return;
    const LaneBase& lanes = base.lanes();
    std::vector<double> before(static_cast<std::size_t>(lanes.pattern().slack), 0.0);
    const auto island = [&](std::size_t bus) {
      const std::int32_t position = base.position(static_cast<std::uint32_t>(bus));
      return position < 0 ? -1 : lanes.island()[static_cast<std::size_t>(position)];
    };
    for (const std::uint32_t bus : outage.lost) participation[bus] = 0.0;
    for (const Outage::Change& change : outage.released) {
      for (std::uint32_t bus = 0; bus < participation.size(); ++bus) {
        if (base.first_of(bus) == base.first_of(change.bus)) participation[bus] = 0.0;
      }
    }
    for (std::size_t i = 0; i < participation.size(); ++i) {
      if (island(i) >= 0) before[static_cast<std::size_t>(island(i))] += participation[i];
    }
    for (std::size_t i = 0; i < participation.size(); ++i) {
      if (island(i) >= 0 && before[static_cast<std::size_t>(island(i))] > 0.0) {
        participation[i] /= before[static_cast<std::size_t>(island(i))];
      }
    }
  }
};

}  // namespace

std::string_view to_string(OutageMethod method) {
  switch (method) {
    case OutageMethod::chord:
      return "chord";
    case OutageMethod::newton:
      return "newton";
    case OutageMethod::reference:
      return "reference";
  }
  return "";
}

/// Memory of one thread.
struct LaneOutageSolver::Scratch {
  Scratch(const OutageBase& base, std::string_view kernels)
      : base_(base), group(base, outage_kernels(kernels)), newton_(base.lanes(), newton_kernels(kernels)) {}

  /// Full Newton in lanes.
  void solve_newton(std::span<const OutageTask> tasks, const FlowOptions& options) {
    flows_.clear();
    std::vector<FlowInput> inputs;
    std::array<std::vector<RemovedFlow>, k_newton_lanes> removed;
    std::array<FlowState, k_newton_lanes> states;
    std::vector<LaneTask> lanes;
    for (const OutageTask& task : tasks) flows_.emplace_back(base_, *task.outage);
    for (const OutagedFlow& flow : flows_) inputs.push_back(flow.input());
    for (std::size_t l = 0; l < tasks.size(); ++l) {
      removed_flows(base_, *tasks[l].outage, removed[l]);
      states[l] = base_.state();
      lanes.push_back(
          {.flow = &inputs[l], .state = &states[l], .report = &tasks[l].result->report, .removed = removed[l]});
    }
    newton_.solve(lanes, options);
    for (std::size_t l = 0; l < tasks.size(); ++l) {
      finish(tasks[l], OutageMethod::newton, states[l]);
    }
  }

  /// Scalar Newton of the outaged grid.
  void solve_reference(const OutageTask& task, const FlowOptions& options) {
    const Admittance admittance = base_.admittance_without(task.outage->open);
    reference::NewtonSolver solver(base_.grid(), admittance);
    const OutagedFlow flow(base_, *task.outage, admittance.merged);
    FlowState state = base_.state();
    const int before = task.result->report.iterations;
    task.result->report = solver.solve(flow.input(), options, state);
    task.result->report.iterations += before;
    if (task.result->report.converged() && SolutionBranch(base_.grid(), admittance).is_another(flow.input(), state))
      task.result->report.status = SolveStatus::other_branch;
    finish(task, OutageMethod::reference, state);
  }

 private:
  void finish(const OutageTask& task, OutageMethod method, FlowState state) const {
    task.result->method = method;
    if (!task.result->report.converged()) return;
    const Admittance admittance = base_.admittance_without(task.outage->open);
    spread(admittance.merged, state.vm_pu);
    spread(admittance.merged, state.va_deg);
    for (const std::uint32_t bus : task.outage->lost) state.vm_pu[bus] = state.va_deg[bus] = 0.0;
    task.result->figures = assess_security(base_.grid(), admittance, state, base_.limits());
    if (task.state != nullptr) *task.state = std::move(state);
  }

  const OutageBase& base_;

 public:
  OutageGroup group;

 private:
  LaneNewton newton_;
  std::vector<OutagedFlow> flows_;
};

LaneOutageSolver::LaneOutageSolver(std::shared_ptr<const OutageBase> base, const LaneKernels& kernels)
    : base_(std::move(base)), kernels_(&kernels) {}
LaneOutageSolver::~LaneOutageSolver() = default;
LaneOutageSolver::LaneOutageSolver(LaneOutageSolver&&) noexcept = default;

bool LaneOutageSolver::chord_may_solve(const Outage& outage, const FlowOptions& options) const {
  const StoredFlow& flow = base_->flow();
  const bool limits = options.enforce_q_limits && !flow.q_min_mvar.empty();
  return base_->lanes().factored() && flow.participation.empty() && flow.p_current_mw.empty() && !limits &&
         outage.open.size() <= k_most_open && outage.released.size() <= 1;
}

/// Whether an opened coupler leaves as two buses what the base has as one.
bool LaneOutageSolver::parts_merged_buses(const Outage& outage) const {
  const bool coupler = std::any_of(outage.open.begin(), outage.open.end(),
                                   [&](std::uint32_t branch) { return base_->grid().is_coupler(branch); });
  if (!coupler) return false;
  std::vector<std::uint8_t> closed(base_->branch_closed().begin(), base_->branch_closed().end());
  for (const std::uint32_t branch : outage.open) closed[branch] = 0;
  return merge_buses(base_->grid(), closed).into != base_->admittance().merged.into;
}

void LaneOutageSolver::solve(std::span<const Outage> outages, const FlowOptions& options,
                             std::span<OutageResult> results, std::span<FlowState> states, int threads,
                             OutageStart start) {
  ensure(results.size() == outages.size() && (states.empty() || states.size() == outages.size()),
         "outages need a result each, and a state each if any");
  std::vector<OutageTask> chord;
  std::vector<OutageTask> newton;
  std::vector<OutageTask> scalar;
  for (std::size_t k = 0; k < outages.size(); ++k) {
    results[k] = OutageResult{};
    const OutageTask task{&outages[k], &results[k], states.empty() ? nullptr : &states[k]};
    if (start == OutageStart::reference || outages[k].new_slack != Outage::k_none || parts_merged_buses(outages[k])) {
      scalar.push_back(task);
    } else {
      (start == OutageStart::chord && chord_may_solve(outages[k], options) ? chord : newton).push_back(task);
    }
  }
  scratch_.resize(std::max(scratch_.size(), static_cast<std::size_t>(std::max(1, threads))));
  const auto run = [&](std::span<const OutageTask> tasks, std::size_t lanes, const auto& use) {
    parallel_for((tasks.size() + lanes - 1) / lanes, threads, 1, [&](std::size_t g, int worker) {
      auto& scratch = scratch_[static_cast<std::size_t>(worker)];
      if (!scratch) scratch = std::make_unique<Scratch>(*base_, kernels_->name);
      use(*scratch, tasks.subspan(g * lanes, std::min(lanes, tasks.size() - g * lanes)));
    });
  };
  const auto pass_on = [](std::span<const OutageTask> tasks, std::vector<OutageTask>& next) {
    for (const OutageTask& task : tasks) {
      if (!task.result->report.converged()) next.push_back(task);
    }
  };
  run(chord, k_group_lanes, [&](Scratch& s, std::span<const OutageTask> tasks) { s.group.solve(tasks, options); });
  pass_on(chord, newton);
  run(newton, k_newton_lanes, [&](Scratch& s, std::span<const OutageTask> tasks) { s.solve_newton(tasks, options); });
  pass_on(newton, scalar);
  run(scalar, 1, [&](Scratch& s, std::span<const OutageTask> tasks) { s.solve_reference(tasks.front(), options); });
}

}  // namespace gridplus::powerflow
