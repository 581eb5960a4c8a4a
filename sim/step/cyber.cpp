#include "sim/step/cyber.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/step/knowledge.hpp"

namespace gridplus {

using comms::Attack;
using comms::AttackKind;
using comms::Incident;

namespace {

bool controls_devices(AttackKind kind) {
  return kind == AttackKind::compromised_devices || kind == AttackKind::spoofed_commands;
}

/// Whether defenders take what was hit off remote control when they contain it.
bool isolates(AttackKind kind) {
  return controls_devices(kind) || kind == AttackKind::frozen_commands;
}

}  // namespace

Cyber::Cyber(const Model& model, std::span<const EndpointDevice> devices)
    : model_(model),
      network_(model.communication->network),
      attacks_(model.communication->attacks),
      devices_(devices),
      draws_{model.seed, model.replicate},
      step_h_(model.time.step_h()),
      incidents_(comms::incidents(attacks_, model.time.steps(), step_h_, draws_)),
      phases_(incidents_.size(), Phase::idle),
      tally_(attacks_.attacks.size()) {
  replay_place_.assign(devices.size(), k_none);
  for (const Attack& attack : attacks_.attacks) {
    forges_prices_ = forges_prices_ || attack.kind == AttackKind::false_prices;
    uses_voltage_ = uses_voltage_ || (controls_devices(attack.kind) && model.network.has_voltages());
    if (attack.replay_h == 0.0) continue;
    replay_steps_ = std::max(replay_steps_, static_cast<std::size_t>(std::llround(attack.replay_h / step_h_)) + 1);
    for (const std::uint32_t e : attack.endpoints) replay_place_[e] = 0;
  }
  for (std::uint32_t e = 0; e < replay_place_.size(); ++e) {
    if (replay_place_[e] == k_none) continue;
    replay_place_[e] = static_cast<std::uint32_t>(replay_endpoints_.size());
    replay_endpoints_.push_back(e);
  }
  refresh();
}

Cyber::Phase Cyber::phase(std::size_t incident, const SimulationState& state, std::int64_t step) const {
  const Incident& it = incidents_[incident];
  if (step < it.start) return Phase::idle;
  const comms::Course course =
      comms::course(it, state.communication.cyber.detected_step[incident], attacks_.defences, step_h_);
  if (step < course.acts_until) return Phase::acts;
  return step < course.over ? Phase::contained : Phase::idle;
}

void Cyber::begin(SimulationState& state, Frame& frame) {
  const std::int64_t step = frame.context.step;
  CyberState& memory = state.communication.cyber;
  if (memory.detected_step.empty())
    for (const Incident& incident : incidents_) memory.detected_step.push_back(incident.detection);
  bool changed = false;
  for (std::size_t i = 0; i < incidents_.size(); ++i) {
    const Phase now = phase(i, state, step);
    changed = changed || now != phases_[i];
    phases_[i] = now;
    if (step >= incidents_[i].start) log_changes(i, state, frame);
  }
  if (changed) refresh();
  for (Tally& tally : tally_) tally = {};
  draw_jams(step);
  if (replay_steps_ > 0) keep_for_replay(state, frame);
  if (uses_voltage_) watch_voltages(state, frame);
}

void Cyber::log_changes(std::size_t incident, SimulationState& state, Frame& frame) const {
  const Incident& it = incidents_[incident];
  const std::int64_t step = frame.context.step, detected = state.communication.cyber.detected_step[incident];
  const comms::Course course = comms::course(it, detected, attacks_.defences, step_h_);
  KpiAccount::Cyber& sums = state.kpis.cyber;
  const auto log = [&](const char* kind) {
    const Attack& attack = attacks_.attacks[it.attack];
    frame.block.events.push_back({step, kind, attack.name, static_cast<double>(step - it.start) * step_h_,
                                  std::string(comms::k_attack_kinds[static_cast<std::size_t>(attack.kind)])});
  };
  if (step == it.start) {
    log("attack_started");
    sums.attacks += 1;
  }
  if (step == detected && detected < it.expires) {
    log("attack_detected");
    sums.detected += 1;
    sums.detection_h += static_cast<double>(detected - it.start) * step_h_;
  }
  if (step == course.acts_until) log(course.contained ? "attack_contained" : "attack_ended");
  if (step == course.over && course.contained) {
    log("attack_restored");
    sums.restored += 1;
    sums.restoration_h += static_cast<double>(step - it.start) * step_h_;
  }
}

void Cyber::refresh() {
  const std::size_t n = devices_.size();
  hits_ = {};
  for (auto* holder : {&device_, &command_, &report_, &market_, &read_, &price_}) holder->assign(n, k_none);
  isolated_.assign(n, 0);
  jam_.assign(n, 0.0);
  capacity_.assign(network_.link_count(), 1.0);
  loss_.assign(network_.link_count(), 0.0);
  held_.clear();
  for (std::uint32_t i = 0; i < incidents_.size(); ++i)
    if (phases_[i] != Phase::idle) take(i);
  for (std::uint32_t e = 0; e < n; ++e)
    if (device_[e] != k_none || (command_[e] != k_none && attack_of(command_[e]).kind == AttackKind::spoofed_commands))
      held_.push_back(e);
}

void Cyber::take(std::uint32_t incident) {
  const Attack& attack = attack_of(incident);
  if (phases_[incident] == Phase::contained && !isolates(attack.kind)) return;
  if (attack.kind == AttackKind::denial_of_service) take_links(attack);
  for (const std::uint32_t e : comms::taken(attacks_, incidents_[incident], draws_)) {
    if (phases_[incident] == Phase::contained) {
      isolated_[e] = 1;
      continue;
    }
    switch (attack.kind) {
      case AttackKind::denial_of_service:
        jam_[e] = 1.0 - (1.0 - jam_[e]) * (1.0 - attack.loss);
        hits_.hops = true;
        break;
      case AttackKind::false_data:
        report_[e] = incident, hits_.reports = true;
        break;
      case AttackKind::compromised_devices:
        device_[e] = incident, hits_.devices = true;
        break;
      case AttackKind::spoofed_commands:
      case AttackKind::frozen_commands:
        command_[e] = incident, hits_.commands = true;
        break;
      case AttackKind::market_manipulation:
        market_[e] = incident, hits_.market = true;
        break;
      case AttackKind::exfiltration:
        read_[e] = incident, hits_.read = true;
        break;
      case AttackKind::false_prices:
        price_[e] = incident;
        break;
    }
  }
}

void Cyber::take_links(const Attack& attack) {
  for (const std::uint32_t l : attack.links) {
    // A link that has nothing left passes nothing, but its queue must stay finite.
    constexpr double k_least_capacity = 1e-9;
    capacity_[l] = std::max(k_least_capacity, capacity_[l] * (1.0 - attack.capacity_taken));
    loss_[l] = 1.0 - (1.0 - loss_[l]) * (1.0 - attack.loss);
    hits_.links = true;
  }
}

void Cyber::draw_jams(std::int64_t step) {
  hop_out_.clear();
  if (!hits_.hops) return;
  hop_out_.assign(jam_.size(), 0);
  for (std::uint32_t e = 0; e < jam_.size(); ++e)
    if (jam_[e] > 0.0 && comms::jammed(e, step, jam_[e], draws_)) hop_out_[e] = 1;
}

void Cyber::surround(comms::Surroundings& around) const {
  around.link_capacity_factor = hits_.links ? std::span<const double>(capacity_) : std::span<const double>();
  around.link_extra_loss = hits_.links ? std::span<const double>(loss_) : std::span<const double>();
  around.endpoint_out = hop_out_;
}

void Cyber::keep_for_replay(SimulationState& state, const Frame& frame) const {
  std::vector<double>& kept = state.communication.cyber.replay_mw;
  const std::size_t n = replay_endpoints_.size();
  if (kept.empty()) kept.assign(replay_steps_ * n, std::numeric_limits<double>::quiet_NaN());
  const std::size_t slot = static_cast<std::size_t>(frame.context.step) % replay_steps_;
  for (std::size_t j = 0; j < n; ++j) kept[slot * n + j] = measured(devices_[replay_endpoints_[j]], frame);
}

void Cyber::record(SimulationState& state, Frame& frame) const {
  KpiAccount::Cyber& sums = state.kpis.cyber;
  std::vector<Phase> now(tally_.size(), Phase::idle);
  std::vector<double> endpoints(tally_.size(), 0.0);
  for (std::size_t i = 0; i < incidents_.size(); ++i)
    if (phases_[i] != Phase::idle) now[incidents_[i].attack] = phases_[i];
  const auto count = [&](const std::vector<std::uint32_t>& holder) {
    for (const std::uint32_t incident : holder)
      if (incident != k_none) endpoints[incidents_[incident].attack] += 1.0;
  };
  for (const auto* holder : {&device_, &command_, &report_, &market_, &read_, &price_}) count(*holder);
  double falsified_mw = 0.0;
  for (std::size_t a = 0; a < tally_.size(); ++a) {
    const Tally& tally = tally_[a];
    const auto put = [&](AttackVar variable, double value) { frame.block.of(variable, frame.slot)[a] = value; };
    put(AttackVar::phase, static_cast<double>(now[a]));
    put(AttackVar::endpoints, endpoints[a]);
    put(AttackVar::spoofed_delivered, tally.spoofed);
    put(AttackVar::spoofed_refused, tally.refused);
    put(AttackVar::falsified_mw, tally.falsified_mw);
    put(AttackVar::malicious_mw, tally.malicious_mw);
    put(AttackVar::withheld_mw, tally.withheld_mw);
    sums.endpoint_h += endpoints[a] * step_h_;
    sums.spoofed_delivered += tally.spoofed;
    sums.spoofed_refused += tally.refused;
    sums.reports_refused += tally.reports_refused;
    sums.malicious_mwh += tally.malicious_mw * step_h_;
    sums.malicious_peak_mw = std::max(sums.malicious_peak_mw, tally.malicious_mw);
    sums.withheld_mwh += tally.withheld_mw * step_h_;
    sums.reports_read += tally.read;
    falsified_mw += tally.falsified_mw;
  }
  sums.falsified_mwh += std::abs(falsified_mw) * step_h_;
  sums.falsified_peak_mw = std::max(sums.falsified_peak_mw, std::abs(falsified_mw));
}

}  // namespace gridplus
