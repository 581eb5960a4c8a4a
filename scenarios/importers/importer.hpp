// Importers: other people's data formats to a scenario folder (YAML + CSV) that a person can read and edit.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
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

/// One choice an importer leaves to people.
struct ImportOption {
  std::string_view key;
  std::string_view values;  ///< what may be given, the default first
  std::string_view doc;
};

/// Options given, by key.
using ImportOptions = std::map<std::string, std::string, std::less<>>;

/// One importer.
struct Importer {
  std::string_view format;  ///< such as `matpower`
  std::string_view doc;     ///< what `source` must be
  std::span<const ImportOption> options;
  ImportedFiles (*run)(const std::filesystem::path& source, const ImportOptions& options) = nullptr;
};

/// All importers. importers/importer.cpp lists them.
[[nodiscard]] std::span<const Importer> importers();

/// Runs the importer of that name. Throws InputError for an unknown format or option or wrong data, IoError for files
/// that cannot be read.
[[nodiscard]] ImportedFiles import_scenario(std::string_view format, const std::filesystem::path& source,
                                            const ImportOptions& options = {});

}  // namespace gridplus
