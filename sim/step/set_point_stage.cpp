// Set points from outside: who holds which, and what the dispatch makes of them.
//
// A producer's given power is its least and its most in what the dispatch sees; a consumer's is its demand; a storage's
// counts as import of its island. So the dispatch plans everything else around them, whatever its method.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/step/knowledge.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

constexpr double k_none = std::numeric_limits<double>::quiet_NaN();

/// Makes `offer` one of `p_mw`, as near as the unit's limits allow; returns that.
double give(ProducerOffer& offer, double p_mw) {
  const bool stands = !offer.online && !offer.may_start;
  const bool shall_stand = !offer.curtailable && offer.machine_min_mw > 0.0 && p_mw <= 0.0;
  if (stands || (shall_stand && (!offer.online || offer.may_stop))) {
    offer.online = offer.may_start = false;
    return 0.0;
  }
  p_mw = std::clamp(p_mw, offer.min_mw, std::max(offer.min_mw, offer.max_mw));
  offer.min_mw = offer.max_mw = p_mw;
  offer.online = true;
  offer.may_stop = false;
  return p_mw;
}

/// Takes the storage out of the dispatch's hands; returns what it will give.
double give(StorageOffer& offer, double p_mw) {
  p_mw = std::clamp(p_mw, -offer.max_charge_mw, offer.max_discharge_mw);
  offer.max_charge_mw = offer.max_discharge_mw = 0.0;
  return p_mw;
}

/// Makes `offer` ask for `p_mw`, within what it asks for and what of it can wait.
double give(ConsumerOffer& offer, double p_mw) {
  const double least_mw = std::min(0.0, offer.demand_mw - offer.flexible_down_mw);
  p_mw = std::clamp(p_mw, least_mw, std::max(least_mw, offer.demand_mw + offer.flexible_up_mw));
  set_measured(offer, p_mw);
  offer.flexible_down_mw = offer.flexible_up_mw = offer.flexible_energy_mwh = 0.0;
  return p_mw;
}

class SetPointStage final : public Stage {
 public:
  SetPointStage(const Model& model, SetPointSource& source) : model_(model), source_(source) {}
  [[nodiscard]] std::string_view label() const override { return "set_points"; }
  [[nodiscard]] std::string_view description() const override {
    return "takes set points from outside the run; the dispatch plans around the devices they are for";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }

  void run(SimulationState& state, Frame& frame) override {
    input_.set_points.clear();
    input_.happenings.clear();
    source_.take(frame.context.step, input_);
    for (Event& event : input_.happenings) {
      event.step = frame.context.step;
      frame.block.events.push_back(std::move(event));
    }
    OutsideState& outside = state.outside;
    if (!input_.set_points.empty()) {
      outside.producers.resize(model_.producer_count());
      outside.storages.resize(model_.storage_count());
      outside.consumers.resize(model_.consumer_count());
    }
    for (const SetPoint& set_point : input_.set_points) hold(set_point, outside, frame);
    const CommunicationModel* const plan = model_.communication.get();
    bool any = run_out(DeviceKind::producer, plan ? &plan->producer_endpoint : nullptr, outside.producers, frame);
    any |= run_out(DeviceKind::storage, plan ? &plan->storage_endpoint : nullptr, outside.storages, frame);
    any |= run_out(DeviceKind::consumer, plan ? &plan->consumer_endpoint : nullptr, outside.consumers, frame);
    if (any)
      prepare(outside, frame);
    else
      frame.outside = {};
    frame.outside.in_force = any;
  }

 private:
  void hold(const SetPoint& set_point, OutsideState& outside, Frame& frame) const {
    auto& list = set_point.kind == DeviceKind::producer  ? outside.producers
                 : set_point.kind == DeviceKind::storage ? outside.storages
                                                         : outside.consumers;
    ensure(set_point.index < list.size(), "a set point is for a device that does not exist");
    const std::string& name = names(set_point.kind)[set_point.index];
    HeldSetPoint& held = list[set_point.index];
    if (set_point.release) {
      if (held.taken()) frame.block.events.push_back({frame.context.step, "set_point_released", name, 0.0, ""});
      held = {};
      return;
    }
    ensure(std::isfinite(set_point.p_mw) && set_point.valid_s > 0.0, "a set point has no power or no validity");
    const double steps = std::ceil(set_point.valid_s / static_cast<double>(model_.time.step_s()));
    constexpr double k_most_steps = 1e12;
    held = {set_point.p_mw, frame.context.step + static_cast<std::int64_t>(std::clamp(steps, 1.0, k_most_steps))};
    frame.block.events.push_back(
        {frame.context.step, "set_point", name, set_point.p_mw, fmt::format("valid {:g} s", set_point.valid_s)});
  }

  /// Says which set points no longer hold from this step on, and frees devices that messages do not reach. Returns
  /// whether any device is taken still.
  bool run_out(DeviceKind kind, const std::vector<std::uint32_t>* endpoints, std::vector<HeldSetPoint>& list,
               Frame& frame) const {
    bool any = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      HeldSetPoint& held = list[i];
      if (held.taken() && held.until_step == frame.context.step) {
        const bool waits = endpoints != nullptr && (*endpoints)[i] != comms::k_no_index;
        frame.block.events.push_back({frame.context.step, "set_point_expired", names(kind)[i], held.p_mw,
                                      waits ? "falls back" : "back to the dispatch"});
        if (!waits) held = {};
      }
      any = any || held.taken();
    }
    return any;
  }

  /// Changes what the controllers see.
  void prepare(const OutsideState& outside, Frame& frame) const {
    Sight& sight = frame.sight;
    if (model_.communication == nullptr) {
      sight.producers = frame.producer_offers;
      sight.storages = frame.storage_offers;
      sight.consumers = frame.consumer_offers;
    }
    Outside& given = frame.outside;
    const std::int64_t step = frame.context.step;
    give_all(outside.producers, step, sight.producers, given.producers);
    give_all(outside.storages, step, sight.storages, given.storages);
    give_all(outside.consumers, step, sight.consumers, given.consumers);
    import_from_storage(frame);
    if (model_.communication == nullptr) return;
    for (std::size_t p = 0; p < sight.producers.size(); ++p) sight.producer_left_out[p] |= given.producers.ran_out[p];
    for (std::size_t s = 0; s < sight.storages.size(); ++s) sight.storage_left_out[s] |= given.storages.ran_out[s];
    leave_out(frame);
  }

  template <class Offer>
  static void give_all(const std::vector<HeldSetPoint>& held, std::int64_t step, std::vector<Offer>& seen,
                       GivenPower& given) {
    given.p_mw.assign(seen.size(), k_none);
    given.ran_out.assign(seen.size(), 0);
    for (std::size_t i = 0; i < held.size(); ++i) {
      if (held[i].valid(step))
        given.p_mw[i] = give(seen[i], held[i].p_mw);
      else
        given.ran_out[i] = held[i].taken() ? 1 : 0;
    }
  }

  static void import_from_storage(Frame& frame) {
    frame.outside.island_import_mw = frame.island_import_mw;
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i)
      for (const std::uint32_t s : frame.topology.devices[i].storages)
        if (frame.outside.storages.holds(s)) frame.outside.island_import_mw[i] += frame.outside.storages.p_mw[s];
  }

  [[nodiscard]] const std::vector<std::string>& names(DeviceKind kind) const {
    switch (kind) {
      case DeviceKind::producer:
        return model_.names.producer;
      case DeviceKind::storage:
        return model_.names.storage;
      default:
        return model_.names.consumer;
    }
  }

  const Model& model_;
  SetPointSource& source_;
  OutsideInput input_;
};

}  // namespace

std::unique_ptr<Stage> make_set_point_stage(const Model& model, SetPointSource& source) {
  return std::make_unique<SetPointStage>(model, source);
}

void add_given(Frame& frame) {
  DispatchResult& decision = frame.decision;
  const Outside& outside = frame.outside;
  for (const IslandDevices& devices : frame.topology.devices) {
    const auto runs = [&](std::uint32_t p) { return decision.producers[p].online; };
    if (std::none_of(devices.slack_order.begin(), devices.slack_order.end(), runs)) continue;
    for (const std::uint32_t s : devices.storages)
      if (outside.storages.holds(s)) decision.storages[s].p_mw = outside.storages.p_mw[s];
  }
}

void leave_out(Frame& frame) {
  Sight& sight = frame.sight;
  sight.islands.clear();
  const auto any = [](const std::vector<std::uint8_t>& flags) {
    return std::find(flags.begin(), flags.end(), 1) != flags.end();
  };
  if (!any(sight.producer_left_out) && !any(sight.storage_left_out)) return;
  sight.islands = frame.topology.devices;
  for (IslandDevices& island : sight.islands) {
    if (island.slack_order.empty()) continue;  // storage that holds the island is known by what it does
    const auto no_producer = [&](std::uint32_t p) { return sight.producer_left_out[p] != 0; };
    const auto no_storage = [&](std::uint32_t s) { return sight.storage_left_out[s] != 0; };
    std::erase_if(island.producers, no_producer);
    std::erase_if(island.slack_order, no_producer);
    std::erase_if(island.storages, no_storage);
    std::erase_if(island.formers, no_storage);
  }
}

}  // namespace gridplus
