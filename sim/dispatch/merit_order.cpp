#include "sim/dispatch/merit_order.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/dispatch/flexible_demand.hpp"
#include "sim/dispatch/forming.hpp"
#include "sim/dispatch/storage_rule.hpp"

namespace gridplus {

namespace {

constexpr double k_small_mw = 1e-9;

/// Output that cannot be chosen: the resource gives it, and it is taken.
bool fixed(const ProducerOffer& offer) {
  return offer.max_mw - offer.min_mw <= k_small_mw;
}
/// Power that costs nothing to use: fixed output and free resources that may be curtailed.
bool free_power(const ProducerOffer& offer) {
  return offer.online && !offer.may_stop && (offer.curtailable || fixed(offer));
}
bool committable(const ProducerOffer& offer) {
  return offer.may_stop || !offer.online;
}

bool some_unit_holds(const IslandDevices& devices, const DispatchResult& result) {
  return std::any_of(devices.slack_order.begin(), devices.slack_order.end(),
                     [&](std::uint32_t p) { return result.producers[p].online; });
}

}  // namespace

void MeritOrder::ensure_reference(const DispatchInput& input, const IslandDevices& devices,
                                  DispatchResult& result) const {
  if (storage_holds_ || some_unit_holds(devices, result)) return;
  for (const std::uint32_t p : devices.slack_order) {
    if (!input.producers[p].online && !input.producers[p].may_start) continue;
    result.producers[p].online = true;
    return;
  }
}

void MeritOrder::dispatch(const DispatchInput& input, DispatchMemory& memory, DispatchResult& result) {
  result.producers.assign(input.producers.size(), {});
  result.storages.assign(input.storages.size(), {});
  result.consumers.assign(input.consumers.size(), {});
  result.curtailment.assign(input.producers.size(), Curtailment::none);
  result.forming.assign(input.storages.size(), 0);
  result.price_per_mwh.assign(input.islands.size(), 0.0);
  memory.islands.resize(input.islands.size());
  for (std::size_t i = 0; i < input.islands.size(); ++i) {
    const IslandDevices& devices = input.islands[i];
    if (!can_be_energised(input.producers, input.storages, devices))
      black_out(devices, result);
    else if (devices.formers.empty())
      dispatch_island(input, i, memory.islands[i], result);
    else
      dispatch_with_formers(input, i, memory.islands[i], result);
  }
}

void MeritOrder::black_out(const IslandDevices& devices, DispatchResult& result) const {
  for (const std::uint32_t p : devices.producers) result.curtailment[p] = Curtailment::network;
}

void MeritOrder::dispatch_with_formers(const DispatchInput& input, std::size_t island, IslandMemory& memory,
                                       DispatchResult& result) {
  const IslandDevices& devices = input.islands[island];
  const auto any_slack = [&](auto has) {
    return std::any_of(devices.slack_order.begin(), devices.slack_order.end(),
                       [&](std::uint32_t p) { return has(input.producers[p]); });
  };
  const bool bound_to_run = any_slack([](const ProducerOffer& offer) { return offer.online && !offer.may_stop; });
  storage_holds_ = !bound_to_run && storage_can_form(input.producers, input.storages, devices);
  storage_first_ = storage_holds_ && !any_slack([](const ProducerOffer& offer) { return offer.online; });
  DispatchInput own = input;
  if (storage_holds_) {
    double demand_mw = 0.0;
    for (const std::uint32_t c : devices.consumers) demand_mw += input.consumers[c].demand_mw;
    narrowed_.assign(input.storages.begin(), input.storages.end());
    keep_margin(input.producers, devices, demand_mw, input.loss_share, narrowed_);
    own.storages = narrowed_;
  }
  dispatch_island(own, island, memory, result);
  storage_holds_ = storage_first_ = false;
  if (!some_unit_holds(devices, result))
    for (const std::uint32_t s : devices.formers) result.forming[s] = 1;
}

void MeritOrder::dispatch_island(const DispatchInput& input, std::size_t island, IslandMemory& memory,
                                 DispatchResult& result) {
  const IslandDevices& devices = input.islands[island];
  for (const std::uint32_t c : devices.consumers) result.consumers[c].served_mw = input.consumers[c].demand_mw;
  const FlexibleDemand flexible = gather_flexible(input.consumers, devices.consumers);
  const double firm_mw = sum_up(input, island, result).net_load_mw - flexible.demand_mw * (1.0 + input.loss_share);
  set_flexible(input.consumers, devices.consumers, flexible_power(firm_mw, memory, flexible, input.step_h), flexible,
               result.consumers);
  const Totals totals = sum_up(input, island, result);

  double need_mw = totals.need_mw - plan_storage(input, devices, totals, memory, result);
  commit(input, devices, need_mw, totals, memory, result);
  double price = 0.0;
  double open_mw = fill(input, devices, need_mw, price, result);

  // Free power left over is better stored than curtailed; a shortage is better met from the store than shed.
  double unused_mw = 0.0;
  for (const std::uint32_t p : devices.producers)
    if (input.producers[p].curtailable) unused_mw += input.producers[p].max_mw - result.producers[p].p_mw;
  double wish_mw = open_mw > k_small_mw ? open_mw : -(unused_mw + std::max(0.0, -open_mw));
  const double moved_mw = flexible.can_move() ? shift_flexible(input, devices, -wish_mw, result) : 0.0;
  if (std::abs(moved_mw) > k_small_mw) {
    need_mw += moved_mw * (1.0 + input.loss_share);
    wish_mw += moved_mw * (1.0 + input.loss_share);
    open_mw = fill(input, devices, need_mw, price, result);
  }
  if (std::abs(wish_mw) > k_small_mw && storage_may_move()) {
    const double shifted_mw = shift_storage(input, devices, wish_mw, result);
    if (std::abs(shifted_mw) > k_small_mw) {
      need_mw -= shifted_mw;
      open_mw = fill(input, devices, need_mw, price, result);
    }
  }
  if (open_mw < -k_small_mw) {
    stop_dearest(input, devices, -open_mw, result);
    open_mw = fill(input, devices, need_mw, price, result);
    if (open_mw > k_small_mw && storage_may_move()) {  // it took what is no longer generated
      need_mw -= shift_storage(input, devices, open_mw, result);
      open_mw = fill(input, devices, need_mw, price, result);
    }
    if (open_mw < -k_small_mw) cut_fixed(devices, -open_mw, result);
  }
  if (open_mw > k_small_mw) shed(input, devices, open_mw, price, result);
  name_curtailment(input, devices, result);
  result.price_per_mwh[island] = price;
  const auto samples = static_cast<std::size_t>(std::max(1.0, std::round(options_.storage_window_h / input.step_h)));
  memory.remember(samples, totals.net_load_mw, price, firm_mw);
}

MeritOrder::Totals MeritOrder::sum_up(const DispatchInput& input, std::size_t island,
                                      const DispatchResult& result) const {
  const IslandDevices& devices = input.islands[island];
  Totals totals;
  for (const std::uint32_t c : devices.consumers) totals.demand_mw += result.consumers[c].served_mw;
  totals.need_mw = totals.demand_mw * (1.0 + input.loss_share) - input.island_import_mw[island];
  for (const std::uint32_t p : devices.producers)
    if (free_power(input.producers[p])) totals.free_mw += input.producers[p].max_mw;
  totals.net_load_mw = totals.need_mw - totals.free_mw;
  return totals;
}

double MeritOrder::plan_storage(const DispatchInput& input, const IslandDevices& devices, const Totals& totals,
                                const IslandMemory& memory, DispatchResult& result) {
  if (storage_first_) return serve_from_storage(input, devices, totals.net_load_mw, result);
  if (options_.storage_rule == StorageRule::none || devices.storages.empty()) return 0.0;
  const StorageFleet fleet = gather_fleet(input.storages, devices.storages);
  double power_mw = 0.0;
  if (options_.storage_rule == StorageRule::net_load) {
    power_mw = net_load_power(totals.net_load_mw, memory, fleet, input.step_h);
  } else {
    double price = 0.0;  // of this step if storage stayed idle
    commit(input, devices, totals.need_mw, totals, memory, result);
    const double open_mw = fill(input, devices, totals.need_mw, price, result);
    if (open_mw <= k_small_mw) power_mw = price_power(price, memory, fleet, input.step_h);
  }
  for (const std::uint32_t s : devices.storages) {
    const StorageOffer& offer = input.storages[s];
    if (power_mw > 0.0) result.storages[s].p_mw = power_mw * offer.max_discharge_mw / fleet.max_discharge_mw;
    if (power_mw < 0.0) result.storages[s].p_mw = power_mw * offer.max_charge_mw / fleet.max_charge_mw;
  }
  return power_mw;
}

double MeritOrder::serve_from_storage(const DispatchInput& input, const IslandDevices& devices, double wanted_mw,
                                      DispatchResult& result) {
  const double served_mw = shift_storage(input, devices, wanted_mw, result);
  storage_room_mw_ = 0.0;
  for (const std::uint32_t s : devices.storages)
    storage_room_mw_ += std::max(0.0, input.storages[s].max_discharge_mw - result.storages[s].p_mw);
  return served_mw;
}

double MeritOrder::required_mw(const ProducerOffer& offer, double need_mw, const Totals& totals,
                               const IslandMemory& memory, double step_h) const {
  double net_mw = need_mw - totals.free_mw;
  if (offer.online) {
    // It is also kept where idling at its minimum costs less than the start that stopping would call for.
    const double idle_cost_per_h = offer.machine_min_mw * offer.full_load_cost_per_mwh;
    const double idle_h = idle_cost_per_h > 0.0 ? offer.start_cost / idle_cost_per_h : 0.0;
    const auto ahead = static_cast<std::size_t>(std::ceil(std::max(offer.restart_h, idle_h) / step_h));
    const std::size_t known = std::min(ahead, memory.net_load_mw.size());
    for (std::size_t k = 1; k <= known; ++k) net_mw = std::max(net_mw, memory.expected_net_load(k, net_mw));
  }
  const double reserve_mw = options_.reserve_share * totals.demand_mw;
  return net_mw + (storage_first_ ? std::max(0.0, reserve_mw - storage_room_mw_) : reserve_mw);
}

void MeritOrder::commit(const DispatchInput& input, const IslandDevices& devices, double need_mw, const Totals& totals,
                        const IslandMemory& memory, DispatchResult& result) {
  // A start is worth it only over some hours of running; its cost is spread over that many.
  constexpr double k_hours_per_start = 8.0;
  const auto key = [&](std::uint32_t p) {
    const ProducerOffer& offer = input.producers[p];
    const double spread =
        offer.online || offer.max_mw <= 0.0 ? 0.0 : offer.start_cost / (offer.max_mw * k_hours_per_start);
    return offer.full_load_cost_per_mwh + spread;
  };
  order_.clear();
  double capacity_mw = 0.0;  // of priced units that run
  for (const std::uint32_t p : devices.producers) {
    const ProducerOffer& offer = input.producers[p];
    result.producers[p] = {offer.online && !offer.may_stop, 0.0};
    if (free_power(offer)) continue;
    if (offer.online && !offer.may_stop && offer.min_mw > k_small_mw)
      capacity_mw += offer.max_mw;  // runs whatever its place in the order
    else
      order_.push_back(p);
  }
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double key_a = key(a), key_b = key(b);
    return key_a != key_b ? key_a < key_b : a < b;
  });
  for (const std::uint32_t p : order_) {
    const ProducerOffer& offer = input.producers[p];
    if (!committable(offer)) {
      capacity_mw += offer.max_mw;
      continue;
    }
    if (!offer.online && !offer.may_start) continue;
    if (capacity_mw >= required_mw(offer, need_mw, totals, memory, input.step_h)) continue;
    result.producers[p].online = true;
    capacity_mw += offer.max_mw;
  }
  ensure_reference(input, devices, result);
}

double MeritOrder::fill(const DispatchInput& input, const IslandDevices& devices, double need_mw, double& price,
                        DispatchResult& result) {
  slices_.clear();
  double open_mw = need_mw;
  for (const std::uint32_t p : devices.producers) {
    ProducerCommand& command = result.producers[p];
    if (!command.online) {
      command.p_mw = 0.0;
      continue;
    }
    const ProducerOffer& offer = input.producers[p];
    command.p_mw = offer.min_mw;
    open_mw -= offer.min_mw;
    double from_mw = offer.min_mw;
    for (const CostSegment& segment : offer.cost()) {
      const double to_mw = std::min(segment.to_mw, offer.max_mw);
      if (to_mw <= from_mw) continue;
      slices_.push_back({segment.marginal_per_mwh, to_mw - from_mw, p});
      from_mw = to_mw;
    }
  }
  std::sort(slices_.begin(), slices_.end(), [](const Slice& a, const Slice& b) {
    return a.price != b.price ? a.price < b.price : a.producer < b.producer;
  });
  price = slices_.empty() ? 0.0 : slices_.front().price;
  for (const Slice& slice : slices_) {
    if (open_mw <= 0.0) break;
    const double taken_mw = std::min(slice.mw, open_mw);
    result.producers[slice.producer].p_mw += taken_mw;
    open_mw -= taken_mw;
    price = slice.price;
  }
  return open_mw;
}

double MeritOrder::shift_flexible(const DispatchInput& input, const IslandDevices& devices, double wanted_mw,
                                  DispatchResult& result) {
  double shifted_mw = 0.0;
  for (const std::uint32_t c : devices.consumers) {
    const ConsumerOffer& offer = input.consumers[c];
    double& served_mw = result.consumers[c].served_mw;
    const double goal_mw = std::clamp(served_mw + (wanted_mw / (1.0 + input.loss_share) - shifted_mw),
                                      offer.demand_mw - offer.flexible_down_mw, offer.demand_mw + offer.flexible_up_mw);
    shifted_mw += goal_mw - served_mw;
    served_mw = goal_mw;
  }
  return shifted_mw;
}

double MeritOrder::shift_storage(const DispatchInput& input, const IslandDevices& devices, double wanted_mw,
                                 DispatchResult& result) {
  double shifted_mw = 0.0;
  for (const std::uint32_t s : devices.storages) {
    const StorageOffer& offer = input.storages[s];
    double& p_mw = result.storages[s].p_mw;
    const double goal_mw = std::clamp(p_mw + (wanted_mw - shifted_mw), -offer.max_charge_mw, offer.max_discharge_mw);
    shifted_mw += goal_mw - p_mw;
    p_mw = goal_mw;
  }
  return shifted_mw;
}

void MeritOrder::stop_dearest(const DispatchInput& input, const IslandDevices& devices, double surplus_mw,
                              DispatchResult& result) const {
  std::vector<std::uint32_t> running;
  for (const std::uint32_t p : devices.producers)
    if (result.producers[p].online && input.producers[p].min_mw > k_small_mw && committable(input.producers[p]))
      running.push_back(p);
  std::sort(running.begin(), running.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double cost_a = input.producers[a].full_load_cost_per_mwh, cost_b = input.producers[b].full_load_cost_per_mwh;
    return cost_a != cost_b ? cost_a > cost_b : a > b;
  });
  for (const std::uint32_t p : running) {
    if (surplus_mw <= k_small_mw) break;
    result.producers[p] = {false, 0.0};
    surplus_mw -= input.producers[p].min_mw;
  }
  ensure_reference(input, devices, result);
}

void MeritOrder::cut_fixed(const IslandDevices& devices, double surplus_mw, DispatchResult& result) {
  double positive_mw = 0.0;
  for (const std::uint32_t p : devices.producers) positive_mw += std::max(0.0, result.producers[p].p_mw);
  const double share = positive_mw > 0.0 ? std::min(1.0, surplus_mw / positive_mw) : 0.0;
  for (const std::uint32_t p : devices.producers)
    result.producers[p].p_mw -= share * std::max(0.0, result.producers[p].p_mw);
}

void MeritOrder::shed(const DispatchInput& input, const IslandDevices& devices, double short_mw, double& price,
                      DispatchResult& result) {
  std::vector<std::uint32_t> consumers(devices.consumers);
  std::stable_sort(consumers.begin(), consumers.end(), [&](std::uint32_t a, std::uint32_t b) {
    return input.consumers[a].priority > input.consumers[b].priority;
  });
  // Demand that is not served causes no losses either.
  double open_mw = short_mw / (1.0 + input.loss_share);
  for (const std::uint32_t c : consumers) {
    if (open_mw <= k_small_mw) return;
    double& served_mw = result.consumers[c].served_mw;
    const double shed_mw = std::clamp(served_mw, 0.0, open_mw);
    served_mw -= shed_mw;
    open_mw -= shed_mw;
    if (shed_mw > 0.0) price = input.consumers[c].value_of_lost_load_per_mwh;
  }
}

void MeritOrder::name_curtailment(const DispatchInput& input, const IslandDevices& devices, DispatchResult& result) {
  // What keeps other units up decides the reason: their ramps, their minima, or nothing at all.
  bool held_by_ramp = false, held_by_minimum = false;
  for (const std::uint32_t p : devices.producers) {
    const ProducerOffer& offer = input.producers[p];
    if (!result.producers[p].online || offer.curtailable || offer.min_mw <= k_small_mw || fixed(offer)) continue;
    const double machine_min_mw = offer.machine_min_mw;
    (offer.min_mw > machine_min_mw + k_small_mw ? held_by_ramp : held_by_minimum) = true;
  }
  const Curtailment reason = held_by_ramp      ? Curtailment::ramp
                             : held_by_minimum ? Curtailment::minimum_generation
                                               : Curtailment::surplus;
  for (const std::uint32_t p : devices.producers)
    if (input.producers[p].curtailable && result.producers[p].p_mw < input.producers[p].available_mw - 1e-6)
      result.curtailment[p] = reason;
}

}  // namespace gridplus
