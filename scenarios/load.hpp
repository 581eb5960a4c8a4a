// Loading of scenarios: the door of this folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/error.hpp"

namespace gridplus {

struct Model;

struct LoadOptions {
  std::vector<std::string> sets;                             ///< `path=value`, applied in order
  std::filesystem::path data_root;                           ///< no path may leave it; empty: the scenario's folder
  std::uint32_t replicate = 0;                               ///< of the random draws
  std::size_t largest_table_bytes = std::size_t{512} << 20;  ///< of a table of time series
  std::int64_t most_steps = 20'000'000;                      ///< of a run
  std::int64_t most_devices = 2'000'000;                     ///< of each kind
};

/// Reads a scenario and all it names, checks it and builds the model. Throws InputError with every problem found,
/// IoError if the scenario itself cannot be read.
[[nodiscard]] std::unique_ptr<Model> load_scenario(const std::filesystem::path& file, const LoadOptions& options = {});

/// The same from texts in memory: the first file is the scenario, the others are what it names.
[[nodiscard]] std::unique_ptr<Model> load_scenario_text(std::vector<std::pair<std::string, std::string>> files,
                                                        const LoadOptions& options = {});

/// Everything that is wrong with a scenario; empty if it can be run. Throws IoError as load_scenario.
[[nodiscard]] std::vector<Diagnostic> validate_scenario(const std::filesystem::path& file,
                                                        const LoadOptions& options = {});

}  // namespace gridplus
