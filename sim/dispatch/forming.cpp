#include "sim/dispatch/forming.hpp"

#include <algorithm>

namespace gridplus {

namespace {
constexpr double k_small_mw = 1e-9;
}  // namespace

double free_power_mw(std::span<const ProducerOffer> producers, std::span<const std::uint32_t> members) {
  double free_mw = 0.0;
  for (const std::uint32_t p : members)
    if (producers[p].online && producers[p].curtailable) free_mw += std::max(0.0, producers[p].max_mw);
  return free_mw;
}

bool storage_can_form(std::span<const ProducerOffer> producers, std::span<const StorageOffer> storages,
                      const IslandDevices& devices) {
  double charge_mw = 0.0, discharge_mw = 0.0;
  for (const std::uint32_t s : devices.formers) {
    charge_mw += storages[s].max_charge_mw;
    discharge_mw += storages[s].max_discharge_mw;
  }
  if (discharge_mw > k_small_mw) return true;
  return charge_mw > k_small_mw && free_power_mw(producers, devices.producers) > k_small_mw;
}

bool can_be_energised(std::span<const ProducerOffer> producers, std::span<const StorageOffer> storages,
                      const IslandDevices& devices) {
  if (devices.held_dark) return false;
  const auto runs = [&](std::uint32_t p) { return producers[p].online || producers[p].may_start; };
  return std::any_of(devices.slack_order.begin(), devices.slack_order.end(), runs) ||
         storage_can_form(producers, storages, devices);
}

void keep_margin(std::span<const ProducerOffer> producers, const IslandDevices& devices, double demand_mw,
                 double loss_share, std::span<StorageOffer> storages) {
  if (loss_share <= 0.0) return;
  double range_mw = 0.0, give_mw = free_power_mw(producers, devices.producers);
  for (const std::uint32_t s : devices.formers) {
    range_mw += storages[s].max_charge_mw + storages[s].max_discharge_mw;
    give_mw += storages[s].max_discharge_mw;
  }
  if (range_mw <= k_small_mw) return;
  const double margin_mw = std::min(k_forming_margin * std::min(demand_mw, give_mw), 0.5 * range_mw);
  for (const std::uint32_t s : devices.formers) {
    const double own_mw = margin_mw * (storages[s].max_charge_mw + storages[s].max_discharge_mw) / range_mw;
    storages[s].max_charge_mw -= own_mw;
    storages[s].max_discharge_mw -= own_mw;
  }
}

}  // namespace gridplus
