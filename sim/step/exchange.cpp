#include "sim/step/exchange.hpp"

#include "sim/dispatch/forming.hpp"

namespace gridplus {

using comms::k_no_index;

Exchange::Exchange(const Model& model, int threads)
    : model_(model),
      plan_(*model.communication),
      transport_(plan_.network, plan_.transport, static_cast<double>(model.time.step_s()), model.seed, model.replicate,
                 threads),
      devices_(plan_.network.endpoint_count()),
      commands_(plan_.network.endpoint_count()) {
  const auto note = [&](const std::vector<std::uint32_t>& endpoints, DeviceKind kind) {
    for (std::size_t i = 0; i < endpoints.size(); ++i)
      if (endpoints[i] != k_no_index) devices_[endpoints[i]] = {kind, static_cast<std::uint32_t>(i)};
  };
  note(plan_.producer_endpoint, DeviceKind::producer);
  note(plan_.storage_endpoint, DeviceKind::storage);
  note(plan_.consumer_endpoint, DeviceKind::consumer);
  if (!plan_.attacks.attacks.empty()) cyber_.emplace(model, devices_);
}

void Exchange::settle(const SimulationState& state, const Frame& frame, comms::TransportState& messages) {
  around_.branch_closed = state.branch_closed;
  if (cyber_) cyber_->surround(around_);
  energised_.assign(model_.grid.bus_count(), 1);
  around_.bus_energised = energised_;
  energise(frame, nullptr);
  transport_.settle(frame.context.step, around_, messages);
  while (energise(frame, &messages)) transport_.settle(frame.context.step, around_, messages);
}

bool Exchange::energise(const Frame& frame, const comms::TransportState* messages) {
  const auto& islands = frame.topology.devices;
  std::vector<std::uint8_t> live(islands.size(), 0);
  for (std::size_t i = 0; i < islands.size(); ++i) {
    if (islands[i].held_dark) continue;
    if (storage_can_form(frame.producer_offers, frame.storage_offers, islands[i])) live[i] = 1;
    for (const std::uint32_t p : islands[i].slack_order) {
      const ProducerOffer& offer = frame.producer_offers[p];
      const bool told = messages == nullptr || !lost(p, frame.context.step, *messages);
      if ((offer.online || offer.may_start) && told) live[i] = 1;
    }
  }
  bool changed = false;
  for (std::size_t b = 0; b < energised_.size(); ++b) {
    const std::uint32_t island = frame.topology.islands.of_bus[b];
    const std::uint8_t now = island != Islands::k_none ? live[island] : 0;
    changed = changed || now != energised_[b];
    energised_[b] = now;
  }
  return changed;
}

bool Exchange::lost(std::uint32_t p, std::int64_t step, const comms::TransportState& messages) const {
  const std::uint32_t e = plan_.producer_endpoint[p];
  if (e == k_no_index || plan_.network.endpoint().controllable[e] == 0) return false;
  if (plan_.fallback[e].rule != Fallback::zero || transport_.connected(e)) return false;
  return !transport_.valid(e, step, messages) || messages.held[e].command.on == 0;
}

}  // namespace gridplus
