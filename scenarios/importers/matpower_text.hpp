// The text of a MATPOWER case file as fields: the first half of the parser, without knowledge of buses and branches.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/core/error.hpp"

namespace gridplus::matpower {

/// A matrix of numbers, row by row.
struct Matrix {
  std::size_t columns = 0;
  std::vector<double> values;
  std::vector<int> row_line;  ///< line of the file where each row begins

  [[nodiscard]] std::size_t rows() const { return row_line.size(); }
  [[nodiscard]] double at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
  double& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
};

/// A cell array of strings; rows may differ in length.
struct CellArray {
  std::vector<std::vector<std::string>> rows;
  std::vector<int> row_line;
};

/// What was assigned to one `mpc.` field.
struct Field {
  std::variant<double, std::string, Matrix, CellArray> value;
  int line = 0;
};

/// All fields of a file by their name without `mpc.`, after its closing conversion statements.
struct Document {
  std::string function_name;
  std::map<std::string, Field, std::less<>> fields;
};

/// Throws InputError at the first statement that is neither data nor a known conversion.
[[nodiscard]] Document parse_text(std::string_view text, const std::string& file);

}  // namespace gridplus::matpower
