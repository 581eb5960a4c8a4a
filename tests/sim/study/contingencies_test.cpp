#include "sim/study/contingencies.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/sim/study/contingency_grid.hpp"

namespace gridplus::study {
namespace {

using powerflow::test::Link;
using test::line;
using test::make_case;
using Buses = std::vector<std::uint32_t>;

/// A triangle 0-1-2 with a line 2-3-4 that hangs off it.
const std::vector<Link> k_triangle_with_tail{line(0, 1), line(1, 2), line(2, 0), line(2, 3), line(3, 4)};

TEST(Contingencies, AreOneABranchAndSayWhatABridgeCutsOff) {
  const ContingencyCase data = make_case(5, k_triangle_with_tail);
  const auto list = ContingencyLister(data).branches();
  ASSERT_EQ(list.size(), 5U);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_TRUE(list[k].outage.lost.empty());
  EXPECT_EQ(list[3].outage.lost, (Buses{3, 4}));
  EXPECT_DOUBLE_EQ(list[3].unserved_mw, 20.0);
  EXPECT_EQ(list[4].outage.lost, (Buses{4}));
  EXPECT_DOUBLE_EQ(list[4].unserved_mw, 10.0);
  EXPECT_EQ(name_of(data, list[3]), "3");
}

TEST(Contingencies, SkipBranchesThatAreOpen) {
  ContingencyCase data = make_case(3, {line(0, 1), line(1, 2), line(2, 0)});
  data.branch_closed[1] = 0;
  ASSERT_TRUE(solve_base(data, {}).converged());
  const auto list = ContingencyLister(data).branches();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].outage.lost, (Buses{1}));
  EXPECT_EQ(list[1].outage.lost, (Buses{2}));
}

TEST(Contingencies, CountTheGenerationThatIsCutOff) {
  const ContingencyCase data =
      make_case(5, k_triangle_with_tail, {{.name = "far", .bus = 4, .p_mw = 7.0, .holds_voltage = true}});
  const auto list = ContingencyLister(data).branches();
  EXPECT_DOUBLE_EQ(list[3].lost_generation_mw, 7.0);
  EXPECT_EQ(list[3].outage.new_slack, powerflow::Outage::k_none);
}

TEST(Contingencies, LetTheLargerPartLiveIfAUnitCanHoldIt) {
  // The slack unit alone behind a bridge, four buses on the other side.
  const std::vector<Link> links{line(0, 1), line(1, 2), line(2, 3), line(3, 1)};
  const ContingencyCase held = make_case(4, links,
                                         {{.name = "a", .bus = 2, .p_mw = 5.0, .holds_voltage = true},
                                          {.name = "b", .bus = 3, .p_mw = 9.0, .holds_voltage = true}});
  const auto list = ContingencyLister(held).branches();
  EXPECT_EQ(list[0].outage.lost, (Buses{0}));
  EXPECT_EQ(list[0].outage.new_slack, 3U);  // delivers most
  const auto results = analyse(held, list, {});
  EXPECT_TRUE(results[0].report.converged());
  EXPECT_EQ(results[0].method, powerflow::OutageMethod::reference);

  const ContingencyCase unheld = make_case(4, links);
  EXPECT_EQ(ContingencyLister(unheld).branches()[0].outage.lost, (Buses{1, 2, 3}));
}

TEST(Contingencies, OfPairsFindIslandsThatNoSingleOutageMakes) {
  const ContingencyCase data = make_case(5, k_triangle_with_tail);
  const ContingencyLister lister(data);
  EXPECT_TRUE(lister.pair(0, 4).outage.lost == (Buses{4}));
  const Contingency cut = lister.pair(0, 1);
  EXPECT_EQ(cut.outage.lost, (Buses{1}));
  EXPECT_DOUBLE_EQ(cut.unserved_mw, 10.0);
  EXPECT_EQ(lister.pair(1, 2).outage.lost, (Buses{2, 3, 4}));
  EXPECT_EQ(lister.pair(3, 4).outage.lost, (Buses{3, 4}));
  EXPECT_EQ(name_of(data, cut), "0 + 1");
}

TEST(Contingencies, OfGeneratorsMoveTheBalanceToTheSlackBus) {
  const ContingencyCase data =
      make_case(5, k_triangle_with_tail,
                {{.name = "alone", .bus = 1, .p_mw = 12.0, .q_mvar = 3.0, .holds_voltage = true},
                 {.name = "first", .bus = 2, .p_mw = 4.0, .holds_voltage = true},
                 {.name = "second", .bus = 2, .p_mw = 6.0, .holds_voltage = true},
                 {.name = "follows", .bus = 3, .p_mw = 2.0, .q_mvar = 0.5}});
  const auto list = ContingencyLister(data).generators();
  ASSERT_EQ(list.size(), 5U);
  EXPECT_EQ(list[0].outage.new_slack, 1U);  // the slack unit itself
  ASSERT_EQ(list[1].outage.released.size(), 1U);
  EXPECT_DOUBLE_EQ(list[1].outage.released[0].p_mw, -10.0);
  EXPECT_DOUBLE_EQ(list[1].outage.released[0].q_mvar, -2.0);
  EXPECT_TRUE(list[2].outage.released.empty());  // its twin holds the voltage
  EXPECT_DOUBLE_EQ(list[2].outage.change[0].p_mw, -4.0);
  EXPECT_DOUBLE_EQ(list[4].outage.change[0].q_mvar, -0.5);
  EXPECT_NEAR(list[0].lost_generation_mw, 26.0, 2.0);  // 50 MW of demand less 24 MW of the others, and losses
  const auto results = analyse(data, list, {});
  for (const auto& result : results) EXPECT_TRUE(result.report.converged());
}

TEST(Contingencies, WithoutAnyUnitLeftAreNotSolved) {
  const ContingencyCase data = make_case(5, k_triangle_with_tail);
  const auto list = ContingencyLister(data).generators();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_FALSE(list[0].main_island_lives);
  EXPECT_DOUBLE_EQ(list[0].unserved_mw, 50.0);
  EXPECT_EQ(analyse(data, list, {})[0].report.status, powerflow::SolveStatus::no_slack);
}

TEST(Contingencies, AreRankedByWhatTheyBreak) {
  // Two lines of 100 MVA carry 170 MW together; a third branch feeds a small load twice.
  ContingencyCase data = make_case(3, {line(0, 1), line(0, 1), line(0, 2), line(0, 2)});
  data.p_mw[1] = -170.0;
  data.demand_mw[1] = 170.0;
  ASSERT_TRUE(solve_base(data, {}).converged());
  const auto list = ContingencyLister(data).branches();
  const auto results = analyse(data, list, {});
  const auto order = rank(list, results);
  EXPECT_EQ(order[0], 0U);
  EXPECT_EQ(order[1], 1U);
  EXPECT_EQ(results[0].figures.overloads, 1U);
  EXPECT_EQ(results[0].figures.worst_branch, 1U);
  EXPECT_GT(results[0].figures.largest_loading_percent, 170.0);
  // A quarter of the loading's fourth power.
  EXPECT_NEAR(results[0].figures.overload_index,
              0.25 * std::pow(results[0].figures.largest_loading_percent / 100.0, 4.0), 1e-9);
  EXPECT_EQ(results[2].figures.overloads, 0U);
}

}  // namespace
}  // namespace gridplus::study
