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
  sharing.assign(model.producer_count() + model.storage_count(), 0.0);
  for (std::size_t i = 0; i < topology.devices.size(); ++i) {
    const auto& producers = topology.devices[i].producers;
    const double missing = missing_mw.empty() ? 0.0 : missing_mw[i];
    const auto least_room = [&](double up_mw, double down_mw) {
      if (missing_mw.empty()) return std::min(up_mw, down_mw);
      return missing >= 0.0 ? up_mw : down_mw;
    };
    const auto room = [&](std::uint32_t p) { return least_room(headroom.up_mw[p], headroom.down_mw[p]); };
    const auto forms = [&](std::uint32_t s) { return !headroom.forming.empty() && headroom.forming[s] != 0.0; };
    enum class Resort { dispatchable, everybody, whoever_runs };
    for (const Resort resort : {Resort::dispatchable, Resort::everybody, Resort::whoever_runs}) {
      double total = 0.0;
      for (const std::uint32_t p : producers) {
        if (resort == Resort::whoever_runs)
          sharing[p] = headroom.up_mw[p] + headroom.down_mw[p];
        else
          sharing[p] = resort == Resort::everybody || headroom.balancing[p] != 0 ? room(p) : 0.0;
        total += sharing[p];
      }
      for (const std::uint32_t s : topology.devices[i].formers) {
        if (!forms(s)) continue;
        double& share = sharing[model.producer_count() + s];
        share = resort == Resort::whoever_runs ? headroom.storage_up_mw[s] + headroom.storage_down_mw[s]
                                               : least_room(headroom.storage_up_mw[s], headroom.storage_down_mw[s]);
        total += share;
      }
      constexpr double k_least_room_mw = 1e-3;
      if (total < k_least_room_mw || (resort == Resort::dispatchable && total < std::abs(missing))) continue;
      for (const std::uint32_t p : producers) sharing[p] /= total;
      for (const std::uint32_t s : topology.devices[i].formers) sharing[model.producer_count() + s] /= total;
      break;
    }
  }
}

namespace {

void set_voltages(const Model& model, const Topology& topology, const StepBlock& block, std::size_t s,
                  BusInjections& bus) {
  const auto online = block.of(ProducerVar::online, s);
  const auto hold = [&](const Connection& connection) {
    const std::size_t b = connection.bus.index();
    if (bus.type[b] == BusType::out) return;
    if (bus.type[b] == BusType::pq) {
      bus.type[b] = BusType::pv;
      bus.vm_set_pu[b] = connection.vm_set_pu;
    }
    ++bus.holders[b];
    bus.q_min_mvar[b] += connection.q_min_mvar;
    bus.q_max_mvar[b] += connection.q_max_mvar;
  };
  for (std::size_t p = 0; p < model.producer_count(); ++p)
    if (holds_voltage(model.producer_connection[p], online[p] != 0.0)) hold(model.producer_connection[p]);
  for (const IslandDevices& devices : topology.devices)
    for (const std::uint32_t st : devices.storages)
      if (holds_voltage(model.storage_connection[st], true)) hold(model.storage_connection[st]);
}

/// The slack bus of each island: that of the first online producer in the island's order, or of the storage that forms
/// it.
void choose_slack(const Model& model, const Topology& topology, const StepBlock& block, std::size_t s,
                  BusInjections& bus) {
  const auto online = block.of(ProducerVar::online, s), forming = block.of(StorageVar::forming, s);
  bus.slack_bus.assign(topology.devices.size(), Islands::k_none);
  for (std::size_t i = 0; i < topology.devices.size(); ++i) {
    const auto& order = topology.devices[i].slack_order;
    const auto first = std::find_if(order.begin(), order.end(), [&](std::uint32_t p) { return online[p] != 0.0; });
    const auto& formers = topology.devices[i].formers;
    const auto former =
        std::find_if(formers.begin(), formers.end(), [&](std::uint32_t f) { return forming[f] != 0.0; });
    if (first != order.end())
      bus.slack_bus[i] = model.producer_connection[*first].bus.index();
    else if (former != formers.end())
      bus.slack_bus[i] = model.storage_connection[*former].bus.index();
    else
      continue;
    bus.type[bus.slack_bus[i]] = BusType::slack;
  }
}

void draw(const Model& model, const StepBlock& block, std::size_t s, std::span<const ZipShares> zip,
          BusInjections& bus) {
  const auto served = block.of(ConsumerVar::served_mw, s);
  const auto drawn = block.of(ConsumerVar::q_mvar, s);
  const bool dependent = std::any_of(zip.begin(), zip.end(), [](const ZipShares& z) { return !z.constant_power(); });
  for (auto* part : {&bus.p_current_mw, &bus.q_current_mvar, &bus.p_impedance_mw, &bus.q_impedance_mvar})
    part->assign(dependent ? model.grid.bus_count() : 0, 0.0);
  for (std::size_t c = 0; c < model.consumer_count(); ++c) {
    const std::size_t b = model.consumer_bus[c].index();
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

void gather(const Model& model, const Topology& topology, const StepBlock& block, std::size_t s,
            std::span<const double> link_mw, std::span<const ZipShares> zip, BusInjections& bus) {
  const std::size_t buses = model.grid.bus_count();
  for (auto* values : {&bus.p_mw, &bus.q_mvar, &bus.q_min_mvar, &bus.q_max_mvar}) values->assign(buses, 0.0);
  bus.holders.assign(buses, 0);
  bus.vm_set_pu.assign(buses, 1.0);
  bus.type.assign(buses, BusType::pq);
  for (std::size_t b = 0; b < buses; ++b)
    if (topology.islands.of_bus[b] == Islands::k_none) bus.type[b] = BusType::out;

  set_voltages(model, topology, block, s, bus);
  choose_slack(model, topology, block, s, bus);
  for (std::size_t b = 0; b < buses; ++b) {
    const std::uint32_t island = topology.islands.of_bus[b];
    if (island != Islands::k_none && bus.slack_bus[island] == Islands::k_none) bus.type[b] = BusType::out;
  }

  const auto producer_p = block.of(ProducerVar::p_mw, s);
  for (std::size_t p = 0; p < model.producer_count(); ++p) {
    const Connection& connection = model.producer_connection[p];
    bus.p_mw[connection.bus.index()] += producer_p[p];
    if (std::isnan(connection.vm_set_pu)) bus.q_mvar[connection.bus.index()] += connection.q_per_p * producer_p[p];
  }
  const auto storage_p = block.of(StorageVar::p_mw, s);
  for (std::size_t st = 0; st < model.storage_count(); ++st) {
    const Connection& connection = model.storage_connection[st];
    bus.p_mw[connection.bus.index()] += storage_p[st];
    if (std::isnan(connection.vm_set_pu)) bus.q_mvar[connection.bus.index()] += connection.q_per_p * storage_p[st];
  }
  draw(model, block, s, zip, bus);
  for (std::size_t b = 0; b < buses; ++b) {  // limits of the solver are on the net injection
    bus.q_min_mvar[b] += bus.q_mvar[b];
    bus.q_max_mvar[b] += bus.q_mvar[b];
  }
  for (std::size_t l = 0; l < model.dc_links.size(); ++l) {
    const auto [at_from_mw, at_to_mw] = link_ends(model.dc_links[l], link_mw[l]);
    bus.p_mw[model.dc_links[l].from.index()] += at_from_mw;
    bus.p_mw[model.dc_links[l].to.index()] += at_to_mw;
  }
  if (topology.admittance.merged.any()) merge(topology.admittance.merged, bus);
}

LinkEnds link_ends(const DcLink& link, double transfer_mw) {
  const double received_mw = std::abs(transfer_mw) * (1.0 - link.loss_share);
  return transfer_mw >= 0.0 ? LinkEnds{-transfer_mw, received_mw} : LinkEnds{received_mw, transfer_mw};
}

}  // namespace gridplus
