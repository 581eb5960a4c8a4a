#include "sim/comms/paths.hpp"

#include <algorithm>

namespace gridplus::comms {

PathTable::PathTable(const Network& network, double step_s, const PerClass<double>& message_bit)
    : network_(network),
      step_s_(step_s),
      message_bit_(message_bit),
      router_(network),
      offered_bit_(2 * network.link_count()),
      queue_(2 * network.link_count()),
      calm_(2 * network.link_count(), 0),
      carried_(network.node_count()) {}

bool PathTable::Load::is(const OfferedTraffic& traffic, const Surroundings& around) const {
  return offered == traffic && std::ranges::equal(capacity_factor, around.link_capacity_factor) &&
         std::ranges::equal(extra_loss, around.link_extra_loss);
}

bool PathTable::route(const AvailabilityState& availability) {
  const Rerouting found = router_.find(availability.link_up, availability.node_up);
  if (found == Rerouting::other_ways) settled_ = false;
  return found != Rerouting::not_needed;
}

void PathTable::spread(const std::vector<double>& at_node, std::size_t message_class, bool upwards) {
  const std::size_t nodes = network_.node_count();
  for (std::size_t c = 0; c < routes().size(); ++c) {
    const Routes& way = routes()[c];
    for (const std::uint32_t n : way.order) carried_[n] = at_node[c * nodes + n];
    for (std::size_t i = way.order.size(); i-- > 1;) {
      const std::uint32_t n = way.order[i], l = way.link[n];
      carried_[way.parent[n]] += carried_[n];
      const bool from_here = network_.link().from[l].index() == n;
      offered_bit_[2 * l + (from_here == upwards ? 0 : 1)][message_class] += carried_[n];
    }
  }
}

void PathTable::load(const OfferedTraffic& offered, const Surroundings& around, Backlogs& backlogs) {
  const auto nothing_waits = [](const PerClass<double>& backlog) { return backlog == PerClass<double>{}; };
  if (settled_ && load_.is(offered, around) && std::ranges::all_of(backlogs, nothing_waits)) return;
  offered_bit_.swap(offered_before_bit_);
  offered_bit_.assign(queue_.size(), {});
  for (std::size_t m = 0; m < k_classes; ++m) {
    if (!offered.up_bit[m].empty()) spread(offered.up_bit[m], m, true);
    if (!offered.down_bit[m].empty()) spread(offered.down_bit[m], m, false);
  }
  settled_ = run_queues(around, backlogs);
  for (std::size_t m = 0; m < k_classes; ++m) {
    if (!offered.up_bit[m].empty()) follow(m, true, around, up_[m]);
    if (!offered.down_bit[m].empty()) follow(m, false, around, down_[m]);
  }
  load_.offered = offered;
  load_.capacity_factor.assign(around.link_capacity_factor.begin(), around.link_capacity_factor.end());
  load_.extra_loss.assign(around.link_extra_loss.begin(), around.link_extra_loss.end());
}

/// Returns whether nothing waits anywhere, before or after. A queue that is offered what it was offered before, and
/// where nothing waited, does what it did.
bool PathTable::run_queues(const Surroundings& around, Backlogs& backlogs) {
  const LinkArrays& link = network_.link();
  const auto factor = [](std::span<const double> factors, std::size_t l) { return factors.empty() ? 1.0 : factors[l]; };
  QueueInput in;
  in.step_s = step_s_;
  in.message_bit = message_bit_;
  bool all_calm = true;
  for (std::size_t q = 0; q < queue_.size(); ++q) {
    const std::size_t l = q / 2;
    const double available = factor(around.link_capacity_factor, l);
    const bool empty = backlogs[q] == PerClass<double>{};
    if (calm_[q] != 0 && empty && offered_bit_[q] == offered_before_bit_[q] &&
        available == factor(load_.capacity_factor, l))
      continue;
    in.capacity_bit_per_s = link.capacity_bit_per_s[l] * available;
    in.buffer_bit = link.buffer_bit[l];
    in.background = link.background[l];
    in.offered_bit = offered_bit_[q];
    queue_[q] = step_queue(in, backlogs[q]);
    calm_[q] = empty && backlogs[q] == PerClass<double>{} ? 1 : 0;
    all_calm = all_calm && calm_[q] != 0;
  }
  return all_calm;
}

void PathTable::follow(std::size_t message_class, bool upwards, const Surroundings& around,
                       std::vector<Path>& paths) const {
  const std::size_t nodes = network_.node_count();
  const LinkArrays& link = network_.link();
  paths.assign(routes().size() * nodes, {});
  for (std::size_t c = 0; c < routes().size(); ++c) {
    const Routes& way = routes()[c];
    Path* const at = paths.data() + c * nodes;
    for (std::size_t i = 0; i < way.order.size(); ++i) {
      const std::uint32_t n = way.order[i];
      if (i == 0) {
        at[n] = {0.0F, 1.0F};
        continue;
      }
      const std::uint32_t l = way.link[n];
      const bool from_here = link.from[l].index() == n;
      const QueueStep& queue = queue_[2 * l + (from_here == upwards ? 0 : 1)];
      const double extra = around.link_extra_loss.empty() ? 0.0 : around.link_extra_loss[l];
      const double kept = (1.0 - link.loss[l]) * (1.0 - extra) * (1.0 - queue.lost_share[message_class]);
      const Path& before = at[way.parent[n]];
      at[n].latency_s = before.latency_s + static_cast<float>(link.latency_s[l] + queue.wait_s[message_class]);
      at[n].success = before.success * static_cast<float>(kept);
    }
  }
}

}  // namespace gridplus::comms
