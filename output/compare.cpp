#include "output/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sim/core/calendar.hpp"

namespace gridplus::output {

namespace {

double difference(double a, double b) {
  if (std::isnan(a) != std::isnan(b)) return std::numeric_limits<double>::infinity();
  if (std::isnan(a) || a == b) return 0.0;
  return std::abs(a - b);
}

bool differs(double a, double b, double tolerance) {
  if (std::isnan(a) && std::isnan(b)) return false;
  if (tolerance == 0.0) return std::bit_cast<std::uint64_t>(a) != std::bit_cast<std::uint64_t>(b);
  return difference(a, b) > tolerance;
}

/// Compares one dataset that both files have.
class DatasetComparison {
 public:
  DatasetComparison(const ResultsReader& a, const ResultsReader& b, const std::string& group, const DatasetInfo& info)
      : a_(a), b_(b), group_(group), info_(info) {
    result_.dataset = group + "/" + info.name;
    result_.units = info.units;
  }

  DatasetDifference run(double tolerance) {
    if (info_.text())
      compare_text();
    else if (info_.shape.empty())
      compare_numbers(a_.read(group_, info_.name), b_.read(group_, info_.name), 0, tolerance);
    else
      compare_rows(tolerance);
    if (result_.cells > 0) name_place();
    return std::move(result_);
  }

 private:
  void compare_text() {
    const auto a = a_.read_text(group_, info_.name), b = b_.read_text(group_, info_.name);
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i] != b[i] && result_.cells++ == 0) {
        worst_ = i;
        result_.a = shortened(a[i]);
        result_.b = shortened(b[i]);
      }
  }

  static std::string shortened(const std::string& text) {
    constexpr std::size_t k_longest = 40;
    return text.size() <= k_longest ? "'" + text + "'" : "'" + text.substr(0, k_longest) + "...'";
  }

  /// A few rows at a time: files may be larger than the memory. A row is a cell of the first dimensions, of as many as
  /// make it small enough.
  void compare_rows(double tolerance) {
    constexpr std::uint64_t k_cells_at_once = 1u << 22;
    std::size_t outer = 1;
    std::uint64_t rows = info_.shape[0], width = rows == 0 ? 1 : info_.cells() / rows;
    for (; width > k_cells_at_once && outer < info_.shape.size(); ++outer) {
      rows *= info_.shape[outer];
      width /= info_.shape[outer];
    }
    const std::uint64_t last = info_.shape[outer - 1];
    const std::uint64_t most = std::max<std::uint64_t>(1, k_cells_at_once / std::max<std::uint64_t>(1, width));
    for (std::uint64_t row = 0, count = 0; row < rows; row += count) {
      count = std::min(most, last - row % last);
      const CellRange range{outer, row, count};
      compare_numbers(a_.read_cells(group_, info_.name, range), b_.read_cells(group_, info_.name, range), row * width,
                      tolerance);
    }
  }

  void compare_numbers(const std::vector<double>& a, const std::vector<double>& b, std::uint64_t first,
                       double tolerance) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!differs(a[i], b[i], tolerance)) continue;
      const double size = difference(a[i], b[i]);
      if (result_.cells++ > 0 && size <= result_.largest) continue;
      result_.largest = size;
      worst_ = first + i;
      result_.a = fmt::format("{}", a[i]);
      result_.b = fmt::format("{}", b[i]);
    }
  }

  void name_place() {
    std::uint64_t index = worst_;
    for (std::size_t d = info_.shape.size(); d-- > 0;) {
      const std::uint64_t at = index % info_.shape[d];
      index /= info_.shape[d];
      const std::string& dimension = info_.dimensions[d];
      const DatasetInfo* coordinate = a_.find(group_)->find(dimension);
      if (dimension == "time" && coordinate != nullptr)
        result_.time = format_time({static_cast<UtcSeconds>(a_.read_rows(group_, "time", at, 1)[0]), 0});
      else if (coordinate != nullptr && coordinate->text())
        result_.place = a_.read_text(group_, dimension)[at] + (result_.place.empty() ? "" : ", " + result_.place);
      else
        result_.place = fmt::format("{} {}", dimension, at) + (result_.place.empty() ? "" : ", " + result_.place);
    }
  }

  const ResultsReader& a_;
  const ResultsReader& b_;
  const std::string& group_;
  const DatasetInfo& info_;
  DatasetDifference result_;
  std::uint64_t worst_ = 0;
};

std::string shape_text(const DatasetInfo& info) {
  std::string out;
  for (const std::uint64_t size : info.shape) out += fmt::format("{}{}", out.empty() ? "" : " x ", size);
  return out.empty() ? "one value" : out;
}

const DatasetInfo* find(const ResultsReader& results, const std::string& group, const std::string& dataset) {
  const GroupInfo* info = results.find(group);
  return info == nullptr ? nullptr : info->find(dataset);
}

/// Why two datasets cannot be compared; empty: they can.
std::string obstacle(const DatasetInfo* a, const DatasetInfo* b) {
  if (b == nullptr) return "only in the first file";
  if (a == nullptr) return "only in the second file";
  if (a->type != b->type) return fmt::format("{} in the first file, {} in the second", a->type, b->type);
  if (a->shape != b->shape)
    return fmt::format("{} in the first file, {} in the second", shape_text(*a), shape_text(*b));
  return {};
}

}  // namespace

Comparison compare_results(const ResultsReader& a, const ResultsReader& b, double tolerance) {
  std::vector<std::pair<std::string, std::string>> names;
  for (const ResultsReader* results : {&a, &b})
    for (const GroupInfo& group : results->groups())
      for (const DatasetInfo& dataset : group.datasets)
        if (results == &a || find(a, group.name, dataset.name) == nullptr) names.emplace_back(group.name, dataset.name);

  Comparison comparison;
  for (const auto& [group, dataset] : names) {
    const DatasetInfo* in_a = find(a, group, dataset);
    DatasetDifference found;
    found.dataset = group + "/" + dataset;
    found.problem = obstacle(in_a, find(b, group, dataset));
    if (found.problem.empty()) {
      ++comparison.datasets;
      found = DatasetComparison(a, b, group, *in_a).run(tolerance);
    }
    if (!found.problem.empty() || found.cells > 0) comparison.differences.push_back(std::move(found));
  }
  return comparison;
}

std::string comparison_text(const Comparison& comparison) {
  if (comparison.same()) return fmt::format("the same: {} datasets\n", comparison.datasets);
  std::string out = fmt::format("{} of {} datasets differ\n", comparison.differences.size(),
                                std::max<std::uint64_t>(comparison.datasets, comparison.differences.size()));
  for (const DatasetDifference& d : comparison.differences) {
    if (!d.problem.empty()) {
      out += fmt::format("  {}: {}\n", d.dataset, d.problem);
      continue;
    }
    out += fmt::format("  {}: {} value{} differ{}, {} against {}", d.dataset, d.cells, d.cells == 1 ? "" : "s",
                       d.cells == 1 ? "s" : "", d.a, d.b);
    if (d.largest > 0.0) out += fmt::format(", by {:.3g}{}", d.largest, d.units == "1" ? "" : " " + d.units);
    if (!d.place.empty()) out += " at " + d.place;
    if (!d.time.empty()) out += ", " + d.time;
    out += "\n";
  }
  return out;
}

}  // namespace gridplus::output
