#include "scenarios/importers/scenario_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>

#include "scenarios/csv.hpp"
#include "sim/core/error.hpp"

namespace gridplus::foreign {

namespace {

void append_number(std::string& out, double value) {
  if (value == 0.0) value = 0.0;  // -0 has no meaning to people
  const double size = std::abs(value);
  const bool plain = value == 0.0 || (size >= 1e-5 && size < 1e15);
  std::array<char, 32> digits;
  char* const last = digits.data() + digits.size();
  const auto end = plain ? std::to_chars(digits.data(), last, value, std::chars_format::fixed).ptr
                         : std::to_chars(digits.data(), last, value).ptr;
  out.append(digits.data(), end);
}

/// Whether YAML reads `text` as a plain string: a word of letters that is none of its keywords.
bool plain_yaml(std::string_view text) {
  static constexpr std::array<std::string_view, 10> words = {"true", "false", "null", "yes", "no",
                                                             "on",   "off",   "y",    "n",   "~"};
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return false;
  if (!std::all_of(text.begin(), text.end(),
                   [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; }))
    return false;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return std::find(words.begin(), words.end(), lower) == words.end();
}

}  // namespace

std::string number_text(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string quantity_text(double value, std::string_view unit) {
  return fmt::format("{} {}", number_text(value), unit);
}

std::string yaml_text(std::string_view text) {
  if (plain_yaml(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string series_cell(std::string_view file, std::string_view column, double factor, std::string_view unit) {
  if (factor == 1.0 && unit.empty()) return fmt::format("{}#{}", file, column);
  if (unit.empty()) return fmt::format("{}#{} * {}", file, column, number_text(factor));
  return fmt::format("{}#{} * {} {}", file, column, number_text(factor), unit);
}

TableText::TableText(std::initializer_list<std::string_view> header) : columns_(header.size()) {
  append(header);
  rows_ = 0;
}

TableText::TableText(const std::vector<std::string>& header) : columns_(header.size()) {
  append(header);
  rows_ = 0;
}

template <class Cells>
void TableText::append(const Cells& cells) {
  ensure(cells.size() == columns_, "a row of an imported table has the cells of its header");
  bool first = true;
  for (const auto& cell : cells) {
    if (!first) text_ += ',';
    first = false;
    text_ += csv::quoted(cell);
  }
  text_ += '\n';
  ++rows_;
}

void TableText::add(std::initializer_list<std::string> cells) {
  append(cells);
}

void TableText::add(const std::vector<std::string>& cells) {
  append(cells);
}

std::string time_text(ZonedTime time) {
  const CivilTime local = civil(time);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}", local.year, local.month, local.day, local.hour, local.minute);
  if (local.second != 0) fmt::format_to(std::back_inserter(out), ":{:02}", local.second);
  if (time.offset_s == 0) return out + 'Z';
  const int minutes = std::abs(time.offset_s) / 60;
  return fmt::format("{}{}{:02}:{:02}", out, time.offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string series_text(ZonedTime start, std::int64_t step_s, const std::vector<SeriesColumn>& columns) {
  std::string out = "time";
  for (const SeriesColumn& column : columns) out += ',' + csv::quoted(column.header);
  out += '\n';
  const std::size_t rows = columns.empty() ? 0 : columns.front().values.size();
  for (std::size_t row = 0; row < rows; ++row) {
    out += time_text({start.utc + static_cast<std::int64_t>(row) * step_s, start.offset_s});
    for (const SeriesColumn& column : columns) {
      out += ',';
      append_number(out, column.values[row]);
    }
    out += '\n';
  }
  return out;
}

}  // namespace gridplus::foreign
