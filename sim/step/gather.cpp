#include "sim/step/gather.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus {

using powerflow::BusType;

powerflow::FlowInput BusInjections::input(bool q_limits) const {
  powerflow::FlowInput in;
  in.p_mw = p_mw;
  in.q_mvar = q_mvar;
  in.type = type;
  in.vm_set_pu = vm_set_pu;
  in.participation = participation;
  if (q_limits) {
    in.q_min_mvar = q_min_mvar;
    in.q_max_mvar = q_max_mvar;
  }
  in.p_current_mw = p_current_mw;
  in.q_current_mvar = q_current_mvar;
  in.p_impedance_mw = p_impedance_mw;
  in.q_impedance_mvar = q_impedance_mvar;
  return in;
}

bool holds_voltage(const Connection& connection, bool online) {
  return !std::isnan(connection.vm_set_pu) && (online || connection.holds_voltage_offline);
}

void share_out(const Model& model, const Topology& topology, const Headroom& headroom,
               std::span<const double> missing_mw, Sharing& sharing) {
  constexpr double k_least_room_mw = 1e-3;
  sharing.assign(model.producer_count() + model.storage_count(), 0.0);
  const std::span<double> of_storage = std::span(sharing).subspan(model.producer_count());
  for (std::size_t i = 0; i < topology.devices.size(); ++i) {
    const auto& producers = topology.devices[i].producers;
    const auto& formers = topology.devices[i].formers;
    const double missing = missing_mw.empty() ? 0.0 : missing_mw[i];
    // The room both ways is the smaller of the two; that in one direction is the smaller of this one and itself.
    const bool up = missing_mw.empty() || missing >= 0.0, down = missing_mw.empty() || missing < 0.0;
    const auto room = [&](std::span<const double> up_mw, std::span<const double> down_mw, std::uint32_t device) {
      return std::min((up ? up_mw : down_mw)[device], (down ? down_mw : up_mw)[device]);
    };
    const auto producer_room = [&](std::uint32_t p) { return room(headroom.up_mw, headroom.down_mw, p); };
    const auto former_room = [&](std::uint32_t s) { return room(headroom.storage_up_mw, headroom.storage_down_mw, s); };
    const auto forms = [&](std::uint32_t s) { return !headroom.forming.empty() && headroom.forming[s] != 0.0; };
    const auto fill = [&](const auto& producer_share, const auto& former_share) {
      double total = 0.0;
      for (const std::uint32_t p : producers) total += sharing[p] = producer_share(p);
      for (const std::uint32_t s : formers)
        if (forms(s)) total += of_storage[s] = former_share(s);
      return total;
    };
    double total =
        fill([&](std::uint32_t p) { return headroom.balancing[p] != 0 ? producer_room(p) : 0.0; }, former_room);
    if (total < k_least_room_mw || total < std::abs(missing)) total = fill(producer_room, former_room);
    if (total < k_least_room_mw)
      total = fill([&](std::uint32_t p) { return headroom.up_mw[p] + headroom.down_mw[p]; },
                   [&](std::uint32_t s) { return headroom.storage_up_mw[s] + headroom.storage_down_mw[s]; });
    if (total < k_least_room_mw) continue;
    for (const std::uint32_t p : producers) sharing[p] /= total;
    for (const std::uint32_t s : formers) of_storage[s] /= total;
  }
}

namespace {

void hold(const VoltageHolder& holder, BusInjections& bus) {
  const std::size_t b = holder.bus;
  if (bus.type[b] == BusType::out) return;
  if (bus.type[b] == BusType::pq) {
    bus.type[b] = BusType::pv;
    bus.vm_set_pu[b] = holder.vm_set_pu;
  }
  ++bus.holders[b];
  bus.q_min_mvar[b] += holder.q_min_mvar;
  bus.q_max_mvar[b] += holder.q_max_mvar;
}

/// All that may hold a voltage: producers, then storage that is not out.
std::vector<VoltageHolder> possible_holders(const Topology& topology) {
  std::vector<VoltageHolder> holders = topology.producer_ties.holders;
  for (VoltageHolder holder : topology.storage_ties.holders) {
    const std::uint32_t island = topology.islands.of_bus[holder.bus];
    if (island == Islands::k_none) continue;
    const auto& storages = topology.devices[island].storages;
    if (!std::binary_search(storages.begin(), storages.end(), holder.device)) continue;
    holder.offline = true;
    holders.push_back(holder);
  }
  return holders;
}

/// Adds the active power of devices, and the reactive power of those with a power factor.
void inject(const DeviceTies& ties, std::span<const double> p_mw, BusInjections& bus) {
  for (std::size_t i = 0; i < ties.bus.size(); ++i) bus.p_mw[ties.bus[i]] += p_mw[i];
  for (const PowerFactorDevice& device : ties.power_factor)
    bus.q_mvar[device.bus] += device.q_per_p * p_mw[device.device];
}

/// Hands what buses joined by couplers have to the first of them.
void merge(const MergedBuses& merged, BusInjections& bus) {
  for (auto* per_bus : {&bus.p_mw, &bus.q_mvar, &bus.q_min_mvar, &bus.q_max_mvar, &bus.p_current_mw,
                        &bus.q_current_mvar, &bus.p_impedance_mw, &bus.q_impedance_mvar})
    fold(merged, *per_bus);
  for (std::size_t b = 0; b < bus.holders.size(); ++b) {
    if (merged.stands_alone_or_first(b)) continue;
    bus.holders[merged.into[b]] += bus.holders[b];
    bus.holders[b] = 0;
  }
  powerflow::fold_roles(merged, bus.type, bus.vm_set_pu, {});
  for (std::uint32_t& slack : bus.slack_bus)
    if (slack != Islands::k_none) slack = merged.into[slack];
}

}  // namespace

Gather::Gather(const Model& model, const Topology& topology) : model_(model), topology_(topology) {
  const std::size_t buses = model.grid.bus_count();
  first_.q_min_mvar.assign(buses, 0.0);
  first_.q_max_mvar.assign(buses, 0.0);
  first_.holders.assign(buses, 0);
  first_.vm_set_pu.assign(buses, 1.0);
  first_.type.assign(buses, BusType::pq);
  for (std::size_t b = 0; b < buses; ++b)
    if (topology.islands.of_bus[b] == Islands::k_none) first_.type[b] = BusType::out;
  const std::vector<VoltageHolder> holders = possible_holders(topology);
  std::vector<std::uint8_t> changes(buses, 0);
  for (const VoltageHolder& holder : holders)
    if (!holder.offline) changes[holder.bus] = 1;
  for (const VoltageHolder& holder : holders) {
    if (changes[holder.bus] != 0)
      sometimes_.push_back(holder);
    else
      hold(holder, first_);
  }
}

/// The slack bus of each island: that of the first online producer in the island's order, or of the storage that forms
/// it. An island with neither is dead.
void Gather::choose_slack(const StepBlock& block, std::size_t s, BusInjections& bus) const {
  const auto online = block.of(ProducerVar::online, s), forming = block.of(StorageVar::forming, s);
  bus.slack_bus.assign(topology_.devices.size(), Islands::k_none);
  bool any_dead = false;
  for (std::size_t i = 0; i < topology_.devices.size(); ++i) {
    const auto first_of = [](const std::vector<std::uint32_t>& order, std::span<const double> able) {
      return std::find_if(order.begin(), order.end(), [&](std::uint32_t device) { return able[device] != 0.0; });
    };
    const auto& order = topology_.devices[i].slack_order;
    const auto& formers = topology_.devices[i].formers;
    const auto first = first_of(order, online);
    const auto former = first_of(formers, forming);
    if (first != order.end()) {
      bus.slack_bus[i] = topology_.producer_ties.bus[*first];
    } else if (former != formers.end()) {
      bus.slack_bus[i] = topology_.storage_ties.bus[*former];
    } else {
      any_dead = true;
      continue;
    }
    bus.type[bus.slack_bus[i]] = BusType::slack;
  }
  if (!any_dead) return;
  for (std::size_t b = 0; b < bus.type.size(); ++b) {
    const std::uint32_t island = topology_.islands.of_bus[b];
    if (island != Islands::k_none && bus.slack_bus[island] == Islands::k_none) bus.type[b] = BusType::out;
  }
}

void Gather::draw(const StepBlock& block, std::size_t s, std::span<const ZipShares> zip, BusInjections& bus) const {
  const auto served = block.of(ConsumerVar::served_mw, s);
  const auto drawn = block.of(ConsumerVar::q_mvar, s);
  const bool dependent = std::any_of(zip.begin(), zip.end(), [](const ZipShares& z) { return !z.constant_power(); });
  for (auto* part : {&bus.p_current_mw, &bus.q_current_mvar, &bus.p_impedance_mw, &bus.q_impedance_mvar})
    part->assign(dependent ? model_.grid.bus_count() : 0, 0.0);
  for (std::size_t c = 0; c < model_.consumer_count(); ++c) {
    const std::size_t b = model_.consumer_bus[c].index();
    double p_mw = served[c], q_mvar = drawn[c];
    if (dependent && !zip[c].constant_power()) {
      p_mw *= 1.0 - zip[c].p_current - zip[c].p_impedance;
      q_mvar *= 1.0 - zip[c].q_current - zip[c].q_impedance;
      bus.p_current_mw[b] -= zip[c].p_current * served[c];
      bus.q_current_mvar[b] -= zip[c].q_current * drawn[c];
      bus.p_impedance_mw[b] -= zip[c].p_impedance * served[c];
      bus.q_impedance_mvar[b] -= zip[c].q_impedance * drawn[c];
    }
    bus.p_mw[b] -= p_mw;
    bus.q_mvar[b] -= q_mvar;
  }
}

void Gather::link(std::span<const double> link_mw, BusInjections& bus) const {
  for (std::size_t l = 0; l < model_.dc_links.size(); ++l) {
    const auto [at_from_mw, at_to_mw] = link_ends(model_.dc_links[l], link_mw[l]);
    bus.p_mw[model_.dc_links[l].from.index()] += at_from_mw;
    bus.p_mw[model_.dc_links[l].to.index()] += at_to_mw;
  }
}

void Gather::fill(const StepBlock& block, std::size_t s, std::span<const double> link_mw,
                  std::span<const ZipShares> zip, BusInjections& bus) const {
  bus.type = first_.type;
  bus.vm_set_pu = first_.vm_set_pu;
  bus.q_min_mvar = first_.q_min_mvar;
  bus.q_max_mvar = first_.q_max_mvar;
  bus.holders = first_.holders;
  const auto online = block.of(ProducerVar::online, s);
  for (const VoltageHolder& holder : sometimes_)
    if (holder.offline || online[holder.device] != 0.0) hold(holder, bus);
  choose_slack(block, s, bus);

  const std::size_t buses = model_.grid.bus_count();
  bus.p_mw.assign(buses, 0.0);
  bus.q_mvar.assign(buses, 0.0);
  inject(topology_.producer_ties, block.of(ProducerVar::p_mw, s), bus);
  inject(topology_.storage_ties, block.of(StorageVar::p_mw, s), bus);
  draw(block, s, zip, bus);
  for (std::size_t b = 0; b < buses; ++b) {  // limits of the solver are on the net injection
    bus.q_min_mvar[b] += bus.q_mvar[b];
    bus.q_max_mvar[b] += bus.q_mvar[b];
  }
  link(link_mw, bus);
  if (topology_.admittance.merged.any()) merge(topology_.admittance.merged, bus);
}

LinkEnds link_ends(const DcLink& link, double transfer_mw) {
  const double received_mw = std::abs(transfer_mw) * (1.0 - link.loss_share);
  return transfer_mw >= 0.0 ? LinkEnds{-transfer_mw, received_mw} : LinkEnds{received_mw, transfer_mw};
}

}  // namespace gridplus
