#include "sim/comms/transport.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/comms/last_hop.hpp"
#include "sim/comms/traffic.hpp"
#include "sim/core/parallel.hpp"

namespace gridplus::comms {

namespace {

constexpr std::size_t k_chunk = 4096;  ///< endpoints whose counts are summed apart; no part of it may follow threads
constexpr std::size_t k_batch = 128;   ///< messages whose draws are made together

}  // namespace

std::int64_t arrival_step(std::int64_t sent_step, double latency_s, double step_s) {
  if (latency_s <= step_s) return sent_step;
  return sent_step + static_cast<std::int64_t>(std::ceil(latency_s / step_s));
}

void ControllerCount::add(const ControllerCount& o) {
  endpoints += o.endpoints;
  age_sum_s += o.age_sum_s;
  observed_mw += o.observed_mw;
  reported_mw += o.reported_mw;
  controllable += o.controllable;
  under_control += o.under_control;
  controllable_mw += o.controllable_mw;
  under_control_mw += o.under_control_mw;
  ages.add(o.ages);
}

class Transport::Impl {
 public:
  Impl(const Network& network, const TransportOptions& options, double step_s, std::uint64_t seed,
       std::uint32_t replicate, int threads)
      : network_(network),
        options_(options),
        step_s_(step_s),
        draws_{seed, replicate},
        threads_(threads),
        availability_(network, step_s / 3600.0),
        paths_(network, step_s, sizes(options)),
        last_hops_(network, sizes(options), step_s, draws_, threads),
        path_(paths_of_endpoints(network)),
        traffic_(network, options, last_hops_.hops(), path_, step_s, draws_),
        controlled_(traffic_.commands.used()) {
    const std::size_t chunks = (network.endpoint_count() + k_chunk - 1) / k_chunk;
    tallies_.resize(chunks);
  }

  [[nodiscard]] TransportState initial() const {
    TransportState state;
    const std::size_t n = network_.endpoint_count();
    state.availability = availability_.initial(draws_.key(0, Draw::initial_process));
    state.backlog_bit.resize(2 * network_.link_count());
    state.generated_step.assign(n, -1);
    state.latency_s.assign(n, 0.0F);
    state.meter_waiting.assign(traffic_.meters.used() ? n : 0, 0);
    state.price_step.assign(traffic_.prices.used() ? n : 0, -1);
    state.held.assign(controlled_ ? n : 0, {});
    last_hops_.initial(state);
    return state;
  }

  void advance(std::int64_t step, TransportState& state) {
    // After a checkpoint: what was found before is not found anew.
    if (!state.availability.node_up.empty()) paths_.route(state.availability);
    availability_.advance(draws_.key(step, Draw::process), state.availability);
    last_hops_.advance(step, state);
  }

  void settle(std::int64_t step, const Surroundings& around, TransportState& state) {
    availability_.settle(around, state.availability);
    rerouted_ = paths_.route(state.availability) || rerouted_;
    last_hops_.settle(step, around, state);
  }

  void uplink(std::int64_t step, const Surroundings& around, TransportState& state) {
    traffic_.offer(step, options_, offered_);
    paths_.load(offered_, around, state.backlog_bit);
    deliver_late_reports(step, state);
    run_chunks([&](std::size_t begin, std::size_t end, Tally& tally) {
      report(step, begin, end, state, tally);
      if (traffic_.meters.used()) read_meters(step, begin, end, state, tally);
    });
    for (const Tally& tally : tallies_)
      state.late_reports.insert(state.late_reports.end(), tally.late_reports.begin(), tally.late_reports.end());
  }

  void downlink(std::int64_t step, std::span<const Command> commands, const Surroundings& around,
                TransportState& state) {
    if (controlled_) deliver_late_commands(step, state);
    run_chunks(
        [&](std::size_t begin, std::size_t end, Tally& tally) {
          if (controlled_) command(step, begin, end, commands, state, tally);
          if (traffic_.prices.used()) price(step, begin, end, state, tally);
        },
        false);
    for (const Tally& tally : tallies_)
      state.late_commands.insert(state.late_commands.end(), tally.late_commands.begin(), tally.late_commands.end());
    availability_.run_batteries(around, state.availability);
    sum_up();
  }

  [[nodiscard]] bool reports(std::uint32_t e, std::int64_t step) const { return traffic_.reports.sends(e, step); }
  [[nodiscard]] bool connected(std::size_t e) const {
    const std::size_t nodes = network_.node_count();
    const Routes& way = paths_.routes()[path_[e] / nodes];
    return way.reaches[path_[e] % nodes] != 0 && last_hops_.alive(e);
  }
  [[nodiscard]] double age_s(std::size_t e, std::int64_t step, const TransportState& state) const {
    const double latency_s = static_cast<double>(state.latency_s[e]);
    return static_cast<double>(step - state.generated_step[e]) * step_s_ + (latency_s <= step_s_ ? latency_s : 0.0);
  }
  [[nodiscard]] bool valid(std::size_t e, std::int64_t step, const TransportState& state) const {
    constexpr double k_rounding = 1.0 + 1e-12;
    return static_cast<double>(step - state.held[e].issued_step) * step_s_ <= options_.command_validity_s * k_rounding;
  }

  [[nodiscard]] const StepCount& count() const { return count_; }
  [[nodiscard]] const PathTable& paths() const { return paths_; }

 private:
  /// The counts of one chunk of endpoints, and what it sends that comes later.
  struct Tally {
    StepCount count;
    std::vector<LateReport> late_reports;
    std::vector<LateCommand> late_commands;
  };

  static PerClass<double> sizes(const TransportOptions& options) {
    PerClass<double> bits{};
    for (std::size_t m = 0; m < k_classes; ++m) bits[m] = options.classes[m].message_bit;
    return bits;
  }
  static std::vector<std::uint32_t> paths_of_endpoints(const Network& network) {
    const EndpointArrays& endpoint = network.endpoint();
    std::vector<std::uint32_t> path(network.endpoint_count());
    for (std::size_t e = 0; e < path.size(); ++e)
      path[e] = static_cast<std::uint32_t>(endpoint.controller[e] * network.node_count() + endpoint.parent[e]);
    return path;
  }
  [[nodiscard]] const ClassOptions& of(MessageClass c) const { return options_.classes[static_cast<std::size_t>(c)]; }

  template <class Each>
  void run_chunks(Each each, bool first_phase = true) {
    const std::size_t n = network_.endpoint_count();
    parallel_for(tallies_.size(), threads_, 1, [&](std::size_t c, int) {
      Tally& tally = tallies_[c];
      if (first_phase) {
        tally.count = {};
        tally.count.controllers.resize(network_.controller_count());
      }
      tally.late_reports.clear();
      tally.late_commands.clear();
      each(c * k_chunk, std::min(n, (c + 1) * k_chunk), tally);
    });
  }

  /// Sends the messages of `emission` from endpoints [begin, end); calls each(endpoint, outcome, draws) for those that
  /// found a way.
  template <class Each>
  void send(const Emission& emission, MessageClass message_class, std::span<const Path> paths, std::int64_t step,
            std::size_t begin, std::size_t end, ClassCount& count, Each each) const {
    const ClassOptions& options = of(message_class);
    const auto m = static_cast<std::size_t>(message_class);
    const RandomKey key{draws_.seed, draws_.replicate, RandomStream::communication, 0,
                        static_cast<std::uint64_t>(step)};
    const std::uint32_t* const access = network_.endpoint().access.data();
    const std::span<const Hop> hops = last_hops_.hops();
    std::array<std::uint32_t, k_batch> sender;
    std::array<std::array<double, 4>, k_batch> draw;
    for (std::size_t e = begin; e < end;) {
      std::size_t senders = 0;
      for (; e < end && senders < k_batch; ++e) {
        if (!emission.sends(static_cast<std::uint32_t>(e), step)) continue;
        ++count.sent;
        if (paths[path_[e]].success > 0.0F && last_hops_.alive(e)) sender[senders++] = static_cast<std::uint32_t>(e);
      }
      uniforms(key, static_cast<std::uint32_t>(m), std::span(sender).first(senders), std::span(draw).first(senders));
      for (std::size_t i = 0; i < senders; ++i) {
        const std::uint32_t s = sender[i];
        const Outcome outcome = travel(paths[path_[s]], hops[access[s]], options, m, draw[i]);
        if (outcome.delivered) {
          ++count.delivered;
          if (static_cast<double>(outcome.latency_s) <= options.deadline_s) ++count.on_time;
          if (draw[i][3] < options_.duplicate_probability) ++count.duplicates;
        }
        each(s, outcome, draw[i]);
      }
    }
  }

  void report(std::int64_t step, std::size_t begin, std::size_t end, TransportState& state, Tally& tally) const {
    send(traffic_.reports, MessageClass::telemetry, paths_.up(MessageClass::telemetry), step, begin, end,
         tally.count.classes[static_cast<std::size_t>(MessageClass::telemetry)],
         [&](std::uint32_t e, const Outcome& outcome, const auto&) {
           if (!outcome.delivered) return;
           const std::int64_t arrives = arrival_step(step, static_cast<double>(outcome.latency_s), step_s_);
           if (arrives > step) {
             tally.late_reports.push_back({arrives, step, e, outcome.latency_s});
             return;
           }
           state.generated_step[e] = step;
           state.latency_s[e] = outcome.latency_s;
         });
    const EndpointArrays& endpoint = network_.endpoint();
    for (std::size_t e = begin; e < end; ++e) {
      if (endpoint.reports[e] == 0) continue;
      ControllerCount& known = tally.count.controllers[endpoint.controller[e]];
      const double age = age_s(e, step, state), weight = static_cast<double>(endpoint.weight_mw[e]);
      ++known.endpoints;
      known.age_sum_s += age;
      known.reported_mw += weight;
      if (age <= network_.controller().max_age_s[endpoint.controller[e]]) known.observed_mw += weight;
      known.ages.add(static_cast<float>(age));
    }
  }

  /// A meter keeps an interval until it comes through, and sends all it keeps at once.
  void read_meters(std::int64_t step, std::size_t begin, std::size_t end, TransportState& state, Tally& tally) const {
    const double interval_s = step_s_ * to_steps(of(MessageClass::metering).interval_s, step_s_);
    const auto most = static_cast<std::uint32_t>(std::max(1.0, options_.meter_memory_h * 3600.0 / interval_s));
    const auto in_time = static_cast<std::uint32_t>(std::max(1.0, options_.settlement_cutoff_h * 3600.0 / interval_s));
    StepCount& count = tally.count;
    for (std::size_t e = begin; e < end; ++e) {
      if (!traffic_.meters.sends(static_cast<std::uint32_t>(e), step)) continue;
      ++count.meter_intervals;
      if (state.meter_waiting[e] == most)
        ++count.meter_lost;
      else
        ++state.meter_waiting[e];
    }
    send(traffic_.meters, MessageClass::metering, paths_.up(MessageClass::metering), step, begin, end,
         count.classes[static_cast<std::size_t>(MessageClass::metering)],
         [&](std::uint32_t e, const Outcome& outcome, const auto&) {
           if (!outcome.delivered) return;
           count.meter_received += std::min(state.meter_waiting[e], in_time);
           state.meter_waiting[e] = 0;
         });
  }

  void command(std::int64_t step, std::size_t begin, std::size_t end, std::span<const Command> commands,
               TransportState& state, Tally& tally) const {
    const EndpointArrays& endpoint = network_.endpoint();
    ClassCount& acknowledged = tally.count.classes[static_cast<std::size_t>(MessageClass::acknowledgement)];
    ClassCount& sent = tally.count.classes[static_cast<std::size_t>(MessageClass::command)];
    const auto back = paths_.up(MessageClass::acknowledgement);
    send(traffic_.commands, MessageClass::command, paths_.down(MessageClass::command), step, begin, end, sent,
         [&](std::uint32_t e, const Outcome& outcome, const auto& draw) {
           if (!outcome.delivered) return;
           ++acknowledged.sent;
           const double comes =
               static_cast<double>(back[path_[e]].success) * last_hops_.hops()[endpoint.access[e]].success;
           if (draw[2] < comes)
             ++acknowledged.delivered, ++acknowledged.on_time;
           else if (of(MessageClass::command).retries > 0)
             ++sent.duplicates;  // the controller sends again what had arrived
           if (commands[e].on == Command::k_void) return;
           const std::int64_t acts = acting_step(e, step, static_cast<double>(outcome.latency_s), state);
           if (acts > step)
             tally.late_commands.push_back({acts, step, commands[e], e});
           else
             state.held[e] = {commands[e], step};
         });
    for (std::size_t e = begin; e < end; ++e) {
      if (endpoint.controllable[e] == 0) continue;
      ControllerCount& known = tally.count.controllers[endpoint.controller[e]];
      const double weight = static_cast<double>(endpoint.weight_mw[e]);
      ++known.controllable;
      known.controllable_mw += weight;
      if (!valid(e, step, state) || !connected(e)) continue;
      ++known.under_control;
      known.under_control_mw += weight;
    }
  }

  /// When a command sent in `step` acts: the loop of report, computing and command must have closed.
  [[nodiscard]] std::int64_t acting_step(std::uint32_t e, std::int64_t step, double latency_s,
                                         const TransportState& state) const {
    const double back_s = network_.controller().computing_s[network_.endpoint().controller[e]] + latency_s;
    const std::int64_t own = arrival_step(step, back_s, step_s_);
    if (network_.endpoint().reports[e] == 0) return own;
    const double loop_s = static_cast<double>(state.latency_s[e]) + back_s;
    return std::max(own, arrival_step(state.generated_step[e], loop_s, step_s_));
  }

  void price(std::int64_t step, std::size_t begin, std::size_t end, TransportState& state, Tally& tally) const {
    send(traffic_.prices, MessageClass::price, paths_.down(MessageClass::price), step, begin, end,
         tally.count.classes[static_cast<std::size_t>(MessageClass::price)],
         [&](std::uint32_t e, const Outcome& outcome, const auto&) {
           if (outcome.delivered)
             state.price_step[e] = arrival_step(step, static_cast<double>(outcome.latency_s), step_s_);
         });
  }

  void sum_up() {
    count_ = {};
    count_.controllers.resize(network_.controller_count());
    for (const Tally& tally : tallies_) {
      for (std::size_t m = 0; m < k_classes; ++m) count_.classes[m].add(tally.count.classes[m]);
      count_.meter_intervals += tally.count.meter_intervals;
      count_.meter_received += tally.count.meter_received;
      count_.meter_lost += tally.count.meter_lost;
      for (std::size_t c = 0; c < count_.controllers.size(); ++c) count_.controllers[c].add(tally.count.controllers[c]);
    }
    count_.rerouted = std::exchange(rerouted_, false);
  }

  const Network& network_;
  TransportOptions options_;
  double step_s_;
  DrawSource draws_;
  int threads_;
  Availability availability_;
  PathTable paths_;
  LastHops last_hops_;
  std::vector<std::uint32_t> path_;  ///< per endpoint: controller * nodes + parent
  Traffic traffic_;
  bool controlled_, rerouted_ = false;
  OfferedTraffic offered_;
  std::vector<Tally> tallies_;
  StepCount count_;
};

Transport::Transport(const Network& network, const TransportOptions& options, double step_s, std::uint64_t seed,
                     std::uint32_t replicate, int threads)
    : impl_(std::make_unique<Impl>(network, options, step_s, seed, replicate, threads)) {}
Transport::~Transport() = default;
Transport::Transport(Transport&&) noexcept = default;
TransportState Transport::initial() const {
  return impl_->initial();
}
void Transport::advance(std::int64_t step, TransportState& state) {
  impl_->advance(step, state);
}
void Transport::settle(std::int64_t step, const Surroundings& around, TransportState& state) {
  impl_->settle(step, around, state);
}
void Transport::uplink(std::int64_t step, const Surroundings& around, TransportState& state) {
  impl_->uplink(step, around, state);
}
void Transport::downlink(std::int64_t step, std::span<const Command> commands, const Surroundings& around,
                         TransportState& state) {
  impl_->downlink(step, commands, around, state);
}
bool Transport::reports(std::uint32_t e, std::int64_t step) const {
  return impl_->reports(e, step);
}
bool Transport::connected(std::uint32_t e) const {
  return impl_->connected(e);
}
double Transport::age_s(std::uint32_t e, std::int64_t step, const TransportState& state) const {
  return impl_->age_s(e, step, state);
}
bool Transport::valid(std::uint32_t e, std::int64_t step, const TransportState& state) const {
  return impl_->valid(e, step, state);
}
const StepCount& Transport::count() const {
  return impl_->count();
}
const PathTable& Transport::paths() const {
  return impl_->paths();
}

}  // namespace gridplus::comms
