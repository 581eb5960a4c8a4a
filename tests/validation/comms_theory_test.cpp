// The communication layer against closed forms: tests T2 to T6 and T16 of the domain's list. The source of each figure
// stands with its case.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "sim/comms/percolation.hpp"
#include "sim/comms/queue.hpp"
#include "tests/sim/comms/small_network.hpp"

namespace gridplus::comms {
namespace {

// Buldyrev et al., Nature 464, 1025 (2010); formula from arXiv 1108.5515: P = p (1 - e^{-k P})^2, k p_c = 2.4554.
class MutualGiantComponent : public ::testing::Test {
 protected:
  static constexpr std::size_t k_nodes = 100'000;
  static constexpr double k_degree = 4.0;
  static double share_at(double p) {
    static const Edges power = random_graph(k_nodes, k_degree, 1, 1), comms = random_graph(k_nodes, k_degree, 1, 2);
    return percolation_curve(k_nodes, power, comms, std::array{p}, 5, 1)[0];
  }
  static double theory(double p) {
    double share = p;
    for (int i = 0; i < 10000; ++i) share = p * std::pow(1.0 - std::exp(-k_degree * share), 2);
    return share;
  }
};

TEST_F(MutualGiantComponent, FollowsTheFormulaAboveTheThreshold) {
  EXPECT_NEAR(share_at(0.9), theory(0.9), 0.005);
  EXPECT_NEAR(share_at(0.7), theory(0.7), 0.01);
}

TEST_F(MutualGiantComponent, VanishesInAJump) {
  const double threshold = 2.4554 / k_degree;
  EXPECT_NEAR(theory(threshold * 1.0001), 1.2564 / k_degree, 0.01);
  EXPECT_GT(share_at(threshold * 1.03), 1.2564 / k_degree);
  EXPECT_LT(share_at(threshold * 0.97), 0.01);
}

// Mean age of periodic reports with loss in continuous time: d + T (1 + p) / (2 (1 - p)). T = 15, d = 2, p = 0.1 gives
// 11.1667 (renewal argument). Decisions are at the begin of steps; half a step more makes it the mean over time.
TEST(AgeOfInformation, PeriodicReportsWithLoss) {
  constexpr double k_interval_s = 15.0, k_delay_s = 2.0, k_loss = 0.1, k_step_s = 1.0;
  LinkParameters hop = test::ideal();
  hop.latency_ms = 1000.0 * k_delay_s;
  hop.loss = k_loss;
  hop.report_interval_s = k_interval_s;
  const Network network = test::built(test::star(2000, hop));
  Transport transport(network, {}, k_step_s, 1, 0, 1);
  TransportState state = transport.initial();
  double sum = 0.0;
  constexpr int k_settled = 200, k_steps = 1000;
  for (std::int64_t step = 0; step < k_steps; ++step) {
    const double ages = test::run(transport, state, step).controllers[0].age_sum_s;
    if (step >= k_settled) sum += ages / 2000.0;
  }
  const double mean = sum / (k_steps - k_settled) + 0.5 * k_step_s;
  EXPECT_NEAR(mean, k_delay_s + k_interval_s * (1.0 + k_loss) / (2.0 * (1.0 - k_loss)), 0.05);
  EXPECT_NEAR(mean, 11.1667, 0.05);
}

// Exact discretisation of the two-state Markov chain: MTBF 2000 h, MTTR 4 h, 900 s.
TEST(TwoStateProcess, TransitionProbabilitiesAndAvailability) {
  const TwoState process = two_state(2000.0, 4.0, 0.25);
  EXPECT_NEAR(process.fails, 1.2117e-4, 1e-8);
  EXPECT_NEAR(process.returns, 6.0583e-2, 1e-6);
  EXPECT_NEAR(process.available, 0.998004, 1e-6);
}

TEST(TwoStateProcess, StationaryShareDoesNotDependOnTheStep) {
  for (const double step_h : {0.25, 1.0, 24.0}) {
    NetworkBuilder builder = test::star(1, test::ideal());
    LinkParameters weak = test::ideal();
    weak.mtbf_h = 20.0;
    weak.mttr_h = 5.0;
    for (int i = 0; i < 400; ++i) builder.add(test::link(fmt::format("l{}", i), "centre", "station", weak));
    const Network network = test::built(builder);
    const Availability availability(network, step_h);
    AvailabilityState state = availability.initial({3, 0, RandomStream::communication, 0, 1U << 30U});
    std::uint64_t up = 0;
    for (std::uint64_t step = 0; step < 1000; ++step) {
      availability.advance({3, 0, RandomStream::communication, 0, step}, state);
      for (std::size_t l = 1; l <= 400; ++l) up += state.process_up[l];
    }
    EXPECT_NEAR(static_cast<double>(up) / 4e5, 0.8, 0.012) << step_h;
  }
}

// Age sampled at decisions with outages: d + dt p / (1 - p) + U MTTR. dt 900 s, p 0.021, d 2 s, half of the endpoints
// with MTBF 2000 h and MTTR 4 h: 21.3 + 14.4 = 35.7 s.
TEST(AgeOfInformation, OutagesAddUnavailabilityTimesRepair) {
  LinkParameters sure = test::ideal();
  sure.latency_ms = 2000.0;
  sure.loss = 0.021;
  sure.report_interval_s = 900.0;
  LinkParameters weak = sure;
  weak.mtbf_h = 2000.0;
  weak.mttr_h = 4.0;
  constexpr std::size_t k_endpoints = 4000;
  const Network network = test::built(test::star(k_endpoints, sure, &weak));
  Transport transport(network, {}, 900.0, 4, 0, 1);
  TransportState state = transport.initial();
  double sum = 0.0;
  constexpr int k_settled = 100, k_steps = 5100;
  for (std::int64_t step = 0; step < k_steps; ++step) {
    const double ages = test::run(transport, state, step).controllers[0].age_sum_s;
    if (step >= k_settled) sum += ages / k_endpoints;
  }
  EXPECT_NEAR(sum / (k_steps - k_settled), 35.7, 2.7);  // three standard errors of 1,250 outages
}

// x[k+1] = x[k] - K x[k-d] is stable only for K < 2 sin(pi / (2 (2 d + 1))). The command of step k acts in step k + d;
// what does not act in its own step acts two or more steps later, so there is no d = 1.
double amplitude(int delay_steps, double gain) {
  NetworkBuilder builder = test::star(0, test::ideal());
  LinkParameters slow = test::ideal();
  slow.latency_ms = 1000.0 * (delay_steps == 0 ? 0.0 : delay_steps - 0.5);
  const std::uint32_t access = builder.add_access(slow);
  EndpointSpec device = test::endpoint("device", "station", access);
  device.reports = false;
  device.controllable = true;
  builder.add(device);
  const Network network = test::built(builder);
  Transport transport(network, {}, 1.0, 1, 0, 1);
  TransportState state = transport.initial();
  double x = 1.0, largest = 0.0;
  constexpr int k_steps = 4000;
  for (std::int64_t step = 0; step < k_steps; ++step) {
    transport.advance(step, state);
    transport.settle(step, {}, state);
    transport.uplink(step, {}, state);
    const std::array<Command, 1> commands = {Command{-gain * x, 1}};
    transport.downlink(step, commands, {}, state);
    x += state.held[0].command.value;
    if (step > k_steps - 50) largest = std::max(largest, std::abs(x));
  }
  return largest;
}

TEST(DelayedFeedback, StableBelowTheBoundAndUnstableAbove) {
  for (const int d : {0, 2, 3, 4, 5, 6}) {
    const double bound = 2.0 * std::sin(std::numbers::pi / (2.0 * (2 * d + 1)));
    EXPECT_LT(amplitude(d, 0.98 * bound), 1e-2) << d;
    EXPECT_GT(amplitude(d, 1.02 * bound), 1e2) << d;
  }
}

QueueInput constant(double load) {
  QueueInput in;
  in.capacity_bit_per_s = 1000.0;
  in.buffer_bit = 5000.0;
  in.step_s = 1.0;
  in.offered_bit[3] = 1000.0 * load;
  in.message_bit.fill(100.0);
  return in;
}

// Fluid limit of a queue with constant arrivals.
TEST(Queue, BelowCapacityThereIsNoBacklog) {
  PerClass<double> backlog{};
  for (int k = 0; k < 100; ++k) {
    const QueueStep step = step_queue(constant(0.99), backlog);
    EXPECT_EQ(backlog[3], 0.0);
    EXPECT_EQ(step.lost_share[3], 0.0);
  }
}

TEST(Queue, AboveCapacityItGrowsToTheBufferThenLoses) {
  PerClass<double> backlog{};
  for (int k = 1; k <= 100; ++k) {
    const QueueStep step = step_queue(constant(1.25), backlog);
    EXPECT_DOUBLE_EQ(backlog[3], std::min(5000.0, 250.0 * k));
    EXPECT_NEAR(step.lost_share[3], k > 20 ? 1.0 - 1.0 / 1.25 : 0.0, 1e-12);
  }
}

TEST(Queue, HigherClassesGoFirst) {
  QueueInput in = constant(0.9);
  in.offered_bit[0] = 500.0;
  PerClass<double> backlog{};
  const QueueStep step = step_queue(in, backlog);
  EXPECT_EQ(backlog[0], 0.0);
  EXPECT_DOUBLE_EQ(step.served_bit[0], 500.0);
  EXPECT_DOUBLE_EQ(backlog[3], 400.0);
}

// Pollaczek-Khinchine: rho / (2 (1 - rho)) service times for constant service.
TEST(Queue, MeanWaitIsThatOfMD1) {
  EXPECT_DOUBLE_EQ(md1_wait(0.5), 0.5);
  EXPECT_NEAR(md1_wait(0.8), 2.0, 1e-12);
  EXPECT_NEAR(md1_wait(0.9), 4.5, 1e-12);
  PerClass<double> backlog{};
  EXPECT_NEAR(step_queue(constant(0.8), backlog).wait_s[3], 2.0 * 0.1, 1e-12);
}

}  // namespace
}  // namespace gridplus::comms
