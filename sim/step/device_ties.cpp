#include "sim/step/device_ties.hpp"

#include <cmath>

#include "sim/step/model.hpp"

namespace gridplus {

DeviceTies make_ties(std::span<const Connection> connections, const MergedBuses& merged) {
  DeviceTies ties;
  for (const Connection& connection : connections) {
    const auto device = static_cast<std::uint32_t>(ties.bus.size());
    const std::uint32_t bus = connection.bus.index();
    const std::uint32_t merged_bus = merged.into[bus];
    ties.bus.push_back(bus);
    ties.merged_bus.push_back(merged_bus);
    if (!std::isnan(connection.vm_set_pu))
      ties.holders.push_back({device, bus, merged_bus, connection.holds_voltage_offline, connection.vm_set_pu,
                              connection.q_min_mvar, connection.q_max_mvar});
    else if (connection.q_per_p != 0.0)
      ties.power_factor.push_back({device, bus, merged_bus, connection.q_per_p});
  }
  return ties;
}

}  // namespace gridplus
