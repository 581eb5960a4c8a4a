#include "output/schema.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/core/error.hpp"
#include "tests/output/synthetic_run.hpp"

namespace gridplus::output {
namespace {

std::vector<std::string> names(const Schema& schema, const std::string& group) {
  std::vector<std::string> out;
  for (const Group& g : schema.content.groups)
    if (g.name == group)
      for (const Dataset& dataset : g.datasets) out.push_back(dataset.name);
  return out;
}

bool has(const Schema& schema, const std::string& group, const std::string& dataset) {
  const auto all = names(schema, group);
  return std::ranges::find(all, dataset) != all.end();
}

std::string message(const Model& model) {
  try {
    static_cast<void>(make_schema(model));
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

TEST(Schema, HasEveryVariableOfTheStepBlocks) {
  const auto model = test::synthetic_model({});
  const Schema schema = make_schema(*model);
  for (const auto& info : k_bus_variables) EXPECT_TRUE(has(schema, "bus", std::string(info.name))) << info.name;
  for (const auto& info : k_branch_variables) EXPECT_TRUE(has(schema, "branch", std::string(info.name)));
  for (const auto& info : k_producer_variables) EXPECT_TRUE(has(schema, "producer", std::string(info.name)));
  for (const auto& info : k_consumer_variables) EXPECT_TRUE(has(schema, "consumer", std::string(info.name)));
  for (const auto& info : k_storage_variables) EXPECT_TRUE(has(schema, "storage", std::string(info.name)));
  for (const auto& info : k_step_variables) EXPECT_TRUE(has(schema, "step", std::string(info.name)));
}

TEST(Schema, EveryDatasetHasUnitsAndAUniqueName) {
  const auto model = test::synthetic_model({});
  for (const Group& group : make_schema(*model).content.groups) {
    std::vector<std::string> seen;
    for (const Dataset& dataset : group.datasets) {
      EXPECT_FALSE(dataset.units.empty()) << group.name << "/" << dataset.name;
      EXPECT_EQ(std::ranges::count(seen, dataset.name), 0) << group.name << "/" << dataset.name;
      seen.push_back(dataset.name);
    }
  }
}

TEST(Schema, UnitsNameTheScenariosCurrency) {
  const auto model = test::synthetic_model({});
  for (const Group& group : make_schema(*model).content.groups)
    for (const Dataset& dataset : group.datasets)
      if (dataset.name == "price_per_mwh") {
        EXPECT_EQ(dataset.units, "EUR MWh-1");
      }
}

TEST(Schema, AStateThatIsCalledLikeAParameterGetsAPrefix) {
  const auto model = test::synthetic_model({});
  const Schema schema = make_schema(*model);
  EXPECT_TRUE(has(schema, "toy_generator", "shape"));
  EXPECT_TRUE(has(schema, "toy_generator", "state_shape"));
}

TEST(Schema, AKindWithoutDevicesHasNoGroup) {
  test::SyntheticSize size;
  size.storages = 0;
  const auto model = test::synthetic_model(size);
  EXPECT_TRUE(names(make_schema(*model), "storage").empty());
}

TEST(Schema, RecordsOnlyTheGroupsAskedFor) {
  const auto model = test::synthetic_model({});
  model->record.groups = {"bus"};
  const Schema schema = make_schema(*model);
  EXPECT_TRUE(has(schema, "bus", "vm_pu"));
  EXPECT_TRUE(names(schema, "branch").empty());
  EXPECT_TRUE(names(schema, "toy_generator").empty());
  EXPECT_TRUE(has(schema, "event", "kind"));
  EXPECT_TRUE(has(schema, "scenario", "resolved_json"));
}

TEST(Schema, RecordsOnlyTheVariablesAskedFor) {
  const auto model = test::synthetic_model({});
  model->record.groups = {"branch"};
  model->record.variables = {"bus.vm_pu"};
  const Schema schema = make_schema(*model);
  EXPECT_TRUE(has(schema, "bus", "vm_pu"));
  EXPECT_TRUE(has(schema, "bus", "vn_kv"));
  EXPECT_FALSE(has(schema, "bus", "va_deg"));
  EXPECT_TRUE(has(schema, "branch", "losses_mw"));
  EXPECT_TRUE(names(schema, "producer").empty());
}

TEST(Schema, AWrongGroupIsRefusedWithAHint) {
  const auto model = test::synthetic_model({});
  model->record.groups = {"brench"};
  EXPECT_NE(message(*model).find("did you mean 'branch'?"), std::string::npos) << message(*model);
}

TEST(Schema, AWrongVariableIsRefusedWithAHint) {
  const auto model = test::synthetic_model({});
  model->record.variables = {"bus.vm"};
  EXPECT_NE(message(*model).find("bus.vm_pu"), std::string::npos) << message(*model);
}

TEST(Schema, AWrongStatisticOrResolutionIsRefused) {
  const auto model = test::synthetic_model({});
  model->record.every_steps = 4;
  model->record.statistics = {"median"};
  EXPECT_NE(message(*model).find("mean, min, max"), std::string::npos);
  model->record.statistics = {};
  model->record.every_steps = 0;
  EXPECT_NE(message(*model).find("1 or more"), std::string::npos);
}

TEST(Schema, StatisticsAreNamedAndDescribed) {
  const auto model = test::synthetic_model({});
  model->record.every_steps = 4;
  model->record.statistics = {"mean", "min", "max"};
  const Schema schema = make_schema(*model);
  for (const char* name : {"vm_pu", "vm_pu_min", "vm_pu_max", "island"}) EXPECT_TRUE(has(schema, "bus", name)) << name;
  EXPECT_FALSE(has(schema, "bus", "island_min"));
  EXPECT_EQ(schema.rows, 25);
}

TEST(Schema, BuffersStaySmallHoweverLargeTheGridIs) {
  constexpr std::size_t k_buffer_bytes = std::size_t{64} << 20;
  for (const std::size_t buses : {5u, 500u, 20000u}) {
    const auto model = test::synthetic_model({buses, buses + 10, buses, buses, 2, 100'000});
    const Schema schema = make_schema(*model);
    std::size_t row = 0;
    for (const Stream& stream : schema.streams) {
      row += stream.entities * sizeof(double);
      EXPECT_LE(static_cast<std::size_t>(schema.chunk_rows) * stream.chunk_columns, std::size_t{1} << 16);
    }
    EXPECT_LE(row * static_cast<std::size_t>(schema.chunk_rows), k_buffer_bytes);
  }
}

}  // namespace
}  // namespace gridplus::output
