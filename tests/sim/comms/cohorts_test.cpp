#include "sim/comms/cohorts.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/sim/comms/small_network.hpp"

namespace gridplus::comms {
namespace {

using test::crowd;
using test::ideal;
using test::options_of;

constexpr double k_step_s = 900.0;
constexpr std::uint64_t k_devices = 40000;
constexpr std::int64_t k_steps = 400;
const std::size_t k_telemetry = static_cast<std::size_t>(MessageClass::telemetry);
const std::size_t k_metering = static_cast<std::size_t>(MessageClass::metering);

/// Loses a third, takes seconds, and reports every hour.
LinkParameters poor() {
  LinkParameters hop = ideal();
  hop.loss = 0.33;
  hop.latency_ms = 4000.0;
  hop.latency_sigma = 0.8;
  hop.report_interval_s = 3600.0;
  return hop;
}

TransportOptions options() {
  TransportOptions options;
  options_of(options, MessageClass::telemetry).retries = 1;
  options_of(options, MessageClass::telemetry).deadline_s = 8.0;
  options_of(options, MessageClass::metering).interval_s = 1800.0;
  options.meter_memory_h = 3.0;
  options.settlement_cutoff_h = 1.0;
  return options;
}

/// Sums over a run.
struct Sums {
  PerClass<ClassCount> classes{};
  double meter_intervals = 0.0, meter_received = 0.0, meter_lost = 0.0;
  double age_mean_s = 0.0, age_p50_s = 0.0, age_p95_s = 0.0, observed = 0.0;  ///< of the last step
};

Sums run(const Network& network, const TransportOptions& options) {
  Transport transport(network, options, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  Sums sums;
  for (std::int64_t step = 0; step < k_steps; ++step) {
    const StepCount& count = test::run(transport, state, step);
    for (std::size_t m = 0; m < k_classes; ++m) sums.classes[m].add(count.classes[m]);
    sums.meter_intervals += static_cast<double>(count.meter_intervals);
    sums.meter_received += static_cast<double>(count.meter_received);
    sums.meter_lost += static_cast<double>(count.meter_lost);
    const ControllerCount& known = count.controllers[0];
    EXPECT_EQ(known.endpoints, k_devices);
    EXPECT_EQ(known.ages.total(), k_devices);
    sums.age_mean_s = known.age_sum_s / static_cast<double>(known.endpoints);
    sums.age_p50_s = known.ages.quantile_s(0.5);
    sums.age_p95_s = known.ages.quantile_s(0.95);
    sums.observed = known.observed_mw / known.reported_mw;
  }
  return sums;
}

/// k_devices endpoints that are what a cohort of them stands for.
Network one_by_one(const LinkParameters& hop) {
  NetworkBuilder builder = test::star(0, hop);
  for (std::uint64_t e = 0; e < k_devices; ++e) {
    EndpointSpec spec = test::endpoint(fmt::format("e{}", e), "station");
    spec.metered = true;
    builder.add(std::move(spec));
  }
  return test::built(builder);
}

TEST(Cohorts, AreWhatTheirDevicesAreOneByOne) {
  const Sums together = run(test::built(crowd(k_devices, poor())), options());
  const Sums apart = run(one_by_one(poor()), options());
  const auto share = [](std::uint64_t part, std::uint64_t all) {
    return static_cast<double>(part) / static_cast<double>(all);
  };
  for (const std::size_t m : {k_telemetry, k_metering}) {
    const ClassCount &a = together.classes[m], &b = apart.classes[m];
    EXPECT_NEAR(share(a.sent, b.sent), 1.0, 1e-3) << m;
    EXPECT_NEAR(share(a.delivered, a.sent), share(b.delivered, b.sent), 1e-3) << m;
    EXPECT_NEAR(share(a.on_time, a.sent), share(b.on_time, b.sent), 2e-3) << m;
  }
  EXPECT_NEAR(together.meter_received / together.meter_intervals, apart.meter_received / apart.meter_intervals, 2e-3);
  EXPECT_NEAR(together.meter_lost / together.meter_intervals, apart.meter_lost / apart.meter_intervals, 1e-3);
  EXPECT_NEAR(together.age_mean_s / apart.age_mean_s, 1.0, 0.02);
  EXPECT_NEAR(together.age_p50_s / apart.age_p50_s, 1.0, 0.05);
  EXPECT_NEAR(together.age_p95_s / apart.age_p95_s, 1.0, 0.05);
}

TEST(Cohorts, LoseMoreWhereLinksDo) {
  std::uint64_t before = ~std::uint64_t{0};
  for (int percent = 0; percent <= 100; percent += 5) {
    LinkParameters hop = poor();
    hop.loss = 0.01 * percent;
    const Network network = test::built(crowd(k_devices, hop));
    Transport transport(network, options(), k_step_s, 1, 0, 1);
    TransportState state = transport.initial();
    const std::uint64_t delivered = test::run(transport, state, 0).classes[k_telemetry].delivered;
    EXPECT_LE(delivered, before) << percent;
    before = delivered;
  }
  EXPECT_EQ(before, 0U);
}

TEST(Cohorts, WithoutCoverageAreHeardOfNeverAgain) {
  const Network network = test::built(crowd(k_devices, ideal(), 0.25));
  Transport transport(network, {}, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  for (std::int64_t step = 0; step < 50; ++step) {
    const StepCount& count = test::run(transport, state, step);
    EXPECT_EQ(count.classes[k_telemetry].delivered, count.classes[k_telemetry].sent / 4);
    EXPECT_EQ(count.controllers[0]
                  .ages.counts()[AgeHistogram::bin(static_cast<float>(static_cast<double>(step + 1) * k_step_s))],
              k_devices * 3 / 4);
  }
}

TEST(Cohorts, ContinueFromACopyToTheSameBits) {
  const Network network = test::built(crowd(k_devices, poor(), 0.9));
  Transport whole(network, options(), k_step_s, 1, 0, 1), continued(network, options(), k_step_s, 1, 0, 1);
  TransportState state = whole.initial(), copy;
  for (std::int64_t step = 0; step < 100; ++step) {
    if (step == 37) copy = state;
    test::run(whole, state, step);
  }
  for (std::int64_t step = 37; step < 100; ++step) test::run(continued, copy, step);
  EXPECT_EQ(state.cohort_lost, copy.cohort_lost);
  EXPECT_EQ(state.cohort_kept, copy.cohort_kept);
}

TEST(Cohorts, MayBeAHundredMillion) {
  constexpr std::uint64_t k_many = 100'000'000;
  const Network network = test::built(crowd(k_many, poor()));
  Transport transport(network, options(), k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  std::uint64_t sent = 0, delivered = 0;
  for (std::int64_t step = 0; step < 96; ++step) {
    const ClassCount& count = test::run(transport, state, step).classes[k_telemetry];
    sent += count.sent;
    delivered += count.delivered;
  }
  EXPECT_EQ(sent, k_many * 24);
  const double p = 1.0 - 0.33 * 0.33;
  EXPECT_NEAR(static_cast<double>(delivered) / static_cast<double>(sent), p,
              4.0 * std::sqrt(p * (1.0 - p) / static_cast<double>(sent)));
}

TEST(Cohorts, ThatCannotBeAreNamed) {
  NetworkBuilder builder = crowd(10, ideal());
  CohortSpec lost;
  lost.name = "crowd";
  lost.parent = "nowhere";
  lost.controller = "nobody";
  builder.add(std::move(lost));
  Diagnostics problems;
  (void)builder.build(problems);
  try {
    problems.throw_if_any();
    FAIL() << "nothing was found wrong";
  } catch (const InputError& error) {
    const std::string text = error.what();
    for (const char* part :
         {"the name is used twice", "its node 'nowhere' does not exist", "its controller 'nobody'", "it has 0 devices"})
      EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

}  // namespace
}  // namespace gridplus::comms
