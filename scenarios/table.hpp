// Tables of devices: `{table: units.csv, model: thermal}` becomes one entry a row.
#pragma once

#include "scenarios/assemble.hpp"

namespace gridplus::scenario {

/// Replaces every entry with `table` in the lists of the document by its rows. The header holds keys, with units in
/// brackets; cells are plain numbers there. Empty cells take what stands beside `table`, else the default.
void expand_tables(Assembled& document, const AssembleOptions& options, Diagnostics& problems);

}  // namespace gridplus::scenario
