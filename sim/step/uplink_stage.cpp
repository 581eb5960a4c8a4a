// Reports travel up the communication network; what controllers see follows.

#include <algorithm>

#include "sim/step/exchange.hpp"
#include "sim/step/knowledge.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

using comms::k_no_index;

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
    Cyber* const cyber = exchange_->cyber();
    if (cyber != nullptr) cyber->begin(state, frame);
    exchange_->transport().advance(step, messages);
    exchange_->settle(state, frame, messages);
    note_nodes(nodes_before, messages.availability, frame);
    exchange_->transport().uplink(step, exchange_->around(), messages);
    receive(state, frame);
    keep_late(state.communication, frame);
    step_ = step;
    hour_ = civil(frame.context.time).hour;
    const CommunicationModel& plan = exchange_->plan();
    Sight& sight = frame.sight;
    sight.producer_left_out.assign(frame.producer_offers.size(), 0);
    sight.storage_left_out.assign(frame.storage_offers.size(), 0);
    std::vector<std::uint8_t> nobody(frame.consumer_offers.size(), 0);
    look(plan.producer_endpoint, producers(frame), state.communication.producers, messages, step, sight.producers,
         sight.producer_fresh, sight.producer_left_out);
    look(plan.storage_endpoint, frame.storage_offers, state.communication.storages, messages, step, sight.storages,
         sight.storage_fresh, sight.storage_left_out);
    look(plan.consumer_endpoint, consumers(frame), state.communication.consumers, messages, step, sight.consumers,
         sight.consumer_fresh, nobody);
    leave_out(frame);
    if (cyber != nullptr) {
      cyber->manipulate(state, sight.producers, sight.producer_fresh);
      cyber->listen(state, step);
    }
  }

 private:
  /// The offers as they are reported: somebody may falsify them on the way.
  [[nodiscard]] const std::vector<ProducerOffer>& producers(const Frame& frame) const {
    return falsified_ ? reported_producers_ : frame.producer_offers;
  }
  [[nodiscard]] const std::vector<ConsumerOffer>& consumers(const Frame& frame) const {
    return falsified_ ? reported_consumers_ : frame.consumer_offers;
  }

  void receive(SimulationState& state, Frame& frame) {
    Cyber* const cyber = exchange_->cyber();
    falsified_ = cyber != nullptr && cyber->falsifies();
    if (!falsified_) return;
    altered_.assign(exchange_->devices().size(), 0);
    refused_.assign(exchange_->devices().size(), 0);
    reported_producers_ = frame.producer_offers;
    reported_consumers_ = frame.consumer_offers;
    const auto pass = [&](const std::vector<std::uint32_t>& endpoints, auto& offers) {
      for (std::size_t i = 0; i < offers.size(); ++i) {
        const std::uint32_t e = endpoints[i];
        if (e == k_no_index || !exchange_->transport().reports(e, frame.context.step)) continue;
        const ReceivedValue value = cyber->received(e, measured_mw(offers[i]), state, frame);
        if (value.falsified) set_measured(offers[i], value.mw);
        altered_[e] = value.falsified ? 1 : 0;
        refused_[e] = value.refused ? 1 : 0;
      }
    };
    pass(exchange_->plan().producer_endpoint, reported_producers_);
    pass(exchange_->plan().consumer_endpoint, reported_consumers_);
  }

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
      const EndpointDevice device = exchange_->devices()[report->endpoint];
      if (device.index == k_no_index || (falsified_ && refused_[report->endpoint] != 0)) continue;
      if (device.kind == DeviceKind::producer) keep(state.producers, producers(frame), device.index);
      if (device.kind == DeviceKind::storage) keep(state.storages, frame.storage_offers, device.index);
      if (device.kind == DeviceKind::consumer) keep(state.consumers, consumers(frame), device.index);
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
      if (generated == step && !(falsified_ && refused_[e] != 0)) {
        learn(known, i, offers[i], step);
        seen[i] = offers[i];
        if (falsified_ && altered_[e] != 0) fresh[i] = 0;
        continue;
      }
      if (generated > known.reported[i]) take_late(known, i, generated);
      fresh[i] = 0;
      const std::uint32_t controller = exchange_->plan().network.endpoint().controller[e];
      const ControllerRule& rule = exchange_->plan().controllers[controller];
      const double age_s = exchange_->transport().age_s(e, step, messages);
      seen[i] = estimate(known.last[i], std::span(known.at_hour).subspan(i * k_hours_of_day, k_hours_of_day),
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
    if constexpr (!std::is_same_v<Offer, StorageOffer>) {
      const int hour = reported == step_ ? hour_ : civil(model_.time.at(reported)).hour;
      known.at_hour[i * k_hours_of_day + static_cast<std::size_t>(hour)] = measured_mw(offer);
    }
  }

  template <class Offer>
  void take_late(Knowledge<Offer>& known, std::size_t i, std::int64_t generated) const {
    const auto match = [&](const auto& late) { return late.device == i && late.generated == generated; };
    const auto late = std::find_if(known.late.begin(), known.late.end(), match);
    if (late == known.late.end()) return;
    const Offer offer = late->offer;
    learn(known, i, offer, generated);
  }

  const Model& model_;
  std::shared_ptr<Exchange> exchange_;
  std::int64_t step_ = 0;   ///< at hand
  int hour_ = 0;            ///< its hour of the day
  bool falsified_ = false;  ///< some report may be falsified in this step
  std::vector<ProducerOffer> reported_producers_;
  std::vector<ConsumerOffer> reported_consumers_;
  std::vector<std::uint8_t> altered_, refused_;  ///< per endpoint
};

}  // namespace

std::unique_ptr<Stage> make_uplink_stage(const Model& model, std::shared_ptr<Exchange> exchange) {
  return std::make_unique<UplinkStage>(model, std::move(exchange));
}

}  // namespace gridplus
