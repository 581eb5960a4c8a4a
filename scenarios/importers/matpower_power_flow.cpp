#include "scenarios/importers/matpower_power_flow.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "sim/powerflow/coupler_flows.hpp"
#include "sim/powerflow/idle_base.hpp"
#include "sim/powerflow/lane_dc.hpp"
#include "sim/powerflow/lane_solver.hpp"
#include "sim/powerflow/reference/dc.hpp"
#include "sim/powerflow/solution_branch.hpp"

namespace gridplus::matpower {

namespace {

using powerflow::BusType;
using powerflow::Equations;
using powerflow::FlowState;
using powerflow::reference::QLimit;

void solve_dc(Engine engine, PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  const powerflow::FlowInput input = snapshot.input();
  study.engine = engine;
  if (engine == Engine::lanes) {
    powerflow::LaneDcSolver solver(snapshot.grid, snapshot.branch_closed, snapshot.type);
    solver.solve({&input, 1}, {&study.state, 1}, {&study.report, 1});
    solver.evaluate(study.state, study.result);
    if (study.report.converged()) return;
    study.engine = Engine::reference;
  }
  powerflow::reference::DcSolver solver(snapshot.grid, snapshot.branch_closed);
  study.report = solver.solve(input, study.state, study.result);
}

bool has_slack(const Snapshot& snapshot) {
  return std::find(snapshot.type.begin(), snapshot.type.end(), BusType::slack) != snapshot.type.end();
}

/// Bus and branch quantities of the voltages found.
void evaluate(const powerflow::Admittance& admittance, PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  spread(snapshot.merged, study.state.vm_pu);
  spread(snapshot.merged, study.state.va_deg);
  powerflow::evaluate(snapshot.grid, admittance, study.state, study.result);
}

void solve_linear(PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  const powerflow::Admittance admittance = powerflow::make_admittance(snapshot.grid, snapshot.branch_closed);
  study.state =
      FlowState{std::vector<double>(snapshot.type.size(), 0.0), std::vector<double>(snapshot.type.size(), 0.0)};
  study.report = {powerflow::SolveStatus::no_slack};
  if (has_slack(snapshot)) {
    const powerflow::FlowInput input = snapshot.input();
    powerflow::LaneSolver solver(powerflow::make_idle_base(admittance, snapshot.grid.base_mva(), input));
    solver.solve_linear({&input, 1}, {&study.state, 1}, {&study.report, 1});
  }
  evaluate(admittance, study);
}

/// Set points where they hold, 1 p.u. elsewhere, with the angles of the DC power flow.
FlowState dc_start(const Snapshot& snapshot) {
  powerflow::reference::DcSolver solver(snapshot.grid, snapshot.branch_closed);
  FlowState start = snapshot.start;
  powerflow::FlowResult flows;
  solver.solve(snapshot.input(), start, flows);
  return start;
}

/// One flow in one lane, from the case's own voltages.
powerflow::SolveReport solve_in_lane(const Snapshot& snapshot, const powerflow::Admittance& admittance,
                                     const powerflow::FlowOptions& options, FlowState& state) {
  if (!has_slack(snapshot)) return {powerflow::SolveStatus::no_slack};
  powerflow::LaneSolver solver(
      std::make_shared<const powerflow::LaneBase>(admittance, snapshot.grid.base_mva(), snapshot.type, snapshot.start));
  const powerflow::FlowInput input = snapshot.input();
  powerflow::SolveReport report;
  solver.solve({&input, 1}, options, {&state, 1}, {&report, 1});
  return report;
}

/// Takes `converged` back where the solution is not of the branch on which grids are run.
void check_branch(const Snapshot& snapshot, const powerflow::Admittance& admittance, const FlowState& state,
                  powerflow::SolveReport& report) {
  if (report.converged() && powerflow::SolutionBranch(snapshot.grid, admittance).is_another(snapshot.input(), state))
    report.status = powerflow::SolveStatus::other_branch;
}

/// The plain Newton, from the case's own voltages, then from the angles of a DC flow.
void solve_by_twin(const Snapshot& snapshot, const powerflow::Admittance& admittance,
                   const powerflow::FlowOptions& options, PowerFlowStudy& study) {
  powerflow::reference::NewtonSolver solver(snapshot.grid, admittance);
  study.engine = Engine::reference;
  study.state = snapshot.start;
  study.report = solver.solve(snapshot.input(), options, study.state);
  check_branch(snapshot, admittance, study.state, study.report);
  if (study.report.converged() || study.report.status == powerflow::SolveStatus::no_slack) return;
  FlowState again = dc_start(snapshot);
  powerflow::SolveReport second = solver.solve(snapshot.input(), options, again);
  check_branch(snapshot, admittance, again, second);
  if (!second.converged()) return;
  study.state = std::move(again);
  study.report = second;
  study.start = Start::dc_angles;
}

/// A limited unit is one that has let its voltage go.
std::vector<QLimit> find_limited(const PowerFlowStudy& study) {
  constexpr double k_same_vm_pu = 1e-9;
  const Snapshot& snapshot = study.snapshot;
  std::vector<QLimit> limits(snapshot.type.size(), QLimit::none);
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (snapshot.type[i] != BusType::pv && snapshot.type[i] != BusType::slack) continue;
    if (std::abs(study.state.vm_pu[i] - snapshot.vm_set_pu[i]) <= k_same_vm_pu) continue;
    const double q = study.result.q_mvar[i];
    const bool at_max = std::abs(q - snapshot.q_max_mvar[i]) <= std::abs(q - snapshot.q_min_mvar[i]);
    limits[i] = at_max ? QLimit::at_max : QLimit::at_min;
  }
  return limits;
}

void solve_ac(const PowerFlowOptions& options, PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  const powerflow::Admittance admittance = powerflow::make_admittance(snapshot.grid, snapshot.branch_closed);
  const powerflow::FlowOptions flow_options{options.tolerance_pu, options.max_iterations, options.enforce_q_limits};
  if (options.engine == Engine::lanes) {
    study.report = solve_in_lane(snapshot, admittance, flow_options, study.state);
    check_branch(snapshot, admittance, study.state, study.report);
  }
  if (!study.report.converged()) solve_by_twin(snapshot, admittance, flow_options, study);
  evaluate(admittance, study);
  study.q_limit = find_limited(study);
}

/// What each bus of a merged group injects, from its units and its demand, and with it the flows through the couplers.
void recover_couplers(bool dc, PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  powerflow::CouplerFlows couplers(snapshot.grid, snapshot.merged);
  if (!couplers.any()) return;
  std::vector<double> p_mw(snapshot.type.size(), 0.0), q_mvar(snapshot.type.size(), 0.0);
  for (std::size_t i = 0; i < p_mw.size(); ++i) {
    if (snapshot.type[snapshot.merged.into[i]] == BusType::out) continue;
    p_mw[i] = -snapshot.demand_mw[i];
    q_mvar[i] = dc ? 0.0 : -snapshot.demand_mvar[i];
  }
  for (std::size_t g = 0; g < snapshot.generator_bus.size(); ++g) {
    p_mw[snapshot.generator_bus[g].index()] += study.generators.p_mw[g];
    if (!dc) q_mvar[snapshot.generator_bus[g].index()] += study.generators.q_mvar[g];
  }
  for (const std::uint32_t k : snapshot.merged.couplers) {
    for (const BusId bus : {snapshot.grid.branch().from[k], snapshot.grid.branch().to[k]}) {
      study.result.p_mw[bus.index()] = p_mw[bus.index()];
      study.result.q_mvar[bus.index()] = q_mvar[bus.index()];
    }
  }
  couplers.recover(study.state, study.result, !dc);
}

PowerFlowTotals sum_up(const PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  PowerFlowTotals totals;
  bool any = false;
  for (std::size_t i = 0; i < snapshot.type.size(); ++i) {
    if (snapshot.type[snapshot.merged.into[i]] == BusType::out) {
      totals.unserved_mw += snapshot.demand_mw[i];
      continue;
    }
    totals.demand_mw += snapshot.demand_mw[i];
    totals.demand_mvar += snapshot.demand_mvar[i];
    const double vm = study.state.vm_pu[i];
    totals.shunt_mw += snapshot.grid.bus().gs_mw[i] * vm * vm;
    totals.shunt_mvar -= snapshot.grid.bus().bs_mvar[i] * vm * vm;
    if (!any || vm < study.state.vm_pu[totals.lowest_voltage_bus]) totals.lowest_voltage_bus = i;
    if (!any || vm > study.state.vm_pu[totals.highest_voltage_bus]) totals.highest_voltage_bus = i;
    any = true;
  }
  for (std::size_t k = 0; k < snapshot.branch_closed.size(); ++k) {
    totals.losses_mw += study.result.losses_mw[k];
    totals.losses_mvar += study.result.q_from_mvar[k] + study.result.q_to_mvar[k];
  }
  for (std::size_t g = 0; g < study.generators.p_mw.size(); ++g) {
    totals.generation_mw += study.generators.p_mw[g];
    totals.generation_mvar += study.generators.q_mvar[g];
  }
  return totals;
}

}  // namespace

PowerFlowStudy solve_power_flow(const Case& data, const PowerFlowOptions& options) {
  PowerFlowStudy study;
  study.snapshot = make_snapshot(data);
  switch (options.equations) {
    case Equations::ac:
      solve_ac(options, study);
      break;
    case Equations::linear:
      solve_linear(study);
      break;
    case Equations::dc:
      solve_dc(options.engine, study);
      break;
  }
  const bool dc = options.equations == Equations::dc;
  study.generators = (dc ? split_generation_dc : split_generation)(data, study.snapshot, study.result);
  recover_couplers(dc, study);
  study.totals = sum_up(study);
  return study;
}

}  // namespace gridplus::matpower
