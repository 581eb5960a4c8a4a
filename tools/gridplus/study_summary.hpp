// The table a planner reads at the end of a study, and its JSON twin.
#pragma once

#include <string>

#include "output/study_table.hpp"

namespace gridplus::tools {

/// Means with confidence intervals of the main key figures at every point; differences where there is a baseline.
[[nodiscard]] std::string study_text(const output::StudyTable& table);
[[nodiscard]] std::string study_json(const output::StudyTable& table, const std::string& file);

}  // namespace gridplus::tools
