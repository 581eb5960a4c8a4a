// From a scenario file to one tree: bases merged (`extends`, `grid: {import: ...}`), tables turned into entries, values
// changed from outside (`--set`).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/document.hpp"
#include "scenarios/files.hpp"

namespace gridplus::scenario {

/// Imports foreign data in place: the files of a scenario, the first of which is its YAML.
using Import = std::function<std::vector<std::pair<std::string, std::string>>(
    std::string_view format, const std::filesystem::path& source,
    const std::map<std::string, std::string, std::less<>>& options)>;

struct AssembleOptions {
  std::vector<std::string> sets;  ///< `path=value`
  DocumentLimits document;
  csv::Limits table{.largest_file_bytes = std::size_t{64} << 20};
  std::size_t most_cells = 4'000'000;  ///< of all tables of entries together
  Import import;                       ///< absent: importing in place is refused
};

/// The merged tree. Nodes point into `sources`.
struct Assembled {
  Node root;
  std::deque<SourceFile> sources;
  std::vector<std::pair<std::string, std::string>> texts;  ///< every YAML and table read, for the record
};

/// Reads `key` of `files` and all it names. Problems of single values go to `problems`; what cannot be read at all
/// throws InputError.
[[nodiscard]] Assembled assemble(std::shared_ptr<const FileSet> files, const std::string& key, const std::string& shown,
                                 const AssembleOptions& options, Diagnostics& problems);

}  // namespace gridplus::scenario
