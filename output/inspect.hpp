// What a results file holds, for people and as JSON: the insides of `gridplus inspect`.
#pragma once

#include <string>

#include "output/reader.hpp"

namespace gridplus::output {

/// Origin, time, groups with their variables, shapes, units and sizes, key figures, totals by category, extremes.
[[nodiscard]] std::string inspect_text(const ResultsReader& results);

/// The same as one JSON object, indented; keys are in docs/output-format.md.
[[nodiscard]] std::string inspect_json(const ResultsReader& results);

}  // namespace gridplus::output
