// Commands travel down the communication network; devices follow them or fall back.

#include "sim/step/communication_record.hpp"
#include "sim/step/exchange.hpp"
#include "sim/step/local_control.hpp"
#include "sim/step/prices.hpp"
#include "sim/step/relays.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

using comms::k_no_index;

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
  [[nodiscard]] bool needs_network() const override {
    return exchange_->plan().uses_voltage() || (exchange_->cyber() != nullptr && exchange_->cyber()->uses_voltage());
  }

  void run(SimulationState& state, Frame& frame) override {
    comms::TransportState& messages = state.communication.transport;
    issue(messages, frame);
    Cyber* const cyber = exchange_->cyber();
    if (cyber != nullptr) cyber->freeze(exchange_->commands(), state);
    exchange_->transport().downlink(frame.context.step, exchange_->commands(), exchange_->around(), messages);
    if (cyber != nullptr) cyber->forge_prices(state);
    disturbed_.assign(frame.topology.devices.size(), 0);
    fallback_mw_.assign(exchange_->plan().network.controller_count(), 0.0);
    obey(state, frame);
    if (cyber != nullptr) be_attacked(*cyber, state, frame);
    for (std::size_t i = 0; i < disturbed_.size(); ++i)
      if (disturbed_[i] != 0) balance_by_relays(i, model_.time.step_h(), state, frame);
    record_communication(state.communication.transport, exchange_->transport(), fallback_mw_, frame.slot, frame.block);
    add_up(exchange_->transport().count(), model_.time.step_h(), state.kpis);
    if (cyber != nullptr) cyber->record(state, frame);
  }

 private:
  void issue(const comms::TransportState& messages, const Frame& frame) {
    const CommunicationModel& plan = exchange_->plan();
    std::vector<comms::Command>& commands = exchange_->commands();
    // A device whose set point from outside has run out is told nothing new.
    const auto give = [&](const std::vector<std::uint32_t>& endpoints, const GivenPower& given, auto command_of) {
      for (std::size_t i = 0; i < endpoints.size(); ++i)
        if (endpoints[i] != k_no_index)
          commands[endpoints[i]] =
              given.over(i) && !messages.held.empty() ? messages.held[endpoints[i]].command : command_of(i);
    };
    const DispatchResult& decision = frame.decision;
    const Sight& sight = frame.sight;
    give(plan.producer_endpoint, frame.outside.producers, [&](std::size_t p) -> comms::Command {
      const ProducerOffer& offer = sight.producers[p];
      const ProducerCommand& command = decision.producers[p];
      const std::uint32_t e = plan.producer_endpoint[p];
      const bool withheld = exchange_->cyber() != nullptr && exchange_->cyber()->withholds(e);
      const bool unlimited =
          offer.curtailable && command.p_mw >= offer.max_mw && !withheld && !frame.outside.producers.holds(p);
      return {unlimited ? k_any : command.p_mw, sight.producer_left_out[p] != 0 ? -1 : (command.online ? 1 : 0)};
    });
    give(plan.storage_endpoint, frame.outside.storages, [&](std::size_t s) -> comms::Command {
      return {decision.storages[s].p_mw, sight.storage_left_out[s] != 0 ? -1 : 1};
    });
    give(plan.consumer_endpoint, frame.outside.consumers, [&](std::size_t c) -> comms::Command {
      const double served_mw = decision.consumers[c].served_mw;
      if (frame.outside.consumers.holds(c)) return {served_mw, comms::Command::k_power};
      return consumer_command(sight.consumers[c], served_mw);
    });
  }

  /// What each device does: the command of this step where it came and rests on this step's report, a held one, or the
  /// fallback.
  void obey(SimulationState& state, Frame& frame) {
    now_ = civil(frame.context.time);
    step_ = frame.context.step;
    producers_obey(state, frame);
    storages_obey(state, frame);
    consumers_obey(state, frame);
  }

  void producers_obey(SimulationState& state, Frame& frame) {
    const CommunicationModel& plan = exchange_->plan();
    const auto bus_of = [&](std::size_t p) { return model_.producer_connection[p].bus; };
    std::vector<ProducerCommand>& commands = frame.decision.producers;
    each(
        state, frame, {plan.producer_endpoint, frame.sight.producer_fresh, frame.outside.producers}, bus_of,
        [&](std::size_t p, const comms::Command& c, bool) {
          const ProducerOffer& offer = frame.producer_offers[p];
          const double p_mw = c.value == k_any ? offer.max_mw : c.value;
          commands[p] = {c.on == 1, offer.curtailable ? limited(plan.producer_endpoint[p], p_mw, state) : p_mw};
        },
        [&](std::size_t p, const FallbackRule& rule, const comms::HeldCommand& held) {
          commands[p] = producer_fallback(frame.producer_offers[p], rule, held,
                                          sight(state, bus_of(p), plan.producer_endpoint[p]));
        });
  }

  void storages_obey(SimulationState& state, Frame& frame) {
    const CommunicationModel& plan = exchange_->plan();
    const auto bus_of = [&](std::size_t s) { return model_.storage_connection[s].bus; };
    std::vector<StorageCommand>& commands = frame.decision.storages;
    each(
        state, frame, {plan.storage_endpoint, frame.sight.storage_fresh, frame.outside.storages}, bus_of,
        [&](std::size_t s, const comms::Command& c, bool) {
          commands[s].p_mw = limited(plan.storage_endpoint[s], c.value, state);
        },
        [&](std::size_t s, const FallbackRule& rule, const comms::HeldCommand& held) {
          commands[s].p_mw = storage_fallback_mw(frame.storage_offers[s], rule, held,
                                                 sight(state, bus_of(s), plan.storage_endpoint[s]), plan);
        });
  }

  void consumers_obey(SimulationState& state, Frame& frame) {
    const CommunicationModel& plan = exchange_->plan();
    const auto bus_of = [&](std::size_t c) { return model_.consumer_bus[c]; };
    std::vector<ConsumerCommand>& commands = frame.decision.consumers;
    each(
        state, frame, {plan.consumer_endpoint, frame.sight.consumer_fresh, frame.outside.consumers}, bus_of,
        [&](std::size_t c, const comms::Command& command, bool exact) {
          if (!exact) commands[c].served_mw = followed_mw(frame.consumer_offers[c], command);
          commands[c].served_mw = limited(plan.consumer_endpoint[c], commands[c].served_mw, state);
        },
        [&](std::size_t c, const FallbackRule& rule, const comms::HeldCommand& held) {
          commands[c].served_mw = consumer_fallback_mw(frame.consumer_offers[c], rule, held,
                                                       sight(state, bus_of(c), plan.consumer_endpoint[c]));
        });
  }

  /// The devices of one kind.
  struct Devices {
    const std::vector<std::uint32_t>& endpoint;  ///< of each, or none
    const std::vector<std::uint8_t>& fresh;      ///< whether this step's report came
    const GivenPower& given;
  };

  /// follow(i, command, exact) where a device has a command, exact if it is this step's and rests on this step's
  /// report; fall_back(i, rule, held) where it has none.
  template <class BusOf, class Follow, class FallBack>
  void each(SimulationState& state, const Frame& frame, const Devices& devices, const BusOf& bus_of,
            const Follow& follow, const FallBack& fall_back) {
    const CommunicationModel& plan = exchange_->plan();
    const comms::TransportState& messages = state.communication.transport;
    const Cyber* const cyber = exchange_->cyber();
    for (std::size_t i = 0; i < devices.endpoint.size(); ++i) {
      const std::uint32_t e = devices.endpoint[i];
      if (e == k_no_index) continue;
      const bool controllable = plan.network.endpoint().controllable[e] != 0;
      if (!controllable || (cyber != nullptr && cyber->isolated(e))) {
        disturb(frame, bus_of(i));
        fall_back(i, controllable ? FallbackRule{} : plan.fallback[e], comms::HeldCommand{});
        if (controllable) count_fallback(state, e);
        continue;
      }
      const comms::HeldCommand& held = messages.held[e];
      const bool valid =
          exchange_->transport().valid(e, step_, messages) && held.command.on >= 0 && !devices.given.over(i);
      const bool exact = valid && held.issued_step == step_ && devices.fresh[i] != 0;
      if (!exact) disturb(frame, bus_of(i));
      if (valid) {
        follow(i, held.command, exact);
      } else {
        fall_back(i, plan.fallback[e], held);
        count_fallback(state, e);
      }
    }
  }

  /// What a device does of a commanded power where a defence limits how fast it may change.
  [[nodiscard]] double limited(std::uint32_t e, double mw, const SimulationState& state) const {
    const Cyber* const cyber = exchange_->cyber();
    return cyber == nullptr ? mw : cyber->ramped(e, mw, state);
  }

  void be_attacked(Cyber& cyber, SimulationState& state, Frame& frame) {
    connected_.resize(exchange_->devices().size());
    for (std::uint32_t e = 0; e < connected_.size(); ++e) connected_[e] = exchange_->transport().connected(e) ? 1 : 0;
    for (const BusId bus : cyber.act(state, frame, connected_)) disturb(frame, bus);
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

  /// What the device at `bus` with endpoint `e` sees in the step `step_`.
  [[nodiscard]] LocalSight sight(const SimulationState& state, BusId bus, std::uint32_t e) const {
    const bool priced = exchange_->plan().fallback[e].rule == Fallback::local_price;
    return {state.flow_start.vm_pu[bus.index()], now_,
            priced ? known_price_ratio(model_, e, step_, state.communication) : 1.0};
  }

  const Model& model_;
  std::shared_ptr<Exchange> exchange_;
  std::vector<std::uint8_t> disturbed_;  ///< per island: some device acts on something other than this step's decision
  CivilTime now_;                        ///< of the step at hand
  std::int64_t step_ = 0;                ///< at hand
  std::vector<std::uint8_t> connected_;  ///< per endpoint; with attacks
  std::vector<double> fallback_mw_;      ///< per controller
};

}  // namespace

std::unique_ptr<Stage> make_downlink_stage(const Model& model, std::shared_ptr<Exchange> exchange) {
  return std::make_unique<DownlinkStage>(model, std::move(exchange));
}

}  // namespace gridplus
