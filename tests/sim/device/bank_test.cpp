#include "sim/device/bank.hpp"

#include <gtest/gtest.h>

#include "sim/device/registry.hpp"

namespace gridplus {
namespace {

/// A tank: the simplest model with a parameter, a derived parameter and a state.
struct Tank {
  static constexpr std::string_view type = "tank";
  static constexpr std::string_view doc = "A tank for tests.";
  static constexpr DeviceKind kind = DeviceKind::storage;
  struct Params {
    double capacity_mw = 1.0;
    double hours = 4.0;
    double energy_mwh = 0.0;  // derived
  };
  struct State {
    double level_mwh = 0.0;
  };
  static constexpr auto fields = std::make_tuple(field(&Params::capacity_mw, "capacity", "MW", "power"),
                                                 field(&Params::hours, "hours", "h", "time from full to empty"));
  static constexpr auto state_fields = std::make_tuple(field(&State::level_mwh, "level_mwh", "MWh", "content"));

  static void prepare(Params& params, ParamIssues& issues) {
    params.energy_mwh = params.capacity_mw * params.hours;
    if (params.hours <= 0.0) issues.push_back({"hours", "the tank holds nothing", "> 0 h"});
  }
  static State initial(const Params& params, const StepContext&) { return {params.energy_mwh / 2.0}; }
  static StorageOffer offer(const Params& params, const State& state, const StepContext&) {
    StorageOffer offer;
    offer.max_discharge_mw = params.capacity_mw;
    offer.energy_mwh = state.level_mwh;
    return offer;
  }
  static StorageResponse step(const Params&, State& state, const StorageCommand& command, const StepContext& context) {
    state.level_mwh -= command.p_mw * context.step_h;
    return {.p_mw = command.p_mw, .energy_mwh = state.level_mwh};
  }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
  static double energy_capacity_mwh(const Params& params) { return params.energy_mwh; }
};

/// Two tanks of 1 MW and 10 MW, as the scenario reader would make them.
std::unique_ptr<DeviceBank> two_tanks() {
  const ModelInfo info = describe<Tank>();
  const auto builder = info.make_builder();
  ParamIssues issues;
  for (const double capacity_mw : {1.0, 10.0}) {
    info.fields[0].set(builder->add(), capacity_mw);
    builder->prepare_last(issues);
  }
  EXPECT_TRUE(issues.empty());
  return builder->build();
}

const StorageBank& storage(const DeviceBank& bank) {
  return dynamic_cast<const StorageBank&>(bank);
}

TEST(Bank, HoldsTheDevicesInTheOrderTheyWereAdded) {
  const auto bank = two_tanks();
  ASSERT_EQ(bank->size(), 2u);
  EXPECT_EQ(bank->type(), "tank");
  EXPECT_EQ(bank->kind(), DeviceKind::storage);
  EXPECT_EQ(std::get<double>(bank->param(1, 0)), 10.0);
  EXPECT_EQ(storage(*bank).energy_capacity_mwh(1), 40.0);
}

TEST(Bank, StepsEveryDeviceByItsOwnCommand) {
  const auto bank = two_tanks();
  BankState state = bank->initial_state({});
  StepContext half_hour;
  half_hour.step_h = 0.5;
  std::vector<StorageResponse> responses(2);
  storage(*bank).step(state, std::vector<StorageCommand>{{.p_mw = 1.0}, {.p_mw = -5.0}}, half_hour, responses);
  EXPECT_EQ(responses[0].energy_mwh, 2.0 - 0.5);
  EXPECT_EQ(responses[1].energy_mwh, 20.0 + 2.5);
  EXPECT_EQ(std::get<double>(bank->state_value(state, 1, 0)), 22.5);
}

TEST(Bank, ACopiedStateIsACheckpoint) {
  const auto bank = two_tanks();
  BankState state = bank->initial_state({});
  const BankState checkpoint = state;
  std::vector<StorageResponse> first(2), again(2);
  const std::vector<StorageCommand> commands{{.p_mw = 0.25}, {.p_mw = 3.0}};
  storage(*bank).step(state, commands, {}, first);
  BankState resumed = checkpoint;
  storage(*bank).step(resumed, commands, {}, again);
  EXPECT_EQ(resumed.devices, state.devices);
  EXPECT_EQ(first[1].energy_mwh, again[1].energy_mwh);
}

TEST(Bank, ADatedChangeHoldsForOneDeviceInOneState) {
  const auto bank = two_tanks();
  BankState changed = bank->initial_state({});
  const BankState untouched = changed;
  bank->change_param(changed, 1, 0, 20.0);
  std::vector<StorageOffer> offers(2);
  storage(*bank).offer(changed, {}, offers);
  EXPECT_EQ(offers[0].max_discharge_mw, 1.0);
  EXPECT_EQ(offers[1].max_discharge_mw, 20.0);
  storage(*bank).offer(untouched, {}, offers);
  EXPECT_EQ(offers[1].max_discharge_mw, 10.0);
  EXPECT_EQ(std::get<double>(bank->param(1, 0)), 10.0) << "the model itself never changes";
}

TEST(Bank, ADatedChangeThatDoesNotFitIsRefusedWithTheReason) {
  const auto bank = two_tanks();
  BankState state = bank->initial_state({});
  try {
    bank->change_param(state, 0, 1, -1.0);
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "hours: the tank holds nothing; allowed: > 0 h");
  }
}

TEST(Registry, FindsAModelByItsName) {
  const ModelRegistry registry{describe<Tank>()};
  ASSERT_NE(find_model(registry, "tank"), nullptr);
  EXPECT_EQ(find_model(registry, "tank")->doc, "A tank for tests.");
  EXPECT_EQ(find_model(registry, "Tank"), nullptr);
}

}  // namespace
}  // namespace gridplus
