#include "sim/study/contingency_analysis.hpp"

#include <algorithm>
#include <iterator>

namespace gridplus::study {

namespace {

using powerflow::OutageResult;

void append(std::vector<Contingency>& list, std::vector<Contingency> more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// AC power flows of all contingencies, or of the suspicious.
std::vector<ContingencyOutcome> solve(const ContingencyCase& data, std::span<const Contingency> list,
                                      const AnalysisOptions& options) {
  std::vector<ContingencyOutcome> outcomes(list.size());
  std::vector<std::size_t> chosen;
  const auto estimates =
      options.screen_dc ? screen(data, list, options.threads) : std::vector<std::optional<double>>(list.size());
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (estimates[k] && *estimates[k] < options.screen_percent) {
      outcomes[k].screened_percent = estimates[k];
    } else {
      chosen.push_back(k);
    }
  }
  std::vector<Contingency> suspicious;
  for (const std::size_t k : chosen) suspicious.push_back(list[k]);
  const std::vector<OutageResult> results = analyse(data, suspicious, options.flow, options.threads);
  for (std::size_t k = 0; k < chosen.size(); ++k) outcomes[chosen[k]].result = results[k];
  return outcomes;
}

/// From worst to least: unsolved, solved, screened out by their estimates.
std::vector<std::size_t> order_of(std::span<const Contingency> list, std::span<const ContingencyOutcome> outcomes) {
  std::vector<Contingency> ac;
  std::vector<OutageResult> results;
  std::vector<std::size_t> index;
  std::vector<std::size_t> screened;
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (outcomes[k].screened_percent) {
      screened.push_back(k);
      continue;
    }
    ac.push_back(list[k]);
    results.push_back(outcomes[k].result);
    index.push_back(k);
  }
  std::vector<std::size_t> order;
  for (const std::size_t k : rank(ac, results)) order.push_back(index[k]);
  std::stable_sort(screened.begin(), screened.end(), [&](std::size_t a, std::size_t b) {
    return *outcomes[a].screened_percent > *outcomes[b].screened_percent;
  });
  order.insert(order.end(), screened.begin(), screened.end());
  return order;
}

/// Solves the worst once more, for what each of them violates.
void list_violations(const ContingencyCase& data, const AnalysisOptions& options, Analysis& analysis) {
  std::vector<std::size_t> worst;
  std::vector<powerflow::Outage> outages;
  for (const std::size_t k : analysis.order) {
    if (worst.size() == options.detailed) break;
    if (!analysis.outcomes[k].solved()) continue;
    worst.push_back(k);
    outages.push_back(analysis.contingencies[k].outage);
  }
  if (worst.empty()) return;
  powerflow::LaneOutageSolver solver(std::make_shared<powerflow::OutageBase>(
      data.grid, data.branch_closed, data.input(), data.state, data.limits, data.tap_positions));
  std::vector<OutageResult> results(worst.size());
  std::vector<powerflow::FlowState> states(worst.size());
  solver.solve(outages, options.flow, results, states, options.threads);
  std::vector<powerflow::Violation> found;
  for (std::size_t k = 0; k < worst.size(); ++k) {
    found.clear();
    (void)assess_security(data.grid, data.admittance(outages[k].open), states[k], data.limits, &found);
    for (const powerflow::Violation& violation : found) analysis.violations.push_back({worst[k], violation});
  }
}

}  // namespace

std::string_view ContingencyOutcome::status() const {
  return screened_percent ? std::string_view("screened_out") : powerflow::to_string(result.report.status);
}

std::string_view ContingencyOutcome::method() const {
  if (screened_percent) return "dc";
  return result.report.status == powerflow::SolveStatus::no_slack ? "none" : powerflow::to_string(result.method);
}

Analysis analyse_contingencies(ContingencyCase& data, const AnalysisOptions& options) {
  Analysis analysis;
  analysis.base = solve_base(data, options.flow);
  if (!analysis.base.converged()) return analysis;
  std::vector<powerflow::Violation> found;
  analysis.base_figures = assess_security(data.grid, data.admittance(), data.state, data.limits, &found);
  for (const powerflow::Violation& violation : found) {
    analysis.violations.push_back({ContingencyViolation::k_base, violation});
  }
  const ContingencyLister lister(data);
  if (options.branches) append(analysis.contingencies, lister.branches());
  if (options.generators) append(analysis.contingencies, lister.generators());
  analysis.outcomes = solve(data, analysis.contingencies, options);
  if (options.pairs) {
    // Which singles are worst is known by AC, also where a screening left some of them out.
    std::vector<Contingency> singles = lister.branches();
    const std::vector<OutageResult> results = analyse(data, singles, options.flow, options.threads);
    std::vector<Contingency> pairs = screened_pairs(data, lister, singles, results, options.pair);
    std::vector<ContingencyOutcome> outcomes(pairs.size());
    const std::vector<OutageResult> solved = analyse(data, pairs, options.flow, options.threads);
    for (std::size_t k = 0; k < pairs.size(); ++k) outcomes[k].result = solved[k];
    append(analysis.contingencies, std::move(pairs));
    analysis.outcomes.insert(analysis.outcomes.end(), outcomes.begin(), outcomes.end());
  }
  analysis.order = order_of(analysis.contingencies, analysis.outcomes);
  list_violations(data, options, analysis);
  return analysis;
}

}  // namespace gridplus::study
