#include "sim/step/relays.hpp"

#include <algorithm>

namespace gridplus {

namespace {

/// Whether the unit will run, and its output, as its limits allow.
bool runs(const ProducerOffer& offer, const ProducerCommand& command) {
  return command.online ? offer.online || offer.may_start : offer.online && !offer.may_stop && !offer.curtailable;
}

/// What is generated too little, beyond the room that units have, MW of generation.
double lacking_mw(const SimulationState& state, std::size_t island, const Frame& frame) {
  const IslandDevices& devices = frame.topology.devices[island];
  const DispatchResult& d = frame.decision;
  double need_mw = -frame.island_import_mw[island], room_mw = 0.0, served_mw = 0.0;
  for (const std::uint32_t c : devices.consumers) served_mw += d.consumers[c].served_mw;
  need_mw += served_mw * (1.0 + state.loss_share);
  for (const std::uint32_t s : devices.storages) {
    const StorageOffer& offer = frame.storage_offers[s];
    need_mw -= std::clamp(d.storages[s].p_mw, -offer.max_charge_mw, offer.max_discharge_mw);
  }
  for (const std::uint32_t p : devices.producers) {
    const ProducerOffer& offer = frame.producer_offers[p];
    if (!runs(offer, d.producers[p])) continue;
    const double p_mw = std::clamp(d.producers[p].p_mw, offer.min_mw, std::max(offer.min_mw, offer.max_mw));
    need_mw -= p_mw;
    room_mw += std::max(0.0, offer.max_mw - p_mw);
  }
  // Losses are expected as of the last block; relays act before the last per cent is used up.
  constexpr double k_margin = 0.01;
  room_mw -= k_margin * std::max(0.0, served_mw);
  return need_mw - room_mw;
}

void shed(const IslandDevices& devices, double open_mw, double step_h, SimulationState& state, Frame& frame) {
  std::vector<std::uint32_t> order(devices.consumers);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return frame.consumer_offers[a].priority > frame.consumer_offers[b].priority;
  });
  for (const std::uint32_t c : order) {
    double& served_mw = frame.decision.consumers[c].served_mw;
    const double shed_mw = std::clamp(served_mw, 0.0, open_mw);
    served_mw -= shed_mw;
    open_mw -= shed_mw;
    state.kpis.communication.local_shedding_mwh += shed_mw * step_h;
  }
}

}  // namespace

void balance_by_relays(std::size_t island, double step_h, SimulationState& state, Frame& frame) {
  const IslandDevices& devices = frame.topology.devices[island];
  DispatchResult& d = frame.decision;
  const auto forms = [&](std::uint32_t p) { return runs(frame.producer_offers[p], d.producers[p]); };
  if (std::none_of(devices.slack_order.begin(), devices.slack_order.end(), forms)) {
    for (const std::uint32_t p : devices.producers) d.producers[p] = {};
    for (const std::uint32_t s : devices.storages) d.storages[s].p_mw = 0.0;
    for (const std::uint32_t c : devices.consumers) d.consumers[c].served_mw = 0.0;
    return;
  }
  constexpr double k_noticeable_mw = 1e-6;
  const double lack_mw = lacking_mw(state, island, frame);
  if (lack_mw > k_noticeable_mw) shed(devices, lack_mw / (1.0 + state.loss_share), step_h, state, frame);
}

}  // namespace gridplus
