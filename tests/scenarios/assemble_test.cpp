// Bases, tables and values from outside.
#include <gtest/gtest.h>

#include "tests/scenarios/scenario_text.hpp"

namespace gridplus {
namespace {

using test::model_of;
using test::param;
using test::small_scenario;

double capacity(const Model& model, std::size_t i = 0) {
  return std::get<double>(param(*model.producer_banks[0], i, "capacity"));
}

TEST(Extends, MapsMergeListsAreReplacedAndPlusAppends) {
  const auto model = model_of({{"s.yaml",
                                "extends: base/base.yaml\nname: second\ntime: {duration: 2 h}\n"
                                "+producers:\n  - {name: more, model: thermal, bus: town, capacity: 7 MW, heat_rate: 9 "
                                "GJ/MWh}\nconsumers: []\n"},
                               {"base/base.yaml", small_scenario()}});
  EXPECT_EQ(model->provenance.scenario_name, "second");
  EXPECT_EQ(model->time.steps(), 2);
  EXPECT_EQ(model->names.producer, (std::vector<std::string>{"plant", "more"}));
  EXPECT_EQ(model->consumer_count(), 0U);
  EXPECT_EQ(model->provenance.files.size(), 2U);
}

TEST(Extends, LaterBasesWinAndTheFileItselfWinsOverAll) {
  const auto model = model_of({{"s.yaml", "extends: [a.yaml, b.yaml]\nseed: 3\n"},
                               {"a.yaml", small_scenario()},
                               {"b.yaml", "name: from_b\nseed: 2\n"}});
  EXPECT_EQ(model->provenance.scenario_name, "from_b");
  EXPECT_EQ(model->seed, 3U);
}

TEST(Extends, NamesAreSeenFromTheFileThatWritesThem) {
  const auto model = model_of({{"s.yaml", "extends: base/base.yaml\n"},
                               {"base/base.yaml", small_scenario("'load.csv#a'")},
                               {"base/load.csv", "step,a [MW]\n0,1\n1,2\n2,3\n3,4\n"}});
  EXPECT_EQ(test::demand_of(*model), (std::vector<double>{1, 2, 3, 4}));
}

const char* const k_units =
    "name,bus,capacity [MW],heat_rate [GJ/MWh],fuel_curve [MW:GJ/h],must_run\n"
    "u1,coast,50,9,,true\n"
    "u2,town,80 MW,,20:200 80:760,\n";

test::Files with_table() {
  std::string text = small_scenario();
  const auto at = text.find("consumers:");
  text.insert(at, "  - {table: units.csv, model: thermal, category: old, fuel_price: 20 CNY/GJ}\n");
  return {{"s.yaml", text}, {"units.csv", k_units}};
}

TEST(Table, RowsBecomeDevicesAndKeysBesideItHoldForAll) {
  const auto model = model_of(with_table());
  const ProducerBank& bank = *model->producer_banks[0];
  ASSERT_EQ(model->names.producer, (std::vector<std::string>{"plant", "u1", "u2"}));
  EXPECT_EQ(capacity(*model, 1), 50.0);
  EXPECT_EQ(capacity(*model, 2), 80.0);
  EXPECT_EQ(std::get<bool>(param(bank, 1, "must_run")), true);
  const Curve curve = std::get<Curve>(param(bank, 2, "fuel_curve"));
  ASSERT_EQ(curve.count, 2U);
  EXPECT_EQ(curve.x[1], 80.0);
  EXPECT_EQ(curve.y[1], 760.0);
  EXPECT_EQ(model->producer_connection[1].category, "old");
  EXPECT_EQ(model->producer_connection[2].bus, BusId(1));
}

TEST(Set, ChangesEntriesByNameByPositionAndInTables) {
  const auto model =
      model_of(with_table(), {"producers.plant.capacity=70 MW", "producers[1].capacity=60 MW",
                              "producers.u2.capacity=90 MW", "time.steps=2", "policy.co2_price=5 CNY/t"});
  EXPECT_EQ(capacity(*model, 0), 70.0);
  EXPECT_EQ(capacity(*model, 1), 60.0);
  EXPECT_EQ(capacity(*model, 2), 90.0);
  EXPECT_EQ(model->time.steps(), 2);
  EXPECT_EQ(model->co2_price_per_t.scale, 5.0);
}

TEST(Set, FindsNamesWithDots) {
  std::string text = small_scenario();
  text.replace(text.find("name: plant"), 11, "name: a.b.1");
  EXPECT_EQ(capacity(*model_of(text, {"producers.a.b.1.capacity=33 MW"})), 33.0);
}

}  // namespace
}  // namespace gridplus
