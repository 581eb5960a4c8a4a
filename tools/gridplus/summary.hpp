// The table a planner reads at the end of a run, and its JSON twin.
#pragma once

#include <string>

#include "sim/step/kpi.hpp"
#include "sim/step/model.hpp"

namespace gridplus::tools {

[[nodiscard]] std::string summary_text(const RunSummary& summary, const Model& model);
[[nodiscard]] std::string summary_json(const RunSummary& summary, const Model& model, const std::string& results_file);

}  // namespace gridplus::tools
