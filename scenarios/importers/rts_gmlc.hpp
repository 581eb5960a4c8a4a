// RTS-GMLC, the test system of the Grid Modernization Laboratory Consortium (Barrows et al., The IEEE Reliability Test
// System: A Proposed 2019 Update, IEEE Trans. Power Systems 35 (2020) 119): its SourceData tables and its time series,
// made into a scenario folder. docs/importers.md says how each column is understood.
#pragma once

#include <array>
#include <filesystem>

#include "scenarios/importers/importer.hpp"

namespace gridplus::foreign {

inline constexpr std::array<ImportOption, 4> k_rts_gmlc_options = {{
    {"resolution", "day_ahead | real_time", "hourly day-ahead series, or 5-minute real-time series"},
    {"hvdc_transfer", "0 MW", "power carried by the DC link from its first to its second bus"},
    {"start_heat", "cold | by_time_offline",
     "fuel of a start: always that of a cold one (as the published PLEXOS runs count it), or by the hours offline"},
    {"voltage_support", "always | online", "whether thermal units hold their voltage always, or only while they run"},
}};

/// `source`: the folder that holds `SourceData` and the time series (`timeseries_data_files` or `timeseries`), or
/// `SourceData` itself. Throws InputError with every problem found, IoError for unreadable files.
[[nodiscard]] ImportedFiles import_rts_gmlc(const std::filesystem::path& source, const ImportOptions& options);

}  // namespace gridplus::foreign
