// SimBench grids (Meinecke et al., SimBench: A Benchmark Dataset of Electric Power Systems, Energies 13 (2020) 3290):
// one grid as its folder of CSV files, made into a scenario folder. docs/importers.md says how each column is
// understood.
#pragma once

#include <array>
#include <filesystem>

#include "scenarios/importers/importer.hpp"

namespace gridplus::foreign {

inline constexpr std::array<ImportOption, 4> k_simbench_options = {{
    {"case", "profiles | rated | a study case",
     "the profiles' year (where there are profiles), or one step: everything at its rating, or a row of "
     "StudyCases.csv"},
    {"profiles", "a folder", "where LoadProfile.csv and RESProfile.csv are, if not in the grid's folder"},
    {"missing_profile", "error | rated | leave_out",
     "what to do with loads and units whose profile is nowhere: refuse, keep them at their rating, leave them out"},
    {"phase_shift", "off | on",
     "leave out the transformers' vector group, as the published results do, or carry it over"},
}};

/// `source`: the folder of one grid. Throws InputError with every problem found, IoError for unreadable files.
[[nodiscard]] ImportedFiles import_simbench(const std::filesystem::path& source, const ImportOptions& options);

}  // namespace gridplus::foreign
