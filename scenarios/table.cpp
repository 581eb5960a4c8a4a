#include "scenarios/table.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/core/unit.hpp"

namespace gridplus::scenario {

namespace {

/// What a header cell says: `fuel_curve [MW:GJ/h]` is key, unit, y_unit.
struct Column {
  std::string key, unit, y_unit;
};

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

Column parse_header_cell(const csv::Reader& table, std::size_t i) {
  const std::string& cell = table.header()[i];
  const std::size_t open = cell.find('[');
  if (open == std::string::npos) return {cell, {}, {}};
  if (cell.back() != ']')
    throw InputError(Diagnostic{table.where_header(i),
                                {},
                                fmt::format("the column '{}' has a '[' without a ']'", cell),
                                "a key with its unit, such as 'capacity [MW]'",
                                {}});
  const std::string units = cell.substr(open + 1, cell.size() - open - 2);
  const std::size_t colon = units.find(':');
  if (colon == std::string::npos) return {trimmed(std::string_view(cell).substr(0, open)), trimmed(units), {}};
  return {trimmed(std::string_view(cell).substr(0, open)), trimmed(units.substr(0, colon)),
          trimmed(units.substr(colon + 1))};
}

bool is_number(std::string_view text) {
  try {
    (void)parse_number(text);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

std::string with_unit(std::string_view cell, const std::string& unit) {
  if (unit.empty() || unit == "1" || !is_number(cell)) return std::string(cell);
  return fmt::format("{} {}", cell, unit);
}

class TableReader {
 public:
  TableReader(Assembled& document, const AssembleOptions& options) : document_(document), options_(options) {}

  /// Appends the rows of the table that `entry` names to `rows`.
  void expand(const Node& entry, std::vector<Node>& rows) {
    const Node& name = *entry.find("table");
    if (!name.is_scalar())
      throw InputError(Diagnostic{
          name.where(), "table", fmt::format("{} is given", name.described()), "the name of a CSV file", {}});
    const SourceFile& from = *name.file;
    const std::string key = find_file(name);
    const std::string shown = shown_name(from, name.text);
    const SourceFile& source =
        document_.sources.emplace_back(SourceFile{shown, from.files, from.files->folder_of(key)});
    csv::Reader table = from.files->open_table(key, shown, options_.table);
    document_.texts.emplace_back(shown, from.files->read(key, options_.table.largest_file_bytes));
    std::vector<Column> columns;
    for (std::size_t i = 0; i < table.header().size(); ++i) columns.push_back(parse_header_cell(table, i));
    while (table.next()) rows.push_back(make_row(table, columns, entry, source));
  }

 private:
  static std::string find_file(const Node& name) {
    try {
      return name.file->files->find(name.file->folder, name.text);
    } catch (const std::invalid_argument& error) {
      throw InputError(Diagnostic{name.where(), "table", error.what(), "a CSV file in the scenario's folder", {}});
    }
  }

  Node make_row(const csv::Reader& table, const std::vector<Column>& columns, const Node& entry,
                const SourceFile& source) {
    Node row;
    row.kind = Node::Kind::map;
    row.file = &source;
    row.line = table.where(0).line;
    row.column = 1;
    row.members.reserve(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string_view cell = table.row()[i];
      if (cell.empty() || columns[i].key.empty()) continue;
      const SourceLocation where = table.where(i);
      count_cell(where);
      row.members.push_back(
          {columns[i].key, where.line, where.column, &source, make_value(cell, columns[i], where, source)});
    }
    for (const Member& member : entry.members)
      if (member.key != "table" && row.find(member.key) == nullptr) row.members.push_back(member);
    return row;
  }

  void count_cell(const SourceLocation& where) {
    if (++cells_ > options_.most_cells)
      throw InputError(
          Diagnostic{where, {}, fmt::format("the tables have more than {} cells", options_.most_cells), {}, {}});
  }

  static Node scalar(std::string text, const SourceLocation& where, const SourceFile& source) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.line = where.line;
    node.column = where.column;
    node.file = &source;
    return node;
  }

  static Node make_value(std::string_view cell, const Column& column, const SourceLocation& where,
                         const SourceFile& source) {
    if (column.y_unit.empty()) return scalar(with_unit(cell, column.unit), where, source);
    Node curve = scalar({}, where, source);
    curve.kind = Node::Kind::list;
    for (std::size_t at = 0; at < cell.size();) {
      const std::size_t end = std::min(cell.find(' ', at), cell.size());
      const std::string_view point = cell.substr(at, end - at);
      at = end + 1;
      if (point.empty()) continue;
      const std::size_t colon = point.find(':');
      if (colon == std::string_view::npos)
        throw InputError(Diagnostic{where,
                                    column.key,
                                    fmt::format("'{}' is no point of a curve", point),
                                    "points such as 8:110.6 12:150.2",
                                    {}});
      Node pair = scalar({}, where, source);
      pair.kind = Node::Kind::list;
      pair.items.push_back(scalar(with_unit(point.substr(0, colon), column.unit), where, source));
      pair.items.push_back(scalar(with_unit(point.substr(colon + 1), column.y_unit), where, source));
      curve.items.push_back(std::move(pair));
    }
    return curve;
  }

  Assembled& document_;
  const AssembleOptions& options_;
  std::size_t cells_ = 0;
};

void expand_list(Node* list, TableReader& reader, Diagnostics& problems) {
  if (list == nullptr || !list->is_list()) return;
  std::vector<Node> entries;
  for (Node& entry : list->items) {
    if (!entry.is_map() || entry.find("table") == nullptr) {
      entries.push_back(std::move(entry));
      continue;
    }
    try {
      reader.expand(entry, entries);
    } catch (const InputError& error) {
      for (const Diagnostic& diagnostic : error.diagnostics()) problems.add(diagnostic);
    } catch (const IoError& error) {
      problems.add({entry.where(), "table", error.what(), {}, {}});
    }
  }
  list->items = std::move(entries);
}

}  // namespace

void expand_tables(Assembled& document, const AssembleOptions& options, Diagnostics& problems) {
  TableReader reader(document, options);
  for (const char* key : {"producers", "consumers", "storage"}) expand_list(document.root.find(key), reader, problems);
  Node* const grid = document.root.find("grid");
  if (grid == nullptr) return;
  for (const char* key : {"buses", "branches", "dc_links"}) expand_list(grid->find(key), reader, problems);
}

}  // namespace gridplus::scenario
