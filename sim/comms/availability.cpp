#include "sim/comms/availability.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "sim/core/parallel.hpp"

namespace gridplus::comms {

TwoState two_state(double mtbf_h, double mttr_h, double step_h) {
  if (!std::isfinite(mtbf_h)) return {};
  const double lambda = 1.0 / mtbf_h, mu = 1.0 / mttr_h, sum = lambda + mu;
  const double moved = -std::expm1(-sum * step_h);
  return {lambda / sum * moved, mu / sum * moved, mu / sum};
}

Availability::Availability(const Network& network, double step_h, int threads)
    : network_(network), step_h_(step_h), threads_(threads) {
  for (std::size_t l = 0; l < network.link_count(); ++l)
    process_.push_back(two_state(network.link().mtbf_h[l], network.link().mttr_h[l], step_h));
  for (std::size_t n = 0; n < network.node_count(); ++n)
    process_.push_back(two_state(network.node().mtbf_h[n], network.node().mttr_h[n], step_h));
  for (const CommonCauseGroup& group : network.groups())
    process_.push_back(two_state(group.mtbf_h, group.mttr_h, step_h));
  const auto count = [&](const std::vector<std::uint32_t>& buses) {
    for (const std::uint32_t bus : buses)
      if (bus != k_no_index) buses_ = std::max<std::size_t>(buses_, bus + std::size_t{1});
  };
  count(network.node().bus);
  count(network.endpoint().bus);
}

AvailabilityState Availability::initial(const RandomKey& key) const {
  AvailabilityState state;
  state.process_up.resize(process_.size());
  RandomKey own = key;
  for (std::size_t i = 0; i < process_.size(); ++i) {
    own.entity = static_cast<std::uint32_t>(i);
    state.process_up[i] = process_[i].fails == 0.0 || uniform(own) < process_[i].available ? 1 : 0;
  }
  state.battery_left_h = network_.node().battery_h;
  state.dark_h.assign(buses_, 0.0);
  settle({}, state);
  return state;
}

void Availability::advance(const RandomKey& key, AvailabilityState& state) const {
  constexpr std::size_t k_chunk = 256;
  parallel_for((process_.size() + k_chunk - 1) / k_chunk, threads_, 1, [&](std::size_t chunk, int) {
    const std::size_t begin = chunk * k_chunk, count = std::min(k_chunk, process_.size() - begin);
    const auto processes = std::span(process_).subspan(begin, count);
    if (std::ranges::none_of(processes, [](const TwoState& process) { return process.fails > 0.0; })) return;
    RandomKey first = key;
    first.entity = static_cast<std::uint32_t>(begin);
    std::array<double, k_chunk> draw;
    uniforms(first, 0, std::span(draw).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t& up = state.process_up[begin + i];
      if (draw[i] < (up != 0 ? processes[i].fails : processes[i].returns)) up ^= 1;
    }
  });
}

bool Availability::settle(const Surroundings& around, AvailabilityState& state) const {
  const std::size_t links = network_.link_count(), nodes = network_.node_count();
  bool changed = state.node_up.size() != nodes;
  state.node_up.resize(nodes);
  state.link_up.resize(links);
  const auto set = [&](std::uint8_t& up, bool now) {
    changed = changed || (up != 0) != now;
    up = now ? 1 : 0;
  };
  for (std::size_t n = 0; n < nodes; ++n) {
    const bool fed = lit(network_.node().bus[n], around) || state.battery_left_h[n] >= 0.5 * step_h_;
    const bool out = !around.node_out.empty() && around.node_out[n] != 0;
    set(state.node_up[n], state.process_up[links + n] != 0 && fed && !out);
  }
  const LinkArrays& link = network_.link();
  for (std::size_t l = 0; l < links; ++l) {
    bool up =
        state.process_up[l] != 0 && state.node_up[link.from[l].index()] != 0 && state.node_up[link.to[l].index()] != 0;
    if (link.group[l] != k_no_index) up = up && state.process_up[links + nodes + link.group[l]] != 0;
    if (link.power_branch[l] < around.branch_closed.size()) up = up && around.branch_closed[link.power_branch[l]] != 0;
    set(state.link_up[l], up);
  }
  return changed;
}

void Availability::run_batteries(const Surroundings& around, AvailabilityState& state) const {
  constexpr double k_charge_per_h = 0.2;
  for (std::size_t n = 0; n < network_.node_count(); ++n) {
    const double full_h = network_.node().battery_h[n];
    if (full_h <= 0.0 || !std::isfinite(full_h)) continue;
    double& left_h = state.battery_left_h[n];
    left_h = lit(network_.node().bus[n], around) ? std::min(full_h, left_h + k_charge_per_h * full_h * step_h_)
                                                 : std::max(0.0, left_h - step_h_);
  }
  for (std::size_t b = 0; b < state.dark_h.size(); ++b)
    state.dark_h[b] = lit(static_cast<std::uint32_t>(b), around) ? 0.0 : state.dark_h[b] + step_h_;
}

}  // namespace gridplus::comms
