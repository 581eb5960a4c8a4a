// Reading CSV tables (RFC 4180) row by row in bounded memory: time series, device tables, and what importers read.
//
// Cells are divided by `,`, or by `;` where the header has more of these than of `,`. Cells may be quoted with `"`,
// `""` standing for one quote; lines end in LF or CRLF; a UTF-8 byte order mark is skipped; blank lines are skipped.
// White space around an unquoted cell is not part of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/error.hpp"

namespace gridplus::csv {

struct Limits {
  std::size_t largest_file_bytes = std::size_t{512} << 20;
  std::size_t longest_row_bytes = std::size_t{1} << 20;
  std::size_t most_columns = 65536;
};

/// A table read from its first to its last row. Only the current row is held.
class Reader {
 public:
  /// Opens a file and reads its header. Throws IoError if it cannot be read; InputError if it is larger than the
  /// limits, empty, or no text. `name` stands for the file in messages; by default its path.
  [[nodiscard]] static Reader open(const std::filesystem::path& file, std::string name = {}, const Limits& limits = {});
  /// Reads from `text`, which must outlive the reader. Throws InputError as `open`.
  [[nodiscard]] static Reader over(std::string_view text, std::string name, const Limits& limits = {});
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  /// The names of the columns, in order.
  [[nodiscard]] std::span<const std::string> header() const;
  /// The column of that name, without regard to letter case where no exact match exists.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view column) const;
  /// As `find`, but throws InputError that names near columns.
  [[nodiscard]] std::size_t need(std::string_view column) const;

  /// Moves to the next row; false at the end. Throws InputError for a row whose number of cells is not the header's, an
  /// open quote, a NUL byte, or a row above the limits.
  [[nodiscard]] bool next();
  /// The cells of the current row, one per column; valid until the next call of next().
  [[nodiscard]] std::span<const std::string_view> row() const;
  /// Where a cell of the current row begins.
  [[nodiscard]] SourceLocation where(std::size_t column) const;
  /// Where a column's name stands in the header.
  [[nodiscard]] SourceLocation where_header(std::size_t column) const;
  /// A cell of the current row as a finite number. Throws InputError with the cell's place.
  [[nodiscard]] double number(std::size_t column) const;

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The cell as it must be written so that it is read back the same: quoted where it holds a divider, quote or line end.
[[nodiscard]] std::string quoted(std::string_view cell);

}  // namespace gridplus::csv
