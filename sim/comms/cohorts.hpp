// Cohorts: very many alike devices behind one node, of which only numbers are known, for networks of more endpoints
// than can be followed one by one. They send reports and meter readings and receive prices; they take no commands.
//
// Of the n devices that have a message in a step and are covered, Binomial(n, s) come through, with
//   s = a (1 - p^(1 + retries)),   p = 1 - (1 - p_path)(1 - p_last hop)(1 - o_path),
// and `a` the share of time in which a last hop works. The number is the quantile of one uniform draw for each cohort,
// class and step: with better communications it never falls. Losses of one device in a row are taken as independent, so
// that the number of devices by their messages lost in a row is all the memory there is; its mean is followed. Messages
// count in the step in which they are sent, and their age from the median latency.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/draws.hpp"
#include "sim/comms/last_hop.hpp"
#include "sim/comms/paths.hpp"
#include "sim/comms/traffic.hpp"
#include "sim/comms/transport.hpp"

namespace gridplus::comms {

class Cohorts {
 public:
  /// All must outlive it.
  Cohorts(const Network& network, const TransportOptions& options, const LastHops& last_hops, double step_s,
          DrawSource draws);

  [[nodiscard]] bool any() const { return network_.cohort_count() > 0; }
  /// Everybody's values of just before step 0 are known.
  void initial(TransportState& state) const;
  /// Adds what cohorts offer in `step` to what the endpoints do, which `traffic` has filled in for its classes.
  void offer(std::int64_t step, const Traffic& traffic, OfferedTraffic& offered) const;
  /// Reports and meter readings of `step` over the ways up; adds to `count`.
  void uplink(std::int64_t step, const PathTable& paths, const Surroundings& around, TransportState& state,
              StepCount& count) const;
  /// Prices of `step`.
  void downlink(std::int64_t step, const PathTable& paths, const Surroundings& around, const TransportState& state,
                StepCount& count) const;

 private:
  /// A class of messages of one cohort in one step.
  struct Sending {
    std::size_t cohort = 0;
    MessageClass message_class = MessageClass::telemetry;
    std::uint32_t interval = 1;  ///< steps
    std::uint64_t due = 0;       ///< devices that have a message
    double covered = 0.0;        ///< share of the devices
    double success = 0.0;        ///< chance that a message of a covered device comes through
    double on_time = 0.0;        ///< share of those that come through
    double latency_s = 0.0;      ///< median of the first attempt
  };
  /// What came of it, as shares of the covered devices.
  struct Came {
    double due = 0.0, delivered = 0.0;
  };

  [[nodiscard]] const ClassOptions& of(MessageClass c) const { return options_.classes[static_cast<std::size_t>(c)]; }
  [[nodiscard]] std::uint32_t interval_steps(std::size_t cohort, MessageClass c) const;
  [[nodiscard]] std::uint64_t due(std::size_t cohort, std::uint32_t interval, std::int64_t step) const;
  [[nodiscard]] std::size_t path_of(std::size_t cohort) const;
  [[nodiscard]] Sending prepare(std::size_t cohort, MessageClass c, std::int64_t step, const Path& path,
                                const Surroundings& around, const TransportState& state) const;
  /// Draws how many come through and counts them.
  Came send(const Sending& sending, std::int64_t step, ClassCount& count) const;
  void know(const Sending& sending, std::int64_t step, std::span<const double> lost, StepCount& count) const;
  void read_meters(const Sending& sending, const Came& came, std::int64_t step, std::span<double> kept,
                   StepCount& count) const;

  const Network& network_;
  const TransportOptions& options_;
  const LastHops& last_hops_;
  double step_s_;
  DrawSource draws_;
  std::uint32_t most_kept_ = 1, in_time_ = 1;  ///< intervals that a meter keeps, and those of them that count
};

}  // namespace gridplus::comms
