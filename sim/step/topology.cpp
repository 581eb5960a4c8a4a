#include "sim/step/topology.hpp"

#include <algorithm>
#include <cmath>

#include "sim/step/model.hpp"
#include "sim/step/state.hpp"

namespace gridplus {

namespace {

void order_slack_producers(const Model& model, Topology& topology) {
  const std::vector<double> capacity_mw = model.producer_capacities_mw();
  for (IslandDevices& devices : topology.devices) {
    auto& order = devices.slack_order;
    for (const std::uint32_t p : devices.producers)
      if (model.producer_connection[p].slack_capable) order.push_back(p);
    const auto holds_voltage = [&](std::uint32_t p) { return !std::isnan(model.producer_connection[p].vm_set_pu); };
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      if (holds_voltage(a) != holds_voltage(b)) return holds_voltage(a);
      return capacity_mw[a] > capacity_mw[b];
    });
  }
}

/// Grid-forming storage, larger first, those that hold a voltage before all.
void order_formers(const Model& model, Topology& topology) {
  std::vector<double> capacity_mw;
  for (const auto& bank : model.storage_banks)
    for (std::size_t i = 0; i < bank->size(); ++i) capacity_mw.push_back(bank->capacity_mw(i));
  const auto holds_voltage = [&](std::uint32_t s) { return !std::isnan(model.storage_connection[s].vm_set_pu); };
  for (IslandDevices& devices : topology.devices) {
    for (const std::uint32_t s : devices.storages)
      if (model.storage_connection[s].grid_forming) devices.formers.push_back(s);
    std::stable_sort(devices.formers.begin(), devices.formers.end(), [&](std::uint32_t a, std::uint32_t b) {
      if (holds_voltage(a) != holds_voltage(b)) return holds_voltage(a);
      return capacity_mw[a] > capacity_mw[b];
    });
  }
}

}  // namespace

Topology make_topology(const Model& model, const SimulationState& state) {
  Topology topology;
  topology.islands = find_islands(model.grid, state.branch_closed);
  topology.admittance = powerflow::make_admittance(model.grid, state.branch_closed);
  topology.producer_ties = make_ties(model.producer_connection, topology.admittance.merged);
  topology.storage_ties = make_ties(model.storage_connection, topology.admittance.merged);
  topology.devices.resize(topology.islands.count);
  const auto island_of = [&](BusId bus) { return topology.islands.of_bus[bus.index()]; };
  for (std::size_t p = 0; p < model.producer_count(); ++p) {
    const std::uint32_t island = island_of(model.producer_connection[p].bus);
    if (island == Islands::k_none || state.producer_out[p] != 0) continue;
    topology.devices[island].producers.push_back(static_cast<std::uint32_t>(p));
  }
  order_slack_producers(model, topology);
  for (std::size_t s = 0; s < model.storage_count(); ++s) {
    const std::uint32_t island = island_of(model.storage_connection[s].bus);
    if (island != Islands::k_none && state.storage_out[s] == 0)
      topology.devices[island].storages.push_back(static_cast<std::uint32_t>(s));
  }
  if (model.any_grid_forming()) order_formers(model, topology);
  for (std::size_t c = 0; c < model.consumer_count(); ++c) {
    const std::uint32_t island = island_of(model.consumer_bus[c]);
    if (island != Islands::k_none) topology.devices[island].consumers.push_back(static_cast<std::uint32_t>(c));
  }
  return topology;
}

DispatchMemory carry_over(const DispatchMemory& memory, const Islands& before, const Islands& after) {
  DispatchMemory carried;
  carried.islands.resize(after.count);
  std::vector<std::size_t> size_before(before.count, 0);
  for (const std::uint32_t island : before.of_bus)
    if (island != Islands::k_none) ++size_before[island];
  std::vector<std::vector<std::size_t>> shared(after.count, std::vector<std::size_t>(before.count, 0));
  for (std::size_t b = 0; b < after.of_bus.size(); ++b)
    if (after.of_bus[b] != Islands::k_none && before.of_bus[b] != Islands::k_none)
      ++shared[after.of_bus[b]][before.of_bus[b]];
  for (std::uint32_t now = 0; now < after.count; ++now)
    for (std::uint32_t old = 0; old < before.count && old < memory.islands.size(); ++old)
      if (2 * shared[now][old] > size_before[old]) carried.islands[now] = memory.islands[old];
  return carried;
}

}  // namespace gridplus
