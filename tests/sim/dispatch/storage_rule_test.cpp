#include "sim/dispatch/storage_rule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "sim/dispatch/merit_order.hpp"

namespace gridplus {
namespace {

std::vector<double> day(double mean_mw, double swing_mw) {
  std::vector<double> net_load(24);
  for (int hour = 0; hour < 24; ++hour)
    net_load[hour] = mean_mw - swing_mw * std::cos(2 * std::numbers::pi * hour / 24);
  return net_load;
}

TEST(StorageRule, TheBandHoldsOneFullCycle) {
  const StorageFleet fleet{50, 50, 100, 0.9, 0.9, 0};
  const std::vector<double> window = day(500, 100);
  const NetLoadBand band = net_load_band(window, fleet, 1.0);
  double out_mwh = 0.0, in_mwh = 0.0;
  for (const double x : window) {
    out_mwh += std::clamp(x - band.high_mw, 0.0, 50.0);
    in_mwh += std::clamp(band.low_mw - x, 0.0, 50.0);
  }
  EXPECT_NEAR(out_mwh, 100 * 0.9, 1e-9);
  EXPECT_NEAR(in_mwh, 100 / 0.9, 1e-9);
  EXPECT_LT(band.low_mw, band.high_mw);
}

TEST(StorageRule, AFlatDayGivesNoReasonToCycle) {
  const StorageFleet fleet{50, 50, 100, 0.9, 0.9, 0};
  IslandMemory memory;
  for (int hour = 0; hour < 24; ++hour) memory.remember(24, 500.0, 30.0, 500.0);
  EXPECT_NEAR(net_load_power(500.0, memory, fleet, 1.0), 0.0, 1e-6);
  EXPECT_EQ(price_power(30.0, memory, fleet, 1.0), 0.0);
}

TEST(StorageRule, APriceSpreadBelowTheLossesDoesNotPay) {
  const StorageFleet fleet{50, 50, 100, 0.9, 0.9, 5.0};
  const auto power = [&](double cheap, double dear) {
    IslandMemory memory;
    for (int hour = 0; hour < 24; ++hour) memory.remember(24, 500.0, hour < 12 ? cheap : dear, 500.0);
    return price_power(dear, memory, fleet, 1.0);
  };
  EXPECT_EQ(power(40.0, 40.0 / 0.81 + 4.9), 0.0);
  EXPECT_EQ(power(40.0, 40.0 / 0.81 + 5.1), 50.0);
}

/// Fuel cost of ten days with a daily swing and three units, under a rule.
double cost_of_ten_days(StorageRule rule) {
  const std::vector<double> demand = day(300, 150);
  const auto unit = [](double max_mw, double price) {
    ProducerOffer offer;
    offer.available_mw = offer.max_mw = max_mw;
    offer.may_stop = false;
    offer.full_load_cost_per_mwh = price;
    offer.segment_count = 1;
    offer.segments[0] = {max_mw, price};
    return offer;
  };
  const std::vector<ProducerOffer> producers{unit(200, 20), unit(150, 45), unit(200, 120)};
  IslandDevices island{{0, 1, 2}, {0}, {0}, {0, 1, 2}};
  const std::vector<IslandDevices> islands{island};
  const std::vector<double> imports{0.0};
  MeritOrder merit_order({.storage_rule = rule, .reserve_share = 0.0});
  DispatchMemory memory;
  DispatchResult result;
  const double efficiency = 0.92, capacity_mwh = 200, power_mw = 60;
  double energy_mwh = 100, cost = 0.0;
  for (int hour = 0; hour < 240; ++hour) {
    StorageOffer store;
    store.max_charge_mw = std::min(power_mw, (capacity_mwh - energy_mwh) / efficiency);
    store.max_discharge_mw = std::min(power_mw, energy_mwh * efficiency);
    store.energy_mwh = energy_mwh;
    store.energy_max_mwh = capacity_mwh;
    store.charge_efficiency = store.discharge_efficiency = efficiency;
    const std::vector<StorageOffer> storages{store};
    const std::vector<ConsumerOffer> consumers{{.demand_mw = demand[static_cast<std::size_t>(hour % 24)]}};
    merit_order.dispatch({1.0, 0.0, producers, storages, consumers, islands, imports}, memory, result);
    const double p_mw = result.storages[0].p_mw;
    energy_mwh -= p_mw > 0 ? p_mw / efficiency : p_mw * efficiency;
    for (std::size_t p = 0; p < producers.size(); ++p)
      cost += result.producers[p].p_mw * producers[p].full_load_cost_per_mwh;
  }
  // What is left in the store is worth what it would replace at the dearest unit's price; the start is valued alike.
  return cost - (energy_mwh - 100) * efficiency * 120;
}

TEST(StorageRule, BothRulesBeatNoStorageOnCost) {
  const double without = cost_of_ten_days(StorageRule::none);
  EXPECT_LT(cost_of_ten_days(StorageRule::net_load), 0.98 * without);
  EXPECT_LT(cost_of_ten_days(StorageRule::price), 0.98 * without);
}

}  // namespace
}  // namespace gridplus
