#include "sim/dispatch/flexible_demand.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/dispatch/merit_order.hpp"

namespace gridplus {
namespace {

constexpr double k_tolerance_mw = 1e-6;

/// A fleet that needs 12 MWh within six hours, at 0 to 5 MW.
ConsumerOffer fleet() {
  return {.demand_mw = 3.0,
          .flexible_down_mw = 3.0,
          .flexible_up_mw = 2.0,
          .flexible_energy_mwh = 12.0,
          .deadline_h = 6.0,
          .planned_most_mw = 5.0};
}

IslandMemory remembered(const std::vector<double>& firm_mw) {
  IslandMemory memory;
  for (const double mw : firm_mw) memory.remember(firm_mw.size(), mw, 0.0, mw);
  return memory;
}

FlexibleDemand gathered(const std::vector<ConsumerOffer>& offers) {
  std::vector<std::uint32_t> members(offers.size());
  for (std::size_t i = 0; i < members.size(); ++i) members[i] = static_cast<std::uint32_t>(i);
  return gather_flexible(offers, members);
}

TEST(FlexibleDemand, FillsTheValleyLikeWater) {
  // The hours to come: 10 now, then 8, 6, 6, 8, 10. Level 9: 0 + 1 + 3 + 3 + 1 + 0 = 8; level 10: 0 2 4 4 2 0 = 12.
  const IslandMemory memory = remembered({10, 8, 6, 6, 8, 10});
  EXPECT_NEAR(flexible_power(10, memory, gathered({fleet()}), 1.0), 0.0, k_tolerance_mw);
  EXPECT_NEAR(flexible_power(7, memory, gathered({fleet()}), 1.0), 2.4,
              k_tolerance_mw);  // level 9.4: 2.4 1.4 3.4 3.4 1.4 0
}

TEST(FlexibleDemand, GivesBackAtThePeakWhatTheValleyReturns) {
  ConsumerOffer full{.flexible_down_mw = 4.0, .deadline_h = 3.0, .planned_least_mw = -4.0, .planned_most_mw = 4.0};
  // Loads 10, 6, 8: level 8 gives 2 now and takes 2 in the valley.
  EXPECT_NEAR(flexible_power(10, remembered({10, 6, 8}), gathered({full}), 1.0), -2.0, k_tolerance_mw);
}

TEST(FlexibleDemand, KeepsItsOwnScheduleUntilADayIsKnown) {
  EXPECT_EQ(flexible_power(10, IslandMemory{}, gathered({fleet()}), 1.0), 3.0);
}

TEST(FlexibleDemand, FirmConsumersAreLeftAlone) {
  const std::vector<ConsumerOffer> offers{{.demand_mw = 7.0}, fleet()};
  std::vector<ConsumerCommand> commands{{7.0}, {3.0}};
  const std::vector<std::uint32_t> members{0, 1};
  set_flexible(offers, members, 4.0, gather_flexible(offers, members), commands);
  EXPECT_EQ(commands[0].served_mw, 7.0);
  EXPECT_NEAR(commands[1].served_mw, 4.0, k_tolerance_mw);
}

/// One island with one unit of `capacity_mw`, dispatched once.
DispatchResult dispatched(double capacity_mw, const std::vector<ConsumerOffer>& consumers, bool free_power = false) {
  ProducerOffer unit;
  unit.available_mw = unit.max_mw = capacity_mw;
  unit.may_start = false;
  unit.curtailable = free_power;
  unit.may_stop = !free_power;
  unit.segment_count = 1;
  unit.segments[0] = {capacity_mw, free_power ? 0.0 : 30.0};
  IslandDevices devices{.producers = {0}, .slack_order = {0}};
  for (std::size_t i = 0; i < consumers.size(); ++i) devices.consumers.push_back(static_cast<std::uint32_t>(i));
  const std::vector<double> import{0.0};
  DispatchInput input;
  input.producers = {&unit, 1};
  input.consumers = consumers;
  input.islands = {&devices, 1};
  input.island_import_mw = import;
  DispatchMemory memory;
  DispatchResult result;
  MeritOrder({.storage_rule = StorageRule::none, .reserve_share = 0.0}).dispatch(input, memory, result);
  return result;
}

TEST(FlexibleDemand, WaitsBeforeAnybodyIsShed) {
  const std::vector<ConsumerOffer> consumers{{.demand_mw = 10.0, .priority = 5}, fleet()};
  const DispatchResult result = dispatched(11.0, consumers);
  EXPECT_NEAR(result.consumers[0].served_mw, 10.0, k_tolerance_mw);
  EXPECT_NEAR(result.consumers[1].served_mw, 1.0, k_tolerance_mw);
}

TEST(FlexibleDemand, TakesFreePowerThatWouldBeCurtailed) {
  const DispatchResult result = dispatched(14.0, {{.demand_mw = 10.0}, fleet()}, true);
  EXPECT_NEAR(result.consumers[1].served_mw, 4.0, k_tolerance_mw);
  EXPECT_NEAR(result.producers[0].p_mw, 14.0, k_tolerance_mw);
}

RC_GTEST_PROP(FlexibleDemand, StaysWithinItsLimits, ()) {
  const auto mw = [](int high) { return 0.1 * *rc::gen::inRange(0, 10 * high); };
  std::vector<double> window(24);
  for (double& load : window) load = mw(50);
  ConsumerOffer offer = fleet();
  offer.flexible_energy_mwh = mw(40);
  offer.deadline_h = mw(30);
  const FlexibleDemand flexible = gathered({offer});
  const double power = flexible_power(mw(50), remembered(window), flexible, 1.0);
  RC_ASSERT(power >= flexible.least_mw - k_tolerance_mw);
  RC_ASSERT(power <= flexible.most_mw + k_tolerance_mw);
}

}  // namespace
}  // namespace gridplus
