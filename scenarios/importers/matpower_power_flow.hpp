// The power flow of a MATPOWER case from start to finish: everything `gridplus powerflow CASE.m` tells.
#pragma once

#include <vector>

#include "scenarios/importers/matpower.hpp"
#include "sim/powerflow/reference/newton.hpp"

namespace gridplus::matpower {

/// Who solves a flow.
enum class Engine : std::uint8_t {
  lanes,     ///< the lane solver, then its twin where the lanes give up
  reference  ///< the twin, the plain Newton on KLU, alone
};

struct PowerFlowOptions {
  powerflow::Equations equations = powerflow::Equations::ac;
  bool enforce_q_limits = false;  ///< of AC flows
  double tolerance_pu = 1e-8;
  int max_iterations = 30;
  Engine engine = Engine::lanes;
};

/// Where the Newton iteration set out from when it ended.
enum class Start : std::uint8_t {
  case_voltages,  ///< the voltages in the file
  dc_angles       ///< set points or 1 p.u., with the angles of a DC power flow; taken when the file's voltages fail
};

/// Sums over all energised buses. Generation = demand + losses + shunts.
struct PowerFlowTotals {
  double generation_mw = 0.0, generation_mvar = 0.0;
  double demand_mw = 0.0, demand_mvar = 0.0;
  double losses_mw = 0.0, losses_mvar = 0.0;  ///< of the branches, their charging counted in: sum of both ends
  double shunt_mw = 0.0, shunt_mvar = 0.0;    ///< drawn by bus shunts
  double unserved_mw = 0.0;                   ///< demand of buses that are out
  std::size_t lowest_voltage_bus = 0, highest_voltage_bus = 0;  ///< rows of Case::buses; 0 if no bus is energised
};

struct PowerFlowStudy {
  Snapshot snapshot;
  powerflow::SolveReport report;
  Start start = Start::case_voltages;
  powerflow::FlowState state;
  powerflow::FlowResult result;
  Engine engine = Engine::lanes;                      ///< that found the answer
  GeneratorOutput generators;                         ///< per generator of the case
  std::vector<powerflow::reference::QLimit> q_limit;  ///< per bus: what keeps it from its set point; of AC flows
  PowerFlowTotals totals;
};

/// Solves the case. A flow that fails is reported in `report`; state and results are then those where it ended.
/// Throws InputError if the case's grid is not one.
[[nodiscard]] PowerFlowStudy solve_power_flow(const Case& data, const PowerFlowOptions& options);

}  // namespace gridplus::matpower
