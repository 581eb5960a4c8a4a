#include "models/registry.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "models/common/optional.hpp"
#include "sim/core/unit.hpp"

namespace gridplus {
namespace {

TEST(Registry, ListsEveryModelOnce) {
  std::set<std::string_view> types;
  for (const ModelInfo& info : device_models()) EXPECT_TRUE(types.insert(info.type).second) << info.type;
  const std::set<std::string_view> expected = {
      "thermal",         "photovoltaic",      "wind",          "run_of_river",
      "reservoir_hydro", "profile_generator", "external_grid", "synchronous_condenser",
      "battery",         "pumped_hydro",      "load",          "ev_fleet",
      "household"};
  for (const std::string_view type : expected) EXPECT_TRUE(types.contains(type)) << type;
}

TEST(Registry, FindsModelsByName) {
  ASSERT_NE(find_model(device_models(), "battery"), nullptr);
  EXPECT_EQ(find_model(device_models(), "battery")->kind, DeviceKind::storage);
  EXPECT_EQ(find_model(device_models(), "perpetuum_mobile"), nullptr);
}

TEST(Registry, KeysAreSnakeCaseAndUniqueWithinAModel) {
  const std::regex snake("[a-z][a-z0-9]*(_[a-z0-9]+)*");
  for (const ModelInfo& info : device_models())
    for (const auto fields : {info.fields, info.state_fields}) {
      std::set<std::string_view> keys;
      for (const FieldInfo& f : fields) {
        EXPECT_TRUE(std::regex_match(std::string(f.key), snake)) << info.type << "." << f.key;
        EXPECT_TRUE(keys.insert(f.key).second) << info.type << "." << f.key;
        EXPECT_FALSE(f.doc.empty()) << info.type << "." << f.key;
      }
    }
}

TEST(Registry, UnitsAreKnown) {
  for (const ModelInfo& info : device_models())
    for (const auto fields : {info.fields, info.state_fields})
      for (const FieldInfo& f : fields) {
        EXPECT_NO_THROW((void)parse_unit(f.unit)) << info.type << "." << f.key;
        if (f.kind != FieldKind::curve) continue;
        EXPECT_NO_THROW((void)parse_unit(f.y_unit)) << info.type << "." << f.key;
      }
}

TEST(Registry, DefaultsKeepTheirLimits) {
  for (const ModelInfo& info : device_models())
    for (const FieldInfo& f : info.fields) {
      if (f.required) continue;
      double value = 0.0;
      if (const auto* number = std::get_if<double>(&f.default_value))
        value = *number;
      else if (const auto* series = std::get_if<Series>(&f.default_value))
        value = series->scale;
      else
        continue;
      if (std::isnan(value)) continue;  // not given
      EXPECT_GE(value, f.min) << info.type << "." << f.key;
      EXPECT_LE(value, f.max) << info.type << "." << f.key;
    }
}

TEST(Registry, BuildersMakeBanksOfTheirKind) {
  for (const ModelInfo& info : device_models()) {
    const auto builder = info.make_builder();
    EXPECT_NE(builder->add(), nullptr);
    const auto bank = builder->build();
    EXPECT_EQ(bank->type(), info.type);
    EXPECT_EQ(bank->size(), 1u);
    EXPECT_EQ(dynamic_cast<ProducerBank*>(bank.get()) != nullptr, info.kind == DeviceKind::producer) << info.type;
    EXPECT_EQ(dynamic_cast<StorageBank*>(bank.get()) != nullptr, info.kind == DeviceKind::storage) << info.type;
    EXPECT_EQ(dynamic_cast<ConsumerBank*>(bank.get()) != nullptr, info.kind == DeviceKind::consumer) << info.type;
  }
}

TEST(Registry, EveryModelHasItsEquationsPage) {
  for (const ModelInfo& info : device_models()) {
    const auto page = std::filesystem::path(GRIDPLUS_SOURCE_DIR) / "docs" / "models" / (std::string(info.type) + ".md");
    std::ifstream file(page);
    ASSERT_TRUE(file) << page << " is missing";
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_NE(text.str().find("<!-- fields -->"), std::string::npos) << page << " has no place for the field table";
  }
}

TEST(Bank, ADatedChangeHoldsInItsOwnStateOnly) {
  const ModelInfo* load = find_model(device_models(), "load");
  const auto builder = load->make_builder();
  const auto field_of = [&](std::string_view key) {
    for (std::size_t i = 0; i < load->fields.size(); ++i)
      if (load->fields[i].key == key) return i;
    throw std::out_of_range(std::string(key));
  };
  void* device = builder->add();
  load->fields[field_of("demand")].set(device, Series{10.0, {}});
  ParamIssues issues;
  builder->prepare_last(issues);
  ASSERT_TRUE(issues.empty());
  const auto bank = builder->build();
  const auto& consumers = dynamic_cast<const ConsumerBank&>(*bank);
  const StepContext context;
  BankState changed = bank->initial_state(context), untouched = changed;
  bank->change_param(changed, 0, field_of("scale"), 2.0);

  ConsumerOffer offer;
  consumers.offer(changed, context, {&offer, 1});
  EXPECT_EQ(offer.demand_mw, 20.0);
  consumers.offer(untouched, context, {&offer, 1});
  EXPECT_EQ(offer.demand_mw, 10.0);
  EXPECT_THROW(bank->change_param(changed, 0, field_of("growth"), 0.1), InputError);  // growth_from is missing
}

}  // namespace
}  // namespace gridplus
