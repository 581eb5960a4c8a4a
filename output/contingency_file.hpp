// A contingency analysis as a file: group `contingency` with a row a contingency, in the order of the list, `violation`
// with what the base case and the worst contingencies violate, and `bus` and `branch` with the names used there.
#pragma once

#include <string>

#include "sim/study/contingency_analysis.hpp"

namespace gridplus::output {

/// Writes `path` under a temporary name and renames it. `title`: what was analysed. The base must have a solution.
/// Throws IoError.
void write_contingencies(const std::string& path, const std::string& title, const study::ContingencyCase& data,
                         const study::Analysis& analysis);

}  // namespace gridplus::output
