// From a scenario to a Model.
#include "scenarios/load.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tests/scenarios/scenario_text.hpp"

namespace gridplus {
namespace {

using test::model_of;
using test::param;
using test::small_scenario;

TEST(Load, BuildsTheExampleOfTheDocumentation) {
  const auto model = load_scenario(std::filesystem::path(GRIDPLUS_TEST_SCENARIOS) / "good/two_bus.yaml");
  EXPECT_EQ(model->grid.bus_count(), 2U);
  EXPECT_EQ(model->seed, 7U);
  EXPECT_EQ(model->names.storage, (std::vector<std::string>{"shed_1", "shed_2", "shed_3"}));
  EXPECT_EQ(model->producer_connection[1].vm_set_pu, 1.02);
  EXPECT_FALSE(model->producer_connection[0].slack_capable);
  EXPECT_EQ(model->producer_connection[0].category, "wind");
  EXPECT_EQ(model->producer_connection[1].category, "grid");
  EXPECT_EQ(model->profiles.columns(), 2U);
  EXPECT_NEAR(test::demand_of(*model)[0], 60 * 0.4, 1e-9);
}

TEST(Load, EveryScenarioOfTheCatalogueIsRight) {
  const std::filesystem::path catalogue = std::filesystem::path(GRIDPLUS_SOURCE) / "scenarios/catalogue";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(catalogue)) {
    if (entry.path().extension() == ".yaml") {
      EXPECT_NO_THROW((void)load_scenario(entry.path())) << entry.path();
    }
  }
}

TEST(Load, OhmsBecomePerUnitOnTheVoltageOfTheFromBus) {
  std::string text = small_scenario();
  const std::string old = "r: 0.01 p.u., x: 0.05 p.u.";
  text.replace(text.find(old), old.size(), "r: 0.2 ohm/km, x: 0.4 ohm/km, b: 2.8 uS/km, length: 10 km");
  const auto model = model_of(text);
  const double z_base_ohm = 110.0 * 110.0 / 100.0;
  EXPECT_NEAR(model->grid.branch().r_pu[0], 2.0 / z_base_ohm, 1e-15);
  EXPECT_NEAR(model->grid.branch().x_pu[0], 4.0 / z_base_ohm, 1e-15);
  EXPECT_NEAR(model->grid.branch().b_pu[0], 28e-6 * z_base_ohm, 1e-15);
}

/// The small scenario with other impedances and keys for its branch.
std::string with_branch(const std::string& keys) {
  std::string text = small_scenario();
  const std::string old = "r: 0.01 p.u., x: 0.05 p.u.";
  return text.replace(text.find(old), old.size(), keys);
}

TEST(Load, ATapChangerBeginsAtItsPositionAndHoldsTheToBusUnlessToldOtherwise) {
  const auto model = model_of(with_branch(
      "x: 0.1 p.u., kind: transformer, tap: 1.02, tap_step: 1.25 %, tap_lowest: -8, tap_highest: 8, tap_position: 2, "
      "tap_side: to, tap_control: voltage, tap_voltage: 1.01 p.u."));
  ASSERT_EQ(model->grid.tap_changers().size(), 1U);
  const TapChanger& changer = model->grid.tap_changers()[0];
  EXPECT_EQ(changer.bus, model->grid.branch().to[0]);
  EXPECT_EQ(changer.end, BranchEnd::to);
  EXPECT_EQ(changer.set_point, 1.01);
  EXPECT_DOUBLE_EQ(changer.dead_band, 1.2 * 0.0125);
  EXPECT_DOUBLE_EQ(model->grid.branch().tap[0], 1.02 / 1.025);
}

TEST(Load, ACouplerNeedsNoImpedance) {
  const auto model = model_of(with_branch("kind: coupler"));
  EXPECT_TRUE(model->grid.is_coupler(0));
  EXPECT_EQ(model->grid.branch().kind[0], BranchKind::coupler);
}

TEST(Load, DevicesAreGroupedByModelInTheOrderOfTheRegistry) {
  std::string text = small_scenario();
  text.insert(text.find("  - {name: plant"),
              "  - {name: outside, model: external_grid, bus: town, import_limit: 1 MW, import_price: 1 CNY/MWh}\n");
  const auto model = model_of(text);
  EXPECT_EQ(model->producer_banks[0]->type(), "thermal");
  EXPECT_EQ(model->names.producer, (std::vector<std::string>{"plant", "outside"}));
  EXPECT_EQ(model->producer_connection[0].bus, BusId(0));
}

TEST(Load, DrawsOfADistributionDoNotDependOnOtherDevices) {
  const std::string crowd =
      "  - {name: crowd, model: load, bus: town, count: 50, demand: 1 MW, power_factor: {normal: {mean: 0.9, sd: 0.05, "
      "min: 0.8, max: 1}}}\n";
  const auto alone = model_of(small_scenario() + crowd);
  const auto among = model_of(small_scenario() + "  - {name: other, model: load, bus: town, demand: 2 MW}\n" + crowd);
  const ConsumerBank& a = *alone->consumer_banks[0];
  const ConsumerBank& b = *among->consumer_banks[0];
  double sum = 0.0;
  for (std::size_t i = 0; i < 50; ++i) {
    const double drawn = std::get<double>(param(a, 1 + i, "power_factor"));
    EXPECT_EQ(drawn, std::get<double>(param(b, 2 + i, "power_factor")));
    EXPECT_GE(drawn, 0.8);
    EXPECT_LE(drawn, 1.0);
    sum += drawn;
  }
  EXPECT_NE(std::get<double>(param(a, 1, "power_factor")), std::get<double>(param(a, 2, "power_factor")));
  EXPECT_NEAR(sum / 50, 0.9, 0.03);
}

TEST(Load, ATimelineOnAParameterBecomesDatedChanges) {
  const auto model = model_of(
      small_scenario(), {"producers.plant.capacity={2017-01-01: 100 MW, 2018-01-01T02:00: 80 MW, 2030-01-01: 1 MW}"});
  EXPECT_EQ(std::get<double>(param(*model->producer_banks[0], 0, "capacity")), 100.0);
  ASSERT_EQ(model->changes.size(), 1U);
  EXPECT_EQ(model->changes[0].step, 2);
  EXPECT_EQ(std::get<double>(model->changes[0].value), 80.0);
  EXPECT_EQ(model->producer_banks[0]->fields()[model->changes[0].field].key, "capacity");
}

TEST(Load, ALinearTimelineChangesInEveryStep) {
  const auto model =
      model_of(small_scenario(),
               {"producers.plant.capacity={interpolate: linear, 2018-01-01: 100 MW, 2018-01-01T02:00: 80 MW}"});
  ASSERT_EQ(model->changes.size(), 2U);
  EXPECT_EQ(std::get<double>(model->changes[0].value), 90.0);
  EXPECT_EQ(std::get<double>(model->changes[1].value), 80.0);
}

TEST(Load, OutagesFindBranchesProducersAndStorage) {
  const auto model =
      model_of(small_scenario() +
               "events:\n  - {outage: plant, from: 2018-01-01T01:00, to: 2018-01-01T03:00, reason: repair}\n"
               "  - {outage: line_1, from: 2019-01-01, to: 2019-01-02}\n");
  ASSERT_EQ(model->outages.size(), 1U) << "an outage after the run takes no part";
  EXPECT_EQ(model->outages[0].subject, PlannedOutage::Subject::producer);
  EXPECT_EQ(model->outages[0].from_step, 1);
  EXPECT_EQ(model->outages[0].to_step, 3);
}

TEST(Load, ThePowerFactorSaysHowMuchReactivePowerIsInjected) {
  const auto at = [](const char* pf) {
    return model_of(small_scenario(), {std::string("producers.plant.power_factor=") + pf})
        ->producer_connection[0]
        .q_per_p;
  };
  EXPECT_EQ(at("1"), 0.0);
  EXPECT_NEAR(at("0.8"), 0.75, 1e-12);
  EXPECT_NEAR(at("-0.8"), -0.75, 1e-12);
}

TEST(Load, TheRecordHoldsTheTextsAndEveryParameterInForce) {
  const auto model = model_of(small_scenario());
  EXPECT_EQ(model->provenance.files[0], std::make_pair(std::string("s.yaml"), small_scenario()));
  EXPECT_NE(model->provenance.resolved_json.find("\"min_stable_level\":"), std::string::npos);
  EXPECT_EQ(model->provenance.currency, "CNY");
}

TEST(Load, TheSameTextGivesTheSameModel) {
  const std::string text = small_scenario("{synthetic: load, scale: 60 MW}");
  EXPECT_EQ(test::demand_of(*model_of(text)), test::demand_of(*model_of(text)));
  EXPECT_EQ(model_of(text)->provenance.resolved_json, model_of(text)->provenance.resolved_json);
}

}  // namespace
}  // namespace gridplus
