#include "sim/step/stage.hpp"

#include <algorithm>

#include "sim/step/each_bank.hpp"
#include "sim/step/prices.hpp"

namespace gridplus {

namespace {

/// What the devices [first, first + count) of a kind, a bank, know of the step: consumers each their own price.
template <class DevicesOfKind>
StepContext context_of(const DevicesOfKind&, const Frame& frame, std::size_t first, std::size_t count) {
  StepContext context = frame.context;
  if constexpr (std::is_same_v<DevicesOfKind, ConsumerBank>)
    if (!frame.price_ratios.empty()) context.price_ratios = std::span(frame.price_ratios).subspan(first, count);
  return context;
}

/// Applies dated parameter changes.
class PolicyStage final : public Stage {
 public:
  explicit PolicyStage(const Model& model) : model_(model) {}
  [[nodiscard]] std::string_view label() const override { return "policy"; }
  [[nodiscard]] std::string_view description() const override { return "applies dated parameter changes"; }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }

  void run(SimulationState& state, Frame& frame) override {
    const auto before = [](const DatedChange& change, std::int64_t step) { return change.step < step; };
    auto change = std::lower_bound(model_.changes.begin(), model_.changes.end(), frame.context.step, before);
    for (; change != model_.changes.end() && change->step == frame.context.step; ++change) apply(*change, state);
  }

 private:
  void apply(const DatedChange& change, SimulationState& state) const {
    const auto change_in = [&](const auto& banks, std::vector<BankState>& states) {
      banks[change.bank]->change_param(states[change.bank], change.device, change.field, change.value);
    };
    switch (change.kind) {
      case DeviceKind::producer:
        return change_in(model_.producer_banks, state.producers);
      case DeviceKind::storage:
        return change_in(model_.storage_banks, state.storages);
      case DeviceKind::consumer:
        return change_in(model_.consumer_banks, state.consumers);
    }
  }
  const Model& model_;
};

/// Asks every device what it can do: weather, resources, base demand.
class ExogenousStage final : public Stage {
 public:
  explicit ExogenousStage(const Model& model) : model_(model) {}
  [[nodiscard]] std::string_view label() const override { return "exogenous"; }
  [[nodiscard]] std::string_view description() const override {
    return "evaluates profiles and weather: what every device can do, what consumers ask for";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }

  void run(SimulationState& state, Frame& frame) override {
    const auto ask = [&](const auto& banks, std::vector<BankState>& states, auto& offers) {
      for_each_bank(banks, states, [&](const auto& bank, BankState& bank_state, std::size_t first, std::size_t count) {
        bank.offer(bank_state, context_of(bank, frame, first, count), std::span(offers).subspan(first, count));
      });
    };
    ask(model_.producer_banks, state.producers, frame.producer_offers);
    ask(model_.storage_banks, state.storages, frame.storage_offers);
    fill_known_price_ratios(model_, frame.context.step, state.communication, frame.price_ratios);
    ask(model_.consumer_banks, state.consumers, frame.consumer_offers);
    for (std::size_t p = 0; p < state.producer_out.size(); ++p)
      if (state.producer_out[p] != 0)
        frame.producer_offers[p] = {.online = false, .may_start = false, .may_stop = false};
    for (std::size_t s = 0; s < state.storage_out.size(); ++s)
      if (state.storage_out[s] != 0)
        frame.storage_offers[s].max_charge_mw = frame.storage_offers[s].max_discharge_mw = 0.0;
    import_by_links(frame);
  }

 private:
  void import_by_links(Frame& frame) const {
    const auto& devices = frame.topology.devices;
    const auto& island = frame.topology.islands.of_bus;
    frame.island_import_mw.assign(devices.size(), 0.0);
    const std::span<double> transfer = frame.row(frame.link_mw, frame.slot);
    for (std::size_t l = 0; l < model_.dc_links.size(); ++l) {
      const DcLink& link = model_.dc_links[l];
      const std::uint32_t from = island[link.from.index()], to = island[link.to.index()];
      const auto live = [&](std::uint32_t i) {
        return i != Islands::k_none && !devices[i].held_dark &&
               (!devices[i].slack_order.empty() || !devices[i].formers.empty());
      };
      transfer[l] = live(from) && live(to) ? frame.context.value(link.p_mw) : 0.0;
      if (transfer[l] == 0.0) continue;
      const LinkEnds ends = link_ends(link, transfer[l]);
      frame.island_import_mw[from] += ends.from_mw;
      frame.island_import_mw[to] += ends.to_mw;
    }
  }
  const Model& model_;
};

/// Dispatches from what the controller knows.
class ControlStage final : public Stage {
 public:
  explicit ControlStage(const Model& model) : model_(model), dispatcher_(make_dispatcher(model.dispatch)) {}
  [[nodiscard]] std::string_view label() const override { return "control"; }
  [[nodiscard]] std::string_view description() const override {
    return "dispatches producers and storage, curtails and sheds, island by island";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }

  void run(SimulationState& state, Frame& frame) override {
    DispatchInput input{model_.time.step_h(),  state.loss_share,       frame.producer_offers, frame.storage_offers,
                        frame.consumer_offers, frame.topology.devices, frame.island_import_mw};
    if (model_.communication != nullptr || frame.outside.in_force) {
      input.producers = frame.sight.producers;
      input.storages = frame.sight.storages;
      input.consumers = frame.sight.consumers;
      if (!frame.sight.islands.empty()) input.islands = frame.sight.islands;
    }
    if (frame.outside.in_force) input.island_import_mw = frame.outside.island_import_mw;
    dispatcher_->dispatch(input, state.dispatch, frame.decision);
    if (frame.outside.in_force) add_given(frame);
  }

 private:
  const Model& model_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

/// Every bank steps; physical limits decide what a command really does.
class DevicesStage final : public Stage {
 public:
  explicit DevicesStage(const Model& model) : model_(model) {}
  [[nodiscard]] std::string_view label() const override { return "devices"; }
  [[nodiscard]] std::string_view description() const override {
    return "steps every device: physical limits decide what a command really does";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }

  void run(SimulationState& state, Frame& frame) override {
    const auto act = [&](const auto& banks, std::vector<BankState>& states, const auto& commands, auto& responses) {
      for_each_bank(banks, states, [&](const auto& bank, BankState& bank_state, std::size_t first, std::size_t count) {
        bank.step(bank_state, std::span(commands).subspan(first, count), context_of(bank, frame, first, count),
                  std::span(responses).subspan(first, count));
      });
    };
    if (model_.any_grid_forming()) frame.storage_before = state.storages;
    act(model_.producer_banks, state.producers, frame.decision.producers, frame.producer_responses);
    act(model_.storage_banks, state.storages, frame.decision.storages, frame.storage_responses);
    act(model_.consumer_banks, state.consumers, frame.decision.consumers, frame.consumer_responses);
    frame.costs[frame.slot].begin_step();
    write_producers(state, frame);
    write_storages(frame, frame.slot);
    write_forming(state, frame);
    write_consumers(frame);
    write_prices(frame);
    write_model_states(model_, state, frame, frame.slot);
    if (!model_.microgrids.empty()) note_microgrids(model_, frame.topology, frame.block, frame.slot, state.microgrids);
  }

 private:
  static void write_forming(SimulationState& state, Frame& frame) {
    const auto forming = frame.block.of(StorageVar::forming, frame.slot);
    const auto up = frame.row(frame.storage_up_mw, frame.slot), down = frame.row(frame.storage_down_mw, frame.slot);
    state.storage_forms = 0;
    for (std::size_t i = 0; i < forming.size(); ++i) {
      const StorageOffer& offer = frame.storage_offers[i];
      forming[i] = static_cast<double>(frame.decision.forming[i]);
      state.storage_forms |= frame.decision.forming[i];
      up[i] = std::max(0.0, offer.max_discharge_mw - frame.storage_responses[i].p_mw);
      down[i] = std::max(0.0, offer.max_charge_mw + frame.storage_responses[i].p_mw);
    }
  }
  void write_producers(const SimulationState& state, Frame& frame) const {
    const std::size_t s = frame.slot;
    StepBlock& block = frame.block;
    const auto p_mw = block.of(ProducerVar::p_mw, s), available = block.of(ProducerVar::available_mw, s);
    const auto online = block.of(ProducerVar::online, s), reason = block.of(ProducerVar::curtailment_reason, s);
    const auto up = frame.row(frame.balancing_up_mw, s), down = frame.row(frame.balancing_down_mw, s);
    const auto start_cost = frame.row(frame.start_cost, s);
    const auto balancing = frame.row(frame.balancing, s), curtailable = frame.row(frame.curtailable, s);
    for (std::size_t p = 0; p < p_mw.size(); ++p) {
      const ProducerResponse& response = frame.producer_responses[p];
      const ProducerOffer& offer = frame.producer_offers[p];
      const bool out = state.producer_out[p] != 0;
      p_mw[p] = response.p_mw;
      available[p] = out ? 0.0 : response.available_mw;
      online[p] = response.online && !out ? 1.0 : 0.0;
      // What a set point leaves unused is no choice of the dispatch.
      reason[p] = frame.outside.producers.holds(p) ? 0.0 : static_cast<double>(frame.decision.curtailment[p]);
      up[p] = response.balancing_up_mw;
      down[p] = response.balancing_down_mw;
      start_cost[p] = response.start_cost;
      balancing[p] = offer.balancing ? 1 : 0;
      curtailable[p] = offer.curtailable ? 1 : 0;
      frame.costs[s].start_cost += response.start_cost;
      frame.costs[s].starts += response.started ? 1 : 0;
    }
  }
  void write_consumers(Frame& frame) const {
    const std::size_t s = frame.slot;
    const auto demand = frame.block.of(ConsumerVar::demand_mw, s), served = frame.block.of(ConsumerVar::served_mw, s);
    const auto unserved = frame.block.of(ConsumerVar::unserved_mw, s), q_mvar = frame.block.of(ConsumerVar::q_mvar, s);
    const auto bus_unserved = frame.block.of(BusVar::unserved_mw, s);
    std::fill(bus_unserved.begin(), bus_unserved.end(), 0.0);
    for (std::size_t c = 0; c < demand.size(); ++c) {
      const ConsumerOffer& offer = frame.consumer_offers[c];
      served[c] = frame.consumer_responses[c].served_mw;
      // What was moved within the flexible range is no demand now; what is missing below it was not served.
      const double least_mw = offer.demand_mw - std::max(0.0, offer.flexible_down_mw);
      demand[c] = offer.flexible_down_mw == 0.0 && offer.flexible_up_mw == 0.0 ? offer.demand_mw
                                                                               : std::max(served[c], least_mw);
      frame.costs[s].due_mwh += frame.consumer_responses[c].due_mwh;
      frame.costs[s].missed_mwh += frame.consumer_responses[c].missed_mwh;
      unserved[c] = demand[c] - served[c];
      frame.costs[s].add_consumer(offer.priority, demand[c], unserved[c]);
      q_mvar[c] = frame.consumer_responses[c].q_mvar;
      frame.zip[c] = frame.consumer_responses[c].zip;
      bus_unserved[model_.consumer_bus[c].index()] += unserved[c];
      frame.costs[s].unserved_cost +=
          unserved[c] * frame.context.step_h * frame.consumer_offers[c].value_of_lost_load_per_mwh;
    }
  }
  static void write_prices(Frame& frame) {
    const auto price = frame.block.of(BusVar::price_per_mwh, frame.slot);
    const auto island_of = frame.block.of(BusVar::island, frame.slot);
    for (std::size_t b = 0; b < price.size(); ++b) {
      const std::uint32_t island = frame.topology.islands.of_bus[b];
      price[b] = island == Islands::k_none ? 0.0 : frame.decision.price_per_mwh[island];
      island_of[b] = island == Islands::k_none ? -1.0 : static_cast<double>(island);
    }
  }
  const Model& model_;
};

double as_number(const FieldValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1.0 : 0.0;
  throw InvariantError("a state field is shown that is not a number");
}

template <class Banks>
void add_state_blocks(const Banks& banks, std::size_t steps, std::vector<ModelStateBlock>& blocks) {
  for (const auto& bank : banks) {
    const std::size_t fields = bank->state_fields().size();
    blocks.push_back({bank->type(), bank->size(),
                      std::vector<std::vector<double>>(fields, std::vector<double>(steps * bank->size()))});
  }
}

}  // namespace

void write_model_states(const Model& model, const SimulationState& state, Frame& frame, std::size_t slot) {
  if (!model.record.device_states) return;
  std::size_t place = 0;
  const auto write = [&](const auto& banks, const std::vector<BankState>& states) {
    for (std::size_t b = 0; b < banks.size(); ++b) {
      ModelStateBlock& target = frame.block.model_states[place++];
      for (std::size_t f = 0; f < target.values.size(); ++f)
        for (std::size_t i = 0; i < target.devices; ++i)
          target.values[f][slot * target.devices + i] = as_number(banks[b]->state_value(states[b], i, f));
    }
  };
  write(model.producer_banks, state.producers);
  write(model.storage_banks, state.storages);
  write(model.consumer_banks, state.consumers);
}

void write_storages(Frame& frame, std::size_t slot) {
  const auto p_mw = frame.block.of(StorageVar::p_mw, slot), energy = frame.block.of(StorageVar::energy_mwh, slot);
  const auto charge = frame.block.of(StorageVar::state_of_charge, slot),
             health = frame.block.of(StorageVar::state_of_health, slot);
  frame.costs[slot].wear_cost = 0.0;
  for (std::size_t i = 0; i < p_mw.size(); ++i) {
    const StorageResponse& response = frame.storage_responses[i];
    p_mw[i] = response.p_mw;
    energy[i] = response.energy_mwh;
    charge[i] = response.state_of_charge;
    health[i] = response.state_of_health;
    frame.costs[slot].wear_cost += response.wear_cost;
  }
}

Stages make_stages(const Model& model, int threads, SetPointSource* outside) {
  Stages stages;
  auto& list = stages.list;
  list.push_back(std::make_unique<PolicyStage>(model));
  list.push_back(make_events_stage(model));
  list.push_back(std::make_unique<ExogenousStage>(model));
  CommunicationStages communication;
  if (model.communication != nullptr) communication = make_communication_stages(model, threads);
  if (communication.uplink) list.push_back(std::move(communication.uplink));
  if (outside != nullptr) list.push_back(make_set_point_stage(model, *outside));
  list.push_back(std::make_unique<ControlStage>(model));
  if (communication.downlink) list.push_back(std::move(communication.downlink));
  list.push_back(std::make_unique<DevicesStage>(model));
  stages.step_by_step = outside != nullptr ||
                        std::any_of(list.begin(), list.end(), [](const auto& stage) { return stage->needs_network(); });
  stages.network = list.size();
  list.push_back(make_network_stage(model, threads, stages.step_by_step));
  if (model.any_grid_forming()) list.push_back(make_forming_stage(model));
  list.push_back(make_account_stage(model));
  return stages;
}

Frame make_frame(const Model& model, std::int64_t most_steps) {
  const auto steps = static_cast<std::size_t>(most_steps);
  Frame frame;
  frame.block.capacity = steps;
  frame.block.bus = GroupBlock(k_bus_variables, steps, model.grid.bus_count());
  frame.block.branch = GroupBlock(k_branch_variables, steps, model.grid.branch_count());
  frame.block.producer = GroupBlock(k_producer_variables, steps, model.producer_count());
  frame.block.consumer = GroupBlock(k_consumer_variables, steps, model.consumer_count());
  frame.block.storage = GroupBlock(k_storage_variables, steps, model.storage_count());
  frame.block.step = GroupBlock(k_step_variables, steps, 1);
  if (const CommunicationModel* const c = model.communication.get()) {
    frame.block.node = GroupBlock(k_node_variables, steps, c->network.node_count());
    frame.block.link = GroupBlock(k_link_variables, steps, c->network.link_count());
    frame.block.endpoint_class = GroupBlock(k_endpoint_class_variables, steps, comms::k_classes);
    frame.block.controller = GroupBlock(k_controller_variables, steps, c->network.controller_count());
    frame.block.attack = GroupBlock(k_attack_variables, steps, c->attacks.attacks.size());
  }
  if (model.record.device_states) {
    add_state_blocks(model.producer_banks, steps, frame.block.model_states);
    add_state_blocks(model.storage_banks, steps, frame.block.model_states);
    add_state_blocks(model.consumer_banks, steps, frame.block.model_states);
  }
  frame.producer_offers.resize(model.producer_count());
  frame.producer_responses.resize(model.producer_count());
  frame.storage_offers.resize(model.storage_count());
  frame.storage_responses.resize(model.storage_count());
  frame.consumer_offers.resize(model.consumer_count());
  frame.consumer_responses.resize(model.consumer_count());
  frame.zip.resize(model.consumer_count());
  for (auto* values : {&frame.balancing_up_mw, &frame.balancing_down_mw, &frame.start_cost})
    values->resize(steps * model.producer_count());
  frame.balancing.resize(steps * model.producer_count());
  frame.curtailable.resize(steps * model.producer_count());
  for (auto* values : {&frame.storage_up_mw, &frame.storage_down_mw}) values->resize(steps * model.storage_count());
  frame.link_mw.resize(steps * model.dc_links.size());
  frame.costs.resize(steps);
  return frame;
}

SimulationState initial_state(const Model& model) {
  SimulationState state;
  const StepContext context = make_context(model, 0);
  for (const auto& bank : model.producer_banks) state.producers.push_back(bank->initial_state(context));
  for (const auto& bank : model.storage_banks) state.storages.push_back(bank->initial_state(context));
  for (const auto& bank : model.consumer_banks) state.consumers.push_back(bank->initial_state(context));
  state.branch_closed = model.initially_closed;
  state.producer_out.assign(model.producer_count(), 0);
  state.storage_out.assign(model.storage_count(), 0);
  state.outages = initial_outages(model.outage_plan);
  state.microgrids = initial_microgrids(model);
  state.loss_share = model.network.has_voltages() ? model.dispatch.loss_share : 0.0;
  state.flow_start.vm_pu.assign(model.grid.bus_count(), 1.0);
  state.flow_start.va_deg.assign(model.grid.bus_count(), 0.0);
  state.communication = initial_communication(model);
  std::vector<StorageOffer> offers;
  for (std::size_t b = 0; b < model.storage_banks.size(); ++b) {
    offers.resize(model.storage_banks[b]->size());
    model.storage_banks[b]->offer(state.storages[b], context, offers);
    for (const StorageOffer& offer : offers) state.kpis.storage_start_mwh += offer.energy_mwh;
  }
  return state;
}

StepContext make_context(const Model& model, std::int64_t k) {
  StepContext context;
  context.step = k;
  context.step_h = model.time.step_h();
  context.time = model.time.at(k);
  context.profiles = &model.profiles;
  context.seed = model.seed;
  context.replicate = model.replicate;
  context.co2_price_per_t = context.value(model.co2_price_per_t);
  context.price_ratio = price_ratio(model, k);
  return context;
}

std::int64_t block_end(const Model& model, std::int64_t k, bool step_by_step) {
  if (step_by_step) return k + 1;
  std::int64_t end = std::min((k / k_block_steps + 1) * k_block_steps, model.time.steps());
  const auto cut = [&](std::int64_t step) {
    if (step > k) end = std::min(end, step);
  };
  for (const PlannedOutage& outage : model.outages) {
    cut(outage.from_step);
    cut(outage.to_step);
  }
  const auto next = std::upper_bound(model.changes.begin(), model.changes.end(), k,
                                     [](std::int64_t step, const DatedChange& change) { return step < change.step; });
  if (next != model.changes.end()) cut(next->step);
  return end;
}

}  // namespace gridplus
