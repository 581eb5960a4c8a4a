#include "sim/dispatch/merit_order.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

namespace gridplus {
namespace {

constexpr double k_tolerance_mw = 1e-9;

ProducerOffer unit(double min_mw, double max_mw, double price, bool online = true) {
  ProducerOffer offer;
  offer.available_mw = max_mw;
  offer.min_mw = offer.machine_min_mw = min_mw;
  offer.max_mw = max_mw;
  offer.online = online;
  offer.may_start = !online;
  offer.may_stop = online;
  offer.balancing = true;
  offer.full_load_cost_per_mwh = price;
  offer.segment_count = 1;
  offer.segments[0] = {max_mw, price};
  return offer;
}

ProducerOffer wind(double available_mw) {
  ProducerOffer offer = unit(0.0, available_mw, 0.0);
  offer.may_stop = offer.balancing = false;
  offer.curtailable = true;
  return offer;
}

StorageOffer battery(double power_mw, double energy_mwh, double capacity_mwh) {
  StorageOffer offer;
  offer.max_charge_mw = power_mw;
  offer.max_discharge_mw = std::min(power_mw, energy_mwh);
  offer.energy_mwh = energy_mwh;
  offer.energy_max_mwh = capacity_mwh;
  offer.charge_efficiency = offer.discharge_efficiency = 0.95;
  return offer;
}

/// One island that holds everything.
struct Case {
  std::vector<ProducerOffer> producers;
  std::vector<StorageOffer> storages;
  std::vector<ConsumerOffer> consumers;
  DispatchOptions options{.storage_rule = StorageRule::none, .reserve_share = 0.0};
  DispatchMemory memory{};

  DispatchResult run() {
    IslandDevices island;
    const auto all = [](std::size_t count) {
      std::vector<std::uint32_t> ids(count);
      std::iota(ids.begin(), ids.end(), 0U);
      return ids;
    };
    island.producers = all(producers.size());
    island.storages = all(storages.size());
    island.consumers = all(consumers.size());
    island.slack_order = all(producers.size());
    const std::vector<IslandDevices> islands{island};
    const std::vector<double> imports{0.0};
    DispatchResult result;
    MeritOrder(options).dispatch({1.0, 0.0, producers, storages, consumers, islands, imports}, memory, result);
    return result;
  }
};

/// One island with units, storage that can hold it and a load, in steps of an hour without losses.
DispatchResult run_with_former(const Case& c, bool held_dark = false) {
  IslandDevices island;
  for (std::uint32_t p = 0; p < c.producers.size(); ++p) {
    island.producers.push_back(p);
    if (!c.producers[p].curtailable) island.slack_order.push_back(p);
  }
  for (std::uint32_t i = 0; i < c.consumers.size(); ++i) island.consumers.push_back(i);
  island.storages = island.formers = {0};
  island.held_dark = held_dark;
  const std::vector<IslandDevices> islands{island};
  const std::vector<double> imports{0.0};
  DispatchMemory memory;
  DispatchResult result;
  MeritOrder(c.options).dispatch({1.0, 0.0, c.producers, c.storages, c.consumers, islands, imports}, memory, result);
  return result;
}

double total(const DispatchResult& result) {
  double mw = 0.0;
  for (const ProducerCommand& command : result.producers) mw += command.p_mw;
  for (const StorageCommand& command : result.storages) mw += command.p_mw;
  for (const ConsumerCommand& command : result.consumers) mw -= command.served_mw;
  return mw;
}

ConsumerOffer load_of(double demand_mw, std::int32_t tier) {
  ConsumerOffer offer;
  offer.demand_mw = demand_mw;
  offer.priority = tier;
  return offer;
}

TEST(Forming, StorageServesBeforeAUnitIsStarted) {
  Case c;
  c.producers = {unit(5, 40, 100, false)};
  c.storages = {battery(30, 60, 100)};
  c.consumers = {load_of(20, 1)};
  DispatchResult result = run_with_former(c);
  EXPECT_EQ(result.forming, std::vector<std::uint8_t>{1});
  EXPECT_FALSE(result.producers[0].online);
  EXPECT_NEAR(result.storages[0].p_mw, 20.0, k_tolerance_mw);
  c.consumers = {load_of(50, 1)};  // beyond the battery's 30 MW: the unit takes the rest and holds the island
  result = run_with_former(c);
  EXPECT_EQ(result.forming, std::vector<std::uint8_t>{0});
  EXPECT_NEAR(result.producers[0].p_mw, 20.0, k_tolerance_mw);
  EXPECT_NEAR(total(result), 0.0, k_tolerance_mw);
}

TEST(Forming, AUnitThatRunsKeepsOnWhileItIsNeeded) {
  Case c;
  c.producers = {unit(5, 40, 100, true)};
  c.storages = {battery(30, 60, 100)};
  c.consumers = {load_of(20, 1)};
  const DispatchResult result = run_with_former(c);
  EXPECT_TRUE(result.producers[0].online);
  EXPECT_NEAR(result.storages[0].p_mw, 0.0, k_tolerance_mw);
}

TEST(Forming, FreePowerBeyondTheDemandIsStoredThenCurtailed) {
  Case c;
  c.producers = {wind(70)};
  c.storages = {battery(30, 60, 100)};
  c.consumers = {load_of(20, 1)};
  const DispatchResult result = run_with_former(c);
  EXPECT_EQ(result.forming, std::vector<std::uint8_t>{1});
  EXPECT_NEAR(result.storages[0].p_mw, -30.0, k_tolerance_mw);
  EXPECT_NEAR(result.producers[0].p_mw, 50.0, k_tolerance_mw);
}

TEST(Forming, WhatStorageLacksIsShedByTier) {
  Case c;
  c.storages = {battery(30, 60, 100)};
  c.consumers = {load_of(20, 2), load_of(25, 1)};
  const DispatchResult result = run_with_former(c);
  EXPECT_NEAR(result.consumers[0].served_mw, 5.0, k_tolerance_mw);
  EXPECT_NEAR(result.consumers[1].served_mw, 25.0, k_tolerance_mw);
}

TEST(Forming, AnEmptyStoreOrAnIslandHeldDarkServesNothing) {
  Case c;
  c.storages = {battery(30, 0, 100)};
  c.consumers = {load_of(20, 1)};
  EXPECT_EQ(run_with_former(c).consumers[0].served_mw, 0.0);
  EXPECT_EQ(run_with_former(c).forming, std::vector<std::uint8_t>{0});
  c.storages = {battery(30, 60, 100)};
  EXPECT_EQ(run_with_former(c, true).consumers[0].served_mw, 0.0);
}

TEST(MeritOrder, FillsTheCheapestFirstAndPricesAtTheMargin) {
  Case c{.producers = {unit(0, 100, 40), unit(0, 100, 20), unit(0, 100, 60)},
         .storages = {},
         .consumers = {{.demand_mw = 150}}};
  const DispatchResult result = c.run();
  EXPECT_DOUBLE_EQ(result.producers[1].p_mw, 100);
  EXPECT_DOUBLE_EQ(result.producers[0].p_mw, 50);
  EXPECT_FALSE(result.producers[2].online);
  EXPECT_DOUBLE_EQ(result.price_per_mwh[0], 40);
}

TEST(MeritOrder, KeepsMinimumLevelsAndCurtailsWindForThem) {
  Case c{.producers = {unit(60, 100, 20), wind(80)}, .storages = {}, .consumers = {{.demand_mw = 100}}};
  const DispatchResult result = c.run();
  EXPECT_DOUBLE_EQ(result.producers[0].p_mw, 60);
  EXPECT_DOUBLE_EQ(result.producers[1].p_mw, 40);
  EXPECT_EQ(result.curtailment[1], Curtailment::minimum_generation);
  EXPECT_DOUBLE_EQ(result.price_per_mwh[0], 0);
}

TEST(MeritOrder, NamesTheRampThatHoldsAUnitUp) {
  ProducerOffer slow = unit(60, 100, 20);
  slow.machine_min_mw = 30;
  Case c{.producers = {slow, wind(80)}, .storages = {}, .consumers = {{.demand_mw = 100}}};
  EXPECT_EQ(c.run().curtailment[1], Curtailment::ramp);
}

TEST(MeritOrder, StopsTheDearestWhereEvenTheMinimaAreTooMuch) {
  Case c{.producers = {unit(60, 100, 20), unit(50, 100, 30)}, .storages = {}, .consumers = {{.demand_mw = 55}}};
  c.options.reserve_share = 1.0;  // asks for both
  const DispatchResult result = c.run();
  EXPECT_TRUE(result.producers[0].online != result.producers[1].online);
  EXPECT_NEAR(total(result), 0.0, k_tolerance_mw);
}

TEST(MeritOrder, ShedsTheLastTierFirstAndThenById) {
  Case c{.producers = {unit(0, 50, 20)},
         .storages = {},
         .consumers = {{.demand_mw = 30, .priority = 1},
                       {.demand_mw = 30, .priority = 2, .value_of_lost_load_per_mwh = 500},
                       {.demand_mw = 30, .priority = 2, .value_of_lost_load_per_mwh = 700}}};
  const DispatchResult result = c.run();
  EXPECT_DOUBLE_EQ(result.consumers[0].served_mw, 30);
  EXPECT_NEAR(result.consumers[1].served_mw, 0, k_tolerance_mw);
  EXPECT_NEAR(result.consumers[2].served_mw, 20, k_tolerance_mw);
  EXPECT_DOUBLE_EQ(result.price_per_mwh[0], 700);
}

TEST(MeritOrder, DischargesBeforeItShedsAndChargesBeforeItCurtails) {
  Case scarce{.producers = {unit(0, 50, 20)}, .storages = {battery(20, 100, 100)}, .consumers = {{.demand_mw = 60}}};
  scarce.options.storage_rule = StorageRule::net_load;
  EXPECT_NEAR(scarce.run().storages[0].p_mw, 10, k_tolerance_mw);
  Case plenty{.producers = {wind(100)}, .storages = {battery(20, 0, 100)}, .consumers = {{.demand_mw = 60}}};
  plenty.options.storage_rule = StorageRule::net_load;
  const DispatchResult result = plenty.run();
  EXPECT_NEAR(result.storages[0].p_mw, -20, k_tolerance_mw);
  EXPECT_NEAR(result.producers[0].p_mw, 80, k_tolerance_mw);
}

TEST(MeritOrder, KeepsASlowUnitForThePeakOfTheDayBefore) {
  ProducerOffer slow = unit(40, 100, 30);
  slow.restart_h = 12;
  Case c{.producers = {unit(0, 100, 20), slow}, .storages = {}, .consumers = {{.demand_mw = 50}}};
  EXPECT_FALSE(c.run().producers[1].online) << "without memory the present demand decides";
  c.memory = {};
  c.memory.islands.resize(1);
  for (int hour = 0; hour < 24; ++hour) c.memory.islands[0].remember(24, hour == 6 ? 150.0 : 50.0, 20.0, 50.0);
  EXPECT_TRUE(c.run().producers[1].online) << "150 MW were needed within its 12 h of restart";
}

TEST(MeritOrder, AnIslandWithoutAUnitToHoldItIsDead) {
  ProducerOffer stuck = unit(0, 100, 20, false);
  stuck.may_start = false;
  Case c{.producers = {stuck}, .storages = {battery(20, 50, 50)}, .consumers = {{.demand_mw = 60}}};
  const DispatchResult result = c.run();
  EXPECT_EQ(result.consumers[0].served_mw, 0);
  EXPECT_EQ(result.storages[0].p_mw, 0);
}

TEST(MeritOrder, StorageDoesNotChargeWhatNobodyGeneratesAnyMore) {
  // The large unit cannot run as low as needed. Once it is stopped, storage has no surplus left to take.
  Case c{.producers = {unit(0, 4, 10), unit(64, 107, 20)},
         .storages = {battery(5, 0, 100)},
         .consumers = {{.demand_mw = 5}}};
  c.options.storage_rule = StorageRule::price;
  const DispatchResult result = c.run();
  EXPECT_NEAR(total(result), 0.0, k_tolerance_mw);
  EXPECT_NEAR(result.storages[0].p_mw, 0.0, k_tolerance_mw);
  EXPECT_NEAR(result.consumers[0].served_mw, 4.0, k_tolerance_mw);
}

RC_GTEST_PROP(MeritOrder, BalancesWithinEveryUnitsLimits, ()) {
  Case c;
  const auto units = *rc::gen::inRange(1, 12);
  double largest = 0.0;
  for (int i = 0; i < units; ++i) {
    const double max_mw = *rc::gen::inRange(1, 200), share = *rc::gen::inRange(0, 100) / 100.0;
    const bool is_wind = *rc::gen::inRange(0, 4) == 0;
    c.producers.push_back(
        is_wind ? wind(max_mw) : unit(share * max_mw, max_mw, *rc::gen::inRange(1, 90), *rc::gen::arbitrary<bool>()));
    largest += max_mw;
  }
  for (int i = 0; i < *rc::gen::inRange(0, 4); ++i) {
    const double energy = *rc::gen::inRange(0, 100);
    c.storages.push_back(battery(*rc::gen::inRange(1, 50), energy, 100));
  }
  for (int i = 0; i < *rc::gen::inRange(1, 6); ++i)
    c.consumers.push_back(
        {.demand_mw = static_cast<double>(*rc::gen::inRange(0, 300)), .priority = *rc::gen::inRange(1, 4)});
  c.options.storage_rule = *rc::gen::element(StorageRule::none, StorageRule::net_load, StorageRule::price);
  for (int step = 0; step < 30; ++step) {
    const DispatchResult result = c.run();
    RC_ASSERT(std::abs(total(result)) < 1e-6);
    for (std::size_t p = 0; p < c.producers.size(); ++p) {
      RC_ASSERT(result.producers[p].p_mw <= c.producers[p].max_mw + k_tolerance_mw);
      RC_ASSERT(result.producers[p].p_mw >= -k_tolerance_mw);
      if (!result.producers[p].online) RC_ASSERT(result.producers[p].p_mw == 0.0);
    }
    for (std::size_t s = 0; s < c.storages.size(); ++s) {
      RC_ASSERT(result.storages[s].p_mw <= c.storages[s].max_discharge_mw + k_tolerance_mw);
      RC_ASSERT(result.storages[s].p_mw >= -c.storages[s].max_charge_mw - k_tolerance_mw);
    }
    for (std::size_t k = 0; k < c.consumers.size(); ++k) {
      RC_ASSERT(result.consumers[k].served_mw >= -k_tolerance_mw);
      RC_ASSERT(result.consumers[k].served_mw <= c.consumers[k].demand_mw + k_tolerance_mw);
    }
  }
}

}  // namespace
}  // namespace gridplus
