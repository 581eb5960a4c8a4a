#include "sim/comms/transport.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/comms/emission.hpp"
#include "sim/core/parallel.hpp"
#include "sim/core/random.hpp"

namespace gridplus::comms {

namespace {

/// What a draw is for, beside the class of a message; part of its key.
enum class Draw : std::uint32_t { process = 100, initial_process, hop_initial, hop_time, phase, coverage };

constexpr std::size_t k_chunk = 4096;  ///< endpoints whose counts are summed apart; no part of it may follow threads
constexpr std::size_t k_batch = 128;   ///< messages whose draws are made together

/// A last hop, ready for use.
struct Hop {
  double log_latency_s = 0.0, sigma = 0.0, max_s = 0.0, success = 1.0;
  PerClass<double> sending_s{};  ///< message size over capacity
  TwoState process;
  double backup_h = 0.0;
};

struct Outcome {
  bool delivered = false;
  float latency_s = 0.0F;
};

Outcome travel(const Path& path, const Hop& hop, const ClassOptions& options, std::size_t message_class,
               const std::array<double, 4>& draw) {
  const double fails = 1.0 - static_cast<double>(path.success) * hop.success;
  std::int32_t failed = 0;
  for (double threshold = fails; failed <= options.retries && draw[0] < threshold; threshold *= fails) ++failed;
  if (failed > options.retries) return {};
  double latency_s = hop.max_s;
  if (hop.log_latency_s > -1e300) {
    const double z = hop.sigma > 0.0 ? hop.sigma * quick_normal_quantile(draw[1]) : 0.0;
    latency_s = std::min(hop.max_s, static_cast<double>(std::exp(static_cast<float>(hop.log_latency_s + z))));
  }
  latency_s += static_cast<double>(path.latency_s) + hop.sending_s[message_class] + failed * options.retry_spacing_s;
  return {true, static_cast<float>(latency_s)};
}

std::uint32_t to_steps(double interval_s, double step_s) {
  return static_cast<std::uint32_t>(std::clamp(std::round(interval_s / step_s), 1.0, 1e6));
}

/// How many steps a state lasts that ends with probability `p` in each.
std::int64_t geometric(double p, double draw) {
  if (p >= 1.0) return 1;
  return 1 + static_cast<std::int64_t>(std::min(1e15, std::floor(std::log(draw) / std::log1p(-p))));
}

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
        seed_(seed),
        replicate_(replicate),
        threads_(threads),
        availability_(network, step_s / 3600.0),
        paths_(network, step_s, sizes(options)) {
    make_hops();
    make_emissions();
    const std::size_t chunks = (network.endpoint_count() + k_chunk - 1) / k_chunk;
    tallies_.resize(chunks);
  }

  [[nodiscard]] TransportState initial() const {
    TransportState state;
    const std::size_t n = network_.endpoint_count();
    state.availability = availability_.initial(key(0, Draw::initial_process));
    state.backlog_bit.resize(2 * network_.link_count());
    state.generated_step.assign(n, -1);
    state.latency_s.assign(n, 0.0F);
    state.toggle_step.assign(n, std::numeric_limits<std::int64_t>::max());
    state.hop_up.assign(n, 1);
    state.meter_waiting.assign(meters_.used() ? n : 0, 0);
    state.price_step.assign(prices_.used() ? n : 0, -1);
    state.held.assign(controlled_ ? n : 0, {});
    for (std::size_t e = 0; e < n; ++e) {
      const TwoState& process = hops_[network_.endpoint().access[e]].process;
      if (process.fails == 0.0) continue;
      RandomKey own = key(0, Draw::hop_initial);
      own.entity = static_cast<std::uint32_t>(e);
      state.hop_up[e] = uniform(own, static_cast<std::uint32_t>(Draw::hop_initial)) < process.available ? 1 : 0;
      state.toggle_step[e] = next_toggle(e, 0, state) - 1;
    }
    return state;
  }

  void advance(std::int64_t step, TransportState& state) {
    availability_.advance(key(step, Draw::process), state.availability);
    if (!hops_fail_) return;
    for (std::size_t e = 0; e < state.hop_up.size(); ++e) {
      if (state.toggle_step[e] > step) continue;
      state.hop_up[e] ^= 1;
      state.toggle_step[e] = next_toggle(e, step, state);
    }
  }

  void settle(std::int64_t step, const Surroundings& around, TransportState& state) {
    availability_.settle(around, state.availability);
    rerouted_ = paths_.route(state.availability) || rerouted_;
    cover(step, around, state);
  }

  void uplink(std::int64_t step, const Surroundings& around, TransportState& state) {
    offer(step);
    paths_.load(offered_, around, state.backlog_bit);
    deliver_late(step, state);
    run_chunks([&](std::size_t begin, std::size_t end, Tally& tally) {
      report(step, begin, end, state, tally);
      if (meters_.used()) read_meters(step, begin, end, state, tally);
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
          if (prices_.used()) price(step, begin, end, state, tally);
        },
        false);
    for (const Tally& tally : tallies_)
      state.late_commands.insert(state.late_commands.end(), tally.late_commands.begin(), tally.late_commands.end());
    availability_.run_batteries(around, state.availability);
    sum_up();
  }

  [[nodiscard]] bool connected(std::size_t e) const {
    const std::size_t nodes = network_.node_count();
    const Routes& way = paths_.routes()[path_[e] / nodes];
    return way.reaches[path_[e] % nodes] != 0 && alive(e);
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
  [[nodiscard]] const ClassOptions& of(MessageClass c) const { return options_.classes[static_cast<std::size_t>(c)]; }

  [[nodiscard]] RandomKey key(std::int64_t step, Draw draw) const {
    // Processes and endpoints number their entities alike; a shift of the step's high bits keeps them apart.
    const auto high = static_cast<std::uint64_t>(draw) << 48U;
    return {seed_, replicate_, RandomStream::communication, 0, high | static_cast<std::uint64_t>(step)};
  }

  void make_hops() {
    for (const LinkParameters& p : network_.access()) {
      Hop hop;
      hop.log_latency_s = p.latency_ms > 0.0 ? std::log(1e-3 * p.latency_ms) : -std::numeric_limits<double>::infinity();
      hop.sigma = p.latency_sigma;
      hop.max_s = p.latency_ms > 0.0 ? 1e-3 * p.latency_max_ms : 0.0;
      hop.success = 1.0 - p.loss;
      for (std::size_t m = 0; m < k_classes; ++m)
        hop.sending_s[m] = options_.classes[m].message_bit / (1e6 * p.capacity_mbit_per_s);
      hop.process = two_state(p.mtbf_h, p.mttr_h, step_s_ / 3600.0);
      hop.backup_h = p.backup_h;
      hops_fail_ = hops_fail_ || hop.process.fails > 0.0;
      hops_.push_back(hop);
    }
  }

  void make_emissions() {
    const EndpointArrays& endpoint = network_.endpoint();
    const std::size_t n = network_.endpoint_count(), paths = network_.controller_count() * network_.node_count();
    std::vector<std::uint32_t> phase(n, 0);
    path_.resize(n);
    quantile_.resize(n);
    for (std::size_t e = 0; e < n; ++e) {
      path_[e] = static_cast<std::uint32_t>(endpoint.controller[e] * network_.node_count() + endpoint.parent[e]);
      RandomKey own = key(0, Draw::phase);
      own.entity = static_cast<std::uint32_t>(e);
      if (!options_.synchronised) phase[e] = static_cast<std::uint32_t>(uniform(own) * 4294967296.0);
      quantile_[e] = static_cast<float>(uniform(own, static_cast<std::uint32_t>(Draw::coverage)));
    }
    const auto make = [&](MessageClass c, auto interval_s) {
      std::vector<std::uint32_t> interval(n, 0);
      std::vector<double> weight(n, 1.0);
      for (std::size_t e = 0; e < n; ++e) {
        const double s = interval_s(e);
        if (s >= 0.0) interval[e] = to_steps(s, step_s_);
        const double p = 1.0 - hops_[endpoint.access[e]].success;
        if (p < 1.0) weight[e] = (1.0 - std::pow(p, of(c).retries + 1)) / (1.0 - p);
      }
      return Emission(std::move(interval), phase, path_, weight, paths);
    };
    const auto interval_of = [&](MessageClass c, const std::vector<std::uint8_t>& takes_part) {
      return make(c, [&, c](std::size_t e) { return takes_part[e] != 0 ? of(c).interval_s : -1.0; });
    };
    reports_ = make(MessageClass::telemetry, [&](std::size_t e) {
      if (endpoint.reports[e] == 0) return -1.0;
      const double own_s = of(MessageClass::telemetry).interval_s;
      return own_s > 0.0 ? own_s : network_.access()[endpoint.access[e]].report_interval_s;
    });
    meters_ = interval_of(MessageClass::metering, endpoint.metered);
    commands_ = interval_of(MessageClass::command, endpoint.controllable);
    controlled_ = commands_.used();
    if (options_.prices) prices_ = interval_of(MessageClass::price, std::vector<std::uint8_t>(n, 1));
  }

  /// The step at which the last hop of `e` changes, drawn when it last did.
  [[nodiscard]] std::int64_t next_toggle(std::size_t e, std::int64_t step, const TransportState& state) const {
    const TwoState& process = hops_[network_.endpoint().access[e]].process;
    RandomKey own = key(step, Draw::hop_time);
    own.entity = static_cast<std::uint32_t>(e);
    return step + geometric(state.hop_up[e] != 0 ? process.fails : process.returns, uniform(own));
  }

  void offer(std::int64_t step) {
    const auto fill = [&](const Emission& emission, MessageClass c, PerClass<std::vector<double>>& bits) {
      if (emission.used()) emission.offered(step, of(c).message_bit, bits[static_cast<std::size_t>(c)]);
    };
    fill(reports_, MessageClass::telemetry, offered_.up_bit);
    fill(meters_, MessageClass::metering, offered_.up_bit);
    fill(commands_, MessageClass::acknowledgement, offered_.up_bit);
    fill(commands_, MessageClass::command, offered_.down_bit);
    fill(prices_, MessageClass::price, offered_.down_bit);
  }

  /// Notes which endpoints are covered and have power, where that is not all.
  void cover(std::int64_t step, const Surroundings& around, const TransportState& state) {
    const EndpointArrays& endpoint = network_.endpoint();
    covered_share_.clear();
    for (const CoverageTimeline& timeline : network_.coverage())
      covered_share_.push_back(static_cast<float>(timeline.at(step)));
    const bool dark =
        std::any_of(around.bus_energised.begin(), around.bus_energised.end(), [](auto v) { return v == 0; });
    all_alive_ = covered_share_.empty() && !dark && !hops_fail_;
    if (all_alive_) return;
    alive_.resize(network_.endpoint_count());
    parallel_for(alive_.size(), threads_, k_chunk, [&](std::size_t e, int) {
      const std::uint32_t rule = endpoint.coverage[e], bus = endpoint.bus[e];
      bool alive = state.hop_up[e] != 0 && (rule == k_no_index || quantile_[e] < covered_share_[rule]);
      if (bus < around.bus_energised.size() && around.bus_energised[bus] == 0)
        alive = alive && state.availability.dark_h[bus] + 0.5 * step_s_ / 3600.0 <= hops_[endpoint.access[e]].backup_h;
      alive_[e] = alive ? 1 : 0;
    });
  }
  [[nodiscard]] bool alive(std::size_t e) const { return all_alive_ || alive_[e] != 0; }

  void deliver_late(std::int64_t step, TransportState& state) const {
    std::erase_if(state.late_reports, [&](const LateReport& late) {
      if (late.arrives > step) return false;
      if (late.generated > state.generated_step[late.endpoint]) {
        state.generated_step[late.endpoint] = late.generated;
        state.latency_s[late.endpoint] = late.latency_s;
      }
      return true;
    });
  }
  static void deliver_late_commands(std::int64_t step, TransportState& state) {
    std::erase_if(state.late_commands, [&](const LateCommand& late) {
      if (late.arrives > step) return false;
      if (late.issued > state.held[late.endpoint].issued_step) state.held[late.endpoint] = {late.command, late.issued};
      return true;
    });
  }

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
    const RandomKey key{seed_, replicate_, RandomStream::communication, 0, static_cast<std::uint64_t>(step)};
    const std::uint32_t* const access = network_.endpoint().access.data();
    std::array<std::uint32_t, k_batch> sender;
    std::array<std::array<double, 4>, k_batch> draw;
    for (std::size_t e = begin; e < end;) {
      std::size_t senders = 0;
      for (; e < end && senders < k_batch; ++e) {
        if (!emission.sends(static_cast<std::uint32_t>(e), step)) continue;
        ++count.sent;
        if (paths[path_[e]].success > 0.0F && alive(e)) sender[senders++] = static_cast<std::uint32_t>(e);
      }
      uniforms(key, static_cast<std::uint32_t>(m), std::span(sender).first(senders), std::span(draw).first(senders));
      for (std::size_t i = 0; i < senders; ++i) {
        const std::uint32_t s = sender[i];
        const Outcome outcome = travel(paths[path_[s]], hops_[access[s]], options, m, draw[i]);
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
    send(reports_, MessageClass::telemetry, paths_.up(MessageClass::telemetry), step, begin, end,
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
      if (!meters_.sends(static_cast<std::uint32_t>(e), step)) continue;
      ++count.meter_intervals;
      if (state.meter_waiting[e] == most)
        ++count.meter_lost;
      else
        ++state.meter_waiting[e];
    }
    send(meters_, MessageClass::metering, paths_.up(MessageClass::metering), step, begin, end,
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
    send(commands_, MessageClass::command, paths_.down(MessageClass::command), step, begin, end, sent,
         [&](std::uint32_t e, const Outcome& outcome, const auto& draw) {
           if (!outcome.delivered) return;
           ++acknowledged.sent;
           const double comes = static_cast<double>(back[path_[e]].success) * hops_[endpoint.access[e]].success;
           if (draw[2] < comes)
             ++acknowledged.delivered, ++acknowledged.on_time;
           else if (of(MessageClass::command).retries > 0)
             ++sent.duplicates;  // the controller sends again what had arrived
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
    send(prices_, MessageClass::price, paths_.down(MessageClass::price), step, begin, end,
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
  std::uint64_t seed_;
  std::uint32_t replicate_;
  int threads_;
  Availability availability_;
  PathTable paths_;
  std::vector<Hop> hops_;
  Emission reports_, meters_, commands_, prices_;
  bool controlled_ = false, hops_fail_ = false, all_alive_ = true, rerouted_ = false;
  std::vector<std::uint32_t> path_;   ///< per endpoint: controller * nodes + parent
  std::vector<float> quantile_;       ///< per endpoint: covered where below the covered share
  std::vector<float> covered_share_;  ///< per coverage timeline, in this step
  std::vector<std::uint8_t> alive_;
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
