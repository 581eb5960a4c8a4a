// What importers read: small CSV tables of foreign folders, held whole, with the place of each cell for messages.
#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/core/error.hpp"

namespace gridplus::foreign {

/// A table in memory. Problems of single cells are collected, so that all are told in one go.
class SourceTable {
 public:
  /// Reads a file; `name` stands for it in messages. Throws IoError, or InputError for what is no table.
  static SourceTable read(const std::filesystem::path& file, std::string name, Diagnostics& problems);

  [[nodiscard]] std::size_t rows() const { return row_count_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }

  /// The column of that name. Throws InputError that names near columns if there is none.
  [[nodiscard]] std::size_t need(std::string_view column) const;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view column) const;

  [[nodiscard]] std::string_view text(std::size_t row, std::size_t column) const {
    return cells_[row * header_.size() + column];
  }
  [[nodiscard]] std::string_view text(std::size_t row, std::string_view column) const {
    return text(row, need(column));
  }
  /// Whether the cell says nothing: empty, `NULL`, `NA` or `NaN`.
  [[nodiscard]] bool blank(std::size_t row, std::size_t column) const;
  /// The cell as a number; a problem is noted, and 0 returned, where it is none.
  [[nodiscard]] double number(std::size_t row, std::string_view column) const;
  /// The same, but `otherwise` where the column does not exist or the cell is blank.
  [[nodiscard]] double number_or(std::size_t row, std::string_view column, double otherwise) const;
  [[nodiscard]] SourceLocation where(std::size_t row, std::size_t column) const;
  /// Notes a problem with a cell.
  void blame(std::size_t row, std::string_view column, std::string problem, std::string allowed = {},
             std::string hint = {}) const;

 private:
  [[nodiscard]] double cell_number(std::size_t row, std::size_t column) const;

  std::string name_;
  Diagnostics* problems_ = nullptr;
  std::vector<std::string> header_;
  std::vector<std::string> cells_;
  struct Place {
    int line, column;
  };
  std::vector<Place> places_;
  std::size_t row_count_ = 0;
};

/// Names to the row that holds them, from a column of a table. Doubled and empty names are noted as problems.
class NameIndex {
 public:
  NameIndex(const SourceTable& table, std::string_view column);
  /// The row of that name.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  /// The row named in a cell of another table; where there is none a problem is noted, `what` saying what was looked
  /// for (`bus`).
  [[nodiscard]] std::optional<std::size_t> need(const SourceTable& table, std::size_t row, std::string_view column,
                                                std::string_view what) const;

 private:
  std::unordered_map<std::string, std::size_t> rows_;
  std::vector<std::string> names_;
  std::string table_name_;
};

/// A foreign folder. Files are found without regard to letter case, and never outside the folder.
class SourceFolder {
 public:
  /// Throws IoError if `root` is no folder.
  explicit SourceFolder(std::filesystem::path root);
  /// The file at `relative` (with '/'), or nothing. A folder in it that does not exist is an answer, not an error.
  [[nodiscard]] std::optional<std::filesystem::path> find(std::string_view relative) const;
  /// Reads a table. Throws InputError that says which file is missing and which are there.
  [[nodiscard]] SourceTable need(std::string_view relative, Diagnostics& problems) const;
  /// The names of the files directly in `relative`, sorted.
  [[nodiscard]] std::vector<std::string> list(std::string_view relative) const;
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

/// The whole file as text. Throws IoError.
[[nodiscard]] std::string read_text(const std::filesystem::path& file);

/// `text` in lower case (ASCII).
[[nodiscard]] std::string lower_case(std::string_view text);

/// Whether both are the same but for letter case (ASCII).
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);

}  // namespace gridplus::foreign
