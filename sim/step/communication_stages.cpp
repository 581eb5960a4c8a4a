// Uplink and downlink: what controllers see, and what devices are told.

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/comms/transport.hpp"
#include "sim/step/knowledge.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

using comms::k_no_index;
constexpr double k_any = std::numeric_limits<double>::infinity();  ///< a set point that limits nothing
constexpr std::size_t k_hours = 24;

/// The device behind an endpoint.
struct Device {
  DeviceKind kind = DeviceKind::producer;
  std::uint32_t index = k_no_index;
};

/// What the two stages share: the transport of messages and the surroundings of the step.
class Exchange {
 public:
  Exchange(const Model& model, int threads)
      : model_(model),
        plan_(*model.communication),
        transport_(plan_.network, plan_.transport, static_cast<double>(model.time.step_s()), model.seed,
                   model.replicate, threads),
        devices_(plan_.network.endpoint_count()),
        commands_(plan_.network.endpoint_count()) {
    const auto note = [&](const std::vector<std::uint32_t>& endpoints, DeviceKind kind) {
      for (std::size_t i = 0; i < endpoints.size(); ++i)
        if (endpoints[i] != k_no_index) devices_[endpoints[i]] = {kind, static_cast<std::uint32_t>(i)};
    };
    note(plan_.producer_endpoint, DeviceKind::producer);
    note(plan_.storage_endpoint, DeviceKind::storage);
    note(plan_.consumer_endpoint, DeviceKind::consumer);
  }

  [[nodiscard]] const CommunicationModel& plan() const { return plan_; }
  [[nodiscard]] comms::Transport& transport() { return transport_; }
  [[nodiscard]] const std::vector<Device>& devices() const { return devices_; }
  [[nodiscard]] std::vector<comms::Command>& commands() { return commands_; }
  [[nodiscard]] const comms::Surroundings& around() const { return around_; }

  /// A dead bus kills nodes, a lost node takes control from units, and without them a bus is dead: round and round
  /// until nothing changes. Each round only takes away, so it ends.
  void settle(const SimulationState& state, const Frame& frame, comms::TransportState& messages) {
    around_.branch_closed = state.branch_closed;
    energised_.assign(model_.grid.bus_count(), 1);
    around_.bus_energised = energised_;
    energise(frame, nullptr);
    transport_.settle(frame.context.step, around_, messages);
    while (energise(frame, &messages)) transport_.settle(frame.context.step, around_, messages);
  }

 private:
  /// Works out which buses have voltage, with `messages` also from which units can be told to run. Returns whether that
  /// has changed.
  bool energise(const Frame& frame, const comms::TransportState* messages) {
    const auto& islands = frame.topology.devices;
    std::vector<std::uint8_t> live(islands.size(), 0);
    for (std::size_t i = 0; i < islands.size(); ++i)
      for (const std::uint32_t p : islands[i].slack_order) {
        const ProducerOffer& offer = frame.producer_offers[p];
        const bool told = messages == nullptr || !lost(p, frame.context.step, *messages);
        if ((offer.online || offer.may_start) && told) live[i] = 1;
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

  /// Whether the unit is off because nobody can tell it to run.
  [[nodiscard]] bool lost(std::uint32_t p, std::int64_t step, const comms::TransportState& messages) const {
    const std::uint32_t e = plan_.producer_endpoint[p];
    if (e == k_no_index || plan_.network.endpoint().controllable[e] == 0) return false;
    if (plan_.fallback[e].rule != Fallback::zero || transport_.connected(e)) return false;
    return !transport_.valid(e, step, messages) || messages.held[e].command.on == 0;
  }

  const Model& model_;
  const CommunicationModel& plan_;
  comms::Transport transport_;
  std::vector<Device> devices_;
  std::vector<comms::Command> commands_;
  std::vector<std::uint8_t> energised_;
  comms::Surroundings around_;
};

/// Reports travel up; controllers get their sight of the world.
class UplinkStage final : public Stage {
 public:
  UplinkStage(const Model& model, std::shared_ptr<Exchange> exchange) : model_(model), exchange_(std::move(exchange)) {}
  [[nodiscard]] std::string_view label() const override { return "uplink"; }
  [[nodiscard]] std::string_view description() const override {
    return "moves reports over the communication network: lost, delayed, queued; what controllers see follows";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }

  void run(SimulationState& state, Frame& frame) override {
    comms::TransportState& messages = state.communication.transport;
    const std::int64_t step = frame.context.step;
    const std::vector<std::uint8_t> nodes_before = messages.availability.node_up;
    exchange_->transport().advance(step, messages);
    exchange_->settle(state, frame, messages);
    note_nodes(nodes_before, messages.availability, frame);
    exchange_->transport().uplink(step, exchange_->around(), messages);
    keep_late(state.communication, frame);
    hour_ = civil(frame.context.time).hour;
    const CommunicationModel& plan = exchange_->plan();
    Sight& sight = frame.sight;
    sight.producer_left_out.assign(frame.producer_offers.size(), 0);
    sight.storage_left_out.assign(frame.storage_offers.size(), 0);
    std::vector<std::uint8_t> nobody(frame.consumer_offers.size(), 0);
    look(plan.producer_endpoint, frame.producer_offers, state.communication.producers, messages, step, sight.producers,
         sight.producer_fresh, sight.producer_left_out);
    look(plan.storage_endpoint, frame.storage_offers, state.communication.storages, messages, step, sight.storages,
         sight.storage_fresh, sight.storage_left_out);
    look(plan.consumer_endpoint, frame.consumer_offers, state.communication.consumers, messages, step, sight.consumers,
         sight.consumer_fresh, nobody);
    leave_out(frame);
  }

 private:
  void note_nodes(const std::vector<std::uint8_t>& before, const comms::AvailabilityState& now, Frame& frame) const {
    const std::size_t links = exchange_->plan().network.link_count();
    for (std::size_t n = 0; n < before.size(); ++n) {
      if (before[n] == now.node_up[n]) continue;
      const bool fails = now.process_up[links + n] == 0;
      frame.block.events.push_back({frame.context.step, now.node_up[n] != 0 ? "node_returned" : "node_lost",
                                    exchange_->plan().names.node[n], now.battery_left_h[n],
                                    now.node_up[n] != 0 ? "" : (fails ? "failure" : "no supply and an empty battery")});
    }
  }

  /// Keeps what the reports say that come later.
  void keep_late(CommunicationState& state, const Frame& frame) const {
    const auto keep = [&](auto& known, const auto& offers, std::uint32_t i) {
      known.late.push_back({frame.context.step, i, offers[i]});
    };
    const auto& late = state.transport.late_reports;
    for (auto report = late.rbegin(); report != late.rend() && report->generated == frame.context.step; ++report) {
      const Device device = exchange_->devices()[report->endpoint];
      if (device.index == k_no_index) continue;
      if (device.kind == DeviceKind::producer) keep(state.producers, frame.producer_offers, device.index);
      if (device.kind == DeviceKind::storage) keep(state.storages, frame.storage_offers, device.index);
      if (device.kind == DeviceKind::consumer) keep(state.consumers, frame.consumer_offers, device.index);
    }
  }

  /// Fills `seen` with what controllers take for `offers`.
  template <class Offer>
  void look(const std::vector<std::uint32_t>& endpoints, const std::vector<Offer>& offers, Knowledge<Offer>& known,
            const comms::TransportState& messages, std::int64_t step, std::vector<Offer>& seen,
            std::vector<std::uint8_t>& fresh, std::vector<std::uint8_t>& left_out) const {
    seen.resize(offers.size());
    fresh.assign(offers.size(), 1);
    for (std::size_t i = 0; i < offers.size(); ++i) {
      const std::uint32_t e = endpoints[i];
      if (e == k_no_index) {
        seen[i] = offers[i];
        continue;
      }
      const std::int64_t generated = messages.generated_step[e];
      if (generated == step) {
        learn(known, i, offers[i], step);
        seen[i] = offers[i];
        continue;
      }
      if (generated > known.reported[i]) take_late(known, i, generated);
      fresh[i] = 0;
      const std::uint32_t controller = exchange_->plan().network.endpoint().controller[e];
      const ControllerRule& rule = exchange_->plan().controllers[controller];
      const double age_s = exchange_->transport().age_s(e, step, messages);
      seen[i] = estimate(known.last[i], std::span(known.at_hour).subspan(i * k_hours, k_hours),
                         {rule.policy, age_s, rule.forecast_tau_s, hour_});
      if (rule.policy == StalePolicy::exclude)
        left_out[i] = age_s > exchange_->plan().network.controller().max_age_s[controller] ? 1 : 0;
    }
    std::erase_if(known.late, [&](const auto& late) { return late.generated <= known.reported[late.device]; });
  }

  template <class Offer>
  void learn(Knowledge<Offer>& known, std::size_t i, const Offer& offer, std::int64_t reported) const {
    known.last[i] = offer;
    known.reported[i] = reported;
    if constexpr (!std::is_same_v<Offer, StorageOffer>)
      known.at_hour[i * k_hours + static_cast<std::size_t>(civil(model_.time.at(reported)).hour)] = measured_mw(offer);
  }

  template <class Offer>
  void take_late(Knowledge<Offer>& known, std::size_t i, std::int64_t generated) const {
    const auto match = [&](const auto& late) { return late.device == i && late.generated == generated; };
    const auto late = std::find_if(known.late.begin(), known.late.end(), match);
    if (late == known.late.end()) return;
    const Offer offer = late->offer;
    learn(known, i, offer, generated);
  }

  /// The islands without the devices that a controller does not plan with.
  static void leave_out(Frame& frame) {
    Sight& sight = frame.sight;
    sight.islands.clear();
    const auto any = [](const std::vector<std::uint8_t>& flags) {
      return std::find(flags.begin(), flags.end(), 1) != flags.end();
    };
    if (!any(sight.producer_left_out) && !any(sight.storage_left_out)) return;
    sight.islands = frame.topology.devices;
    for (IslandDevices& island : sight.islands) {
      const auto no_producer = [&](std::uint32_t p) { return sight.producer_left_out[p] != 0; };
      std::erase_if(island.producers, no_producer);
      std::erase_if(island.slack_order, no_producer);
      std::erase_if(island.storages, [&](std::uint32_t s) { return sight.storage_left_out[s] != 0; });
    }
  }

  const Model& model_;
  std::shared_ptr<Exchange> exchange_;
  int hour_ = 0;
};

/// Commands travel down; a device follows what it holds while it is valid, else its fallback.
class DownlinkStage final : public Stage {
 public:
  DownlinkStage(const Model& model, std::shared_ptr<Exchange> exchange)
      : model_(model), exchange_(std::move(exchange)) {}
  [[nodiscard]] std::string_view label() const override { return "downlink"; }
  [[nodiscard]] std::string_view description() const override {
    return "moves commands to the devices; those without a valid one fall back; frequency relays shed what is missing";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }
  [[nodiscard]] bool needs_network() const override { return exchange_->plan().uses_voltage(); }

  void run(SimulationState& state, Frame& frame) override {
    comms::TransportState& messages = state.communication.transport;
    issue(frame);
    exchange_->transport().downlink(frame.context.step, exchange_->commands(), exchange_->around(), messages);
    disturbed_.assign(frame.topology.devices.size(), 0);
    fallback_mw_.assign(exchange_->plan().network.controller_count(), 0.0);
    obey(state, frame);
    for (std::size_t i = 0; i < disturbed_.size(); ++i)
      if (disturbed_[i] != 0) balance(state, frame, i);
    write(state, frame);
  }

 private:
  void issue(const Frame& frame) {
    const CommunicationModel& plan = exchange_->plan();
    std::vector<comms::Command>& commands = exchange_->commands();
    const auto give = [&](const std::vector<std::uint32_t>& endpoints, auto command_of) {
      for (std::size_t i = 0; i < endpoints.size(); ++i)
        if (endpoints[i] != k_no_index) commands[endpoints[i]] = command_of(i);
    };
    const DispatchResult& decision = frame.decision;
    const Sight& sight = frame.sight;
    give(plan.producer_endpoint, [&](std::size_t p) -> comms::Command {
      const ProducerOffer& offer = sight.producers[p];
      const ProducerCommand& command = decision.producers[p];
      const bool unlimited = offer.curtailable && command.p_mw >= offer.max_mw;
      return {unlimited ? k_any : command.p_mw, sight.producer_left_out[p] != 0 ? -1 : (command.online ? 1 : 0)};
    });
    give(plan.storage_endpoint, [&](std::size_t s) -> comms::Command {
      return {decision.storages[s].p_mw, sight.storage_left_out[s] != 0 ? -1 : 1};
    });
    give(plan.consumer_endpoint, [&](std::size_t c) -> comms::Command {
      const double demand_mw = sight.consumers[c].demand_mw, served_mw = decision.consumers[c].served_mw;
      return {demand_mw == served_mw ? 1.0 : served_mw / demand_mw, 1};
    });
  }

  /// What each device does: the command of this step where it came and rests on this step's report, a held one, or the
  /// fallback.
  void obey(SimulationState& state, Frame& frame) {
    const CommunicationModel& plan = exchange_->plan();
    const comms::TransportState& messages = state.communication.transport;
    const std::int64_t step = frame.context.step;
    const auto each = [&](const std::vector<std::uint32_t>& endpoints, const std::vector<std::uint8_t>& fresh,
                          auto bus_of, auto follow, auto fall_back) {
      for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const std::uint32_t e = endpoints[i];
        if (e == k_no_index) continue;
        if (plan.network.endpoint().controllable[e] == 0) {
          disturb(frame, bus_of(i));
          fall_back(i, FallbackRule{}, comms::HeldCommand{});
          continue;
        }
        const comms::HeldCommand& held = messages.held[e];
        const bool valid = exchange_->transport().valid(e, step, messages) && held.command.on >= 0;
        const bool present = valid && held.issued_step == step;
        if (!present || fresh[i] == 0) disturb(frame, bus_of(i));
        if (valid)
          follow(i, held.command, present && fresh[i] != 0);
        else
          fall_back(i, plan.fallback[e], held);
        if (!valid) count_fallback(state, e);
      }
    };
    DispatchResult& d = frame.decision;
    each(
        plan.producer_endpoint, frame.sight.producer_fresh,
        [&](std::size_t p) { return model_.producer_connection[p].bus; },
        [&](std::size_t p, const comms::Command& c, bool) {
          d.producers[p] = {c.on == 1, c.value == k_any ? frame.producer_offers[p].max_mw : c.value};
        },
        [&](std::size_t p, const FallbackRule& rule, const comms::HeldCommand& held) {
          d.producers[p] = producer_fallback(p, rule, held, state, frame);
        });
    each(
        plan.storage_endpoint, frame.sight.storage_fresh,
        [&](std::size_t s) { return model_.storage_connection[s].bus; },
        [&](std::size_t s, const comms::Command& c, bool) { d.storages[s].p_mw = c.value; },
        [&](std::size_t s, const FallbackRule& rule, const comms::HeldCommand& held) {
          d.storages[s].p_mw = storage_fallback(s, rule, held, state, frame);
        });
    each(
        plan.consumer_endpoint, frame.sight.consumer_fresh, [&](std::size_t c) { return model_.consumer_bus[c]; },
        [&](std::size_t c, const comms::Command& command, bool exact) {
          const double demand_mw = frame.consumer_offers[c].demand_mw;
          if (!exact) d.consumers[c].served_mw = command.value == 1.0 ? demand_mw : command.value * demand_mw;
        },
        [&](std::size_t c, const FallbackRule& rule, const comms::HeldCommand& held) {
          d.consumers[c].served_mw = consumer_share(rule, held) * frame.consumer_offers[c].demand_mw;
        });
  }

  void disturb(const Frame& frame, BusId bus) {
    const std::uint32_t island = frame.topology.islands.of_bus[bus.index()];
    if (island != Islands::k_none) disturbed_[island] = 1;
  }

  void count_fallback(SimulationState& state, std::uint32_t e) {
    const comms::EndpointArrays& endpoint = exchange_->plan().network.endpoint();
    const double weight_mw = static_cast<double>(endpoint.weight_mw[e]);
    fallback_mw_[endpoint.controller[e]] += weight_mw;
    const auto rule = static_cast<std::size_t>(exchange_->plan().fallback[e].rule);
    state.kpis.communication.fallback_mwh[rule] += weight_mw * model_.time.step_h();
  }

  [[nodiscard]] double voltage_pu(const SimulationState& state, BusId bus) const {
    return state.flow_start.vm_pu[bus.index()];
  }

  [[nodiscard]] ProducerCommand producer_fallback(std::size_t p, const FallbackRule& rule,
                                                  const comms::HeldCommand& held, const SimulationState& state,
                                                  const Frame& frame) const {
    const ProducerOffer& offer = frame.producer_offers[p];
    const ProducerCommand schedule = {offer.online, offer.curtailable ? offer.max_mw : offer.min_mw};
    switch (rule.rule) {
      case Fallback::hold_last:
        if (held.issued_step == comms::HeldCommand::k_never || held.command.on < 0) return schedule;
        return {held.command.on == 1, held.command.value == k_any ? offer.max_mw : held.command.value};
      case Fallback::zero:
        return {};
      case Fallback::local_droop: {
        constexpr double k_begin_pu = 1.05, k_end_pu = 1.10;
        const double vm_pu = voltage_pu(state, model_.producer_connection[p].bus);
        const double share = std::clamp((k_end_pu - vm_pu) / (k_end_pu - k_begin_pu), 0.0, 1.0);
        return {offer.online, std::min(schedule.p_mw, share * offer.max_mw)};
      }
      case Fallback::curtail_to:
        return {offer.online, rule.share * offer.max_mw};
      case Fallback::default_schedule:
      case Fallback::local_tou_timer:
        break;
    }
    return schedule;
  }

  [[nodiscard]] double storage_fallback(std::size_t s, const FallbackRule& rule, const comms::HeldCommand& held,
                                        const SimulationState& state, const Frame& frame) const {
    const StorageOffer& offer = frame.storage_offers[s];
    switch (rule.rule) {
      case Fallback::hold_last:
        return held.issued_step == comms::HeldCommand::k_never || held.command.on < 0 ? 0.0 : held.command.value;
      case Fallback::local_droop: {
        constexpr double k_band_pu = 0.05;
        const double share =
            std::clamp((1.0 - voltage_pu(state, model_.storage_connection[s].bus)) / k_band_pu, -1.0, 1.0);
        return share >= 0.0 ? share * offer.max_discharge_mw : share * offer.max_charge_mw;
      }
      case Fallback::local_tou_timer: {
        const CommunicationModel& plan = exchange_->plan();
        const CivilTime now = civil(frame.context.time);
        const double hour = now.hour + now.minute / 60.0;
        if (within(hour, plan.valley_from_h, plan.valley_to_h)) return -offer.max_charge_mw;
        return within(hour, plan.peak_from_h, plan.peak_to_h) ? offer.max_discharge_mw : 0.0;
      }
      case Fallback::zero:
      case Fallback::default_schedule:
      case Fallback::curtail_to:
        break;
    }
    return 0.0;
  }

  /// A span of hours that may run over midnight.
  static bool within(double hour, double from_h, double to_h) {
    return from_h <= to_h ? hour >= from_h && hour < to_h : hour >= from_h || hour < to_h;
  }

  static double consumer_share(const FallbackRule& rule, const comms::HeldCommand& held) {
    switch (rule.rule) {
      case Fallback::hold_last:
        return held.issued_step == comms::HeldCommand::k_never ? 1.0 : held.command.value;
      case Fallback::zero:
        return 0.0;
      case Fallback::curtail_to:
        return rule.share;
      case Fallback::default_schedule:
      case Fallback::local_droop:
      case Fallback::local_tou_timer:
        break;
    }
    return 1.0;
  }

  /// Whether the unit will run, and its output, as its limits allow.
  static bool runs(const ProducerOffer& offer, const ProducerCommand& command) {
    return command.online ? offer.online || offer.may_start : offer.online && !offer.may_stop && !offer.curtailable;
  }

  /// What no controller plans for: an island without a unit to form it goes dark; where less is generated than used
  /// and all units together lack the room, relays shed by priority, as the dispatch would.
  void balance(SimulationState& state, Frame& frame, std::size_t island) {
    const IslandDevices& devices = frame.topology.devices[island];
    DispatchResult& d = frame.decision;
    const auto forms = [&](std::uint32_t p) { return runs(frame.producer_offers[p], d.producers[p]); };
    if (std::none_of(devices.slack_order.begin(), devices.slack_order.end(), forms)) {
      for (const std::uint32_t p : devices.producers) d.producers[p] = {};
      for (const std::uint32_t s : devices.storages) d.storages[s].p_mw = 0.0;
      for (const std::uint32_t c : devices.consumers) d.consumers[c].served_mw = 0.0;
      return;
    }
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
    constexpr double k_margin = 0.01, k_noticeable_mw = 1e-6;
    room_mw -= k_margin * std::max(0.0, served_mw);
    if (need_mw - room_mw > k_noticeable_mw)
      shed(state, frame, devices, (need_mw - room_mw) / (1.0 + state.loss_share));
  }

  void shed(SimulationState& state, Frame& frame, const IslandDevices& devices, double open_mw) {
    std::vector<std::uint32_t> order(devices.consumers);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return frame.consumer_offers[a].priority > frame.consumer_offers[b].priority;
    });
    for (const std::uint32_t c : order) {
      double& served_mw = frame.decision.consumers[c].served_mw;
      const double shed_mw = std::clamp(served_mw, 0.0, open_mw);
      served_mw -= shed_mw;
      open_mw -= shed_mw;
      state.kpis.communication.local_shedding_mwh += shed_mw * model_.time.step_h();
    }
  }

  void write(SimulationState& state, Frame& frame) {
    const comms::StepCount& count = exchange_->transport().count();
    const comms::TransportState& messages = state.communication.transport;
    StepBlock& block = frame.block;
    const std::size_t s = frame.slot;
    std::copy(messages.availability.node_up.begin(), messages.availability.node_up.end(),
              block.of(NodeVar::up, s).begin());
    std::copy(messages.availability.battery_left_h.begin(), messages.availability.battery_left_h.end(),
              block.of(NodeVar::battery_left_h, s).begin());
    write_links(messages, block, s);
    write_classes(count, block, s);
    write_controllers(count, block, s);
    add_up(count, state.kpis);
  }

  void write_links(const comms::TransportState& messages, StepBlock& block, std::size_t s) const {
    constexpr auto k_telemetry = static_cast<std::size_t>(comms::MessageClass::telemetry);
    const auto queues = exchange_->transport().paths().queues();
    for (std::size_t l = 0; l < messages.availability.link_up.size(); ++l) {
      const comms::QueueStep &to = queues[2 * l], &back = queues[2 * l + 1];
      double backlog_bit = 0.0;
      for (std::size_t m = 0; m < comms::k_classes; ++m)
        backlog_bit += messages.backlog_bit[2 * l][m] + messages.backlog_bit[2 * l + 1][m];
      block.of(LinkVar::up, s)[l] = messages.availability.link_up[l];
      block.of(LinkVar::load_percent, s)[l] = 100.0 * std::max(to.load, back.load);
      block.of(LinkVar::backlog_mbit, s)[l] = 1e-6 * backlog_bit;
      block.of(LinkVar::wait_s, s)[l] = std::max(to.wait_s[k_telemetry], back.wait_s[k_telemetry]);
      block.of(LinkVar::lost_share, s)[l] = std::max(to.lost_share[k_telemetry], back.lost_share[k_telemetry]);
    }
  }

  static double ratio(double part, double whole) {
    return whole > 0.0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
  }

  static void write_classes(const comms::StepCount& count, StepBlock& block, std::size_t s) {
    for (std::size_t m = 0; m < comms::k_classes; ++m) {
      const comms::ClassCount& c = count.classes[m];
      const auto sent = static_cast<double>(c.sent), delivered = static_cast<double>(c.delivered);
      const auto on_time = static_cast<double>(c.on_time);
      block.of(EndpointClassVar::sent, s)[m] = sent;
      block.of(EndpointClassVar::delivered, s)[m] = delivered;
      block.of(EndpointClassVar::on_time, s)[m] = on_time;
      block.of(EndpointClassVar::duplicates, s)[m] = static_cast<double>(c.duplicates);
      block.of(EndpointClassVar::delivery_ratio, s)[m] = ratio(delivered, sent);
      block.of(EndpointClassVar::on_time_ratio, s)[m] = ratio(on_time, sent);
    }
  }

  void write_controllers(const comms::StepCount& count, StepBlock& block, std::size_t s) const {
    for (std::size_t c = 0; c < count.controllers.size(); ++c) {
      const comms::ControllerCount& known = count.controllers[c];
      block.of(ControllerVar::age_mean_s, s)[c] = ratio(known.age_sum_s, static_cast<double>(known.endpoints));
      block.of(ControllerVar::age_p50_s, s)[c] = known.ages.quantile_s(0.50);
      block.of(ControllerVar::age_p95_s, s)[c] = known.ages.quantile_s(0.95);
      block.of(ControllerVar::age_p99_s, s)[c] = known.ages.quantile_s(0.99);
      block.of(ControllerVar::observability, s)[c] = ratio(known.observed_mw, known.reported_mw);
      block.of(ControllerVar::control_availability, s)[c] =
          ratio(static_cast<double>(known.under_control), static_cast<double>(known.controllable));
      block.of(ControllerVar::control_availability_weighted, s)[c] =
          ratio(known.under_control_mw, known.controllable_mw);
      block.of(ControllerVar::fallback_mw, s)[c] = fallback_mw_[c];
    }
  }

  void add_up(const comms::StepCount& count, KpiAccount& kpis) const {
    KpiAccount::Communication& sums = kpis.communication;
    for (std::size_t m = 0; m < comms::k_classes; ++m) sums.classes[m].add(count.classes[m]);
    sums.meter_intervals += count.meter_intervals;
    sums.meter_received += count.meter_received;
    sums.meter_lost += count.meter_lost;
    sums.reroutes += count.rerouted ? 1 : 0;
    kpis.ages.resize(count.controllers.size());
    const double step_h = model_.time.step_h();
    for (std::size_t c = 0; c < count.controllers.size(); ++c) {
      const comms::ControllerCount& known = count.controllers[c];
      sums.controllable += known.controllable;
      sums.under_control += known.under_control;
      sums.controllable_mwh += known.controllable_mw * step_h;
      sums.under_control_mwh += known.under_control_mw * step_h;
      sums.reported_mwh += known.reported_mw * step_h;
      sums.observed_mwh += known.observed_mw * step_h;
      kpis.ages[c].add(known.ages);
    }
  }

  const Model& model_;
  std::shared_ptr<Exchange> exchange_;
  std::vector<std::uint8_t> disturbed_;  ///< per island: some device acts on something other than this step's decision
  std::vector<double> fallback_mw_;      ///< per controller
};

template <class Offer, class Banks>
Knowledge<Offer> first_knowledge(const Banks& banks, const StepContext& context) {
  Knowledge<Offer> known;
  for (const auto& bank : banks) {
    std::vector<Offer> offers(bank->size());
    bank->offer(bank->initial_state(context), context, offers);
    known.last.insert(known.last.end(), offers.begin(), offers.end());
  }
  known.reported.assign(known.last.size(), -1);
  known.at_hour.assign(known.last.size() * k_hours, std::numeric_limits<double>::quiet_NaN());
  return known;
}

}  // namespace

CommunicationStages make_communication_stages(const Model& model, int threads) {
  const auto exchange = std::make_shared<Exchange>(model, threads);
  return {std::make_unique<UplinkStage>(model, exchange), std::make_unique<DownlinkStage>(model, exchange)};
}

CommunicationState initial_communication(const Model& model) {
  CommunicationState state;
  if (model.communication == nullptr) return state;
  const CommunicationModel& plan = *model.communication;
  state.transport = comms::Transport(plan.network, plan.transport, static_cast<double>(model.time.step_s()), model.seed,
                                     model.replicate, 1)
                        .initial();
  const StepContext context = make_context(model, 0);
  state.producers = first_knowledge<ProducerOffer>(model.producer_banks, context);
  state.storages = first_knowledge<StorageOffer>(model.storage_banks, context);
  state.consumers = first_knowledge<ConsumerOffer>(model.consumer_banks, context);
  return state;
}

}  // namespace gridplus
