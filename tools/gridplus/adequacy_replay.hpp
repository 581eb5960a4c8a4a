// A sample of an adequacy study as a scenario that `gridplus run` takes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/step/model.hpp"
#include "sim/study/adequacy/options.hpp"

namespace gridplus::tools {

struct ReplayRequest {
  std::filesystem::path scenario;  ///< that was studied
  std::filesystem::path file;      ///< to be written
  std::vector<std::string> sets;   ///< `path=value` that the study was given
};

/// Writes a scenario that extends the one studied and in which all outages of the sample, and those that were planned
/// anyway, are planned outages. Returns the command that runs it. Times are those of the sample brought to begins of
/// steps, as a run knows no others. Throws IoError; InputError if `file` is the scenario itself or no .yaml file.
[[nodiscard]] std::string write_replay(const ReplayRequest& request, const Model& model,
                                       const adequacy::AdequacyModel& system, const adequacy::SampleRecord& sample);

}  // namespace gridplus::tools
