// Messages on their way, step by step.
//
// A step has an uplink phase, in which endpoints report, and a downlink phase, in which commands travel back; control
// lies between them. What a report or command meets is worked out per message: lost with
//   p = 1 - (1 - p_path)(1 - p_last hop)(1 - o_path)   (o: overflow of queues)
// on each of 1 + retries attempts; its latency is that of the path (medians and waits), a lognormal last hop, and the
// spacing of repeated attempts. What takes at most one step acts in the same step, anything else ceil(latency/step)
// steps later. A control loop closes inside a step only if uplink + computing + downlink <= step.
//
// Every draw is keyed by (seed, replicate, class, endpoint, step), so no other draw, thread or split of the work moves
// it: a member with better communications sees the same draws against lower thresholds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/comms/age_histogram.hpp"
#include "sim/comms/availability.hpp"
#include "sim/comms/network.hpp"
#include "sim/comms/queue.hpp"

namespace gridplus::comms {

class PathTable;

struct ClassOptions {
  double message_bit = 800.0;
  double deadline_s = 60.0;      ///< for the on-time ratio
  double interval_s = 0.0;       ///< between messages; 0: every step (telemetry: as the last hop says)
  std::int32_t retries = 0;      ///< further attempts when no acknowledgement comes
  double retry_spacing_s = 5.0;  ///< between attempts
};

struct TransportOptions {
  /// Sizes and deadlines after Kuzlu et al., Computer Networks 67 (2014), recalled: command, price, status 100 B;
  /// interval metering 1.6 to 2.4 kB within 4 h.
  PerClass<ClassOptions> classes = {
      {{800, 60, 0, 2, 5}, {400, 60, 0, 0, 5}, {800, 60, 900, 0, 5}, {800, 15, 0, 0, 5}, {16000, 14400, 900, 0, 5}}};
  double duplicate_probability = 0.0;  ///< of a delivered message; duplicates change nothing but counts
  bool synchronised = false;           ///< all endpoints report at once, in place of hashed phases
  bool prices = false;                 ///< price messages are sent
  double command_validity_s = 900.0;   ///< after its issue; then the device falls back
  double price_validity_s = 86400.0;   ///< after the last step it is for; then the device knows no price
  double meter_memory_h = 24.0;        ///< how far back a meter keeps intervals it could not send
  double settlement_cutoff_h = 24.0;   ///< intervals that come later do not count
};

/// A set point on its way to a device. Like all that a state holds, without padding: states are compared as bytes.
struct Command {
  double value = 0.0;
  std::int64_t on = 0;                        ///< 1: the device shall run; 0: it shall not; -1: it is not planned with
  static constexpr std::int64_t k_power = 2;  ///< of a consumer: `value` is its power, else the share of its demand
  static constexpr std::int64_t k_void = -2;  ///< the message carries no set point: the device keeps the one before
};

/// The command a device holds.
struct HeldCommand {
  Command command;
  std::int64_t issued_step = k_never;
  static constexpr std::int64_t k_never = std::numeric_limits<std::int64_t>::min() / 2;
};

struct LateReport {
  std::int64_t arrives = 0, generated = 0;
  std::uint32_t endpoint = 0;
  float latency_s = 0.0F;
};
struct LateCommand {
  std::int64_t arrives = 0, issued = 0;
  Command command;
  std::uint64_t endpoint = 0;
};

struct LatePrice {
  std::int64_t arrives = 0, sent = 0;
  std::uint64_t endpoint = 0;
};

/// All that changes: a value; a copy is a checkpoint.
struct TransportState {
  AvailabilityState availability;
  Backlogs backlog_bit;
  std::vector<std::int64_t> generated_step;  ///< of the last report received, per endpoint
  std::vector<float> latency_s;              ///< of that report
  std::vector<std::int64_t> toggle_step;     ///< when the last hop fails or returns next
  std::vector<std::uint8_t> hop_up;
  std::vector<std::uint32_t> meter_waiting;  ///< intervals that a meter has not yet sent
  std::vector<std::int64_t> price_step;      ///< in which the last price message received was sent
  std::vector<HeldCommand> held;
  std::vector<LateReport> late_reports;
  std::vector<LateCommand> late_commands;
  std::vector<LatePrice> late_prices;
  std::vector<double> cohort_lost;  ///< [cohort][reports lost in a row]: covered devices
  std::vector<double> cohort_kept;  ///< [cohort][intervals kept]: covered meters
};

/// Calls `visit` for each part of a state, to write it or to read it back. All parts are trivially copyable or vectors
/// of such.
template <class Visitor, class State>
void visit_parts(Visitor& visit, State& s) {
  visit(s.availability.process_up);
  visit(s.availability.battery_left_h);
  visit(s.availability.dark_h);
  visit(s.availability.node_up);
  visit(s.availability.link_up);
  visit(s.backlog_bit);
  visit(s.generated_step);
  visit(s.latency_s);
  visit(s.toggle_step);
  visit(s.hop_up);
  visit(s.meter_waiting);
  visit(s.price_step);
  visit(s.held);
  visit(s.late_reports);
  visit(s.late_commands);
  visit(s.late_prices);
  visit(s.cohort_lost);
  visit(s.cohort_kept);
}

/// What became of the messages of a class in a step.
struct ClassCount {
  std::uint64_t sent = 0, delivered = 0, on_time = 0, duplicates = 0;
  void add(const ClassCount& o) {
    sent += o.sent, delivered += o.delivered, on_time += o.on_time, duplicates += o.duplicates;
  }
};

/// What a controller knows in a step, over the endpoints that report to it.
struct ControllerCount {
  std::uint64_t endpoints = 0;  ///< that report, devices of cohorts among them
  double age_sum_s = 0.0;
  double observed_mw = 0.0, reported_mw = 0.0;  ///< weight with an age up to max_age_s, and all
  std::uint64_t controllable = 0, under_control = 0;
  double controllable_mw = 0.0, under_control_mw = 0.0;
  AgeHistogram ages;
  void add(const ControllerCount& o);
};

struct StepCount {
  PerClass<ClassCount> classes{};
  std::uint64_t meter_intervals = 0, meter_received = 0, meter_lost = 0;  ///< due, received in time, given up
  std::vector<ControllerCount> controllers;
  bool rerouted = false;
};

class Transport {
 public:
  /// `network` must outlive it. `step_s` > 0. Results do not depend on `threads`.
  Transport(const Network& network, const TransportOptions& options, double step_s, std::uint64_t seed,
            std::uint32_t replicate, int threads);
  ~Transport();
  Transport(Transport&&) noexcept;

  /// Before step 0: everybody's values of just before are known, no command was given.
  [[nodiscard]] TransportState initial() const;

  /// Failures and repairs of step `step`. Once a step, first.
  void advance(std::int64_t step, TransportState& state);
  /// Works out nodes, links, routes and who is covered and has power under `around`. May be called again in a step when
  /// `around` has changed.
  void settle(std::int64_t step, const Surroundings& around, TransportState& state);
  /// Reports and meter readings of the step, after settle(). Starts the step's counts.
  void uplink(std::int64_t step, const Surroundings& around, TransportState& state);
  /// Commands of the step, one for each endpoint (of those that are controllable), and prices. Ends the step.
  void downlink(std::int64_t step, std::span<const Command> commands, const Surroundings& around,
                TransportState& state);

  /// Whether endpoint `e` sends a report in `step`.
  [[nodiscard]] bool reports(std::uint32_t e, std::int64_t step) const;
  /// Whether endpoint `e` and its controller can exchange messages, as settle() found last (path up, last hop up,
  /// powered, covered).
  [[nodiscard]] bool connected(std::uint32_t e) const;
  /// Age of what the controller knows of `e`, s, when it decides in `step`.
  [[nodiscard]] double age_s(std::uint32_t e, std::int64_t step, const TransportState& state) const;
  /// Whether the command that `e` holds may still be followed in `step`.
  [[nodiscard]] bool valid(std::uint32_t e, std::int64_t step, const TransportState& state) const;

  [[nodiscard]] const StepCount& count() const;
  [[nodiscard]] const PathTable& paths() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The last step whose price a message sent in `sent_step` carries: prices until the next message is due.
[[nodiscard]] std::int64_t last_priced_step(std::int64_t sent_step, const TransportOptions& options, double step_s);

/// ceil(latency/step) steps later, or in the same step where it takes no longer than one.
[[nodiscard]] std::int64_t arrival_step(std::int64_t sent_step, double latency_s, double step_s);

}  // namespace gridplus::comms
