#include "scenarios/importers/matpower_power_flow.hpp"

#include "sim/powerflow/reference/dc.hpp"

namespace gridplus::matpower {

namespace {

using powerflow::BusType;
using powerflow::FlowState;

void solve_dc(PowerFlowStudy& study) {
  powerflow::reference::DcSolver solver(study.snapshot.grid, study.snapshot.branch_closed);
  study.report = solver.solve(study.snapshot.input(), study.state, study.result);
}

/// Set points where they hold, 1 p.u. elsewhere, with the angles of the DC power flow.
FlowState dc_start(const Snapshot& snapshot) {
  powerflow::reference::DcSolver solver(snapshot.grid, snapshot.branch_closed);
  FlowState start = snapshot.start;
  powerflow::FlowResult flows;
  solver.solve(snapshot.input(), start, flows);
  return start;
}

void solve_ac(const PowerFlowOptions& options, PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  const powerflow::Admittance admittance = powerflow::make_admittance(snapshot.grid, snapshot.branch_closed);
  powerflow::reference::NewtonSolver solver(snapshot.grid, admittance);
  const powerflow::FlowOptions flow_options{options.tolerance_pu, options.max_iterations, options.enforce_q_limits};
  study.state = snapshot.start;
  study.report = solver.solve(snapshot.input(), flow_options, study.state);
  if (!study.report.converged() && study.report.status != powerflow::SolveStatus::no_slack) {
    FlowState again = dc_start(snapshot);
    const powerflow::SolveReport second = solver.solve(snapshot.input(), flow_options, again);
    if (second.converged()) {
      study.state = std::move(again);
      study.report = second;
      study.start = Start::dc_angles;
    }
  }
  study.q_limit.assign(solver.q_limits().begin(), solver.q_limits().end());
  powerflow::evaluate(snapshot.grid, admittance, study.state, study.result);
}

PowerFlowTotals sum_up(const PowerFlowStudy& study) {
  const Snapshot& snapshot = study.snapshot;
  PowerFlowTotals totals;
  bool any = false;
  for (std::size_t i = 0; i < snapshot.type.size(); ++i) {
    if (snapshot.type[i] == BusType::out) {
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
  if (options.dc) {
    solve_dc(study);
    study.generators = split_generation_dc(data, study.snapshot, study.result);
  } else {
    solve_ac(options, study);
    study.generators = split_generation(data, study.snapshot, study.result);
  }
  study.totals = sum_up(study);
  return study;
}

}  // namespace gridplus::matpower
