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

/// Energy between a level and the window's curve, and how fast it grows with the depth of the curve behind the level.
struct Energy {
  double mwh = 0.0, mwh_per_mw = 0.0;
};

/// `depth`: of a sample behind the level, MW; each step's power is capped.
template <class Depth>
Energy energy_behind(std::span<const double> window_mw, double cap_mw, double step_h, Depth depth) {
  return {step_h * sum_over(window_mw, [=](double x) { return std::min(std::max(depth(x), 0.0), cap_mw); }),
          step_h * sum_over(window_mw, [=](double x) { return depth(x) > 0.0 && depth(x) < cap_mw ? 1.0 : 0.0; })};
}

/// The depth in [0, most] at which `energy`, which rises with it and is linear piece by piece, reaches `target_mwh`, or
/// `most`: by Newton's method, which ends at the piece's own root, and by halving where it leaves what is left of the
/// interval.
template <class EnergyAt>
double depth_where(double most_mw, double target_mwh, EnergyAt energy) {
  constexpr int k_most_steps = 60;
  constexpr double k_near = 1e-12;
  if (energy(most_mw).mwh <= target_mwh) return most_mw;
  double low = 0.0, high = most_mw, depth = 0.5 * most_mw;
  for (int i = 0; i < k_most_steps; ++i) {
    const Energy now = energy(depth);
    const double missing_mwh = target_mwh - now.mwh;
    if (std::abs(missing_mwh) <= k_near * target_mwh) break;
    (missing_mwh > 0.0 ? low : high) = depth;
    const double next = depth + missing_mwh / now.mwh_per_mw;  // not finite where it does not rise
    depth = next > low && next < high ? next : 0.5 * (low + high);
  }
  return depth;
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
  const double most_mw = *highest - *lowest, top = *highest, bottom = *lowest;
  band.high_mw = top - depth_where(most_mw, out_mwh, [&](double depth_mw) {
                   return energy_behind(window_mw, out_mw, step_h, [=](double x) { return x - (top - depth_mw); });
                 });
  band.low_mw = bottom + depth_where(most_mw, in_mwh, [&](double depth_mw) {
                  return energy_behind(window_mw, in_mw, step_h, [=](double x) { return bottom + depth_mw - x; });
                });
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
