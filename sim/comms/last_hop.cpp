#include "sim/comms/last_hop.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/core/parallel.hpp"

namespace gridplus::comms {

namespace {

/// How many steps a state lasts that ends with probability `p` in each.
std::int64_t geometric(double p, double draw) {
  if (p >= 1.0) return 1;
  return 1 + static_cast<std::int64_t>(std::min(1e15, std::floor(std::log(draw) / std::log1p(-p))));
}

Hop make_hop(const LinkParameters& p, const PerClass<double>& message_bit, double step_s) {
  constexpr double k_longest_s = 1e30;
  Hop hop;
  if (p.latency_ms > 0.0)
    hop.time = {static_cast<float>(std::log(1e-3 * p.latency_ms)), static_cast<float>(p.latency_sigma),
                static_cast<float>(std::min(1e-3 * p.latency_max_ms, k_longest_s))};
  // Without spread the cut is the median itself, so that it is met to the last bit.
  if (p.latency_ms > 0.0 && p.latency_sigma == 0.0)
    hop.time = {hop.time.mu + 1.0F, 0.0F, std::min(hop.time.max_s, static_cast<float>(1e-3 * p.latency_ms))};
  hop.success = 1.0 - p.loss;
  for (std::size_t m = 0; m < k_classes; ++m)
    hop.sending_s[m] = static_cast<float>(message_bit[m] / (1e6 * p.capacity_mbit_per_s));
  hop.process = two_state(p.mtbf_h, p.mttr_h, step_s / 3600.0);
  hop.backup_h = p.backup_h;
  return hop;
}

}  // namespace

LastHops::LastHops(const Network& network, const PerClass<double>& message_bit, double step_s, DrawSource draws,
                   int threads)
    : network_(network), step_s_(step_s), draws_(draws), threads_(threads) {
  for (const LinkParameters& p : network_.access()) {
    hops_.push_back(make_hop(p, message_bit, step_s));
    hops_fail_ = hops_fail_ || hops_.back().process.fails > 0.0;
  }
  quantile_.resize(network.endpoint_count());
  for (std::size_t e = 0; e < quantile_.size(); ++e) {
    RandomKey own = draws_.key(0, Draw::phase);
    own.entity = static_cast<std::uint32_t>(e);
    quantile_[e] = static_cast<float>(uniform(own, static_cast<std::uint32_t>(Draw::coverage)));
  }
}

void LastHops::initial(TransportState& state) const {
  const std::size_t n = network_.endpoint_count();
  state.toggle_step.assign(n, std::numeric_limits<std::int64_t>::max());
  state.hop_up.assign(n, 1);
  for (std::size_t e = 0; e < n; ++e) {
    const TwoState& process = hops_[network_.endpoint().access[e]].process;
    if (process.fails == 0.0) continue;
    RandomKey own = draws_.key(0, Draw::hop_initial);
    own.entity = static_cast<std::uint32_t>(e);
    state.hop_up[e] = uniform(own, static_cast<std::uint32_t>(Draw::hop_initial)) < process.available ? 1 : 0;
    state.toggle_step[e] = next_toggle(e, 0, state) - 1;
  }
}

void LastHops::advance(std::int64_t step, TransportState& state) const {
  if (!hops_fail_) return;
  for (std::size_t e = 0; e < state.hop_up.size(); ++e) {
    if (state.toggle_step[e] > step) continue;
    state.hop_up[e] ^= 1;
    state.toggle_step[e] = next_toggle(e, step, state);
  }
}

std::int64_t LastHops::next_toggle(std::size_t e, std::int64_t step, const TransportState& state) const {
  const TwoState& process = hops_[network_.endpoint().access[e]].process;
  RandomKey own = draws_.key(step, Draw::hop_time);
  own.entity = static_cast<std::uint32_t>(e);
  return step + geometric(state.hop_up[e] != 0 ? process.fails : process.returns, uniform(own));
}

bool LastHops::powered(std::uint32_t bus, std::uint32_t access, const Surroundings& around,
                       const TransportState& state) const {
  if (bus >= around.bus_energised.size() || around.bus_energised[bus] != 0) return true;
  return state.availability.dark_h[bus] + 0.5 * step_s_ / 3600.0 <= hops_[access].backup_h;
}

void LastHops::settle(std::int64_t step, const Surroundings& around, const TransportState& state) {
  constexpr std::size_t k_chunk = 4096;
  const EndpointArrays& endpoint = network_.endpoint();
  covered_share_.clear();
  for (const CoverageTimeline& timeline : network_.coverage())
    covered_share_.push_back(static_cast<float>(timeline.at(step)));
  const bool dark =
      std::any_of(around.bus_energised.begin(), around.bus_energised.end(), [](auto v) { return v == 0; });
  all_alive_ = covered_share_.empty() && !dark && !hops_fail_ && around.endpoint_out.empty();
  if (all_alive_) return;
  alive_.resize(network_.endpoint_count());
  parallel_for(alive_.size(), threads_, k_chunk, [&](std::size_t e, int) {
    const std::uint32_t rule = endpoint.coverage[e];
    bool alive = state.hop_up[e] != 0 && (rule == k_no_index || quantile_[e] < covered_share_[rule]);
    alive = alive && powered(endpoint.bus[e], endpoint.access[e], around, state);
    alive = alive && (around.endpoint_out.empty() || around.endpoint_out[e] == 0);
    alive_[e] = alive ? 1 : 0;
  });
}

}  // namespace gridplus::comms
