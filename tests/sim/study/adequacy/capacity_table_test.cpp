#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/study/adequacy/capacity_table.hpp"
#include "sim/study/adequacy/methods.hpp"
#include "tests/sim/study/adequacy/small_areas.hpp"

namespace gridplus::adequacy {
namespace {

using test::add_unit;
using test::areas_with;

/// The standard error that a test of a random estimate allows; seeds are fixed, so it never fails by chance.
constexpr double k_errors = 3.0;

TEST(CapacityTable, TwoUnitsOfThreeAndOneOfFive) {
  // Two units of 3 MW and one of 5 MW, forced outage rate 0.02, by hand: binomial times two-state.
  std::vector<TableUnit> units;
  for (const double mw : {3.0, 3.0, 5.0}) units.push_back({to_watts(mw), ForcedOutage{0.02, 98.0, 2.0}});
  const CapacityTable table(units, to_watts(1));
  const std::vector<CapacityState> states = table.states(1e-15);
  const double p = 0.98, q = 0.02;
  const std::vector<std::pair<double, double>> by_hand = {{0, p * p * p}, {3, 2 * p * p * q}, {5, p * p * q},
                                                          {6, p * q * q}, {8, 2 * p * q * q}, {11, q * q * q}};
  ASSERT_EQ(states.size(), by_hand.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    EXPECT_DOUBLE_EQ(states[i].outage_mw, by_hand[i].first);
    EXPECT_NEAR(states[i].probability, by_hand[i].second, 1e-15);
  }
  // Into 8 MW or more out: from {3 MW out} the 5 MW unit fails, from {5} a 3 MW unit, from {6} the 5 MW unit.
  EXPECT_NEAR(states[4].cumulative_frequency_per_h, (2 * p * p * q + 2 * p * p * q + p * q * q) / 98.0, 1e-15);
}

TEST(CapacityTable, LossMeansStrictlyMoreThanAvailable) {
  const std::vector<TableUnit> units = {{to_watts(60), ForcedOutage::from_times(90, 10)}, {to_watts(40), {}}};
  const CapacityTable table(units, to_watts(20));
  EXPECT_NEAR(table.loss_probability(to_watts(40)), 0.0, 1e-15);
  EXPECT_NEAR(table.loss_probability(to_watts(40) + 1), 0.1, 1e-15);
  EXPECT_NEAR(table.loss_probability(to_watts(100)), 0.1, 1e-15);
  EXPECT_NEAR(table.loss_probability(to_watts(100) + 1), 1.0, 1e-15);
  EXPECT_NEAR(table.expected_unserved_mw(to_watts(70)), 0.1 * 30, 1e-12);
  EXPECT_NEAR(table.expected_unserved_mw(to_watts(130)), 0.9 * 30 + 0.1 * 90, 1e-12);
  EXPECT_NEAR(table.expected_unserved_mw(to_watts(-5)), 0.0, 1e-15);
}

TEST(CapacityTable, CoarseIncrementsKeepTheMean) {
  std::vector<TableUnit> units;
  for (const double mw : {12.7, 33.1, 8.9}) units.push_back({to_watts(mw), ForcedOutage::from_times(80, 20)});
  const CapacityTable fine(units, to_watts(0.1)), coarse(units, to_watts(5));
  const Watts installed = to_watts(12.7 + 33.1 + 8.9);
  EXPECT_NEAR(coarse.expected_unserved_mw(installed), fine.expected_unserved_mw(installed), 1e-9);
}

RC_GTEST_PROP(CapacityTable, AgreesWithEveryStateOfRandomUnits, ()) {
  test::AdequacyModel model = areas_with({test::swinging(60, 35)});
  const int units = *rc::gen::inRange(1, 7);
  for (int i = 0; i < units; ++i)
    add_unit(model, 0, *rc::gen::inRange(1, 60), *rc::gen::inRange(20, 2000), *rc::gen::inRange(1, 200));
  const test::ExactIndices exact = test::by_enumeration(model);
  const AdequacyResult result = analytic(model, {}, {});
  RC_ASSERT(std::abs(result.system.lole_h.value - exact.lole_h) <= 1e-9 * std::max(1.0, exact.lole_h));
  RC_ASSERT(std::abs(result.system.eens_mwh.value - exact.eens_mwh) <= 1e-9 * std::max(1.0, exact.eens_mwh));
  RC_ASSERT(std::abs(result.system.lolf.value - exact.lolf) <= 1e-9 * std::max(1.0, exact.lolf));
}

TEST(Analytic, CapacityThatVariesIsSeenStepByStep) {
  test::AdequacyModel model = areas_with({test::swinging(60, 30)});
  add_unit(model, 0, 50, 100, 10);
  add_unit(model, 0, 40, 200, 30);
  add_unit(model, 0, 30, 50, 10);
  model.units[2].capacity_by_step.resize(model.steps());
  for (std::size_t k = 0; k < model.steps(); ++k)
    model.units[2].capacity_by_step[k] = k % 7 < 3 ? to_watts(30) : to_watts(static_cast<double>(k % 5));
  const test::ExactIndices exact = test::by_enumeration(model);
  const AdequacyResult result = analytic(model, {}, {});
  EXPECT_NEAR(result.system.lole_h.value, exact.lole_h, 1e-9);
  EXPECT_NEAR(result.system.eens_mwh.value, exact.eens_mwh, 1e-9);
  Options options;
  options.samples = 20000;
  const AdequacyResult walked = sequential(model, options, {});
  EXPECT_NEAR(walked.system.lole_h.value, exact.lole_h, k_errors * walked.system.lole_h.standard_error);
  EXPECT_NEAR(walked.system.eens_mwh.value, exact.eens_mwh, k_errors * walked.system.eens_mwh.standard_error);
}

}  // namespace
}  // namespace gridplus::adequacy
