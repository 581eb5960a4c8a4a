// From a spool that holds a whole run to the HDF5 file.
#pragma once

#include <cstdint>
#include <string>

#include "output/schema.hpp"
#include "output/spool.hpp"
#include "sim/core/calendar.hpp"
#include "sim/step/kpi.hpp"

namespace gridplus::output {

/// What the file says beside what the spool holds.
struct AssemblyInput {
  Content content;  ///< groups of the schema and of the summary, root attributes
  std::uint64_t events = 0;
  TimeAxis time;
};

/// Writes the file under a temporary name beside `path` and renames it. Throws IoError, and takes the temporary file
/// away; the spool stays as it is.
void assemble_results(const Spool& spool, const Schema& schema, AssemblyInput input, const std::string& path);

}  // namespace gridplus::output
