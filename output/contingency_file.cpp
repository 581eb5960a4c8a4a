#include "output/contingency_file.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <unordered_map>

#include "output/file_system.hpp"
#include "output/hdf5_file.hpp"
#include "output/static_groups.hpp"

namespace gridplus::output {

namespace {

using study::Analysis;
using study::ContingencyCase;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
constexpr const char* k_row = "contingency";

/// Names of contingencies; a second one of the same name (a unit called like a branch) says what it is.
std::vector<std::string> names_of(const ContingencyCase& data, const Analysis& analysis) {
  std::vector<std::string> names;
  std::unordered_map<std::string, int> uses;
  for (const study::Contingency& contingency : analysis.contingencies) {
    std::string name = study::name_of(data, contingency);
    if (++uses[name] > 1) {
      name.append(" (").append(study::to_string(contingency.kind)).append(")");
      if (const int use = ++uses[name]; use > 1) name.append(" #").append(std::to_string(use));
    }
    names.push_back(std::move(name));
  }
  return names;
}

Dataset whole_column(const char* name, const char* long_name, std::vector<std::int64_t> values) {
  return {name, CellType::int32, {k_row}, "1", long_name, {}, std::move(values)};
}

std::string name_at(const std::vector<std::string>& names, std::uint32_t index) {
  return index < names.size() ? names[index] : std::string();
}

/// What was solved, how, and what it cuts off.
void add_course(const Analysis& analysis, std::vector<Dataset>& out) {
  const std::size_t rows = analysis.contingencies.size();
  std::vector<std::string> kind, status, method;
  std::vector<std::int64_t> iterations, ranks(rows);
  std::vector<double> mismatch, unserved, lost, screened;
  for (std::size_t k = 0; k < rows; ++k) {
    const study::Contingency& contingency = analysis.contingencies[k];
    const study::ContingencyOutcome& outcome = analysis.outcomes[k];
    kind.emplace_back(study::to_string(contingency.kind));
    status.emplace_back(outcome.status());
    method.emplace_back(outcome.method());
    iterations.push_back(outcome.result.report.iterations);
    mismatch.push_back(outcome.screened_percent ? k_nan : outcome.result.report.max_mismatch_pu);
    unserved.push_back(contingency.unserved_mw);
    lost.push_back(contingency.lost_generation_mw);
    screened.push_back(outcome.screened_percent.value_or(k_nan));
  }
  for (std::size_t place = 0; place < rows; ++place)
    ranks[analysis.order[place]] = static_cast<std::int64_t>(place) + 1;
  out.push_back(text_column("kind", k_row, "what fails: branch, generator, or branch_pair", std::move(kind)));
  out.push_back(text_column("status", k_row, "how the power flow ended", std::move(status)));
  out.push_back(
      text_column("method", k_row, "what solved it: chord, newton, reference, dc, or none", std::move(method)));
  out.push_back(whole_column("rank", "place in the order from worst to least, from 1", std::move(ranks)));
  out.push_back(whole_column("iterations", "iterations", std::move(iterations)));
  out.push_back(number_column("max_mismatch_pu", k_row, "1", "largest nodal power mismatch in per unit of the base",
                              std::move(mismatch)));
  out.push_back(number_column("unserved_mw", k_row, "MW", "demand without voltage", std::move(unserved)));
  out.push_back(number_column("lost_generation_mw", k_row, "MW",
                              "output of the failed unit or of units without voltage", std::move(lost)));
  out.push_back(number_column("screened_loading_percent", k_row, "percent",
                              "largest loading by DC factors where that made an AC power flow needless",
                              std::move(screened)));
}

/// Violations and worst elements; NaN and empty names where there is no solution.
void add_figures(const ContingencyCase& data, const Analysis& analysis, std::vector<Dataset>& out) {
  std::vector<std::string> worst_branch, lowest_bus, highest_bus;
  std::vector<std::int64_t> overloads, violations;
  std::vector<double> loading, lowest, highest, overload_index, voltage_index, severity;
  for (const study::ContingencyOutcome& outcome : analysis.outcomes) {
    const powerflow::SecurityFigures& f = outcome.result.figures;
    const bool solved = outcome.solved();
    const auto or_nan = [solved](double value) { return solved ? value : k_nan; };
    worst_branch.push_back(solved ? name_at(data.names.branch, f.worst_branch) : "");
    lowest_bus.push_back(solved ? name_at(data.names.bus, f.lowest_bus) : "");
    highest_bus.push_back(solved ? name_at(data.names.bus, f.highest_bus) : "");
    overloads.push_back(solved ? f.overloads : -1);
    violations.push_back(solved ? f.voltage_violations : -1);
    loading.push_back(or_nan(f.largest_loading_percent));
    lowest.push_back(or_nan(f.lowest_vm_pu));
    highest.push_back(or_nan(f.highest_vm_pu));
    overload_index.push_back(or_nan(f.overload_index));
    voltage_index.push_back(or_nan(f.voltage_index));
    severity.push_back(or_nan(f.severity()));
  }
  out.push_back(number_column("largest_loading_percent", k_row, "percent", "largest loading of a rated branch",
                              std::move(loading)));
  out.push_back(text_column("worst_branch", k_row, "branch of the largest loading", std::move(worst_branch)));
  out.push_back(whole_column("overloads", "branches above their rating, -1 without a solution", std::move(overloads)));
  out.push_back(number_column("lowest_vm_pu", k_row, "1", "lowest voltage magnitude, p.u.", std::move(lowest)));
  out.push_back(text_column("lowest_bus", k_row, "bus of the lowest voltage", std::move(lowest_bus)));
  out.push_back(number_column("highest_vm_pu", k_row, "1", "highest voltage magnitude, p.u.", std::move(highest)));
  out.push_back(text_column("highest_bus", k_row, "bus of the highest voltage", std::move(highest_bus)));
  out.push_back(whole_column("voltage_violations", "buses outside their voltage band, -1 without a solution",
                             std::move(violations)));
  out.push_back(number_column("overload_index", k_row, "1", "sum of (S / S_max)^4 / 4 over overloaded branches",
                              std::move(overload_index)));
  out.push_back(number_column("voltage_index", k_row, "1",
                              "sum of ((V - V_mid) / half the band)^4 / 4 over buses outside their band",
                              std::move(voltage_index)));
  out.push_back(number_column("severity", k_row, "1", "overload index plus voltage index", std::move(severity)));
}

Group contingency_group(const ContingencyCase& data, const Analysis& analysis) {
  Group group{"contingency", "contingencies", {{k_row, analysis.contingencies.size()}}, {}};
  group.datasets.push_back(text_column(k_row, k_row, "name of what fails", names_of(data, analysis)));
  add_course(analysis, group.datasets);
  add_figures(data, analysis, group.datasets);
  return group;
}

Group violation_group(const ContingencyCase& data, const Analysis& analysis) {
  Group group{"violation",
              "limits broken in the base case and in the worst contingencies",
              {{"violation", analysis.violations.size()}},
              {}};
  const std::vector<std::string> contingency = names_of(data, analysis);
  std::vector<std::int64_t> numbers, kinds;
  std::vector<std::string> where, element, units;
  std::vector<double> value, limit;
  for (const study::ContingencyViolation& row : analysis.violations) {
    const bool overload = row.violation.kind == powerflow::Violation::Kind::overload;
    numbers.push_back(static_cast<std::int64_t>(numbers.size()));
    where.push_back(row.contingency == study::ContingencyViolation::k_base ? "base" : contingency[row.contingency]);
    kinds.push_back(static_cast<std::int64_t>(row.violation.kind));
    element.push_back(name_at(overload ? data.names.branch : data.names.bus, row.violation.element));
    value.push_back(row.violation.value);
    limit.push_back(row.violation.limit);
  }
  auto& out = group.datasets;
  out.push_back({"violation", CellType::int32, {"violation"}, "1", "number of the violation", {}, std::move(numbers)});
  out.push_back(text_column("contingency", "violation", "contingency, or base", std::move(where)));
  out.push_back(flag_column("kind", "violation", "which limit", "overload low_voltage high_voltage", std::move(kinds)));
  out.push_back(text_column("element", "violation", "branch or bus", std::move(element)));
  out.push_back(number_column("value", "violation", "1", "MVA of a branch, p.u. voltage of a bus", std::move(value)));
  out.push_back(number_column("limit", "violation", "1", "its limit, in the same unit", std::move(limit)));
  return group;
}

}  // namespace

void write_contingencies(const std::string& path, const std::string& title, const ContingencyCase& data,
                         const Analysis& analysis) {
  ensure(analysis.base.converged(), "a contingency analysis without a base case has no results");
  make_parent_folder(path);
  const std::string temporary = path + ".assembling";
  try {
    std::vector<Attribute> attributes = origin_attributes();
    attributes.push_back({"title", title});
    attributes.push_back({"method", "contingencies"});
    attributes.push_back({"base_mva", data.grid.base_mva()});
    Hdf5File file(temporary, attributes);
    file.add(bus_group(data.grid, data.names));
    if (data.grid.branch_count() > 0) file.add(branch_group(data.grid, data.names));
    if (!analysis.contingencies.empty()) file.add(contingency_group(data, analysis));
    if (!analysis.violations.empty()) file.add(violation_group(data, analysis));
    file.close();
    publish_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gridplus::output
