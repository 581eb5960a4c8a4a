// One power flow, of a MATPOWER case or of one step of a scenario, in one shape for text, JSON and HDF5.
#pragma once

#include <string>
#include <vector>

#include "sim/grid/grid.hpp"
#include "sim/powerflow/flow.hpp"

namespace gridplus::tools {

struct FlowRequest {
  std::string source;  ///< a scenario, or a MATPOWER case (`.m`)
  std::string at;      ///< scenarios: the time of the step; the first if empty
  std::vector<std::string> sets;
  std::string data_root;
  powerflow::Equations equations = powerflow::Equations::ac;
  bool enforce_q_limits = false;
  double tolerance_pu = 1e-8;
  int max_iterations = 30;
};

struct FlowCase {
  std::string source, title;
  std::vector<std::string> notes;  ///< what a person should know about how the case was understood and solved
  powerflow::SolveReport report;
  powerflow::Equations equations = powerflow::Equations::ac;
  Grid grid;
  GridNames names;
  powerflow::FlowState state;
  powerflow::FlowResult result;
  std::vector<std::uint8_t> energised;  ///< per bus
  std::vector<std::uint8_t> closed;     ///< per branch
  struct Producers {
    std::vector<std::string> name;
    std::vector<BusId> bus;
    std::vector<double> p_mw, q_mvar;
    std::vector<std::uint8_t> online;
  } producer;
  struct Taps {
    std::vector<std::string> branch, state;
    std::vector<std::int32_t> position;
  } tap;  ///< the tap changers of a scenario
  double generation_mw = 0.0, demand_mw = 0.0, losses_mw = 0.0, unserved_mw = 0.0;
};

/// Writes groups bus, branch and producer as HDF5, in double precision. Throws IoError.
void write_results(const FlowCase& flow, const std::string& path);

/// Solves what is asked for. Throws InputError and IoError as loading does; a flow that fails is in `report`.
[[nodiscard]] FlowCase solve_flow_case(const FlowRequest& request);

}  // namespace gridplus::tools
