// What an attack does to reports, offers, commands and devices.

#include <algorithm>
#include <cmath>

#include "sim/step/cyber.hpp"
#include "sim/step/knowledge.hpp"

namespace gridplus {

using comms::Attack;
using comms::AttackKind;

ReceivedValue Cyber::received(std::uint32_t e, double mw, SimulationState& state, Frame& frame) {
  const std::uint32_t incident = report_[e];
  if (incident == k_none || std::isnan(mw)) return {mw, false, false};
  const Attack& attack = attack_of(incident);
  CyberState& memory = state.communication.cyber;
  const std::int64_t step = frame.context.step;
  double told_mw = mw;
  if (attack.replay_h > 0.0) {
    const auto back = std::llround(attack.replay_h / step_h_);
    const std::size_t slot = static_cast<std::size_t>(std::max<std::int64_t>(0, step - back)) % replay_steps_;
    const double kept_mw = memory.replay_mw[slot * replay_endpoints_.size() + replay_place_[e]];
    if (step >= back && !std::isnan(kept_mw)) told_mw = kept_mw;
  }
  told_mw = std::max(0.0, told_mw * (1.0 + attack.bias) + attack.offset_mw);
  if (told_mw == mw) return {mw, false, false};
  // Redundant measurements imply the true value; a stealthy attack changes them all alike.
  const double residual =
      std::abs(told_mw - mw) / std::max(1e-9, static_cast<double>(network_.endpoint().weight_mw[e]));
  Tally& tally = tally_of(incident);
  if (!attack.stealthy && residual > attacks_.defences.residual_limit) {
    tally.reports_refused += 1.0;
    std::int64_t& detected = memory.detected_step[incident];
    if (step < detected && step < incidents_[incident].expires) {
      detected = step;
      const double after_h = static_cast<double>(step - incidents_[incident].start) * step_h_;
      frame.block.events.push_back({step, "attack_detected", attack.name, after_h, "residual test"});
      state.kpis.cyber.detected += 1;
      state.kpis.cyber.detection_h += after_h;
    }
    return {mw, false, true};
  }
  tally.falsified_mw += told_mw - mw;
  return {told_mw, true, false};
}

void Cyber::manipulate(const SimulationState& state, std::span<ProducerOffer> seen, std::span<std::uint8_t> fresh) {
  if (!hits_.market) return;
  for (std::uint32_t e = 0; e < devices_.size(); ++e) {
    if (market_[e] == k_none || devices_[e].kind != DeviceKind::producer) continue;
    const std::uint32_t p = devices_[e].index;
    if (state.producer_out[p] != 0) continue;
    const Attack& attack = attack_of(market_[e]);
    ProducerOffer& offer = seen[p];
    const double withheld_mw = std::min(attack.withheld * offer.max_mw, std::max(0.0, offer.max_mw - offer.min_mw));
    offer.max_mw -= withheld_mw;
    offer.available_mw = std::min(offer.available_mw, offer.max_mw);
    for (std::uint32_t k = 0; k < offer.segment_count; ++k) offer.segments[k].marginal_per_mwh *= 1.0 + attack.mark_up;
    offer.full_load_cost_per_mwh *= 1.0 + attack.mark_up;
    if (withheld_mw > 0.0) fresh[p] = 0;
    tally_of(market_[e]).withheld_mw += withheld_mw;
  }
}

void Cyber::forge_prices(SimulationState& state) const {
  const std::vector<std::int64_t>& sent = state.communication.transport.price_step;
  CyberState& memory = state.communication.cyber;
  if (!forges_prices_ || sent.empty()) return;
  if (memory.price_factor.empty()) {
    memory.priced_step.assign(sent.size(), -1);
    memory.price_factor.assign(sent.size(), 1.0);
  }
  for (std::size_t e = 0; e < sent.size(); ++e) {
    if (sent[e] == memory.priced_step[e]) continue;
    memory.priced_step[e] = sent[e];
    memory.price_factor[e] = price_[e] == k_none ? 1.0 : 1.0 + attack_of(price_[e]).bias;
  }
}

bool Cyber::withholds(std::uint32_t e) const {
  return e != k_none && market_[e] != k_none && attack_of(market_[e]).withheld > 0.0;
}

void Cyber::listen(const SimulationState& state, std::int64_t step) {
  if (!hits_.read) return;
  for (std::uint32_t e = 0; e < devices_.size(); ++e)
    if (read_[e] != k_none && state.communication.transport.generated_step[e] == step) tally_of(read_[e]).read += 1.0;
}

void Cyber::freeze(std::span<comms::Command> commands, SimulationState& state) const {
  std::vector<comms::Command>& frozen = state.communication.cyber.frozen;
  if (!hits_.commands) {
    frozen.clear();
    return;
  }
  if (frozen.empty()) frozen.assign(commands.size(), {0.0, comms::Command::k_void});
  for (std::uint32_t e = 0; e < commands.size(); ++e) {
    const bool hit = command_[e] != k_none && attack_of(command_[e]).kind == AttackKind::frozen_commands;
    if (!hit) {
      frozen[e].on = comms::Command::k_void;
    } else if (!attack_of(command_[e]).repeat) {
      commands[e].on = comms::Command::k_void;
    } else {
      if (frozen[e].on == comms::Command::k_void) frozen[e] = commands[e];
      commands[e] = frozen[e];
    }
  }
}

double Cyber::ramped(std::uint32_t e, double mw, const SimulationState& state) const {
  const std::vector<double>& applied = state.communication.cyber.applied_mw;
  const double most_mw = attacks_.defences.ramp_mw_per_h * step_h_;
  if (applied.empty() || !std::isfinite(most_mw)) return mw;
  return std::clamp(mw, applied[e] - most_mw, applied[e] + most_mw);
}

bool Cyber::holds(std::uint32_t e, std::int64_t step, bool connected) {
  if (isolated_[e] != 0) return false;
  if (const std::uint32_t incident = device_[e]; incident != k_none) {
    const comms::Incident& it = incidents_[incident];
    return step >= it.start + comms::delay_steps(attack_of(incident), it, e, step_h_, draws_);
  }
  const std::uint32_t incident = command_[e];
  if (incident == k_none || !connected || network_.endpoint().controllable[e] == 0) return false;
  const bool falls = comms::spoofed(attacks_, incidents_[incident], e, draws_);
  (falls ? tally_of(incident).spoofed : tally_of(incident).refused) += 1.0;
  return falls;
}

std::span<const BusId> Cyber::act(SimulationState& state, Frame& frame, std::span<const std::uint8_t> connected) {
  disturbed_.clear();
  const std::int64_t step = frame.context.step;
  const std::vector<std::int64_t>& hold = state.communication.cyber.hold_until;
  for (const std::uint32_t e : held_) {
    if (!holds(e, step, connected[e] != 0)) continue;
    const EndpointDevice& device = devices_[e];
    const bool by_command = device_[e] == k_none;
    const std::uint32_t incident = by_command ? command_[e] : device_[e];
    const double before_mw = told_mw(device, frame);
    const BusId bus = bus_of(device);
    if (attacks_.defences.local_envelope && !hold.empty() && hold[bus.index()] > step)
      leave_alone(device, frame);
    else
      set(e, comms::switched_on(attack_of(incident), incidents_[incident], step, step_h_), by_command, state, frame);
    tally_of(incident).malicious_mw += std::abs(told_mw(device, frame) - before_mw);
    disturbed_.push_back(bus);
  }
  if (!attacks_.defences.local_envelope && !hold.empty()) trip(state, frame);
  if (std::isfinite(attacks_.defences.ramp_mw_per_h)) {
    state.communication.cyber.applied_mw.resize(devices_.size());
    for (std::size_t e = 0; e < devices_.size(); ++e)
      state.communication.cyber.applied_mw[e] = told_mw(devices_[e], frame);
  }
  return disturbed_;
}

void Cyber::set(std::uint32_t e, bool on, bool by_command, SimulationState& state, Frame& frame) const {
  const EndpointDevice& device = devices_[e];
  const auto bounded = [&](double mw) { return by_command ? ramped(e, mw, state) : mw; };
  switch (device.kind) {
    case DeviceKind::producer: {
      const ProducerOffer& offer = frame.producer_offers[device.index];
      const double p_mw = bounded(on ? offer.max_mw : 0.0);
      frame.decision.producers[device.index] = {p_mw > 0.0 && (offer.online || offer.may_start), p_mw};
      break;
    }
    case DeviceKind::storage:
      frame.decision.storages[device.index].p_mw =
          bounded(on ? -frame.storage_offers[device.index].max_charge_mw : 0.0);
      break;
    case DeviceKind::consumer: {
      const ConsumerOffer& offer = frame.consumer_offers[device.index];
      frame.decision.consumers[device.index].served_mw = bounded(on ? offer.demand_mw + offer.flexible_up_mw : 0.0);
      break;
    }
  }
}

void Cyber::leave_alone(const EndpointDevice& device, Frame& frame) const {
  if (device.kind == DeviceKind::producer) {
    const ProducerOffer& offer = frame.producer_offers[device.index];
    frame.decision.producers[device.index] = {offer.online, offer.curtailable ? offer.max_mw : offer.min_mw};
  }
  if (device.kind == DeviceKind::storage) frame.decision.storages[device.index].p_mw = 0.0;
  if (device.kind == DeviceKind::consumer)
    frame.decision.consumers[device.index].served_mw = frame.consumer_offers[device.index].demand_mw;
}

void Cyber::watch_voltages(SimulationState& state, Frame& frame) {
  CyberState& memory = state.communication.cyber;
  const std::size_t buses = model_.grid.bus_count();
  memory.outside_steps.resize(buses, 0);
  memory.hold_until.resize(buses, -1);
  const comms::Defences& defences = attacks_.defences;
  const std::int64_t step = frame.context.step;
  const auto held_h = std::max<std::int64_t>(1, std::llround(defences.reconnect_h / step_h_));
  const std::int64_t patience = defences.local_envelope ? 1 : 2;
  for (std::size_t b = 0; b < buses; ++b) {
    const double vm_pu = state.flow_start.vm_pu[b];
    const std::uint32_t island = frame.topology.islands.of_bus[b];
    const bool outside =
        !held_.empty() && island != Islands::k_none && (vm_pu < defences.vm_min_pu || vm_pu > defences.vm_max_pu);
    memory.outside_steps[b] = outside ? memory.outside_steps[b] + 1 : 0;
    if (memory.outside_steps[b] < patience) continue;
    if (!defences.local_envelope && memory.hold_until[b] <= step)
      for (const EndpointDevice& device : devices_)
        if (inverter(device, frame) && bus_of(device).index() == b) state.kpis.cyber.voltage_trips += 1;
    memory.hold_until[b] = step + held_h;
  }
}

void Cyber::trip(SimulationState& state, Frame& frame) {
  const std::vector<std::int64_t>& hold = state.communication.cyber.hold_until;
  if (std::none_of(hold.begin(), hold.end(), [&](std::int64_t until) { return until > frame.context.step; })) return;
  for (const EndpointDevice& device : devices_) {
    if (!inverter(device, frame) || hold[bus_of(device).index()] <= frame.context.step) continue;
    if (device.kind == DeviceKind::producer) frame.decision.producers[device.index] = {};
    if (device.kind == DeviceKind::storage) frame.decision.storages[device.index].p_mw = 0.0;
    disturbed_.push_back(bus_of(device));
  }
}

double Cyber::told_mw(const EndpointDevice& device, const Frame& frame) const {
  const DispatchResult& d = frame.decision;
  if (device.kind == DeviceKind::storage) return d.storages[device.index].p_mw;
  if (device.kind == DeviceKind::consumer) return d.consumers[device.index].served_mw;
  const ProducerCommand& command = d.producers[device.index];
  return command.online ? std::min(command.p_mw, frame.producer_offers[device.index].max_mw) : 0.0;
}

double Cyber::measured(const EndpointDevice& device, const Frame& frame) const {
  if (device.kind == DeviceKind::producer) return measured_mw(frame.producer_offers[device.index]);
  return device.kind == DeviceKind::consumer ? measured_mw(frame.consumer_offers[device.index]) : 0.0;
}

BusId Cyber::bus_of(const EndpointDevice& device) const {
  if (device.kind == DeviceKind::producer) return model_.producer_connection[device.index].bus;
  return device.kind == DeviceKind::storage ? model_.storage_connection[device.index].bus
                                            : model_.consumer_bus[device.index];
}

bool Cyber::inverter(const EndpointDevice& device, const Frame& frame) const {
  if (device.kind == DeviceKind::storage) return true;
  return device.kind == DeviceKind::producer && frame.producer_offers[device.index].curtailable;
}

}  // namespace gridplus
