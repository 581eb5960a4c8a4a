#include "sim/study/contingency_screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sim/grid/islands.hpp"
#include "sim/powerflow/reference/dc.hpp"
#include "sim/study/contingency_analysis.hpp"
#include "tests/sim/study/contingency_grid.hpp"

namespace gridplus::study {
namespace {

using powerflow::FlowResult;
using powerflow::FlowState;
using powerflow::test::Link;
using test::line;
using test::make_case;

/// Flows of the DC power flow itself, per branch in MW.
std::vector<double> dc_flows(const ContingencyCase& data, std::span<const std::uint32_t> open) {
  std::vector<std::uint8_t> closed = data.branch_closed;
  for (const std::uint32_t branch : open) closed[branch] = 0;
  powerflow::reference::DcSolver solver(data.grid, closed);
  FlowState state;
  FlowResult result;
  EXPECT_TRUE(solver.solve(data.input(), state, result).converged());
  return result.p_from_mw;
}

/// A ring of 20 buses with chords.
ContingencyCase meshed_case(double r_pu = 0.002) {
  std::mt19937 draw(3);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<Link> links;
  for (std::size_t i = 0; i < 20; ++i) {
    links.push_back({.from = i, .to = (i + 1) % 20, .r_pu = r_pu, .x_pu = 0.02 + 0.05 * uniform(draw)});
  }
  for (std::size_t i = 0; i < 10; ++i) {
    links.push_back(
        {.from = i, .to = (i + 7 + i % 3) % 20, .r_pu = r_pu, .x_pu = 0.05, .tap = i % 2 == 0 ? 0.95 : 1.0});
  }
  return make_case(20, links, {{.name = "g", .bus = 9, .p_mw = 60.0, .holds_voltage = true}});
}

/// The factors carry the DC flows of the intact grid to those of the grid without the branch.
TEST(DcScreen, OutageFactorsGiveTheFlowsOfTheOutagedGrid) {
  const ContingencyCase data = meshed_case();
  DcScreen screen(data);
  const std::vector<double> before = dc_flows(data, {});
  for (std::uint32_t k = 0; k < before.size(); ++k) {
    const std::vector<double> factors = screen.outage_factors(k);
    ASSERT_FALSE(factors.empty());
    const std::vector<double> after = dc_flows(data, std::vector{k});
    for (std::size_t l = 0; l < before.size(); ++l) EXPECT_NEAR(before[l] + factors[l] * before[k], after[l], 1e-8);
  }
}

/// Two at once: G_a = P_a + L_ab G_b and the like, against the flows without both.
TEST(DcScreen, FactorsOfTwoOutagesCombine) {
  const ContingencyCase data = meshed_case();
  DcScreen screen(data);
  const std::vector<double> before = dc_flows(data, {});
  for (const auto& [a, b] : {std::pair{1U, 22U}, std::pair{4U, 25U}, std::pair{20U, 21U}}) {
    const auto f_a = screen.outage_factors(a);
    const auto f_b = screen.outage_factors(b);
    const double left = 1.0 - f_b[a] * f_a[b];
    const double g_a = (before[a] + f_b[a] * before[b]) / left;
    const double g_b = (before[b] + f_a[b] * before[a]) / left;
    const std::vector<double> after = dc_flows(data, std::vector{a, b});
    for (std::size_t l = 0; l < before.size(); ++l) {
      if (l == a || l == b) continue;
      EXPECT_NEAR(before[l] + f_a[l] * g_a + f_b[l] * g_b, after[l], 1e-8);
    }
  }
}

TEST(DcScreen, KnowsThatABridgeAndACutSplitTheGrid) {
  const ContingencyCase data = make_case(5, {line(0, 1), line(1, 2), line(2, 0), line(2, 3), line(3, 4)});
  DcScreen screen(data);
  EXPECT_TRUE(screen.outage_factors(3).empty());
  const auto f_0 = screen.outage_factors(0);
  const auto f_1 = screen.outage_factors(1);
  EXPECT_FALSE(screen.largest_loading_percent(0, f_0, 1, f_1).has_value());
}

/// Three parallel lines of equal reactance: the outage of one gives half of its flow to each of the others.
TEST(DcScreen, SharesTheFlowOfALineAmongItsParallels) {
  const ContingencyCase data = make_case(2, {line(0, 1), line(0, 1), line(0, 1)});
  DcScreen screen(data);
  const auto factors = screen.outage_factors(0);
  EXPECT_NEAR(factors[0], -1.0, 1e-12);
  EXPECT_NEAR(factors[1], 0.5, 1e-12);
  EXPECT_NEAR(factors[2], 0.5, 1e-12);
}

/// Without losses and reactive demand. The estimate may be above: it keeps the reactive flows of the base case.
TEST(DcScreen, DoesNotFallFarBelowWhatTheAcPowerFlowFinds) {
  ContingencyCase data = meshed_case(0.0);
  data.q_mvar.assign(data.q_mvar.size(), 0.0);
  ASSERT_TRUE(solve_base(data, {}).converged());
  for (double& mva : data.limits.rating_mva) mva = 100.0;
  constexpr double k_near_percent = 4.0;
  const powerflow::SecurityFigures base = powerflow::assess_security(
      data.grid, powerflow::make_admittance(data.grid, data.branch_closed), data.state, data.limits);
  const ContingencyLister lister(data);
  std::size_t compared = 0;
  for (const auto& list : {lister.branches(), lister.generators()}) {
    const auto estimates = screen(data, list, 1);
    const auto results = analyse(data, list, {});
    for (std::size_t k = 0; k < list.size(); ++k) {
      if (!estimates[k] || *estimates[k] == 0.0) continue;
      // The worst branch of all may be one that was loaded before; then the estimate is below it.
      const double ac = results[k].figures.largest_loading_percent;
      if (ac <= base.largest_loading_percent + k_near_percent) continue;
      EXPECT_GE(*estimates[k], ac - k_near_percent) << name_of(data, list[k]);
      ++compared;
    }
  }
  EXPECT_GE(compared, 3U);
}

TEST(DcScreen, LeavesNoOverloadUnseen) {
  ContingencyCase data = meshed_case();
  for (double& mva : data.limits.rating_mva) mva = 70.0;
  const Analysis all = analyse_contingencies(data, {});
  const Analysis screened = analyse_contingencies(data, {.screen_dc = true});
  std::size_t left_out = 0;
  std::size_t overloads = 0;
  for (std::size_t k = 0; k < all.outcomes.size(); ++k) {
    overloads += all.outcomes[k].result.figures.overloads > all.base_figures.overloads ? 1 : 0;
    if (!screened.outcomes[k].screened_percent) continue;
    ++left_out;
    EXPECT_LE(all.outcomes[k].result.figures.overloads, all.base_figures.overloads);
    EXPECT_EQ(screened.outcomes[k].status(), "screened_out");
  }
  EXPECT_GT(overloads, 0U);
  EXPECT_GT(left_out, all.outcomes.size() / 4);
}

TEST(ScreenedPairs, ComeWorstFirstAndFindTheWorstPairOfAll) {
  ContingencyCase data = meshed_case();
  for (double& mva : data.limits.rating_mva) mva = 100.0;
  const ContingencyLister lister(data);
  const auto singles = lister.branches();
  const auto results = analyse(data, singles, {});
  const auto pairs = screened_pairs(data, lister, singles, results, {.worst = 10, .partners = 8, .most = 40});
  ASSERT_EQ(pairs.size(), 40U);
  std::vector<Contingency> every;
  for (std::uint32_t a = 0; a < 30; ++a) {
    for (std::uint32_t b = a + 1; b < 30; ++b) every.push_back(lister.pair(a, b));
  }
  const auto worst = [&](const std::vector<Contingency>& list) {
    const auto found = analyse(data, list, {});
    double largest = 0.0;
    for (std::size_t k = 0; k < list.size(); ++k) {
      if (list[k].outage.lost.empty()) largest = std::max(largest, found[k].figures.largest_loading_percent);
    }
    return largest;
  };
  EXPECT_NEAR(worst(pairs), worst(every), 1e-6);
}

TEST(ContingencyAnalysis, IsTheSameForEveryNumberOfThreads) {
  ContingencyCase one = meshed_case();
  ContingencyCase three = meshed_case();
  AnalysisOptions options{.pairs = true, .pair = {.worst = 5, .partners = 5, .most = 20}};
  const Analysis a = analyse_contingencies(one, options);
  options.threads = 3;
  const Analysis b = analyse_contingencies(three, options);
  EXPECT_EQ(a.order, b.order);
  ASSERT_EQ(a.outcomes.size(), b.outcomes.size());
  for (std::size_t k = 0; k < a.outcomes.size(); ++k) {
    EXPECT_EQ(a.outcomes[k].result.figures.severity(), b.outcomes[k].result.figures.severity());
    EXPECT_EQ(a.outcomes[k].result.figures.lowest_vm_pu, b.outcomes[k].result.figures.lowest_vm_pu);
  }
}

TEST(ContingencyAnalysis, ListsEachViolationOfTheWorst) {
  ContingencyCase data = make_case(3, {line(0, 1), line(0, 1), line(0, 2)});
  data.p_mw[1] = -170.0;
  const Analysis analysis = analyse_contingencies(data, {.generators = false, .detailed = 1});
  ASSERT_EQ(analysis.violations.size(), 1U);
  const auto& [contingency, violation] = analysis.violations.front();
  EXPECT_EQ(contingency, 0U);
  EXPECT_EQ(violation.kind, powerflow::Violation::Kind::overload);
  EXPECT_EQ(violation.element, 1U);
  EXPECT_NEAR(violation.value, analysis.outcomes[0].result.figures.largest_loading_percent, 1e-6);
  EXPECT_EQ(violation.limit, 100.0);
}

TEST(ContingencyAnalysis, EndsWithTheBaseThatHasNoSolution) {
  ContingencyCase data = make_case(2, {line(0, 1)});
  data.p_mw[1] = -5000.0;
  const Analysis analysis = analyse_contingencies(data, {});
  EXPECT_FALSE(analysis.base.converged());
  EXPECT_TRUE(analysis.contingencies.empty());
}

}  // namespace
}  // namespace gridplus::study
