#include "sim/comms/transport.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/comms/paths.hpp"
#include "tests/sim/comms/small_network.hpp"

namespace gridplus::comms {
namespace {

using test::ideal;
using test::options_of;

constexpr double k_step_s = 900.0;

LinkParameters lossy(double loss) {
  LinkParameters p = ideal();
  p.loss = loss;
  p.report_interval_s = k_step_s;
  return p;
}

const ClassCount& of(const StepCount& count, MessageClass c) {
  return count.classes[static_cast<std::size_t>(c)];
}

TEST(Transport, IdealNetworkDeliversEverythingAtOnce) {
  const Network network = test::built(test::star(100, lossy(0.0)));
  Transport transport(network, {}, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  for (std::int64_t step = 0; step < 10; ++step) {
    const StepCount& count = test::run(transport, state, step);
    EXPECT_EQ(of(count, MessageClass::telemetry).delivered, 100U);
    EXPECT_EQ(count.controllers[0].age_sum_s, 0.0);
    EXPECT_EQ(count.controllers[0].observed_mw, 100.0);
  }
}

TEST(Transport, DeliveredShareIsOneLessLoss) {
  const Network network = test::built(test::star(20000, lossy(0.1)));
  Transport transport(network, {}, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  ClassCount sum;
  for (std::int64_t step = 0; step < 20; ++step)
    sum.add(of(test::run(transport, state, step), MessageClass::telemetry));
  const double share = static_cast<double>(sum.delivered) / static_cast<double>(sum.sent);
  EXPECT_EQ(sum.sent, 400000U);
  EXPECT_NEAR(share, 0.9, 3.0 * std::sqrt(0.1 * 0.9 / 400000.0));
}

TEST(Transport, RetriesLoseOnlyWhatEveryAttemptLoses) {
  TransportOptions options;
  options_of(options, MessageClass::telemetry).retries = 2;
  const Network network = test::built(test::star(50000, lossy(0.3)));
  Transport transport(network, options, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  const ClassCount count = of(test::run(transport, state, 0), MessageClass::telemetry);
  EXPECT_NEAR(static_cast<double>(count.delivered) / 50000.0, 1.0 - 0.027, 3.0 * std::sqrt(0.027 / 50000.0));
}

TEST(Transport, LatencyIsLognormal) {
  LinkParameters hop = ideal();
  hop.latency_ms = 1500.0;
  hop.latency_sigma = 0.8;
  hop.report_interval_s = k_step_s;
  const Network network = test::built(test::star(50000, hop));
  Transport transport(network, {}, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  test::run(transport, state, 0);
  double mean = 0.0, square = 0.0;
  for (const float latency_s : state.latency_s) {
    const double ln = std::log(static_cast<double>(latency_s));
    mean += ln / 50000.0;
    square += ln * ln / 50000.0;
  }
  EXPECT_NEAR(mean, std::log(1.5), 3.0 * 0.8 / std::sqrt(50000.0));
  EXPECT_NEAR(std::sqrt(square - mean * mean), 0.8, 0.01);
}

TEST(Transport, PhasesSpreadReportsOverTheInterval) {
  LinkParameters hop = ideal();
  hop.report_interval_s = 10.0 * k_step_s;
  const Network network = test::built(test::star(10000, hop));
  TransportOptions together;
  together.synchronised = true;
  Transport spread(network, {}, k_step_s, 1, 0, 1), burst(network, together, k_step_s, 1, 0, 1);
  TransportState a = spread.initial(), b = burst.initial();
  std::uint64_t all = 0;
  for (std::int64_t step = 0; step < 10; ++step) {
    const std::uint64_t sent = of(test::run(spread, a, step), MessageClass::telemetry).sent;
    EXPECT_NEAR(static_cast<double>(sent), 1000.0, 150.0);
    EXPECT_EQ(of(test::run(burst, b, step), MessageClass::telemetry).sent, step == 0 ? 10000U : 0U);
    all += sent;
  }
  EXPECT_EQ(all, 10000U);
}

TEST(Transport, LateReportsComeThroughTheRingAndOlderOnesAreDropped) {
  LinkParameters slow = ideal();
  slow.latency_ms = 2.5 * 1000.0;
  slow.report_interval_s = 1.0;
  const Network network = test::built(test::star(1, slow));
  Transport transport(network, {}, 1.0, 1, 0, 1);
  TransportState state = transport.initial();
  for (std::int64_t step = 0; step < 20; ++step) {
    test::run(transport, state, step);
    EXPECT_EQ(state.generated_step[0], step < 3 ? -1 : step - 3);
  }
}

TEST(Transport, PricesArriveWhenTheyArrive) {
  LinkParameters slow = ideal();
  slow.latency_ms = 2.5 * 1000.0;
  const Network network = test::built(test::star(1, slow));
  TransportOptions options;
  options.prices = true;
  options.classes[static_cast<std::size_t>(MessageClass::price)].interval_s = 1.0;
  Transport transport(network, options, 1.0, 1, 0, 1);
  TransportState state = transport.initial();
  for (std::int64_t step = 0; step < 20; ++step) {
    test::run(transport, state, step);
    EXPECT_EQ(state.price_step[0], step < 3 ? -1 : step - 3);
  }
  EXPECT_EQ(last_priced_step(7, options, 1.0), 8);
  options.classes[static_cast<std::size_t>(MessageClass::price)].interval_s = 900.0;
  EXPECT_EQ(last_priced_step(7, options, 60.0), 22);
}

TEST(Transport, LoopThatTakesLongerThanAStepActsLater) {
  EXPECT_EQ(arrival_step(5, 1.0, 1.0), 5);
  EXPECT_EQ(arrival_step(5, 1.01, 1.0), 7);
  EXPECT_EQ(arrival_step(5, 2.0, 1.0), 7);
}

/// When the command of step 0 acts, for last hops of `latency_s` each way and a controller that computes `computing_s`.
std::int64_t first_acting_step(double latency_s, double computing_s) {
  LinkParameters hop = ideal();
  hop.latency_ms = 1000.0 * latency_s;
  hop.report_interval_s = 1.0;
  NetworkBuilder builder;
  NodeSpec centre = test::node("centre", NodeKind::controller);
  centre.computing_s = computing_s;
  builder.add(centre);
  builder.add(test::node("station", NodeKind::base_station));
  builder.add(test::link("backhaul", "centre", "station"));
  builder.add_access(hop);
  EndpointSpec device = test::endpoint("device", "station");
  device.controllable = true;
  builder.add(device);
  const Network network = test::built(builder);
  Transport transport(network, {}, 1.0, 1, 0, 1);
  TransportState state = transport.initial();
  for (std::int64_t step = 0; step < 20; ++step) {
    transport.advance(step, state);
    transport.settle(step, {}, state);
    transport.uplink(step, {}, state);
    const std::array<Command, 1> commands = {Command{static_cast<double>(step), 1}};
    transport.downlink(step, commands, {}, state);
    if (state.held[0].issued_step >= 0) return step - state.held[0].issued_step;
  }
  return -1;
}

TEST(Transport, ControlLoopClosesWithinAStepOnlyIfAllOfItFits) {
  EXPECT_EQ(first_acting_step(0.0, 0.0), 0);
  EXPECT_EQ(first_acting_step(0.4, 0.2), 0);   // 0.4 + 0.2 + 0.4 = 1
  EXPECT_EQ(first_acting_step(0.45, 0.2), 2);  // 1.1: two steps later
  EXPECT_EQ(first_acting_step(0.95, 0.2), 3);  // 2.1
}

TEST(Transport, MetersStoreWhatTheyCannotSend) {
  NetworkBuilder builder = test::star(0, ideal());
  EndpointSpec meter = test::endpoint("meter", "station");
  meter.metered = true;
  builder.add(meter);
  const Network network = test::built(builder);
  TransportOptions options;
  options.meter_memory_h = 2.0;  // eight intervals of 15 min
  Transport transport(network, options, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  Surroundings around;
  std::uint64_t received = 0, lost = 0;
  for (std::int64_t step = 0; step < 20; ++step) {
    const bool station_out = step >= 4 && step < 14;
    const std::array<std::uint8_t, 2> flags = {0, station_out ? std::uint8_t{1} : std::uint8_t{0}};
    around.node_out = flags;
    const StepCount& count = test::run(transport, state, step, around);
    received += count.meter_received;
    lost += count.meter_lost;
  }
  // Ten intervals fall into the outage, and the one of the return finds no room either.
  EXPECT_EQ(lost, 3U);
  EXPECT_EQ(received, 17U);
}

TEST(Transport, CoverageGrowsBySupersets) {
  NetworkBuilder builder = test::star(0, ideal());
  CoverageTimeline timeline{"all", {0, 1, 2}, {0.3, 0.6, 1.0}, false};
  builder.add_coverage(timeline);
  for (int e = 0; e < 1000; ++e) {
    EndpointSpec spec = test::endpoint(fmt::format("x{}", e), "station");
    spec.coverage = 0;
    builder.add(spec);
  }
  const Network network = test::built(builder);
  Transport transport(network, {}, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  std::vector<bool> before(1000, false);
  for (std::int64_t step = 0; step < 3; ++step) {
    test::run(transport, state, step);
    int covered = 0;
    for (std::uint32_t e = 0; e < 1000; ++e) {
      const bool now = transport.connected(e);
      EXPECT_TRUE(now || !before[e]);
      before[e] = now;
      covered += now ? 1 : 0;
    }
    EXPECT_NEAR(covered, 1000.0 * timeline.share[static_cast<std::size_t>(step)], 60.0);
  }
}

TEST(Transport, DeadBusSilencesItsEndpoints) {
  NetworkBuilder builder = test::star(1, lossy(0.0));
  EndpointSpec home = test::endpoint("home", "station");
  home.bus = 0;
  builder.add(home);
  const Network network = test::built(builder);
  Transport transport(network, {}, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  const std::array<std::uint8_t, 1> dead = {0};
  Surroundings around;
  around.bus_energised = dead;
  test::run(transport, state, 0, around);
  EXPECT_TRUE(transport.connected(0));
  EXPECT_FALSE(transport.connected(1));
}

/// Everything of a state in one place, to compare bit by bit.
struct Bytes {
  std::vector<std::byte> all;
  template <class T>
  void operator()(const std::vector<T>& values) {
    if (values.empty()) return;
    const std::size_t at = all.size();
    all.resize(at + values.size() * sizeof(T));
    std::memcpy(all.data() + at, values.data(), values.size() * sizeof(T));
  }
};

std::vector<std::byte> run_with(const Network& network, int threads) {
  TransportOptions options;
  options.prices = true;
  options.duplicate_probability = 0.01;
  Transport transport(network, options, k_step_s, 7, 3, threads);
  TransportState state = transport.initial();
  std::vector<Command> commands(network.endpoint_count(), Command{1.0, 1});
  for (std::int64_t step = 0; step < 12; ++step) {
    transport.advance(step, state);
    transport.settle(step, {}, state);
    transport.uplink(step, {}, state);
    transport.downlink(step, commands, {}, state);
  }
  Bytes bytes;
  visit_parts(bytes, state);
  const double sum = transport.count().controllers[0].age_sum_s;
  bytes(std::vector<double>{sum});
  return bytes.all;
}

TEST(Transport, SameAnswerForEveryNumberOfThreads) {
  LinkParameters hop = info(Technology::nb_iot).parameters;
  NetworkBuilder builder = test::star(0, hop);
  for (int e = 0; e < 10000; ++e) {
    EndpointSpec spec = test::endpoint(fmt::format("d{}", e), "station");
    spec.metered = spec.controllable = true;
    builder.add(spec);
  }
  const Network network = test::built(builder);
  const std::vector<std::byte> one = run_with(network, 1);
  EXPECT_TRUE(run_with(network, 2) == one);
  EXPECT_TRUE(run_with(network, 8) == one);
}

/// Links of the star's backhaul as the transport leaves them in a step: load, waits and losses of both directions.
std::vector<double> queues_of(const Transport& transport) {
  std::vector<double> values;
  for (const QueueStep& queue : transport.paths().queues()) {
    values.push_back(queue.load);
    values.insert(values.end(), queue.wait_s.begin(), queue.wait_s.end());
    values.insert(values.end(), queue.lost_share.begin(), queue.lost_share.end());
  }
  return values;
}

TEST(Transport, QueuesThatFindTheSameDoTheSameAsAnew) {
  // Endpoints report in every step, or in every second one; an attack takes the link's capacity for a while.
  for (const double interval_s : {k_step_s, 2.0 * k_step_s}) {
    LinkParameters hop = lossy(0.1);
    hop.report_interval_s = interval_s;
    NetworkBuilder builder = test::star(40, hop);
    LinkParameters narrow = ideal();
    narrow.capacity_mbit_per_s = 1e-4;
    builder.add(test::node("far", NodeKind::base_station));
    builder.add(test::link("narrow", "station", "far", narrow));
    for (int e = 0; e < 40; ++e) builder.add(test::endpoint(fmt::format("far{}", e), "far"));
    const Network network = test::built(builder);
    Transport old(network, {}, k_step_s, 1, 0, 1);
    TransportState state = old.initial();
    int waiting = 0;
    for (std::int64_t step = 0; step < 30; ++step) {
      const std::array<double, 2> factor = {1.0, step / 5 == 2 ? 0.01 : 1.0};
      const Surroundings around{.link_capacity_factor = factor};
      Transport fresh(network, {}, k_step_s, 1, 0, 1);
      TransportState copy = state;
      test::run(old, state, step, around);
      test::run(fresh, copy, step, around);
      EXPECT_EQ(queues_of(old), queues_of(fresh)) << step;
      EXPECT_EQ(state.backlog_bit, copy.backlog_bit) << step;
      EXPECT_EQ(state.generated_step, copy.generated_step) << step;
      waiting += state.backlog_bit[3] != PerClass<double>{} ? 1 : 0;
    }
    EXPECT_GT(waiting, 3) << "the attack fills no queue";
    EXPECT_LT(waiting, 20);
  }
}

TEST(AgeHistogram, QuantilesAreExactToABin) {
  AgeHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(static_cast<float>(i));
  EXPECT_NEAR(histogram.quantile_s(0.5), 500.0, 10.0);
  EXPECT_NEAR(histogram.quantile_s(0.95), 950.0, 60.0);
  for (std::size_t b = 1; b < AgeHistogram::k_bins; ++b)
    EXPECT_EQ(AgeHistogram::bin(static_cast<float>(AgeHistogram::edge_s(b) * 1.0001)), b);
}

}  // namespace
}  // namespace gridplus::comms
