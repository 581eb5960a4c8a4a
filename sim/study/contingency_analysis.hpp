// A whole contingency analysis: base case, list, screening, power flows, ranking, and what the worst of them violate.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sim/study/contingency_screen.hpp"

namespace gridplus::study {

struct AnalysisOptions {
  bool branches = true, generators = true;
  bool pairs = false;  ///< screened pairs of branches too
  PairOptions pair;
  bool screen_dc = false;        ///< only what DC factors find suspicious gets an AC power flow
  double screen_percent = 90.0;  ///< suspicious: an estimated loading of at least this, or no estimate
  std::size_t detailed = 10;     ///< so many of the worst contingencies are listed violation by violation
  powerflow::FlowOptions flow;
  int threads = 1;
};

/// What came out of one contingency.
struct ContingencyOutcome {
  powerflow::OutageResult result;
  std::optional<double> screened_percent;  ///< the estimate that made an AC power flow needless

  [[nodiscard]] bool solved() const { return !screened_percent && result.report.converged(); }
  /// `converged`, `screened_out`, or why there is no solution.
  [[nodiscard]] std::string_view status() const;
  /// `chord`, `newton`, `reference`, `dc`, or `none`.
  [[nodiscard]] std::string_view method() const;
};

/// A violation of the contingency with that number in the list; k_base for the base case.
struct ContingencyViolation {
  static constexpr std::size_t k_base = static_cast<std::size_t>(-1);
  std::size_t contingency = k_base;
  powerflow::Violation violation;
};

struct Analysis {
  powerflow::SolveReport base;
  powerflow::SecurityFigures base_figures;
  std::vector<Contingency> contingencies;
  std::vector<ContingencyOutcome> outcomes;
  std::vector<std::size_t> order;  ///< indices from worst to least
  std::vector<ContingencyViolation> violations;
};

/// Solves the base of `data` and everything asked for. If the base has no solution, only `base` says something.
[[nodiscard]] Analysis analyse_contingencies(ContingencyCase& data, const AnalysisOptions& options);

}  // namespace gridplus::study
