// Importers: other people's data formats to a scenario folder (YAML + CSV) that a person can read and edit.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridplus {

/// A scenario made from foreign data: what `gridplus import` writes, and what `grid: {import: ...}` reads in place.
struct ImportedFiles {
  /// Names relative to the scenario's folder, with '/', and their text. The first is the scenario, `NAME.yaml`;
  /// it refers to the others by these names.
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<std::string> notes;  ///< what could not be carried over, or was assumed; for people
};

/// One importer.
struct Importer {
  std::string_view format;  ///< such as `matpower`
  std::string_view doc;     ///< what `source` must be
  ImportedFiles (*run)(const std::filesystem::path& source) = nullptr;
};

/// All importers. importers/importer.cpp lists them.
[[nodiscard]] std::span<const Importer> importers();

/// Runs the importer of that name. Throws InputError for an unknown format or wrong data, IoError for files that
/// cannot be read.
[[nodiscard]] ImportedFiles import_scenario(std::string_view format, const std::filesystem::path& source);

}  // namespace gridplus
