#include "sim/step/flow_solving.hpp"

#include <algorithm>
#include <utility>

#include "sim/core/parallel.hpp"
#include "sim/powerflow/solution_branch.hpp"

namespace gridplus {

using powerflow::FlowQuantities;
using powerflow::FlowState;
using powerflow::SolveReport;

namespace {

/// Flows of tap positions other than the first ones: admittances are kept for positions that come back.
constexpr std::size_t k_most_kept = 256;

}  // namespace

FlowSolving::FlowSolving(const Model& model, int threads, bool shared)
    : model_(model),
      shared_(shared || model.network.method == NetworkMethod::linear),
      single_(static_cast<std::size_t>(threads)) {
  if (model.network.has_voltages()) lanes_.emplace(model.grid, model.network.flow);
}

void FlowSolving::prepare(const SimulationState& state, const Frame& frame) {
  for (Single& single : single_) {
    single.newton.reset();
    single.dc.reset();
  }
  if (lanes_) lanes_->prepare(frame.topology);
  dc_lanes_.clear();
  tapped_.clear();
  regulator_.emplace(model_.grid, state.branch_closed);
}

void FlowSolving::begin(const FlowState& start) {
  if (lanes_ && !shared_) lanes_->begin(start);
}

void FlowSolving::want(const Frame& frame, std::span<const std::size_t> steps, std::span<StepFlow> flows) {
  wanted_.assign(steps.begin(), steps.end());
  moved_ = false;
  const bool regulated = lanes_ && regulator_->active();
  for (const std::size_t s : steps) {
    flows[s].admittance = &frame.topology.admittance;
    flows[s].iterations_before = 0;
    flows[s].taps.reset();
    if (regulated) flows[s].taps.emplace(*regulator_);
  }
  if (tapped_.size() > k_most_kept) tapped_.clear();
}

void FlowSolving::ask_others(const SimulationState& state, const Frame& frame, std::span<StepFlow> flows,
                             std::vector<AskedFlow>& asked) const {
  if (!lanes_ || !shared_) return;
  const bool linear = model_.network.method == NetworkMethod::linear;
  const auto equations = linear ? powerflow::Equations::linear : powerflow::Equations::ac;
  for (const std::size_t s : wanted_) {
    StepFlow& flow = flows[s];
    asked.push_back({&model_.grid, state.branch_closed,
                     moved_ ? flow.taps->positions() : std::span<const std::int32_t>(), &frame.topology.admittance,
                     &model_.network.flow, equations, &flow.bus, &flow.state, &flow.report, &flow.admittance});
  }
}

bool FlowSolving::go_on(const SimulationState& state, Frame& frame, std::span<StepFlow> flows) {
  if (model_.network.method == NetworkMethod::dc) solve_dc(state, wanted_, flows);
  if (lanes_ && !shared_) {
    if (moved_)
      solve_at_positions(state, wanted_, flows);
    else
      solve_ac(wanted_, flows);
  }
  complete_all(state, frame, wanted_, flows);
  std::erase_if(wanted_, [&](std::size_t s) {
    StepFlow& flow = flows[s];
    flow.report.iterations += std::exchange(flow.iterations_before, 0);
    if (!flow.taps || !flow.report.converged()) return true;
    if (!flow.taps->adjust(flow.state, flow_quantities(frame.block, s).p_from_mw)) return true;
    flow.iterations_before = flow.report.iterations;
    return false;
  });
  moved_ = true;
  return wanted_.empty();
}

void FlowSolving::complete_all(const SimulationState& state, Frame& frame, std::span<const std::size_t> steps,
                               std::span<StepFlow> flows) {
  parallel_for(steps.size(), threads(), 1, [&](std::size_t i, int worker) {
    const std::size_t s = steps[i];
    complete(state, frame, single_[static_cast<std::size_t>(worker)], flows[s], flow_quantities(frame.block, s));
  });
}

/// AC flows side by side. Flows with the same slack buses and tap positions share a base.
void FlowSolving::solve_at_positions(const SimulationState& state, std::span<const std::size_t> steps,
                                     std::span<StepFlow> flows) {
  using Key = std::pair<std::vector<std::uint32_t>, Positions>;
  std::map<Key, std::vector<std::size_t>> groups;
  for (const std::size_t s : steps) {
    const auto positions = flows[s].taps->positions();
    groups[{flows[s].bus.slack_bus, Positions(positions.begin(), positions.end())}].push_back(s);
  }
  FlowState start = state.flow_start;
  for (double& vm_pu : start.vm_pu)
    if (vm_pu <= 0.0) vm_pu = 1.0;  // a bus that had no voltage in the block before
  for (const auto& [key, members] : groups) {
    auto& admittance = tapped_[key.second];
    if (!admittance)
      admittance = std::make_unique<powerflow::Admittance>(
          powerflow::make_admittance(model_.grid, state.branch_closed, key.second));
    powerflow::LaneSolver lanes(std::make_shared<const powerflow::LaneBase>(*admittance, model_.grid.base_mva(),
                                                                            flows[members.front()].bus.type, start));
    std::vector<powerflow::FlowInput> inputs;
    for (const std::size_t s : members) inputs.push_back(flows[s].bus.input(model_.network.flow.enforce_q_limits));
    std::vector<FlowState> states(members.size());
    std::vector<SolveReport> reports(members.size());
    lanes.solve(inputs, model_.network.flow, states, reports, threads());
    for (std::size_t i = 0; i < members.size(); ++i) {
      StepFlow& flow = flows[members[i]];
      flow.admittance = admittance.get();
      flow.state = std::move(states[i]);
      flow.report = reports[i];
    }
  }
}

/// DC flows side by side. Flows with the same slack buses share a factor.
void FlowSolving::solve_dc(const SimulationState& state, std::span<const std::size_t> steps,
                           std::span<StepFlow> flows) {
  std::map<std::vector<std::uint32_t>, std::vector<std::size_t>> groups;
  for (const std::size_t s : steps) groups[flows[s].bus.slack_bus].push_back(s);
  for (const auto& [slack_bus, members] : groups) {
    auto& solver = dc_lanes_[slack_bus];
    if (!solver)
      solver =
          std::make_unique<powerflow::LaneDcSolver>(model_.grid, state.branch_closed, flows[members.front()].bus.type);
    std::vector<powerflow::FlowInput> inputs;
    for (const std::size_t s : members) inputs.push_back(flows[s].bus.input(false));
    std::vector<FlowState> states(members.size());
    std::vector<SolveReport> reports(members.size());
    solver->solve(inputs, states, reports, threads());
    for (std::size_t i = 0; i < members.size(); ++i) {
      flows[members[i]].state = std::move(states[i]);
      flows[members[i]].report = reports[i];
      flows[members[i]].dc = solver.get();
    }
  }
}

void FlowSolving::solve_ac(std::span<const std::size_t> steps, std::span<StepFlow> flows) {
  std::vector<BlockFlow> asked;
  for (const std::size_t s : steps) asked.push_back({&flows[s].bus, &flows[s].state, &flows[s].report});
  lanes_->solve(asked, threads());
}

void FlowSolving::solve_dc_alone(const SimulationState& state, Single& single, StepFlow& flow,
                                 const FlowQuantities& out) const {
  if (!single.dc) single.dc.emplace(model_.grid, state.branch_closed);
  flow.report = single.dc->solve(flow.bus.input(false), flow.state, single.result);
  write_result(single.result, out);
}

/// Bus and branch quantities of a solved step; a second try, then the DC flow, for one that failed; DC and lossless
/// steps whole.
void FlowSolving::complete(const SimulationState& state, const Frame& frame, Single& single, StepFlow& flow,
                           const FlowQuantities& out) const {
  if (model_.network.method == NetworkMethod::none) {
    flow.report = solve_none(flow, out);
    return;
  }
  if (model_.network.method == NetworkMethod::dc) {
    if (flow.report.converged()) {
      flow.dc->evaluate(flow.state, single.result);
      write_result(single.result, out);
    } else {
      solve_dc_alone(state, single, flow, out);
    }
    return;
  }
  complete_ac(state, frame, single, flow, out);
}

/// The plain Newton from 1 p.u. and the angles of the DC flow. It may end at any solution of the equations: one that
/// grids are not run at is none.
void FlowSolving::try_alone(const SimulationState& state, const Frame& frame, Single& single, StepFlow& flow,
                            const FlowQuantities& out) const {
  const int before = flow.report.iterations;
  solve_dc_alone(state, single, flow, out);
  const powerflow::FlowInput input = flow.bus.input(model_.network.flow.enforce_q_limits);
  if (flow.admittance == &frame.topology.admittance) {
    if (!single.newton) single.newton.emplace(model_.grid, frame.topology.admittance);
    flow.report = single.newton->solve(input, model_.network.flow, flow.state);
  } else {
    powerflow::reference::NewtonSolver newton(model_.grid, *flow.admittance);
    flow.report = newton.solve(input, model_.network.flow, flow.state);
  }
  flow.report.iterations += before;
  if (!flow.report.converged()) return;
  powerflow::SolutionBranch branch(model_.grid, *flow.admittance);
  if (branch.is_another(input, flow.state)) flow.report.status = powerflow::SolveStatus::other_branch;
}

void FlowSolving::complete_ac(const SimulationState& state, const Frame& frame, Single& single, StepFlow& flow,
                              const FlowQuantities& out) const {
  const bool first_positions = flow.admittance == &frame.topology.admittance;
  if (!flow.report.converged() && model_.network.method == NetworkMethod::ac)
    try_alone(state, frame, single, flow, out);
  if (!flow.report.converged()) {
    const SolveReport failed = flow.report;
    solve_dc_alone(state, single, flow, out);
    flow.report = failed;
    return;
  }
  if (flow.admittance->merged.any()) {
    spread(flow.admittance->merged, flow.state.vm_pu);
    spread(flow.admittance->merged, flow.state.va_deg);
  }
  if (first_positions) {
    lanes_->evaluator().evaluate(flow.state, single.scratch, out);
  } else {
    powerflow::evaluate(model_.grid, *flow.admittance, flow.state, single.result);
    write_result(single.result, out);
  }
}

SolveReport FlowSolving::solve_none(StepFlow& flow, const FlowQuantities& out) const {
  flow.state.vm_pu.assign(model_.grid.bus_count(), 1.0);
  flow.state.va_deg.assign(model_.grid.bus_count(), 0.0);
  std::copy(flow.bus.p_mw.begin(), flow.bus.p_mw.end(), out.p_mw.begin());
  std::copy(flow.bus.q_mvar.begin(), flow.bus.q_mvar.end(), out.q_mvar.begin());
  for (const auto& values : {out.p_from_mw, out.q_from_mvar, out.p_to_mw, out.q_to_mvar, out.loading_percent,
                             out.losses_mw, out.i_from_ka, out.i_to_ka})
    std::fill(values.begin(), values.end(), 0.0);
  return {powerflow::SolveStatus::converged, 0, 0.0};
}

}  // namespace gridplus
