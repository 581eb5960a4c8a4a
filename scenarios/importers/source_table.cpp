#include "scenarios/importers/source_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "scenarios/csv.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::foreign {

namespace fs = std::filesystem;

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return out;
}

bool same_word(std::string_view a, std::string_view b) {
  return lower_case(a) == lower_case(b);
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw IoError(fmt::format("cannot read '{}'", file.string()));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

SourceTable SourceTable::read(const fs::path& file, std::string name, Diagnostics& problems) {
  SourceTable table;
  csv::Reader reader = csv::Reader::open(file, name);
  table.name_ = std::move(name);
  table.problems_ = &problems;
  table.header_.assign(reader.header().begin(), reader.header().end());
  while (reader.next()) {
    const auto row = reader.row();
    for (std::size_t c = 0; c < row.size(); ++c) {
      table.cells_.emplace_back(row[c]);
      const SourceLocation at = reader.where(c);
      table.places_.push_back({at.line, at.column});
    }
    ++table.row_count_;
  }
  return table;
}

std::optional<std::size_t> SourceTable::find(std::string_view column) const {
  for (std::size_t c = 0; c < header_.size(); ++c)
    if (header_[c] == column) return c;
  for (std::size_t c = 0; c < header_.size(); ++c)
    if (same_word(header_[c], column)) return c;
  return {};
}

std::size_t SourceTable::need(std::string_view column) const {
  if (const auto c = find(column)) return *c;
  throw InputError(Diagnostic{{name_, 1, 1},
                              {},
                              fmt::format("the column '{}' is missing", column),
                              fmt::format("the columns of the format; this table has: {}", fmt::join(header_, ", ")),
                              did_you_mean(column, header_)});
}

bool SourceTable::blank(std::size_t row, std::size_t column) const {
  const std::string_view cell = text(row, column);
  return cell.empty() || same_word(cell, "NULL") || same_word(cell, "NA") || same_word(cell, "NaN");
}

double SourceTable::cell_number(std::size_t row, std::size_t column) const {
  try {
    return parse_number(text(row, column));
  } catch (const std::invalid_argument& error) {
    problems_->add({where(row, column), header_[column], error.what(), "a finite decimal number", {}});
    return 0.0;
  }
}

double SourceTable::number(std::size_t row, std::string_view column) const {
  return cell_number(row, need(column));
}

double SourceTable::number_or(std::size_t row, std::string_view column, double otherwise) const {
  const auto c = find(column);
  return !c || blank(row, *c) ? otherwise : cell_number(row, *c);
}

SourceLocation SourceTable::where(std::size_t row, std::size_t column) const {
  const Place place = places_[row * header_.size() + column];
  return {name_, place.line, place.column};
}

void SourceTable::blame(std::size_t row, std::string_view column, std::string problem, std::string allowed,
                        std::string hint) const {
  problems_->add(
      {where(row, need(column)), std::string(column), std::move(problem), std::move(allowed), std::move(hint)});
}

NameIndex::NameIndex(const SourceTable& table, std::string_view column) : table_name_(table.name()) {
  const std::size_t c = table.need(column);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string name(table.text(row, c));
    if (table.blank(row, c))
      table.blame(row, column, "the name is empty", "a name of its own for each row");
    else if (!rows_.emplace(name, row).second)
      table.blame(row, column,
                  fmt::format("'{}' stands here twice, first in line {}", name, table.where(rows_.at(name), c).line),
                  "a name of its own for each row");
    else
      names_.push_back(name);
  }
}

std::optional<std::size_t> NameIndex::find(std::string_view name) const {
  const auto found = rows_.find(std::string(name));
  if (found == rows_.end()) return {};
  return found->second;
}

std::optional<std::size_t> NameIndex::need(const SourceTable& table, std::size_t row, std::string_view column,
                                           std::string_view what) const {
  const std::string_view name = table.text(row, column);
  const auto found = find(name);
  if (!found)
    table.blame(row, column, fmt::format("there is no {} '{}'", what, name),
                fmt::format("a {} listed in {}", what, table_name_), did_you_mean(name, names_));
  return found;
}

SourceFolder::SourceFolder(fs::path root) : root_(std::move(root)) {
  if (!fs::is_directory(root_)) throw IoError(fmt::format("'{}' is not a folder that can be read", root_.string()));
}

std::optional<fs::path> SourceFolder::find(std::string_view relative) const {
  fs::path at = root_;
  for (const fs::path& part : fs::path(relative)) {
    if (part == ".." || part.is_absolute()) return {};
    if (part == ".") continue;
    if (fs::exists(at / part)) {
      at /= part;
      continue;
    }
    std::vector<fs::path> same;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(at, error))
      if (same_word(entry.path().filename().string(), part.string())) same.push_back(entry.path());
    if (same.empty()) return {};
    at = *std::min_element(same.begin(), same.end());
  }
  return at;
}

SourceTable SourceFolder::need(std::string_view relative, Diagnostics& problems) const {
  const auto file = find(relative);
  if (!file || !fs::is_regular_file(*file)) {
    const auto slash = relative.rfind('/');
    const auto there = list(slash == std::string_view::npos ? "." : relative.substr(0, slash));
    const std::string base(slash == std::string_view::npos ? relative : relative.substr(slash + 1));
    throw InputError(Diagnostic{
        {(root_ / relative).string(), 0, 0},
        {},
        "the file is missing",
        fmt::format("a folder of the format, with this file in it; the folder has: {}", fmt::join(there, ", ")),
        did_you_mean(base, there)});
  }
  return SourceTable::read(*file, std::string(relative), problems);
}

std::vector<std::string> SourceFolder::list(std::string_view relative) const {
  std::vector<std::string> names;
  const auto folder = find(relative);
  if (!folder) return names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(*folder, error))
    if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace gridplus::foreign
