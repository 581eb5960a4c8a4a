// Headline figures of the communication layer: time of an endpoint and step, of finding ways anew, and of a day of a
// million endpoints.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "sim/comms/routing.hpp"
#include "sim/comms/transport.hpp"

namespace {

using namespace gridplus;
using namespace gridplus::comms;

/// Three controllers at a ring of 20 exchanges, 1,000 base stations on it, one half with two links: 1,520 links.
NetworkBuilder::Result make_network(std::size_t endpoints) {
  constexpr std::size_t k_exchanges = 20, k_stations = 1000;
  NetworkBuilder builder;
  for (std::size_t c = 0; c < 3; ++c) {
    NodeSpec node;
    node.name = fmt::format("controller_{}", c);
    node.kind = NodeKind::controller;
    node.battery_h = k_never_h;
    builder.add(node);
  }
  const auto join = [&](const std::string& from, const std::string& to, Technology technology) {
    LinkSpec link;
    link.name = from + "-" + to;
    link.from = from;
    link.to = to;
    link.parameters = info(technology).parameters;
    link.parameters.mtbf_h = 2000.0;
    builder.add(link);
  };
  const auto exchange = [](std::size_t i) { return fmt::format("exchange_{}", i % k_exchanges); };
  for (std::size_t i = 0; i < k_exchanges; ++i) {
    NodeSpec node;
    node.name = exchange(i);
    node.kind = NodeKind::exchange;
    node.battery_h = 8.0;
    builder.add(node);
  }
  for (std::size_t i = 0; i < k_exchanges; ++i) join(exchange(i), exchange(i + 1), Technology::fibre);
  for (std::size_t c = 0; c < 3; ++c) join(fmt::format("controller_{}", c), exchange(7 * c), Technology::fibre);
  for (std::size_t i = 0; i < k_stations; ++i) {
    NodeSpec node;
    node.name = fmt::format("station_{}", i);
    node.kind = NodeKind::base_station;
    node.battery_h = 4.0;
    node.mtbf_h = 2000.0;
    builder.add(node);
    join(node.name, exchange(i), Technology::fibre);
    if (i % 2 == 0) join(node.name, exchange(i + 3), Technology::fibre);
  }
  LinkParameters last_hop = info(Technology::lte).parameters;
  last_hop.mtbf_h = k_never_h;  // stations fail, not the last hops
  const std::uint32_t access = builder.add_access(last_hop);
  for (std::size_t e = 0; e < endpoints; ++e) {
    EndpointSpec spec;
    spec.name = fmt::format("e{}", e);
    spec.parent = fmt::format("station_{}", e % k_stations);
    spec.controller = fmt::format("controller_{}", e % 3);
    spec.access = access;
    spec.weight_mw = 0.01F;
    builder.add(spec);
  }
  Diagnostics problems;
  NetworkBuilder::Result result = builder.build(problems);
  problems.throw_if_any();
  return result;
}

void run_steps(Transport& transport, TransportState& state, std::int64_t& step) {
  transport.advance(step, state);
  transport.settle(step, {}, state);
  transport.uplink(step, {}, state);
  transport.downlink(step, {}, {}, state);
  ++step;
}

void endpoint_step(benchmark::State& bench) {
  static const NetworkBuilder::Result built = make_network(100'000);
  TransportOptions options;
  options.classes[static_cast<std::size_t>(MessageClass::telemetry)].interval_s = 900.0;
  Transport transport(built.network, options, 900.0, 1, 0, static_cast<int>(bench.range(0)));
  TransportState state = transport.initial();
  std::int64_t step = 0;
  for (auto _ : bench) run_steps(transport, state, step);
  bench.counters["links"] = static_cast<double>(built.network.link_count());
  bench.counters["per_endpoint"] =
      benchmark::Counter(100'000, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(endpoint_step)->Arg(1)->Arg(2)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

const Network& small_network() {
  static const NetworkBuilder::Result built = make_network(3'000);
  return built.network;
}

void reroute(benchmark::State& bench) {
  const Network& network = small_network();
  Router router(network);
  std::vector<std::uint8_t> links(network.link_count(), 1), nodes(network.node_count(), 1);
  std::size_t k = 0;
  for (auto _ : bench) {
    links[(k++ / 2) % links.size()] ^= 1;  // a link fails, and returns in the next turn
    router.find(links, nodes);
  }
  bench.counters["per_controller"] =
      benchmark::Counter(3, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(reroute)->Unit(benchmark::kMicrosecond);

void first_ways(benchmark::State& bench) {
  const Network& network = small_network();
  const std::vector<std::uint8_t> links(network.link_count(), 1), nodes(network.node_count(), 1);
  for (auto _ : bench) {
    Router router(network);
    benchmark::DoNotOptimize(router.find(links, nodes));
  }
}
BENCHMARK(first_ways)->Unit(benchmark::kMicrosecond);

void day_of_a_million(benchmark::State& bench) {
  static const NetworkBuilder::Result built = make_network(1'000'000);
  TransportOptions options;
  options.classes[static_cast<std::size_t>(MessageClass::telemetry)].interval_s = 900.0;
  for (auto _ : bench) {
    Transport transport(built.network, options, 900.0, 1, 0, 2);
    TransportState state = transport.initial();
    for (std::int64_t step = 0; step < 96;) run_steps(transport, state, step);
  }
}
BENCHMARK(day_of_a_million)->UseRealTime()->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
