// Finding a scenario on disk and turning it into one tree: what loading a run and loading a study have in common.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "scenarios/assemble.hpp"
#include "scenarios/context.hpp"
#include "scenarios/load.hpp"

namespace gridplus::scenario {

/// Where a scenario is.
struct Located {
  std::shared_ptr<const FileSet> files;
  std::string key, shown;
  Import import;
};

/// Throws IoError if there is no such file, InputError if it lies outside of the data root.
[[nodiscard]] Located locate(const std::filesystem::path& file, const LoadOptions& options);
[[nodiscard]] Assembled assemble(const Located& scenario, const LoadOptions& options, Diagnostics& problems);
[[nodiscard]] DecodeLimits limits_of(const LoadOptions& options);

}  // namespace gridplus::scenario
