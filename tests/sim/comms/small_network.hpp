// A network in a few lines: one controller, one station with one link to it, endpoints at the station.
#pragma once

#include <fmt/format.h>

#include "sim/comms/network.hpp"
#include "sim/comms/transport.hpp"

namespace gridplus::comms::test {

inline NodeSpec node(std::string name, NodeKind kind) {
  NodeSpec spec;
  spec.name = std::move(name);
  spec.kind = kind;
  spec.battery_h = k_never_h;
  return spec;
}

/// Zero latency, no loss, never fails.
inline LinkParameters ideal() {
  LinkParameters p;
  p.latency_ms = 0.0;
  p.latency_sigma = 0.0;
  p.capacity_mbit_per_s = std::numeric_limits<double>::infinity();
  return p;
}

inline LinkSpec link(std::string name, std::string from, std::string to, LinkParameters parameters = ideal()) {
  LinkSpec spec;
  spec.name = std::move(name);
  spec.from = std::move(from);
  spec.to = std::move(to);
  spec.parameters = parameters;
  return spec;
}

inline EndpointSpec endpoint(std::string name, std::string parent, std::uint32_t access = 0) {
  EndpointSpec spec;
  spec.name = std::move(name);
  spec.parent = std::move(parent);
  spec.controller = "centre";
  spec.access = access;
  spec.weight_mw = 1.0F;
  return spec;
}

/// `count` endpoints with that last hop; those from the middle on use `second` where it is given.
inline NetworkBuilder star(std::size_t count, const LinkParameters& hop, const LinkParameters* second = nullptr) {
  NetworkBuilder builder;
  builder.add(node("centre", NodeKind::controller));
  builder.add(node("station", NodeKind::base_station));
  builder.add(link("backhaul", "centre", "station"));
  builder.add_access(hop);
  if (second != nullptr) builder.add_access(*second);
  for (std::size_t e = 0; e < count; ++e)
    builder.add(endpoint(fmt::format("e{}", e), "station", second != nullptr && 2 * e >= count ? 1 : 0));
  return builder;
}

/// The same with one cohort of that many devices in place of endpoints.
inline NetworkBuilder crowd(std::uint64_t devices, const LinkParameters& hop, double coverage = 1.0) {
  NetworkBuilder builder = star(0, hop);
  builder.add_coverage({"all", {0}, {coverage}, false});
  CohortSpec cohort;
  cohort.name = "crowd";
  cohort.parent = "station";
  cohort.controller = "centre";
  cohort.devices = devices;
  cohort.weight_mw = static_cast<float>(devices);
  cohort.metered = true;
  cohort.coverage = 0;
  builder.add(std::move(cohort));
  return builder;
}

inline Network built(const NetworkBuilder& builder) {
  Diagnostics problems;
  Network network = builder.build(problems).network;
  problems.throw_if_any();
  return network;
}

inline ClassOptions& options_of(TransportOptions& options, MessageClass c) {
  return options.classes[static_cast<std::size_t>(c)];
}

/// One step without commands.
inline const StepCount& run(Transport& transport, TransportState& state, std::int64_t step,
                            const Surroundings& around = {}) {
  transport.advance(step, state);
  transport.settle(step, around, state);
  transport.uplink(step, around, state);
  transport.downlink(step, {}, around, state);
  return transport.count();
}

}  // namespace gridplus::comms::test
