#include "sim/dispatch/storage_rule.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace gridplus {

namespace {

/// The sum of power(x) over a window, by eight partial sums that the processor adds side by side.
template <class Power>
double sum_over(std::span<const double> window_mw, Power power) {
  constexpr std::size_t k_sums = 8;
  std::array<double, k_sums> sums{};
  const std::size_t whole = window_mw.size() - window_mw.size() % k_sums;
  for (std::size_t i = 0; i < whole; i += k_sums)
    for (std::size_t k = 0; k < k_sums; ++k) sums[k] += power(window_mw[i + k]);
  for (std::size_t i = whole; i < window_mw.size(); ++i) sums[i - whole] += power(window_mw[i]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// Energy between a level and the window's curve, each step's power capped.
double energy_above(std::span<const double> window_mw, double level_mw, double cap_mw, double step_h) {
  return step_h * sum_over(window_mw, [=](double x) { return std::min(std::max(x - level_mw, 0.0), cap_mw); });
}

double energy_below(std::span<const double> window_mw, double level_mw, double cap_mw, double step_h) {
  return step_h * sum_over(window_mw, [=](double x) { return std::min(std::max(level_mw - x, 0.0), cap_mw); });
}

/// The level in [low, high] at which the rising function `energy` reaches `target`, by bisection.
template <class Energy>
double level_where(double low, double high, double target, Energy energy) {
  constexpr int k_halvings = 40;
  for (int i = 0; i < k_halvings; ++i) {
    const double middle = 0.5 * (low + high);
    (energy(middle) < target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

StorageFleet gather_fleet(std::span<const StorageOffer> storages, std::span<const std::uint32_t> members) {
  StorageFleet fleet;
  double charge = 0.0, discharge = 0.0;
  for (const std::uint32_t i : members) {
    const StorageOffer& offer = storages[i];
    const double capacity = offer.energy_max_mwh - offer.energy_min_mwh;
    fleet.max_charge_mw += offer.max_charge_mw;
    fleet.max_discharge_mw += offer.max_discharge_mw;
    fleet.capacity_mwh += capacity;
    charge += capacity * offer.charge_efficiency;
    discharge += capacity * offer.discharge_efficiency;
    fleet.wear_per_mwh += capacity * offer.wear_per_mwh;
  }
  if (fleet.capacity_mwh > 0.0) {
    fleet.charge_efficiency = charge / fleet.capacity_mwh;
    fleet.discharge_efficiency = discharge / fleet.capacity_mwh;
    fleet.wear_per_mwh /= fleet.capacity_mwh;
  }
  return fleet;
}

NetLoadBand net_load_band(std::span<const double> window_mw, const StorageFleet& fleet, double step_h) {
  const auto [lowest, highest] = std::minmax_element(window_mw.begin(), window_mw.end());
  // A full cycle gives capacity * eta_d and takes capacity / eta_c at the grid. The rated powers are not known here;
  // what is possible now stands in for them, and at least what fills the store in a quarter of the window.
  const double window_h = static_cast<double>(window_mw.size()) * step_h;
  const double least_mw = fleet.capacity_mwh / (0.25 * window_h);
  const double out_mwh = fleet.capacity_mwh * fleet.discharge_efficiency;
  const double in_mwh = fleet.capacity_mwh / fleet.charge_efficiency;
  const double out_mw = std::max(fleet.max_discharge_mw, least_mw);
  const double in_mw = std::max(fleet.max_charge_mw, least_mw);
  NetLoadBand band;
  band.high_mw = level_where(*lowest, *highest, -out_mwh,
                             [&](double level) { return -energy_above(window_mw, level, out_mw, step_h); });
  band.low_mw = level_where(*lowest, *highest, in_mwh,
                            [&](double level) { return energy_below(window_mw, level, in_mw, step_h); });
  if (band.low_mw > band.high_mw) band.low_mw = band.high_mw = 0.5 * (band.low_mw + band.high_mw);
  return band;
}

double net_load_power(double net_load_mw, const IslandMemory& memory, const StorageFleet& fleet, double step_h) {
  if (fleet.capacity_mwh <= 0.0 || memory.filled == 0 || memory.filled < memory.net_load_mw.size()) return 0.0;
  const NetLoadBand band = net_load_band(memory.net_load_mw, fleet, step_h);
  if (net_load_mw > band.high_mw) return std::min(net_load_mw - band.high_mw, fleet.max_discharge_mw);
  if (net_load_mw < band.low_mw) return -std::min(band.low_mw - net_load_mw, fleet.max_charge_mw);
  return 0.0;
}

double price_power(double price_per_mwh, const IslandMemory& memory, const StorageFleet& fleet, double step_h) {
  const std::size_t samples = memory.price_per_mwh.size();
  if (fleet.capacity_mwh <= 0.0 || samples == 0 || memory.filled < samples) return 0.0;
  std::vector<double> sorted(memory.price_per_mwh);
  std::sort(sorted.begin(), sorted.end());
  const auto steps_for = [&](double energy_mwh, double power_mw) {
    const double steps = power_mw > 0.0 ? std::ceil(energy_mwh / (power_mw * step_h)) : 0.0;
    return static_cast<std::size_t>(std::clamp(steps, 1.0, static_cast<double>(samples) / 3.0));
  };
  const double cheap = sorted[steps_for(fleet.capacity_mwh / fleet.charge_efficiency, fleet.max_charge_mw) - 1];
  const double dear =
      sorted[samples - steps_for(fleet.capacity_mwh * fleet.discharge_efficiency, fleet.max_discharge_mw)];
  const double round_trip = fleet.charge_efficiency * fleet.discharge_efficiency;
  const bool pays = dear > cheap / round_trip + fleet.wear_per_mwh;
  if (pays && price_per_mwh >= dear) return fleet.max_discharge_mw;
  if (pays && price_per_mwh <= cheap) return -fleet.max_charge_mw;
  return 0.0;
}

}  // namespace gridplus
