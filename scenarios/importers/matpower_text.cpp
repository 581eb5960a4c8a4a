#include "scenarios/importers/matpower_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace gridplus::matpower {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}

/// A place in the text that moves forward only.
class Cursor {
 public:
  Cursor(std::string_view text, const std::string& file) : text_(text), file_(&file) {}

  [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(position_); }

  void advance(std::size_t count = 1) {
    for (; count > 0 && position_ < text_.size(); --count) {
      if (text_[position_++] == '\n') {
        ++line_;
        line_start_ = position_;
      }
    }
  }

  bool accept(char c) {
    if (at_end() || peek() != c) return false;
    advance();
    return true;
  }

  /// Skips blanks, comments and continued line ends; stops at a line end or at text.
  void skip_blanks() {
    while (!at_end()) {
      const char c = peek();
      if (c == ' ' || c == '\t' || c == '\r') {
        advance();
      } else if (c == '%' || c == '#') {
        skip_comment();
      } else if (c == '.' && peek(1) == '.' && peek(2) == '.') {
        skip_line();
        advance();
      } else {
        return;
      }
    }
  }

  void skip_blanks_and_line_ends() {
    for (skip_blanks(); !at_end() && peek() == '\n'; skip_blanks()) advance();
  }

  std::string_view word() {
    const std::size_t start = position_;
    while (!at_end() && is_word(peek())) advance();
    return text_.substr(start, position_ - start);
  }

  /// What stands here, shortened, for messages.
  [[nodiscard]] std::string here() const {
    constexpr std::size_t k_shown = 24;
    if (at_end()) return "the end of the file";
    std::string_view shown = rest().substr(0, k_shown);
    shown = shown.substr(0, shown.find_first_of("\r\n"));
    std::string printable;
    for (const char c : shown) printable += c >= ' ' && c <= '~' ? c : '?';
    return printable.empty() ? "the end of the line" : fmt::format("'{}'", printable);
  }

  [[noreturn]] void fail(std::string problem, std::string allowed = {}, std::string hint = {}) const {
    const int column = static_cast<int>(std::min<std::size_t>(position_ - line_start_ + 1, 1'000'000));
    throw InputError(Diagnostic{{*file_, line_, column}, {}, std::move(problem), std::move(allowed), std::move(hint)});
  }

 private:
  void skip_line() {
    const std::size_t end = text_.find('\n', position_);
    position_ = end == std::string_view::npos ? text_.size() : end;
  }

  /// A comment to the end of the line, or a block between lines that hold only `%{` and `%}`.
  void skip_comment() {
    int depth = 0;
    do {
      depth += block_mark();
      skip_line();
      if (depth > 0) {
        if (at_end()) fail("a block comment '%{' is not closed", "a line that holds only '%}'");
        advance();
      }
    } while (depth > 0);
  }

  /// +1 if the line here holds only `%{`, -1 if only `%}`, else 0.
  [[nodiscard]] int block_mark() const {
    const std::size_t end = std::min(text_.find('\n', line_start_), text_.size());
    std::string_view line = text_.substr(line_start_, end - line_start_);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    if (line == "%{" || line == "#{") return 1;
    if (line == "%}" || line == "#}") return -1;
    return 0;
  }

  std::string_view text_;
  const std::string* file_;
  std::size_t position_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

/// An unsigned number: digits, `Inf` or `NaN`.
double parse_unsigned(Cursor& cursor) {
  if (is_letter(cursor.peek())) {
    const Cursor before = cursor;
    const std::string_view name = cursor.word();
    if (name == "Inf" || name == "inf") return std::numeric_limits<double>::infinity();
    if (name == "NaN" || name == "nan" || name == "NA") return std::numeric_limits<double>::quiet_NaN();
    before.fail(fmt::format("expected a number, found {}", before.here()), "numbers, Inf and NaN",
                "expressions are not evaluated; write the value");
  }
  const std::string_view rest = cursor.rest();
  double value = 0.0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error == std::errc::result_out_of_range) cursor.fail(fmt::format("{} is too large", cursor.here()));
  if (error != std::errc{}) cursor.fail(fmt::format("expected a number, found {}", cursor.here()));
  cursor.advance(static_cast<std::size_t>(end - rest.data()));
  return value;
}

double parse_number(Cursor& cursor) {
  const bool negative = cursor.accept('-');
  if (!negative) cursor.accept('+');
  if (cursor.peek() == '-' || cursor.peek() == '+')
    cursor.fail(fmt::format("expected a number, found {}", cursor.here()));
  const double value = parse_unsigned(cursor);
  return negative ? -value : value;
}

std::string parse_string(Cursor& cursor) {
  const Cursor opening = cursor;
  const char quote = cursor.peek();
  cursor.advance();
  std::string text;
  for (;;) {
    if (cursor.at_end() || cursor.peek() == '\n') opening.fail("a string is not closed in its line");
    if (cursor.peek() == quote) {
      cursor.advance();
      if (cursor.peek() != quote) return text;  // a doubled quote stands for one
    }
    text += cursor.peek();
    cursor.advance();
  }
}

/// Goes through the items of `[...]` or `{...}`: calls `item()` at each, `end_row()` at each `;` and line end.
template <class Item, class EndRow>
void parse_rows(Cursor& cursor, char closing, const Item& item, const EndRow& end_row) {
  const Cursor opening = cursor;
  cursor.advance();
  bool separated = true;
  for (;;) {
    const std::string_view before = cursor.rest();
    cursor.skip_blanks();
    if (cursor.rest().size() != before.size()) separated = true;
    if (cursor.at_end()) opening.fail(fmt::format("the '{}' opened here is not closed", opening.peek()));
    if (cursor.accept(closing)) break;
    if (cursor.accept(';') || cursor.accept('\n')) {
      end_row();
      separated = true;
    } else if (cursor.accept(',')) {
      separated = true;
    } else {
      if (!separated) {
        cursor.fail(fmt::format("expected a blank, ',' or ';', found {}", cursor.here()), {},
                    "expressions are not evaluated; write the value");
      }
      item();
      separated = false;
    }
  }
  end_row();
}

Matrix parse_matrix(Cursor& cursor) {
  Matrix matrix;
  std::size_t in_row = 0;
  int row_line = 0;
  const auto item = [&] {
    if (in_row++ == 0) row_line = cursor.line();
    matrix.values.push_back(parse_number(cursor));
  };
  const auto end_row = [&] {
    if (in_row == 0) return;
    if (matrix.rows() == 0) matrix.columns = in_row;
    if (in_row != matrix.columns) {
      cursor.fail(fmt::format("the row that begins in line {} has {} columns", row_line, in_row),
                  fmt::format("{} columns, as the first row", matrix.columns));
    }
    matrix.row_line.push_back(row_line);
    in_row = 0;
  };
  parse_rows(cursor, ']', item, end_row);
  return matrix;
}

CellArray parse_cells(Cursor& cursor) {
  CellArray cells;
  std::vector<std::string> row;
  int row_line = 0;
  const auto item = [&] {
    if (row.empty()) row_line = cursor.line();
    if (cursor.peek() == '\'' || cursor.peek() == '"') {
      row.push_back(parse_string(cursor));
    } else {
      row.push_back(fmt::format("{}", parse_number(cursor)));
    }
  };
  const auto end_row = [&] {
    if (row.empty()) return;
    cells.rows.push_back(std::exchange(row, {}));
    cells.row_line.push_back(row_line);
  };
  parse_rows(cursor, '}', item, end_row);
  return cells;
}

/// The columns' names as MATPOWER's idx_bus and idx_brch return them.
constexpr std::string_view k_bus_columns =
    "PQ PV REF NONE BUS_I BUS_TYPE PD QD GS BS BUS_AREA VM VA BASE_KV ZONE VMAX VMIN LAM_P LAM_Q MU_VMAX MU_VMIN";
constexpr std::string_view k_branch_columns =
    "F_BUS T_BUS BR_R BR_X BR_B RATE_A RATE_B RATE_C TAP SHIFT BR_STATUS PF QF PT QT MU_SF MU_ST ANGMIN ANGMAX "
    "MU_ANGMIN MU_ANGMAX";

/// Columns that the conversion statements change, from 0.
constexpr std::size_t k_pd = 2, k_qd = 3, k_base_kv = 9, k_r = 2, k_x = 3;

/// Parses the statements of a file one after the other.
class StatementParser {
 public:
  StatementParser(std::string_view text, const std::string& file) : cursor_(text, file) {}

  Document parse() {
    for (skip_separators(); !cursor_.at_end(); skip_separators()) statement();
    return std::move(document_);
  }

 private:
  void skip_separators() {
    do cursor_.skip_blanks_and_line_ends();
    while (cursor_.accept(';') || cursor_.accept(','));
  }

  void statement() {
    const Cursor start = cursor_;
    const std::string_view name = cursor_.word();
    if (name == "function") return function_header();
    if (name == "mpc" && cursor_.accept('.')) {
      const std::string field = field_name();
      cursor_.skip_blanks();
      if (cursor_.peek() == '=' && cursor_.peek(1) != '=') return assignment(start, field);
    }
    cursor_ = start;
    conversion(start, normalised_statement());
  }

  /// `function mpc = name`
  void function_header() {
    cursor_.skip_blanks();
    const Cursor at = cursor_;
    if (cursor_.peek() == '[') {
      at.fail("the function returns several values: case format version 1",
              "case format version 2, 'function mpc = ...'", "load it in MATPOWER and write it again with savecase");
    }
    const std::string_view result = cursor_.word();
    cursor_.skip_blanks();
    if (result != "mpc" || !cursor_.accept('=')) at.fail("expected 'mpc = ' after 'function'");
    cursor_.skip_blanks();
    document_.function_name = std::string(cursor_.word());
    if (document_.function_name.empty()) cursor_.fail("the function has no name");
    end_of_statement();
  }

  std::string field_name() {
    std::string name(cursor_.word());
    while (cursor_.peek() == '.' && is_letter(cursor_.peek(1))) {
      cursor_.advance();
      name += '.';
      name += cursor_.word();
    }
    return name;
  }

  void assignment(const Cursor& start, const std::string& name) {
    cursor_.advance();
    cursor_.skip_blanks();
    Field field;
    field.line = start.line();
    const char first = cursor_.peek();
    if (first == '[') {
      field.value = parse_matrix(cursor_);
    } else if (first == '{') {
      field.value = parse_cells(cursor_);
    } else if (first == '\'' || first == '"') {
      field.value = parse_string(cursor_);
    } else {
      field.value = parse_number(cursor_);
    }
    end_of_statement();
    const auto [place, added] = document_.fields.emplace(name, std::move(field));
    if (!added) start.fail(fmt::format("mpc.{} was already given in line {}", name, place->second.line));
  }

  void end_of_statement() {
    cursor_.skip_blanks();
    if (cursor_.at_end() || cursor_.accept(';') || cursor_.accept('\n') || cursor_.accept(',')) return;
    cursor_.fail(fmt::format("expected the end of the statement, found {}", cursor_.here()), {},
                 "expressions are not evaluated; write the value");
  }

  /// The statement without blanks and comments, numbers in their shortest form, names in brackets parted by a blank.
  std::string normalised_statement() {
    std::string text;
    int brackets = 0;
    int parentheses = 0;
    for (bool parted = false;;) {
      const std::size_t before = cursor_.rest().size();
      cursor_.skip_blanks();
      parted = parted || cursor_.rest().size() != before;
      const char c = cursor_.peek();
      if (cursor_.at_end() || c == '\n') return text;
      if (brackets <= 0 && parentheses <= 0 && (c == ';' || c == ',')) return text;
      brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
      parentheses += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (brackets > 0 && c == ',') {
        cursor_.advance();
        parted = true;
      } else {
        append_token(text, parted);
        parted = false;
      }
    }
  }

  void append_token(std::string& text, bool parted) {
    const char c = cursor_.peek();
    if (parted && !text.empty() && is_word(text.back()) && is_word(c)) text += ' ';
    if (is_letter(c)) {
      text += cursor_.word();
    } else if (is_digit(c)) {
      text += fmt::format("{}", parse_unsigned(cursor_));
    } else {
      text += c;
      cursor_.advance();
    }
  }

  /// The forms in which MATPOWER's radial cases convert their units.
  void conversion(const Cursor& at, const std::string& text) {
    if (text == fmt::format("[{}]=idx_bus", k_bus_columns) || text == fmt::format("[{}]=idx_brch", k_branch_columns) ||
        text == "define_constants" || text == "end" || text == "endfunction") {
      return;
    }
    if (text == "Vbase=mpc.bus(1,BASE_KV)*1000") {
      const Matrix& bus = matrix(at, "bus", k_base_kv);
      if (bus.rows() == 0) at.fail("mpc.bus has no rows");
      volt_base_ = bus.at(0, k_base_kv) * 1e3;
    } else if (text == "Sbase=mpc.baseMVA*1000000") {
      power_base_ = scalar(at, "baseMVA") * 1e6;
    } else if (text == "mpc.branch(:,[BR_R BR_X])=mpc.branch(:,[BR_R BR_X])/(Vbase^2/Sbase)") {
      const double volt = variable(at, "Vbase", volt_base_);
      const double ohm = volt * volt / variable(at, "Sbase", power_base_);
      each_row(matrix(at, "branch", k_x), [ohm](Matrix& m, std::size_t i) {
        m.at(i, k_r) /= ohm;
        m.at(i, k_x) /= ohm;
      });
    } else if (text == "mpc.bus(:,[PD QD])=mpc.bus(:,[PD QD])/1000") {
      each_row(matrix(at, "bus", k_qd), [](Matrix& m, std::size_t i) {
        m.at(i, k_pd) /= 1e3;
        m.at(i, k_qd) /= 1e3;
      });
    } else if (text == "mpc.bus(:,QD)=mpc.bus(:,PD)*sin(acos(pf))") {
      const double factor = std::sin(std::acos(variable(at, "pf", power_factor_)));
      each_row(matrix(at, "bus", k_qd), [factor](Matrix& m, std::size_t i) { m.at(i, k_qd) = m.at(i, k_pd) * factor; });
    } else if (text == "mpc.bus(:,PD)=mpc.bus(:,PD)*pf") {
      const double factor = variable(at, "pf", power_factor_);
      each_row(matrix(at, "bus", k_pd), [factor](Matrix& m, std::size_t i) { m.at(i, k_pd) *= factor; });
    } else if (!power_factor(text)) {
      at.fail(fmt::format("the statement {} is neither data nor a conversion known here", at.here()),
              "mpc.NAME = number, string, matrix or cell array; the unit conversions of MATPOWER's radial cases",
              "a file is never evaluated; load it in MATPOWER and write its values with savecase");
    }
  }

  /// `pf=0.85`
  bool power_factor(std::string_view text) {
    if (!text.starts_with("pf=")) return false;
    text.remove_prefix(3);
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value > 0.0 && value <= 1.0)) return false;
    power_factor_ = value;
    return true;
  }

  template <class Change>
  static void each_row(Matrix& matrix, const Change& change) {
    for (std::size_t i = 0; i < matrix.rows(); ++i) change(matrix, i);
  }

  Matrix& matrix(const Cursor& at, std::string_view name, std::size_t column) {
    const auto field = document_.fields.find(name);
    auto* found = field == document_.fields.end() ? nullptr : std::get_if<Matrix>(&field->second.value);
    if (found == nullptr) at.fail(fmt::format("mpc.{} is used before it is given as a matrix", name));
    if (found->rows() > 0 && found->columns <= column) at.fail(fmt::format("mpc.{} has too few columns", name));
    return *found;
  }

  double scalar(const Cursor& at, std::string_view name) const {
    const auto field = document_.fields.find(name);
    const auto* found = field == document_.fields.end() ? nullptr : std::get_if<double>(&field->second.value);
    if (found == nullptr) at.fail(fmt::format("mpc.{} is used before it is given as a number", name));
    return *found;
  }

  static double variable(const Cursor& at, std::string_view name, const std::optional<double>& value) {
    if (!value) at.fail(fmt::format("{} is used before it is given", name));
    return *value;
  }

  Cursor cursor_;
  Document document_;
  std::optional<double> volt_base_, power_base_, power_factor_;
};

}  // namespace

Document parse_text(std::string_view text, const std::string& file) {
  return StatementParser(text, file).parse();
}

}  // namespace gridplus::matpower
