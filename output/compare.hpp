// Two results files side by side, dataset by dataset: the insides of `gridplus compare`.
#pragma once

#include <string>
#include <vector>

#include "output/reader.hpp"

namespace gridplus::output {

/// How one dataset differs.
struct DatasetDifference {
  std::string dataset;      ///< `group/name`
  std::string problem;      ///< where they cannot be compared: missing, other type, other shape; else empty
  std::uint64_t cells = 0;  ///< that differ by more than the tolerance
  double largest = 0.0;     ///< absolute difference; infinity where only one of the two is NaN
  std::string units;
  std::string place, time;  ///< of the largest: names and UTC time where the dataset has such dimensions
  std::string a, b;         ///< the two values there
};

struct Comparison {
  std::uint64_t datasets = 0;  ///< compared
  std::vector<DatasetDifference> differences;
  [[nodiscard]] bool same() const { return differences.empty(); }
};

/// Compares every dataset of every group. Numbers may differ by `tolerance`; with 0 they must be the same bit by bit
/// (NaN is the same as NaN). Attributes, such as when a file was written, are not compared.
[[nodiscard]] Comparison compare_results(const ResultsReader& a, const ResultsReader& b, double tolerance = 0.0);

/// For people: one line a difference, or that there is none.
[[nodiscard]] std::string comparison_text(const Comparison& comparison);

}  // namespace gridplus::output
