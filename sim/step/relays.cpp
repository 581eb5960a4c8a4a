#include "sim/step/relays.hpp"

#include <algorithm>

#include "sim/dispatch/forming.hpp"

namespace gridplus {

namespace {

/// Whether the unit will run, and its output, as its limits allow.
bool runs(const ProducerOffer& offer, const ProducerCommand& command) {
  return command.online ? offer.online || offer.may_start : offer.online && !offer.may_stop && !offer.curtailable;
}

/// What an island lacks, MW of generation, and the room that its units have. Storage that forms it is left aside.
struct OpenPower {
  double need_mw = 0.0, room_mw = 0.0, served_mw = 0.0;
};

OpenPower open_power(const SimulationState& state, std::size_t island, const Frame& frame) {
  const IslandDevices& devices = frame.topology.devices[island];
  const DispatchResult& d = frame.decision;
  double need_mw = -frame.island_import_mw[island], room_mw = 0.0, served_mw = 0.0;
  for (const std::uint32_t c : devices.consumers) served_mw += d.consumers[c].served_mw;
  need_mw += served_mw * (1.0 + state.loss_share);
  for (const std::uint32_t s : devices.storages) {
    const StorageOffer& offer = frame.storage_offers[s];
    if (d.forming[s] == 0) need_mw -= std::clamp(d.storages[s].p_mw, -offer.max_charge_mw, offer.max_discharge_mw);
  }
  for (const std::uint32_t p : devices.producers) {
    const ProducerOffer& offer = frame.producer_offers[p];
    if (!runs(offer, d.producers[p])) continue;
    const double p_mw = std::clamp(d.producers[p].p_mw, offer.min_mw, std::max(offer.min_mw, offer.max_mw));
    need_mw -= p_mw;
    room_mw += std::max(0.0, offer.max_mw - p_mw);
  }
  return {need_mw, room_mw, served_mw};
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

/// Units on free power give less by `surplus_mw`, in proportion to what they would give.
void give_way(const IslandDevices& devices, double surplus_mw, Frame& frame) {
  std::vector<ProducerCommand>& commands = frame.decision.producers;
  double free_mw = 0.0;
  for (const std::uint32_t p : devices.producers) {
    if (!frame.producer_offers[p].curtailable) continue;
    commands[p].p_mw = std::clamp(commands[p].p_mw, 0.0, std::max(0.0, frame.producer_offers[p].max_mw));
    free_mw += commands[p].p_mw;
  }
  const double kept = free_mw > 0.0 ? 1.0 - std::min(1.0, surplus_mw / free_mw) : 0.0;
  for (const std::uint32_t p : devices.producers)
    if (frame.producer_offers[p].curtailable) commands[p].p_mw *= kept;
}

constexpr double k_noticeable_mw = 1e-6;

/// Local control of a microgrid: starts units that could hold it, best first, until they give `wanted_mw`. Returns
/// whether any starts, and leaves in `wanted_mw` what is still open; negative where their least is more.
bool start_units(const IslandDevices& devices, double& wanted_mw, Frame& frame) {
  bool any = false;
  for (const std::uint32_t p : devices.slack_order) {
    const ProducerOffer& offer = frame.producer_offers[p];
    ProducerCommand& command = frame.decision.producers[p];
    if (any && wanted_mw <= 0.0) break;
    if (runs(offer, command) || (!offer.online && !offer.may_start)) continue;
    command = {true, std::clamp(wanted_mw, offer.min_mw, std::max(offer.min_mw, offer.max_mw))};
    wanted_mw -= command.p_mw;
    any = true;
  }
  return any;
}

/// Storage that forms an island takes up what the others leave open, and units on free power give way to what is too
/// much. Returns what is still lacking, MW of generation.
double hold_by_storage(std::size_t island, const SimulationState& state, Frame& frame) {
  const IslandDevices& devices = frame.topology.devices[island];
  OpenPower open = open_power(state, island, frame);
  std::vector<StorageOffer> limits = frame.storage_offers;
  keep_margin(frame.producer_offers, devices, open.served_mw, state.loss_share, limits);
  for (const std::uint32_t f : devices.formers) {
    double& p_mw = frame.decision.storages[f].p_mw;
    p_mw = std::clamp(open.need_mw, -limits[f].max_charge_mw, limits[f].max_discharge_mw);
    open.need_mw -= p_mw;
  }
  if (open.need_mw < -k_noticeable_mw) give_way(devices, -open.need_mw, frame);
  return std::max(0.0, open.need_mw);
}

/// Gives back what started units bring beyond the need: storage charges it, as far as it can.
void take_back(const IslandDevices& devices, double surplus_mw, Frame& frame) {
  for (const std::uint32_t f : devices.formers) {
    double& p_mw = frame.decision.storages[f].p_mw;
    const double taken_mw = std::min(surplus_mw, std::max(0.0, p_mw + frame.storage_offers[f].max_charge_mw));
    p_mw -= taken_mw;
    surplus_mw -= taken_mw;
  }
}

}  // namespace

void balance_by_relays(std::size_t island, double step_h, SimulationState& state, Frame& frame) {
  const IslandDevices& devices = frame.topology.devices[island];
  DispatchResult& d = frame.decision;
  const auto forms = [&](std::uint32_t p) { return runs(frame.producer_offers[p], d.producers[p]); };
  bool unit_holds = !devices.held_dark && std::any_of(devices.slack_order.begin(), devices.slack_order.end(), forms);
  const bool storage_holds =
      !devices.held_dark && !unit_holds && storage_can_form(frame.producer_offers, frame.storage_offers, devices);
  for (const std::uint32_t f : devices.formers) d.forming[f] = storage_holds ? 1 : 0;
  double lack_mw = storage_holds ? hold_by_storage(island, state, frame) : 0.0;
  if (!unit_holds && !devices.held_dark && devices.local_start && (!storage_holds || lack_mw > k_noticeable_mw)) {
    double wanted_mw = storage_holds ? lack_mw : open_power(state, island, frame).need_mw;
    unit_holds = start_units(devices, wanted_mw, frame);
    if (unit_holds && storage_holds && wanted_mw < 0.0) take_back(devices, -wanted_mw, frame);
    if (unit_holds)
      for (const std::uint32_t f : devices.formers) d.forming[f] = 0;
  }
  if (storage_holds && !unit_holds) {
    if (lack_mw > k_noticeable_mw) shed(devices, lack_mw / (1.0 + state.loss_share), step_h, state, frame);
    return;
  }
  if (!unit_holds) {
    for (const std::uint32_t p : devices.producers) d.producers[p] = {};
    for (const std::uint32_t s : devices.storages) d.storages[s].p_mw = 0.0;
    for (const std::uint32_t c : devices.consumers) d.consumers[c].served_mw = 0.0;
    return;
  }
  // Losses are expected as of the last block; relays act before the last per cent is used up.
  constexpr double k_margin = 0.01;
  const OpenPower open = open_power(state, island, frame);
  lack_mw = open.need_mw - (open.room_mw - k_margin * std::max(0.0, open.served_mw));
  if (lack_mw > k_noticeable_mw) shed(devices, lack_mw / (1.0 + state.loss_share), step_h, state, frame);
}

}  // namespace gridplus
