// The results of one power flow as a file: groups bus, branch and producer without time, everything in double
// precision.
#pragma once

#include <string>
#include <vector>

#include "sim/grid/grid.hpp"
#include "sim/powerflow/flow.hpp"

namespace gridplus::output {

struct PowerFlowSnapshot {
  const Grid* grid = nullptr;
  const GridNames* names = nullptr;
  std::string case_name;  ///< what was solved, such as the file's name
  std::string method;     ///< `ac`, `linear` or `dc`
  const powerflow::FlowState* state = nullptr;
  const powerflow::FlowResult* result = nullptr;
  std::vector<std::uint32_t> island;  ///< of each bus, or Islands::k_none
  std::vector<std::uint8_t> closed;   ///< of each branch

  /// One entry per producer; all empty where the case has none.
  struct Producers {
    std::vector<std::string> name;
    std::vector<BusId> bus;
    std::vector<double> p_mw, q_mvar;
    std::vector<std::uint8_t> online;
  } producers;

  struct Island {
    std::string reference_bus;
    powerflow::SolveReport report;
  };
  std::vector<Island> islands;
};

/// Writes `path` under a temporary name and renames it. Throws IoError.
void write_power_flow(const std::string& path, const PowerFlowSnapshot& snapshot);

}  // namespace gridplus::output
