#include "scenarios/importers/matpower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "scenarios/importers/matpower_text.hpp"

namespace gridplus::matpower {

namespace {

/// Reads one row of a matrix field; reports what is out of range with its line and column.
class Row {
 public:
  Row(const Matrix& matrix, std::size_t row, std::string_view field, const std::string& file, Diagnostics& diagnostics)
      : matrix_(matrix), row_(row), field_(field), file_(file), diagnostics_(diagnostics) {}

  [[nodiscard]] int line() const { return matrix_.row_line[row_]; }
  [[nodiscard]] std::size_t columns() const { return matrix_.columns; }
  [[nodiscard]] double raw(std::size_t column) const { return matrix_.at(row_, column); }

  /// A finite number; `missing` where the matrix has no such column.
  double finite(std::size_t column, std::string_view name, double missing = 0.0) {
    if (column >= columns()) return missing;
    if (!std::isfinite(raw(column))) fail(column, name, "a finite number");
    return raw(column);
  }
  /// A number or plus or minus infinity.
  double limit(std::size_t column, std::string_view name) {
    if (std::isnan(raw(column))) fail(column, name, "a number, Inf or -Inf");
    return raw(column);
  }
  /// A finite number >= 0; infinity counts as 0, which means unlimited.
  double rating(std::size_t column, std::string_view name) {
    if (!(raw(column) >= 0.0)) fail(column, name, "0 (unlimited) or above");
    return std::isfinite(raw(column)) ? raw(column) : 0.0;
  }
  int integer(std::size_t column, std::string_view name, int least, int most) {
    const double value = raw(column);
    if (value >= least && value <= most && value == std::floor(value)) return static_cast<int>(value);
    fail(column, name, fmt::format("a whole number from {} to {}", least, most));
    return least;
  }

  void fail(std::size_t column, std::string_view name, std::string allowed) {
    diagnostics_.add({{file_, line(), 1},
                      fmt::format("mpc.{}({}, {})", field_, row_ + 1, column + 1),
                      fmt::format("{} is {}", name, raw(column)),
                      std::move(allowed),
                      {}});
  }
  void fail(std::string problem, std::string allowed) {
    diagnostics_.add({{file_, line(), 1},
                      fmt::format("mpc.{}({}, :)", field_, row_ + 1),
                      std::move(problem),
                      std::move(allowed),
                      {}});
  }

 private:
  const Matrix& matrix_;
  std::size_t row_;
  std::string_view field_;
  const std::string& file_;
  Diagnostics& diagnostics_;
};

constexpr int k_largest_number = 2'000'000'000;
/// More problems than this are not listed: the file is of another kind.
constexpr std::size_t k_most_problems = 200;

Bus to_bus(Row& row) {
  Bus bus;
  bus.number = row.integer(0, "the bus number", 1, k_largest_number);
  bus.type = row.integer(1, "the bus type", 1, 4);
  bus.pd_mw = row.finite(2, "the demand Pd");
  bus.qd_mvar = row.finite(3, "the demand Qd");
  bus.gs_mw = row.finite(4, "the shunt Gs");
  bus.bs_mvar = row.finite(5, "the shunt Bs");
  bus.area = row.integer(6, "the area", -k_largest_number, k_largest_number);
  bus.vm_pu = row.finite(7, "the voltage Vm");
  bus.va_deg = row.finite(8, "the angle Va");
  bus.base_kv = row.finite(9, "baseKV");
  bus.zone = row.integer(10, "the zone", -k_largest_number, k_largest_number);
  bus.vm_max_pu = row.finite(11, "Vmax");
  bus.vm_min_pu = row.finite(12, "Vmin");
  bus.line = row.line();
  if (bus.base_kv < 0.0) row.fail(9, "baseKV", "0 (not given) or above");
  return bus;
}

Generator to_generator(Row& row) {
  Generator unit;
  unit.bus = row.integer(0, "the bus number", 1, k_largest_number);
  unit.pg_mw = row.finite(1, "the output Pg");
  unit.qg_mvar = row.finite(2, "the output Qg");
  unit.q_max_mvar = row.limit(3, "Qmax");
  unit.q_min_mvar = row.limit(4, "Qmin");
  unit.vg_pu = row.finite(5, "the set point Vg");
  unit.mbase_mva = row.finite(6, "mBase");
  unit.in_service = row.finite(7, "the status") > 0.0;
  unit.p_max_mw = row.limit(8, "Pmax");
  unit.p_min_mw = row.limit(9, "Pmin");
  unit.ramp_10_mw = row.finite(17, "ramp_10");
  unit.ramp_30_mw = row.finite(18, "ramp_30");
  unit.line = row.line();
  if (unit.q_min_mvar > unit.q_max_mvar && unit.in_service) row.fail(4, "Qmin", "at most Qmax");
  if (unit.in_service && unit.vg_pu <= 0.0) row.fail(5, "the set point Vg", "above 0");
  return unit;
}

Branch to_branch(Row& row) {
  Branch branch;
  branch.from = row.integer(0, "the from bus", 1, k_largest_number);
  branch.to = row.integer(1, "the to bus", 1, k_largest_number);
  branch.r_pu = row.finite(2, "the resistance r");
  branch.x_pu = row.finite(3, "the reactance x");
  branch.b_pu = row.finite(4, "the charging b");
  branch.rate_a_mva = row.rating(5, "rateA");
  branch.rate_b_mva = row.rating(6, "rateB");
  branch.rate_c_mva = row.rating(7, "rateC");
  branch.ratio = row.finite(8, "the ratio");
  branch.shift_deg = row.finite(9, "the phase shift");
  branch.in_service = row.finite(10, "the status") != 0.0;
  branch.line = row.line();
  if (row.columns() >= 13) {
    branch.angle_min_deg = row.limit(11, "angmin");
    branch.angle_max_deg = row.limit(12, "angmax");
  }
  if (branch.ratio < 0.0) row.fail(8, "the ratio", "0 (a line) or above");
  return branch;
}

DcLine to_dc_line(Row& row) {
  DcLine line;
  line.from = row.integer(0, "the from bus", 1, k_largest_number);
  line.to = row.integer(1, "the to bus", 1, k_largest_number);
  line.in_service = row.finite(2, "the status") > 0.0;
  line.p_from_mw = row.finite(3, "Pf");
  line.p_to_mw = row.finite(4, "Pt");
  line.q_from_mvar = row.finite(5, "Qf");
  line.q_to_mvar = row.finite(6, "Qt");
  line.vm_from_pu = row.finite(7, "Vf");
  line.vm_to_pu = row.finite(8, "Vt");
  line.p_min_mw = row.limit(9, "Pmin");
  line.p_max_mw = row.limit(10, "Pmax");
  line.loss_mw = row.finite(15, "loss0");
  line.loss_share = row.finite(16, "loss1");
  line.line = row.line();
  return line;
}

void read_points(Row& row, std::size_t count, GeneratorCost& cost) {
  for (std::size_t i = 0; i < count; ++i) {
    const double p_mw = row.finite(4 + 2 * i, "the power of a cost point");
    if (i > 0 && !(p_mw > cost.points.back().p_mw)) {
      row.fail(4 + 2 * i, "the power of a cost point", "ascending powers");
    }
    cost.points.push_back({p_mw, row.finite(5 + 2 * i, "the cost of a cost point")});
  }
}

GeneratorCost to_cost(Row& row) {
  constexpr std::size_t k_first = 4;
  GeneratorCost cost;
  const int model = row.integer(0, "the cost model", 1, 2);
  cost.startup = row.finite(1, "the start-up cost");
  cost.shutdown = row.finite(2, "the shut-down cost");
  cost.line = row.line();
  const bool points = model == 1;
  const std::size_t room = (row.columns() - k_first) / (points ? 2 : 1);
  const auto count = static_cast<std::size_t>(row.integer(3, "the count of cost figures", 1, k_largest_number));
  if (count > room) {
    row.fail(3, "the count of cost figures", fmt::format("at most {} in {} columns", room, row.columns()));
  } else if (points) {
    if (count < 2) row.fail(3, "the count of cost points", "at least 2");
    read_points(row, count, cost);
  } else {
    for (std::size_t i = 0; i < count; ++i) cost.polynomial.push_back(row.finite(k_first + i, "a cost coefficient"));
  }
  return cost;
}

/// Turns the fields of a document into a case.
class CaseReader {
 public:
  CaseReader(const Document& document, const std::string& file) : document_(document), file_(file) {}

  Case read() {
    Case data;
    data.file = file_;
    data.name = document_.function_name;
    check_version();
    data.base_mva = read_base_mva();
    data.buses = read_rows<Bus>("bus", 13, true, to_bus);
    data.generators = read_rows<Generator>("gen", 10, true, to_generator);
    data.branches = read_rows<Branch>("branch", 11, true, to_branch);
    data.dc_lines = read_rows<DcLine>("dcline", 17, false, to_dc_line);
    read_costs(data);
    data.bus_names = read_names("bus_name", 0, data.buses.size());
    data.generator_names = read_names("gen_name", 0, data.generators.size());
    data.generator_types = read_names("gentype", 0, data.generators.size());
    data.generator_fuels = read_names("genfuel", 0, data.generators.size());
    if (data.generator_types.empty()) data.generator_types = read_names("gen_name", 1, data.generators.size());
    if (data.generator_fuels.empty()) data.generator_fuels = read_names("gen_name", 2, data.generators.size());
    check_buses(data);
    diagnostics_.throw_if_any();
    return data;
  }

 private:
  const Field* find(std::string_view name) const {
    const auto place = document_.fields.find(name);
    return place == document_.fields.end() ? nullptr : &place->second;
  }

  void fail(int line, std::string_view name, std::string problem, std::string allowed, std::string hint = {}) {
    diagnostics_.add({{file_, line, line > 0 ? 1 : 0},
                      fmt::format("mpc.{}", name),
                      std::move(problem),
                      std::move(allowed),
                      std::move(hint)});
  }

  void check_version() {
    const Field* field = find("version");
    if (field == nullptr) return;
    const auto* text = std::get_if<std::string>(&field->value);
    if (text == nullptr || *text != "2") {
      fail(field->line, "version", "the case format is not version 2", "'2'",
           "load the case in MATPOWER and write it again with savecase");
    }
  }

  double read_base_mva() {
    const Field* field = find("baseMVA");
    const auto* value = field == nullptr ? nullptr : std::get_if<double>(&field->value);
    if (value != nullptr && std::isfinite(*value) && *value > 0.0) return *value;
    fail(field == nullptr ? 0 : field->line, "baseMVA", "the base power is missing or not usable", "a number above 0");
    return 1.0;
  }

  const Matrix* find_matrix(std::string_view name, std::size_t least_columns, bool needed) {
    const Field* field = find(name);
    if (field == nullptr) {
      if (needed) fail(0, name, "the case has no such matrix", "a MATPOWER case with bus, gen and branch");
      return nullptr;
    }
    const auto* matrix = std::get_if<Matrix>(&field->value);
    if (matrix == nullptr) {
      fail(field->line, name, "it is not a matrix of numbers", "[ ... ]");
    } else if (matrix->rows() > 0 && matrix->columns < least_columns) {
      fail(field->line, name, fmt::format("it has {} columns", matrix->columns),
           fmt::format("at least {} columns", least_columns));
      return nullptr;
    }
    return matrix;
  }

  template <class Item>
  std::vector<Item> read_rows(std::string_view name, std::size_t least_columns, bool needed, Item (*convert)(Row&)) {
    std::vector<Item> items;
    const Matrix* matrix = find_matrix(name, least_columns, needed);
    if (matrix == nullptr) return items;
    items.reserve(matrix->rows());
    for (std::size_t i = 0; i < matrix->rows() && diagnostics_.size() < k_most_problems; ++i) {
      Row row(*matrix, i, name, file_, diagnostics_);
      items.push_back(convert(row));
    }
    return items;
  }

  void read_costs(Case& data) {
    std::vector<GeneratorCost> costs = read_rows<GeneratorCost>("gencost", 5, false, to_cost);
    const std::size_t units = data.generators.size();
    if (costs.empty() || !diagnostics_.empty()) return;
    if (costs.size() != units && costs.size() != 2 * units) {
      fail(find("gencost")->line, "gencost", fmt::format("it has {} rows for {} generators", costs.size(), units),
           "one row per generator, or two");
      return;
    }
    const auto middle = costs.begin() + static_cast<std::ptrdiff_t>(units);
    data.generator_reactive_costs.assign(std::make_move_iterator(middle), std::make_move_iterator(costs.end()));
    costs.erase(middle, costs.end());
    data.generator_costs = std::move(costs);
  }

  /// Column `column` of a cell array with a row for each of `count` things; empty if the file has none.
  std::vector<std::string> read_names(std::string_view name, std::size_t column, std::size_t count) {
    std::vector<std::string> names;
    const Field* field = find(name);
    if (field == nullptr || !diagnostics_.empty()) return names;
    const auto* cells = std::get_if<CellArray>(&field->value);
    if (cells == nullptr || cells->rows.size() != count) {
      fail(field->line, name,
           cells == nullptr ? "it is not a cell array" : fmt::format("it has {} rows", cells->rows.size()),
           fmt::format("a cell array with {} rows", count));
      return names;
    }
    for (const auto& row : cells->rows) {
      if (column >= row.size()) return {};
      names.push_back(row[column]);
    }
    return names;
  }

  /// Every bus number once; every unit, branch and DC line at buses that exist.
  void check_buses(const Case& data) {
    if (!diagnostics_.empty()) return;
    if (data.buses.empty()) fail(find("bus")->line, "bus", "the case has no bus", "at least one row");
    std::unordered_map<int, int> line_of_bus(data.buses.size());
    for (std::size_t i = 0; i < data.buses.size(); ++i) {
      const Bus& bus = data.buses[i];
      const auto [first, added] = line_of_bus.emplace(bus.number, bus.line);
      if (!added) {
        fail(bus.line, fmt::format("bus({}, 1)", i + 1),
             fmt::format("bus number {} was already used in line {}", bus.number, first->second), "each number once");
      }
    }
    const auto need = [&](int number, int line, std::string_view name, std::size_t row, int column) {
      if (line_of_bus.contains(number) || diagnostics_.size() >= k_most_problems) return;
      fail(line, fmt::format("{}({}, {})", name, row + 1, column), fmt::format("bus {} does not exist", number),
           "the number of a row of mpc.bus");
    };
    for (std::size_t i = 0; i < data.generators.size(); ++i) {
      need(data.generators[i].bus, data.generators[i].line, "gen", i, 1);
    }
    for (std::size_t i = 0; i < data.branches.size(); ++i) {
      need(data.branches[i].from, data.branches[i].line, "branch", i, 1);
      need(data.branches[i].to, data.branches[i].line, "branch", i, 2);
    }
    for (std::size_t i = 0; i < data.dc_lines.size(); ++i) {
      need(data.dc_lines[i].from, data.dc_lines[i].line, "dcline", i, 1);
      need(data.dc_lines[i].to, data.dc_lines[i].line, "dcline", i, 2);
    }
  }

  const Document& document_;
  const std::string& file_;
  Diagnostics diagnostics_;
};

}  // namespace

Case parse(std::string_view text, std::string_view file_name) {
  const std::string file(file_name);
  if (text.size() > k_largest_file_bytes) {
    throw InputError(Diagnostic{{file, 0, 0},
                                {},
                                fmt::format("the file has {} bytes", text.size()),
                                fmt::format("at most {} bytes", k_largest_file_bytes),
                                {}});
  }
  const Document document = parse_text(text, file);
  return CaseReader(document, file).read();
}

Case read_case(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream) {
    throw IoError(fmt::format("cannot read '{}': {}", file.string(), error ? error.message() : "it cannot be opened"));
  }
  if (bytes > k_largest_file_bytes) {
    throw InputError(Diagnostic{{file.string(), 0, 0},
                                {},
                                fmt::format("the file has {} bytes", bytes),
                                fmt::format("at most {} bytes", k_largest_file_bytes),
                                {}});
  }
  std::string text(static_cast<std::size_t>(bytes), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) throw IoError(fmt::format("cannot read '{}': the read failed", file.string()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return parse(text, file.string());
}

}  // namespace gridplus::matpower
