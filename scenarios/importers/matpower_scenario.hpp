// A MATPOWER case as a scenario of one step: either with every unit at the output the case gives it, so that the step's
// power flow is the case's own, or with units that the dispatch may set between their limits.
#pragma once

#include <array>
#include <filesystem>

#include "scenarios/importers/importer.hpp"

namespace gridplus::foreign {

inline constexpr std::array<ImportOption, 2> k_matpower_options = {{
    {"generation", "as_given | dispatched",
     "units at the outputs of the case, the reference bus taking up the balance; or free between their limits"},
    {"cost_points", "11", "points by which a polynomial cost is drawn, 2 to 12"},
}};

/// `source`: a case file. Throws InputError for what is no case, IoError for an unreadable file.
[[nodiscard]] ImportedFiles import_matpower(const std::filesystem::path& source, const ImportOptions& options);

}  // namespace gridplus::foreign
