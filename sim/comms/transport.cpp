#include "sim/comms/transport.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/comms/cohorts.hpp"
#include "sim/comms/deadlines.hpp"
#include "sim/comms/last_hop.hpp"
#include "sim/comms/measured_ages.hpp"
#include "sim/comms/paths.hpp"
#include "sim/comms/sender.hpp"
#include "sim/comms/traffic.hpp"
#include "sim/core/parallel.hpp"

namespace gridplus::comms {

namespace {

constexpr std::size_t k_chunk = 2048;  ///< endpoints whose counts are summed apart; no part of it may follow threads

}  // namespace

std::int64_t arrival_step(std::int64_t sent_step, double latency_s, double step_s) {
  if (within_step(latency_s, step_s)) return sent_step;
  return sent_step + static_cast<std::int64_t>(std::ceil(latency_s / step_s * (1.0 - k_time_rounding)));
}

std::int64_t last_priced_step(std::int64_t sent_step, const TransportOptions& options, double step_s) {
  return sent_step + to_steps(options.classes[static_cast<std::size_t>(MessageClass::price)].interval_s, step_s);
}

std::vector<MessageClass> unresolved_deadlines(const Network& network, const TransportOptions& options, double step_s) {
  const EndpointArrays& endpoint = network.endpoint();
  const auto any = [](const std::vector<std::uint8_t>& flags) {
    return std::find(flags.begin(), flags.end(), std::uint8_t{1}) != flags.end();
  };
  const PerClass<bool> used = {any(endpoint.controllable), false, options.prices, any(endpoint.reports),
                               any(endpoint.metered)};
  std::vector<MessageClass> classes;
  for (std::size_t m = 0; m < k_classes; ++m)
    if (used[m] && options.classes[m].deadline_s < 0.1 * step_s) classes.push_back(static_cast<MessageClass>(m));
  return classes;
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
        availability_(network, step_s / 3600.0, threads),
        paths_(network, step_s, sizes(options)),
        last_hops_(network, sizes(options), step_s, draws_, threads),
        path_(paths_of_endpoints(network)),
        traffic_(network, options, last_hops_.hops(), path_, step_s, draws_),
        sender_(network, options_, last_hops_, path_, draws_),
        cohorts_(network, options_, last_hops_, step_s, draws_),
        controlled_(traffic_.commands.used()) {
    const std::size_t n = network.endpoint_count();
    for (std::size_t begin = 0; begin < n; begin += k_chunk) {
      tallies_.emplace_back();
      tallies_.back().standing = standing(begin, std::min(n, begin + k_chunk));
    }
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
    if (cohorts_.any()) cohorts_.initial(state);
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
    if (cohorts_.any()) cohorts_.offer(step, traffic_, offered_);
    paths_.load(offered_, around, state.backlog_bit);
    deliver_late_reports(step, state);
    run_chunks([&](std::size_t begin, std::size_t end, Tally& tally) {
      tally.count.classes = {};
      tally.count.meter_intervals = tally.count.meter_received = tally.count.meter_lost = 0;
      tally.count.controllers = tally.standing;
      report(step, begin, end, state, tally);
      if (traffic_.meters.used()) read_meters(step, begin, end, state, tally);
    });
    for (const Tally& tally : tallies_)
      state.late_reports.insert(state.late_reports.end(), tally.late_reports.begin(), tally.late_reports.end());
    of_cohorts_ = {};
    of_cohorts_.controllers.resize(network_.controller_count());
    cohorts_.uplink(step, paths_, around, state, of_cohorts_);
  }

  void downlink(std::int64_t step, std::span<const Command> commands, const Surroundings& around,
                TransportState& state) {
    if (controlled_) deliver_late_commands(step, state);
    deliver_late_prices(step, state);
    if (controlled_ || traffic_.prices.used())
      run_chunks([&](std::size_t begin, std::size_t end, Tally& tally) {
        if (controlled_) command(step, begin, end, commands, state, tally);
        if (traffic_.prices.used()) price(step, begin, end, state, tally);
      });
    for (const Tally& tally : tallies_) {
      state.late_commands.insert(state.late_commands.end(), tally.late_commands.begin(), tally.late_commands.end());
      state.late_prices.insert(state.late_prices.end(), tally.late_prices.begin(), tally.late_prices.end());
    }
    cohorts_.downlink(step, paths_, around, state, of_cohorts_);
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
    return static_cast<double>(step - state.generated_step[e]) * step_s_ +
           (within_step(latency_s, step_s_) ? latency_s : 0.0);
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
    std::vector<ControllerCount> standing;  ///< what count.controllers begins with
    std::vector<LateReport> late_reports;
    std::vector<LateCommand> late_commands;
    std::vector<LatePrice> late_prices;
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

  /// What the endpoints [begin, end) add to their controllers' counts in every step.
  [[nodiscard]] std::vector<ControllerCount> standing(std::size_t begin, std::size_t end) const {
    const EndpointArrays& endpoint = network_.endpoint();
    std::vector<ControllerCount> counts(network_.controller_count());
    for (std::size_t e = begin; e < end; ++e) {
      ControllerCount& count = counts[endpoint.controller[e]];
      const double weight = static_cast<double>(endpoint.weight_mw[e]);
      if (endpoint.reports[e] != 0) ++count.endpoints, count.reported_mw += weight;
      if (endpoint.controllable[e] != 0) ++count.controllable, count.controllable_mw += weight;
    }
    return counts;
  }

  template <class Each>
  void run_chunks(Each each) {
    const std::size_t n = network_.endpoint_count();
    parallel_for(tallies_.size(), threads_, 1, [&](std::size_t c, int) {
      Tally& tally = tallies_[c];
      tally.late_reports.clear();
      tally.late_commands.clear();
      tally.late_prices.clear();
      each(c * k_chunk, std::min(n, (c + 1) * k_chunk), tally);
    });
  }

  void report(std::int64_t step, std::size_t begin, std::size_t end, TransportState& state, Tally& tally) const {
    constexpr MessageClass k_class = MessageClass::telemetry;
    sender_.send({k_class, traffic_.reports, paths_.up(k_class), step}, begin, end,
                 tally.count.classes[static_cast<std::size_t>(k_class)], [&](std::uint32_t e, const Outcome& outcome) {
                   if (!outcome.delivered) return;
                   if (!within_step(static_cast<double>(outcome.latency_s), step_s_)) {
                     tally.late_reports.push_back({arrival_step(step, static_cast<double>(outcome.latency_s), step_s_),
                                                   step, e, outcome.latency_s});
                     return;
                   }
                   state.generated_step[e] = step;
                   state.latency_s[e] = outcome.latency_s;
                 });
    const EndpointArrays& endpoint = network_.endpoint();
    const double* const max_age_s = network_.controller().max_age_s.data();
    AgeBatch ages;
    for (std::size_t first = begin; first < end; first += AgeBatch::k_size) {
      const std::size_t count = std::min(AgeBatch::k_size, end - first);
      measure_ages(step, step_s_, std::span(state.generated_step).subspan(first, count),
                   std::span(state.latency_s).subspan(first, count), ages);
      for (std::size_t i = 0; i < count; ++i) {
        if (endpoint.reports[first + i] == 0) continue;
        const std::uint32_t c = endpoint.controller[first + i];
        ControllerCount& known = tally.count.controllers[c];
        known.age_sum_s += ages.age_s[i];
        if (ages.age_s[i] <= max_age_s[c]) known.observed_mw += static_cast<double>(endpoint.weight_mw[first + i]);
        known.ages.add(ages.rounded_s[i]);
      }
    }
  }

  /// A meter keeps an interval until it comes through, and sends all it keeps at once.
  void read_meters(std::int64_t step, std::size_t begin, std::size_t end, TransportState& state, Tally& tally) const {
    const MeterMemory memory = meter_memory(options_, step_s_);
    StepCount& count = tally.count;
    for (std::size_t e = begin; e < end; ++e) {
      if (!traffic_.meters.sends(static_cast<std::uint32_t>(e), step)) continue;
      ++count.meter_intervals;
      if (state.meter_waiting[e] == memory.most)
        ++count.meter_lost;
      else
        ++state.meter_waiting[e];
    }
    constexpr MessageClass k_class = MessageClass::metering;
    sender_.send({k_class, traffic_.meters, paths_.up(k_class), step}, begin, end,
                 count.classes[static_cast<std::size_t>(k_class)], [&](std::uint32_t e, const Outcome& outcome) {
                   if (!outcome.delivered) return;
                   count.meter_received += std::min(state.meter_waiting[e], memory.in_time);
                   state.meter_waiting[e] = 0;
                 });
  }

  void command(std::int64_t step, std::size_t begin, std::size_t end, std::span<const Command> commands,
               TransportState& state, Tally& tally) const {
    const EndpointArrays& endpoint = network_.endpoint();
    ClassCount& acknowledged = tally.count.classes[static_cast<std::size_t>(MessageClass::acknowledgement)];
    ClassCount& sent = tally.count.classes[static_cast<std::size_t>(MessageClass::command)];
    const auto back = paths_.up(MessageClass::acknowledgement);
    sender_.send({MessageClass::command, traffic_.commands, paths_.down(MessageClass::command), step}, begin, end, sent,
                 [&](std::uint32_t e, const Outcome& outcome) {
                   if (!outcome.delivered) return;
                   ++acknowledged.sent;
                   const double comes =
                       static_cast<double>(back[path_[e]].success) * last_hops_.hops()[endpoint.access[e]].success;
                   if (uniform_of_bits(outcome.answer_bits) < comes)
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
      if (!valid(e, step, state) || !connected(e)) continue;
      ++known.under_control;
      known.under_control_mw += static_cast<double>(endpoint.weight_mw[e]);
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
    constexpr MessageClass k_class = MessageClass::price;
    sender_.send({k_class, traffic_.prices, paths_.down(k_class), step}, begin, end,
                 tally.count.classes[static_cast<std::size_t>(k_class)], [&](std::uint32_t e, const Outcome& outcome) {
                   if (!outcome.delivered) return;
                   const std::int64_t arrives = arrival_step(step, static_cast<double>(outcome.latency_s), step_s_);
                   if (arrives > step)
                     tally.late_prices.push_back({arrives, step, e});
                   else
                     state.price_step[e] = step;
                 });
  }

  void sum_up() {
    count_ = {};
    count_.controllers.resize(network_.controller_count());
    for (const Tally& tally : tallies_) add_to_count(tally.count);
    add_to_count(of_cohorts_);
    count_.rerouted = std::exchange(rerouted_, false);
  }

  void add_to_count(const StepCount& part) {
    for (std::size_t m = 0; m < k_classes; ++m) count_.classes[m].add(part.classes[m]);
    count_.meter_intervals += part.meter_intervals;
    count_.meter_received += part.meter_received;
    count_.meter_lost += part.meter_lost;
    for (std::size_t c = 0; c < count_.controllers.size(); ++c) count_.controllers[c].add(part.controllers[c]);
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
  Sender sender_;
  Cohorts cohorts_;
  bool controlled_, rerouted_ = false;
  OfferedTraffic offered_;
  std::vector<Tally> tallies_;
  StepCount count_, of_cohorts_;
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
