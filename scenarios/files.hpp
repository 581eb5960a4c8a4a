// Where a scenario's files come from: a folder on disk that no path may leave, or texts in memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/csv.hpp"

namespace gridplus::scenario {

/// A tree of files. A file is known by its key, which is opaque outside; `folder` is the key of the folder that
/// relative names are seen from.
class FileSet {
 public:
  virtual ~FileSet() = default;
  /// The key of `name` seen from `folder`. Throws std::invalid_argument if it does not exist or leaves the tree.
  [[nodiscard]] virtual std::string find(const std::string& folder, std::string_view name) const = 0;
  /// The folder of a file.
  [[nodiscard]] virtual std::string folder_of(const std::string& key) const = 0;
  /// The file for importers that read it themselves. Throws std::invalid_argument where there is no such thing.
  [[nodiscard]] virtual std::filesystem::path disk_path(const std::string& key) const = 0;
  /// The whole text. Throws IoError; std::invalid_argument if it is larger than `most_bytes`.
  [[nodiscard]] virtual std::string read(const std::string& key, std::size_t most_bytes) const = 0;
  /// Opens a table; `display` names it in messages.
  [[nodiscard]] virtual csv::Reader open_table(const std::string& key, const std::string& display,
                                               const csv::Limits& limits) const = 0;
};

/// A folder on disk. Symbolic links are followed and must not lead out of it.
class DiskFiles final : public FileSet {
 public:
  /// Throws IoError if `root` is no folder.
  explicit DiskFiles(const std::filesystem::path& root);
  [[nodiscard]] std::string find(const std::string& folder, std::string_view name) const override;
  [[nodiscard]] std::string folder_of(const std::string& key) const override;
  [[nodiscard]] std::filesystem::path disk_path(const std::string& key) const override;
  [[nodiscard]] std::string read(const std::string& key, std::size_t most_bytes) const override;
  [[nodiscard]] csv::Reader open_table(const std::string& key, const std::string& display,
                                       const csv::Limits& limits) const override;

 private:
  std::filesystem::path root_;
};

/// Named texts, such as an importer makes.
class MemoryFiles final : public FileSet {
 public:
  explicit MemoryFiles(std::vector<std::pair<std::string, std::string>> files);
  [[nodiscard]] std::string find(const std::string& folder, std::string_view name) const override;
  [[nodiscard]] std::string folder_of(const std::string& key) const override;
  [[nodiscard]] std::filesystem::path disk_path(const std::string& key) const override;
  [[nodiscard]] std::string read(const std::string& key, std::size_t most_bytes) const override;
  [[nodiscard]] csv::Reader open_table(const std::string& key, const std::string& display,
                                       const csv::Limits& limits) const override;

 private:
  std::map<std::string, std::string, std::less<>> files_;
};

/// One file that was read, as messages and relative names need it.
struct SourceFile {
  std::string name;  ///< for messages
  std::shared_ptr<const FileSet> files;
  std::string folder;
};

/// The name under which a file named inside `from` is shown: seen from where the user stands.
[[nodiscard]] std::string shown_name(const SourceFile& from, std::string_view name);

}  // namespace gridplus::scenario
