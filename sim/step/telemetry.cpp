#include "sim/step/telemetry.hpp"

#include "sim/step/model.hpp"
#include "sim/step/state.hpp"

namespace gridplus {

namespace {

/// Nodes that work and have a way of working nodes and links to a controller.
std::vector<std::uint8_t> heard_nodes(const comms::Network& network, const comms::AvailabilityState& now) {
  std::vector<std::uint8_t> heard(network.node_count(), 0);
  for (const NodeId node : network.controller().node)
    if (now.node_up[node.index()] != 0) heard[node.index()] = 1;
  const auto& link = network.link();
  for (bool spread = true; spread;) {
    spread = false;
    for (std::size_t l = 0; l < network.link_count(); ++l) {
      const std::size_t a = link.from[l].index(), b = link.to[l].index();
      if (now.link_up[l] == 0 || now.node_up[a] == 0 || now.node_up[b] == 0 || heard[a] == heard[b]) continue;
      heard[a] = heard[b] = 1;
      spread = true;
    }
  }
  return heard;
}

/// Per bus: 0 nobody there, 1 nobody heard, 2 somebody heard.
std::vector<std::uint8_t> watched_buses(const Model& model, const std::vector<std::uint8_t>& heard) {
  const comms::Network& network = model.communication->network;
  std::vector<std::uint8_t> watched(model.grid.bus_count(), 0);
  const auto note = [&](std::uint32_t bus, std::size_t node) {
    if (bus >= watched.size()) return;
    watched[bus] = std::max<std::uint8_t>(watched[bus], heard[node] != 0 ? 2 : 1);
  };
  for (std::size_t n = 0; n < network.node_count(); ++n) note(network.node().bus[n], n);
  const auto& endpoint = network.endpoint();
  for (std::size_t e = 0; e < network.endpoint_count(); ++e) note(endpoint.bus[e], endpoint.parent[e]);
  return watched;
}

}  // namespace

std::vector<std::uint8_t> blind_groups(const Model& model, const SimulationState& state) {
  if (model.communication == nullptr) return {};
  const auto watched =
      watched_buses(model, heard_nodes(model.communication->network, state.communication.transport.availability));
  std::vector<std::uint8_t> blind(model.outage_plan.groups.size(), 0);
  for (std::size_t g = 0; g < blind.size(); ++g) {
    std::uint8_t best = 0;
    const auto look = [&](BusId bus) { best = std::max(best, watched[bus.index()]); };
    for (const OutageSubject& member : model.outage_plan.groups[g].members) {
      if (member.kind == OutageSubject::Kind::branch) {
        look(model.grid.branch().from[member.index]);
        look(model.grid.branch().to[member.index]);
      } else {
        look((member.kind == OutageSubject::Kind::producer ? model.producer_connection
                                                           : model.storage_connection)[member.index]
                 .bus);
      }
    }
    blind[g] = best == 1 ? 1 : 0;
  }
  return blind;
}

}  // namespace gridplus
