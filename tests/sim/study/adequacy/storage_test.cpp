#include <gtest/gtest.h>

#include "sim/core/error.hpp"
#include "sim/study/adequacy/methods.hpp"
#include "tests/sim/study/adequacy/small_areas.hpp"

namespace gridplus::adequacy {
namespace {

StorageUnit store(double mw, double mwh, double initial_mwh, double efficiency = 1.0) {
  StorageUnit unit;
  unit.name = "store";
  unit.discharge = unit.charge = to_watts(mw);
  unit.energy_wh = mwh * k_watts_per_mw;
  unit.initial_wh = initial_mwh * k_watts_per_mw;
  unit.charge_efficiency = unit.discharge_efficiency = efficiency;
  return unit;
}

/// Nothing fails: 10 MW of firm capacity against the given demand.
AdequacyModel certain(const std::vector<double>& demand_mw) {
  AdequacyModel model = test::areas_with({demand_mw});
  for (Watts& firm : model.areas[0].firm) firm = to_watts(10);
  return model;
}

PeriodTotals walk(const AdequacyModel& model) {
  Options options;
  options.samples = 1;
  return sequential(model, options, {}).periods.at(0);
}

TEST(StorageForAdequacy, RunsEmptyWithinAStep) {
  AdequacyModel model = certain({10, 14, 14, 10});
  model.storage.push_back(store(5, 6, 6));
  const PeriodTotals totals = walk(model);
  EXPECT_NEAR(totals.eens_mwh, 2.0, 1e-6) << "8 MWh are lacking, 6 are stored";
  EXPECT_NEAR(totals.lole_h, 0.5, 1e-6) << "the last half hour";
  EXPECT_EQ(totals.events, 1.0);
}

TEST(StorageForAdequacy, PowerLimitsWhatItGives) {
  AdequacyModel model = certain({10, 16, 10, 10});
  model.storage.push_back(store(4, 20, 20));
  const PeriodTotals totals = walk(model);
  EXPECT_NEAR(totals.eens_mwh, 2.0, 1e-6);
  EXPECT_NEAR(totals.lole_h, 1.0, 1e-9);
}

TEST(StorageForAdequacy, ChargesFromSurplusWithLosses) {
  // 2 h of 5 MW surplus at 0.8 store 8 MWh, of which 0.8 come back: 6.4 of the 9 MWh lacking.
  AdequacyModel model = certain({5, 5, 13, 13, 13});
  model.storage.push_back(store(5, 100, 0, 0.8));
  EXPECT_NEAR(walk(model).eens_mwh, 9.0 - 6.4, 1e-6);
}

TEST(StorageForAdequacy, NeverGivesMoreThanItHolds) {
  AdequacyModel model = certain(test::swinging(10, 6, 240));
  model.storage.push_back(store(3, 7, 3.5, 0.9));
  model.storage.push_back(store(1, 12, 0, 0.8));
  const double without = walk(certain(test::swinging(10, 6, 240))).eens_mwh, with = walk(model).eens_mwh;
  EXPECT_LT(with, without);
  EXPECT_GT(with, 0.0);
}

TEST(StorageForAdequacy, TheOneThatLastsLongestGoesFirst) {
  // The quick store (4 MW, 4 MWh) is spared for the peak by the slow one (2 MW, 8 MWh).
  AdequacyModel model = certain({12, 12, 16, 10});
  model.storage.push_back(store(4, 4, 4));
  model.storage.push_back(store(2, 8, 8));
  EXPECT_NEAR(walk(model).eens_mwh, 0.0, 1e-6);
}

TEST(StorageForAdequacy, HelpsOtherAreasOverTheLink) {
  AdequacyModel model = test::areas_with({{10, 10, 10}, {10, 14, 10}});
  for (Area& area : model.areas)
    for (Watts& firm : area.firm) firm = to_watts(10);
  model.storage.push_back(store(5, 20, 20));
  test::add_link(model, 0, 1, 3, 3);
  EXPECT_NEAR(walk(model).eens_mwh, 1.0, 1e-6) << "4 MW are lacking, the link brings 3";
}

TEST(StorageForAdequacy, StorageThatIsOutDoesNothing) {
  AdequacyModel model = certain(std::vector<double>(2000, 11));
  model.storage.push_back(store(1, 1e6, 1e6));
  model.storage[0].outage = ForcedOutage::from_times(50, 50);
  Options options;
  options.samples = 200;
  const AdequacyResult result = sequential(model, options, {});
  EXPECT_NEAR(result.system.lole_h.value, 1000.0, 3.0 * result.system.lole_h.standard_error);
}

TEST(StorageForAdequacy, MethodsWithoutTimeRefuseIt) {
  AdequacyModel model = certain({10, 14});
  model.storage.push_back(store(5, 6, 6));
  Options options;
  for (const Method method : {Method::analytic, Method::state_sampling}) {
    options.method = method;
    EXPECT_THROW((void)run(model, options, {}), InputError);
  }
  options.method = Method::automatic;
  options.samples = 2;
  EXPECT_EQ(run(model, options, {}).method, Method::sequential);
}

}  // namespace
}  // namespace gridplus::adequacy
