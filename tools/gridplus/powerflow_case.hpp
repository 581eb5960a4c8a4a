// One power flow, of a MATPOWER case or of one step of a scenario, in one shape for text, JSON and HDF5.
#pragma once

#include <string>
#include <vector>

#include "sim/powerflow/flow.hpp"

namespace gridplus::tools {

struct FlowRequest {
  std::string source;  ///< a scenario, or a MATPOWER case (`.m`)
  std::string at;      ///< scenarios: the time of the step; the first if empty
  std::vector<std::string> sets;
  std::string data_root;
  bool dc = false, enforce_q_limits = false;
  double tolerance_pu = 1e-8;
  int max_iterations = 30;
};

struct FlowCase {
  std::string source, title;
  std::vector<std::string> notes;  ///< what a person should know about how the case was understood and solved
  powerflow::SolveReport report;
  bool dc = false;
  struct Buses {
    std::vector<std::string> name;
    std::vector<double> vn_kv, vm_pu, va_deg, p_mw, q_mvar;
    std::vector<std::uint8_t> energised;
  } bus;
  struct Branches {
    std::vector<std::string> name, from, to;
    std::vector<double> rating_mva, p_from_mw, q_from_mvar, p_to_mw, q_to_mvar, loading_percent, losses_mw;
    std::vector<std::uint8_t> closed;
  } branch;
  struct Producers {
    std::vector<std::string> name, bus;
    std::vector<double> p_mw, q_mvar;
    std::vector<std::uint8_t> online;
  } producer;
  double generation_mw = 0.0, demand_mw = 0.0, losses_mw = 0.0, unserved_mw = 0.0;
};

/// Solves what is asked for. Throws InputError and IoError as loading does; a flow that fails is in `report`.
[[nodiscard]] FlowCase solve_flow_case(const FlowRequest& request);

}  // namespace gridplus::tools
