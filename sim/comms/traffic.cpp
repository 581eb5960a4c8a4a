#include "sim/comms/traffic.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus::comms {

std::uint32_t to_steps(double interval_s, double step_s) {
  return static_cast<std::uint32_t>(std::clamp(std::round(interval_s / step_s), 1.0, 1e6));
}

double report_interval_s(const TransportOptions& options, const LinkParameters& access) {
  const double own_s = options.classes[static_cast<std::size_t>(MessageClass::telemetry)].interval_s;
  return own_s > 0.0 ? own_s : access.report_interval_s;
}

double mean_attempts(double success, std::int32_t retries) {
  const double p = 1.0 - success;
  return p < 1.0 ? (1.0 - std::pow(p, retries + 1)) / (1.0 - p) : 1.0 + retries;
}

MeterMemory meter_memory(const TransportOptions& options, double step_s) {
  const double own_s = options.classes[static_cast<std::size_t>(MessageClass::metering)].interval_s;
  const double interval_s = step_s * to_steps(own_s, step_s);
  const auto intervals = [&](double hours) {
    return static_cast<std::uint32_t>(std::max(1.0, hours * 3600.0 / interval_s));
  };
  return {intervals(options.meter_memory_h), intervals(options.settlement_cutoff_h)};
}

Traffic::Traffic(const Network& network, const TransportOptions& options, std::span<const Hop> hops,
                 const std::vector<std::uint32_t>& path, double step_s, DrawSource draws) {
  const EndpointArrays& endpoint = network.endpoint();
  const std::size_t n = network.endpoint_count(), paths = network.controller_count() * network.node_count();
  const auto of = [&](MessageClass c) -> const ClassOptions& { return options.classes[static_cast<std::size_t>(c)]; };
  std::vector<std::uint32_t> phase(n, 0);
  for (std::size_t e = 0; e < n && !options.synchronised; ++e) {
    RandomKey own = draws.key(0, Draw::phase);
    own.entity = static_cast<std::uint32_t>(e);
    phase[e] = static_cast<std::uint32_t>(uniform(own) * 4294967296.0);
  }
  const auto make = [&](MessageClass c, auto interval_s) {
    std::vector<std::uint32_t> interval(n, 0);
    std::vector<double> weight(n, 1.0);
    for (std::size_t e = 0; e < n; ++e) {
      const double s = interval_s(e);
      if (s >= 0.0) interval[e] = to_steps(s, step_s);
      weight[e] = mean_attempts(hops[endpoint.access[e]].success, of(c).retries);
    }
    return Emission(std::move(interval), phase, path, weight, paths);
  };
  const auto interval_of = [&](MessageClass c, const std::vector<std::uint8_t>& takes_part) {
    return make(c, [&, c](std::size_t e) { return takes_part[e] != 0 ? of(c).interval_s : -1.0; });
  };
  reports = make(MessageClass::telemetry, [&](std::size_t e) {
    return endpoint.reports[e] == 0 ? -1.0 : report_interval_s(options, network.access()[endpoint.access[e]]);
  });
  meters = interval_of(MessageClass::metering, endpoint.metered);
  commands = interval_of(MessageClass::command, endpoint.controllable);
  if (options.prices) prices = interval_of(MessageClass::price, std::vector<std::uint8_t>(n, 1));
}

void Traffic::offer(std::int64_t step, const TransportOptions& options, OfferedTraffic& offered) const {
  const auto fill = [&](const Emission& emission, MessageClass c, PerClass<std::vector<double>>& bits) {
    const auto m = static_cast<std::size_t>(c);
    if (emission.used()) emission.offered(step, options.classes[m].message_bit, bits[m]);
  };
  fill(reports, MessageClass::telemetry, offered.up_bit);
  fill(meters, MessageClass::metering, offered.up_bit);
  fill(commands, MessageClass::acknowledgement, offered.up_bit);
  fill(commands, MessageClass::command, offered.down_bit);
  fill(prices, MessageClass::price, offered.down_bit);
}

namespace {

/// Hands to `take` what arrives in `step`, or was to before, and keeps the rest.
template <class Late, class Take>
void deliver(std::int64_t step, std::vector<Late>& late, Take take) {
  std::erase_if(late, [&](const Late& message) {
    if (message.arrives > step) return false;
    take(message);
    return true;
  });
}

}  // namespace

void deliver_late_reports(std::int64_t step, TransportState& state) {
  deliver(step, state.late_reports, [&](const LateReport& late) {
    if (late.generated <= state.generated_step[late.endpoint]) return;
    state.generated_step[late.endpoint] = late.generated;
    state.latency_s[late.endpoint] = late.latency_s;
  });
}

void deliver_late_commands(std::int64_t step, TransportState& state) {
  deliver(step, state.late_commands, [&](const LateCommand& late) {
    if (late.issued > state.held[late.endpoint].issued_step) state.held[late.endpoint] = {late.command, late.issued};
  });
}

void deliver_late_prices(std::int64_t step, TransportState& state) {
  deliver(step, state.late_prices, [&](const LatePrice& late) {
    std::int64_t& known = state.price_step[late.endpoint];
    known = std::max(known, late.sent);
  });
}

}  // namespace gridplus::comms
