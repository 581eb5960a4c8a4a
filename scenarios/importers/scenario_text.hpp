// What importers write: CSV tables and YAML text of a scenario folder.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/calendar.hpp"

namespace gridplus::foreign {

/// The shortest decimal text that reads back as the same double, without an exponent where that is readable; `-0` is
/// written `0`.
[[nodiscard]] std::string number_text(double value);

/// `value` followed by its unit: `12.5 MW`.
[[nodiscard]] std::string quantity_text(double value, std::string_view unit);

/// A YAML scalar that is read back as the string `text`, quoted where it must be.
[[nodiscard]] std::string yaml_text(std::string_view text);

/// A series in a table's cell: `file.csv#column * 0.25 MW`. An empty unit leaves a plain factor; a factor of 1 without
/// unit is left out.
[[nodiscard]] std::string series_cell(std::string_view file, std::string_view column, double factor,
                                      std::string_view unit = {});

/// A CSV table written row by row.
class TableText {
 public:
  explicit TableText(std::initializer_list<std::string_view> header);
  explicit TableText(const std::vector<std::string>& header);
  /// One row; as many cells as the header has.
  void add(std::initializer_list<std::string> cells);
  void add(const std::vector<std::string>& cells);
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  template <class Cells>
  void append(const Cells& cells);

  std::size_t columns_;
  std::size_t rows_ = 0;
  std::string text_;
};

/// Text of `2020-01-01T00:00-07:00`, without seconds where they are zero.
[[nodiscard]] std::string time_text(ZonedTime time);

/// One series to write: its header with unit in brackets, and its values.
struct SeriesColumn {
  std::string header;
  std::vector<double> values;
};

/// A time series file: the begin of each row's step, then the columns. All columns have the same length.
[[nodiscard]] std::string series_text(ZonedTime start, std::int64_t step_s, const std::vector<SeriesColumn>& columns);

}  // namespace gridplus::foreign
