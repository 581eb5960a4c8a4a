// A MATPOWER case or one step of a scenario as a case for contingency analysis.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/contingencies.hpp"

namespace gridplus::tools {

struct ContingencyRequest {
  std::string source;  ///< a scenario, or a MATPOWER case (`.m`)
  std::string at;      ///< scenarios: the time of the step; the first if empty
  std::vector<std::string> sets;
  std::string data_root;
  std::string rate = "a";                      ///< MATPOWER: which of the three ratings counts
  std::optional<double> rating_mva;            ///< of branches without one; infinite: none is needed
  std::optional<double> vm_min_pu, vm_max_pu;  ///< in the place of the buses' own bands
  powerflow::FlowOptions flow;
};

struct LoadedContingencyCase {
  std::string title;
  std::vector<std::string> notes;  ///< what a person should know about how the case was understood
  study::ContingencyCase data;
};

/// Throws InputError and IoError as loading does, and InputError if no branch has a rating and none is given.
[[nodiscard]] LoadedContingencyCase load_contingency_case(const ContingencyRequest& request);

}  // namespace gridplus::tools
