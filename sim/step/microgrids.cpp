#include "sim/step/microgrids.hpp"

#include <algorithm>

#include "sim/dispatch/forming.hpp"
#include "sim/step/block.hpp"
#include "sim/step/each_bank.hpp"
#include "sim/step/model.hpp"
#include "sim/step/state.hpp"
#include "sim/step/topology.hpp"

namespace gridplus {

namespace {

double hours(std::int64_t steps, double step_h) {
  return static_cast<double>(steps) * step_h;
}

template <class Banks, class Offers>
void ask_banks(const Banks& banks, const std::vector<BankState>& states, const StepContext& context, Offers& offers) {
  for_each_bank(banks, states, [&](const auto& bank, const BankState& state, std::size_t first, std::size_t count) {
    bank.offer(state, context, std::span(offers).subspan(first, count));
  });
}

}  // namespace

MicrogridState initial_microgrids(const Model& model) {
  MicrogridState state;
  const std::size_t count = model.microgrids.size();
  for (auto* flags : {&state.islanded, &state.ties_open, &state.held_dark}) flags->assign(count, 0);
  state.alive.assign(count, 1);  // runs in its usual way before the first step
  for (auto* steps : {&state.islanded_since, &state.dark_since, &state.healthy_since, &state.starting, &state.start_at})
    steps->assign(count, MicrogridState::k_never);
  return state;
}

void MicrogridControl::find_zones(const Switches& switches) {
  std::vector<std::uint8_t> closed = switches.branch_closed;
  for (const Microgrid& microgrid : model_.microgrids)
    for (const std::uint32_t tie : microgrid.ties) closed[tie] = 0;
  if (closed == zones_of_) return;
  zones_ = find_islands(model_.grid, closed);
  zones_of_ = std::move(closed);
}

void MicrogridControl::ask(const SimulationState& state, const StepContext& context) {
  producers_.resize(model_.producer_count());
  storages_.resize(model_.storage_count());
  ask_banks(model_.producer_banks, state.producers, context, producers_);
  ask_banks(model_.storage_banks, state.storages, context, storages_);
}

/// Zones that a source outside of all microgrids reaches through closed ties.
std::vector<std::uint8_t> MicrogridControl::supplied_zones(const Switches& switches, const MicrogridState& now) const {
  std::vector<std::uint8_t> own(zones_.count, 0), supplied(zones_.count, 0);
  for (const Microgrid& microgrid : model_.microgrids)
    if (zones_.of_bus[microgrid.bus] != Islands::k_none) own[zones_.of_bus[microgrid.bus]] = 1;
  for (std::size_t p = 0; p < model_.producer_count(); ++p) {
    const Connection& connection = model_.producer_connection[p];
    const std::uint32_t zone = zones_.of_bus[connection.bus.index()];
    if (zone == Islands::k_none || own[zone] != 0 || !connection.slack_capable || switches.producer_out[p] != 0)
      continue;
    if (producers_[p].online || producers_[p].may_start) supplied[zone] = 1;
  }
  const auto& branch = model_.grid.branch();
  for (bool spread = true; spread;) {
    spread = false;
    for (std::size_t m = 0; m < model_.microgrids.size(); ++m)
      for (const std::uint32_t tie : model_.microgrids[m].ties) {
        if (switches.branch_closed[tie] == 0 || now.ties_open[m] != 0) continue;
        const std::uint32_t a = zones_.of_bus[branch.from[tie].index()], b = zones_.of_bus[branch.to[tie].index()];
        if (a == Islands::k_none || b == Islands::k_none || supplied[a] == supplied[b]) continue;
        supplied[a] = supplied[b] = 1;
        spread = true;
      }
  }
  return supplied;
}

MicrogridControl::Reach MicrogridControl::reach(const Microgrid& microgrid, const Switches& switches,
                                                std::span<const std::uint8_t> supplied) const {
  const auto& branch = model_.grid.branch();
  Reach reach;
  for (const std::uint32_t tie : microgrid.ties) {
    if (switches.branch_closed[tie] == 0) continue;
    reach.tied = true;
    for (const BusId end : {branch.from[tie], branch.to[tie]}) {
      const std::uint32_t zone = zones_.of_bus[end.index()];
      if (zone != Islands::k_none && zone != zones_.of_bus[microgrid.bus] && supplied[zone] != 0) reach.reached = true;
    }
  }
  return reach;
}

bool MicrogridControl::able(const Microgrid& microgrid, const Microgrid::Start& start, const Switches& switches) const {
  const std::uint32_t i = start.unit.index;
  if (start.unit.kind == OutageSubject::Kind::producer)
    return switches.producer_out[i] == 0 && (producers_[i].online || producers_[i].may_start) &&
           producers_[i].available_mw > 0.0;
  const StorageOffer& offer = storages_[i];
  if (switches.storage_out[i] != 0 || offer.energy_mwh - offer.energy_min_mwh < start.energy_mwh) return false;
  IslandDevices devices;
  devices.formers = {i};
  for (std::size_t p = 0; p < model_.producer_count(); ++p)
    if (switches.producer_out[p] == 0 &&
        zones_.of_bus[model_.producer_connection[p].bus.index()] == zones_.of_bus[microgrid.bus])
      devices.producers.push_back(static_cast<std::uint32_t>(p));
  return storage_can_form(producers_, storages_, devices);
}

/// Brings a dark microgrid nearer to its start.
void MicrogridControl::start(std::size_t m, const StepContext& context, const Switches& switches, MicrogridState& now,
                             std::vector<Event>& events) const {
  const Microgrid& microgrid = model_.microgrids[m];
  if (now.dark_since[m] < 0) now.dark_since[m] = context.step;
  const auto is_able = [&](const Microgrid::Start& start) { return able(microgrid, start, switches); };
  std::int64_t& starting = now.starting[m];
  if (starting >= 0 && !is_able(microgrid.starts[static_cast<std::size_t>(starting)]))
    starting = MicrogridState::k_never;
  if (starting < 0 && !microgrid.starts.empty()) {
    const auto first = std::find_if(microgrid.starts.begin(), microgrid.starts.end(), is_able);
    if (first != microgrid.starts.end()) {
      starting = first - microgrid.starts.begin();
      now.start_at[m] = context.step + first->delay_steps;
    }
  }
  const bool ready = microgrid.starts.empty() || (starting >= 0 && context.step >= now.start_at[m]);
  now.held_dark[m] = ready ? 0 : 1;
  if (!ready || microgrid.starts.empty()) return;
  const OutageSubject& unit = microgrid.starts[static_cast<std::size_t>(starting)].unit;
  const auto& names = unit.kind == OutageSubject::Kind::producer ? model_.names.producer : model_.names.storage;
  events.push_back({context.step, "black_started", microgrid.name,
                    hours(context.step - now.dark_since[m], context.step_h), "started by " + names[unit.index]});
  ++now.black_starts;
  starting = MicrogridState::k_never;
}

void MicrogridControl::advance(const SimulationState& state, const StepContext& context, MicrogridState& now,
                               Switches& switches, std::vector<Event>& events) {
  find_zones(switches);
  ask(state, context);
  const std::vector<std::uint8_t> supplied = supplied_zones(switches, now);
  for (std::size_t m = 0; m < model_.microgrids.size(); ++m) {
    const Microgrid& microgrid = model_.microgrids[m];
    const auto [tied, reached] = reach(microgrid, switches, supplied);
    now.held_dark[m] = 0;
    const auto return_to_grid = [&] {
      const bool dark = now.alive[m] == 0;
      events.push_back({context.step, "resynchronised", microgrid.name,
                        hours(context.step - now.islanded_since[m], context.step_h),
                        dark ? "hours islanded; was dark" : "hours islanded"});
      now.islanded[m] = now.ties_open[m] = 0;
      ++now.resynchronisations;
    };
    if (now.islanded[m] != 0 && reached) {
      if (now.healthy_since[m] < 0) now.healthy_since[m] = context.step;
      const bool waited = context.step - now.healthy_since[m] >= microgrid.resynchronise_steps;
      if (!microgrid.automatic || now.alive[m] == 0 || waited) return_to_grid();
    }
    const bool just_islanded = now.islanded[m] == 0 && !reached;
    if (just_islanded) {
      now.islanded[m] = 1;
      now.ties_open[m] = microgrid.automatic ? 1 : 0;
      now.islanded_since[m] = context.step;
      ++now.islandings;
      events.push_back({context.step, "islanded", microgrid.name, 0.0,
                        tied ? "the grid around it is dead" : "its tie is out of service"});
    }
    if (!reached || now.islanded[m] == 0) now.healthy_since[m] = MicrogridState::k_never;
    if (now.islanded[m] != 0 && (now.alive[m] == 0 || (just_islanded && !microgrid.seamless)))
      start(m, context, switches, now, events);
    else
      now.starting[m] = now.dark_since[m] = MicrogridState::k_never;
  }
  for (std::size_t m = 0; m < model_.microgrids.size(); ++m)
    if (now.ties_open[m] != 0)
      for (const std::uint32_t tie : model_.microgrids[m].ties) switches.branch_closed[tie] = 0;
}

void mark_islands(const Model& model, const MicrogridState& now, Topology& topology) {
  for (IslandDevices& devices : topology.devices) devices.held_dark = devices.local_start = false;
  for (std::size_t m = 0; m < model.microgrids.size(); ++m) {
    const std::uint32_t island = topology.islands.of_bus[model.microgrids[m].bus];
    if (now.islanded[m] == 0 || island == Islands::k_none) continue;
    topology.devices[island].local_start = true;
    if (now.held_dark[m] != 0) topology.devices[island].held_dark = true;
  }
}

void note_microgrids(const Model& model, const Topology& topology, const StepBlock& block, std::size_t s,
                     MicrogridState& now) {
  const auto online = block.of(ProducerVar::online, s), forming = block.of(StorageVar::forming, s);
  const auto served = block.of(ConsumerVar::served_mw, s), unserved = block.of(ConsumerVar::unserved_mw, s);
  for (std::size_t m = 0; m < model.microgrids.size(); ++m) {
    const std::uint32_t island = topology.islands.of_bus[model.microgrids[m].bus];
    now.alive[m] = 0;
    if (island != Islands::k_none) {
      const IslandDevices& devices = topology.devices[island];
      const bool held = std::any_of(devices.slack_order.begin(), devices.slack_order.end(),
                                    [&](std::uint32_t p) { return online[p] != 0.0; }) ||
                        std::any_of(devices.formers.begin(), devices.formers.end(),
                                    [&](std::uint32_t f) { return forming[f] != 0.0; });
      now.alive[m] = held ? 1 : 0;
    }
    if (now.islanded[m] == 0) continue;
    (now.alive[m] != 0 ? now.islanded_h : now.dark_h) += model.time.step_h();
    if (island == Islands::k_none) continue;
    for (const std::uint32_t c : topology.devices[island].consumers) {
      now.served_mwh += served[c] * model.time.step_h();
      now.unserved_mwh += unserved[c] * model.time.step_h();
    }
  }
}

}  // namespace gridplus
