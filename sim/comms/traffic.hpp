// The traffic that the endpoints of a network make, class by class, and the queue of what arrives in a later step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/emission.hpp"
#include "sim/comms/last_hop.hpp"
#include "sim/comms/paths.hpp"
#include "sim/comms/transport.hpp"

namespace gridplus::comms {

[[nodiscard]] std::uint32_t to_steps(double interval_s, double step_s);
/// Time between telemetry reports over a last hop, s: that of the class, or the last hop's own.
[[nodiscard]] double report_interval_s(const TransportOptions& options, const LinkParameters& access);
/// Attempts that a message takes in the mean, at most 1 + `retries`, where each comes through with chance `success`.
[[nodiscard]] double mean_attempts(double success, std::int32_t retries);

/// Intervals that a meter keeps, and those of them that come in time for the settlement; at least 1 each.
struct MeterMemory {
  std::uint32_t most = 1, in_time = 1;
};
[[nodiscard]] MeterMemory meter_memory(const TransportOptions& options, double step_s);

/// Who sends when. `path`: per endpoint, controller * nodes + parent.
struct Traffic {
  Emission reports, meters, commands, prices;

  Traffic(const Network& network, const TransportOptions& options, std::span<const Hop> hops,
          const std::vector<std::uint32_t>& path, double step_s, DrawSource draws);
  /// Sets `offered` to what is offered in `step`.
  void offer(std::int64_t step, const TransportOptions& options, OfferedTraffic& offered) const;
};

/// Takes what arrives in `step` off the queue; a newer report, command or price that is there already stays.
void deliver_late_reports(std::int64_t step, TransportState& state);
void deliver_late_commands(std::int64_t step, TransportState& state);
void deliver_late_prices(std::int64_t step, TransportState& state);

}  // namespace gridplus::comms
