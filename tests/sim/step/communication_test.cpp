#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "sim/step/simulation.hpp"
#include "tests/sim/step/connected_system.hpp"
#include "tests/sim/step/recorded.hpp"

namespace gridplus {
namespace {

using test::connected_system;
using test::figure;
using test::ideal;
using test::poor;
using test::record;
using test::Wish;

std::vector<double> record(const Model& model, int threads = 1) {
  Simulation simulation(model, threads);
  return record(simulation);
}

TEST(Communication, IdealNetworkChangesNoBit) {
  Wish wish;
  wish.hop = ideal();
  EXPECT_EQ(record(*connected_system(300, wish)), record(*test::small_system(300)));
}

TEST(Communication, LatencyWithinAStepChangesNoBit) {
  Wish wish;
  wish.hop = ideal();
  wish.hop.latency_ms = 1500.0;
  wish.hop.latency_sigma = 0.8;
  EXPECT_EQ(record(*connected_system(100, wish)), record(*test::small_system(100)));
}

class EveryFallback : public testing::TestWithParam<Fallback> {};

TEST_P(EveryFallback, PowerBalancesInEveryStep) {
  const auto model = connected_system(300, poor(GetParam()));
  Simulation simulation(*model, 2);
  record(simulation, [](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      EXPECT_LE(block.of(StepVar::balance_mw, s), 1e-6);
      EXPECT_LE(block.of(ProducerVar::p_mw, s)[0], 120 + 1e-6);
    }
  });
  EXPECT_LT(figure(simulation.summary(), "control_availability"), 0.95);
  EXPECT_GT(figure(simulation.summary(), "fallback_mwh"), 0.0);
}

TEST_P(EveryFallback, ContinuesFromACheckpointToTheSameBits) {
  const auto model = connected_system(200, poor(GetParam()));
  const std::vector<double> whole = record(*model);
  Simulation first(*model, 1);
  std::vector<double> parts;
  Checkpoint checkpoint;
  for (int blocks = 0; blocks < 2; ++blocks) {
    const StepBlock& block = first.advance();
    for (const GroupBlock* group :
         {&block.bus, &block.branch, &block.producer, &block.consumer, &block.storage, &block.step})
      for (std::size_t v = 0; v < group->variables().size(); ++v) {
        const auto values = group->steps_of(v, block.count);
        parts.insert(parts.end(), values.begin(), values.end());
      }
    checkpoint = first.checkpoint();
  }
  Simulation second(*model, 2);
  second.restore(checkpoint);
  const std::vector<double> rest = record(second);
  parts.insert(parts.end(), rest.begin(), rest.end());
  EXPECT_TRUE(parts == whole);
}

INSTANTIATE_TEST_SUITE_P(All, EveryFallback,
                         testing::Values(Fallback::hold_last, Fallback::zero, Fallback::default_schedule,
                                         Fallback::local_droop, Fallback::local_tou_timer, Fallback::curtail_to,
                                         Fallback::local_price));

TEST(Communication, SameAnswerForEveryNumberOfThreads) {
  const auto model = connected_system(150, poor(Fallback::hold_last));
  const std::vector<double> one = record(*model, 1);
  EXPECT_TRUE(record(*model, 2) == one);
  EXPECT_TRUE(record(*model, 8) == one);
}

/// Unserved energy with that share of endpoints covered and consumers and units off without commands.
double unserved_mwh(double coverage, double loss) {
  Wish wish;
  wish.hop = ideal();
  wish.hop.loss = loss;
  wish.coverage = coverage;
  wish.validity_s = 0.0;
  wish.fallback = Fallback::zero;
  const auto model = connected_system(300, wish);
  Simulation simulation(*model, 1);
  record(simulation);
  return figure(simulation.summary(), "unserved_energy_mwh");
}

TEST(Communication, LessCoverageNeverServesMore) {
  double before = unserved_mwh(1.0, 0.0);
  EXPECT_EQ(before, 0.0);
  for (const double coverage : {0.9, 0.7, 0.5, 0.2, 0.0}) {
    const double now = unserved_mwh(coverage, 0.0);
    EXPECT_GE(now, before) << coverage;
    before = now;
  }
  EXPECT_GT(before, 0.0);
}

TEST(Communication, MoreLossNeverServesMore) {
  double before = 0.0;
  for (const double loss : {0.3, 0.6, 0.9}) {
    const double now = unserved_mwh(1.0, loss);
    EXPECT_GT(now, before) << loss;
    before = now;
  }
}

TEST(Communication, AgeFollowsTheReportInterval) {
  Wish wish;
  wish.hop = ideal();
  wish.hop.report_interval_s = 6 * 3600.0;
  const auto model = connected_system(200, wish);
  Simulation simulation(*model, 1);
  record(simulation);
  EXPECT_NEAR(figure(simulation.summary(), "measurement_age_p50_s"), 2.5 * 3600.0, 2000.0);
}

/// Gives one set point in step 3, for four hours.
class OneSetPoint final : public SetPointSource {
 public:
  explicit OneSetPoint(SetPoint point) : point_(point) {}
  void take(std::int64_t step, OutsideInput& input) override {
    if (step == 3) input.set_points.push_back(point_);
  }

 private:
  SetPoint point_;
};

struct Behaviour {
  std::vector<double> farm_mw, available_mw, battery_mw, town_mw, demand_mw;
};

Behaviour behaviour(const Model& model, SetPoint point) {
  OneSetPoint source(point);
  Simulation simulation(model, 1, &source);
  Behaviour seen;
  record(simulation, [&](const StepBlock& block) {
    EXPECT_LE(block.of(StepVar::balance_mw, 0), 1e-6);
    seen.farm_mw.push_back(block.of(ProducerVar::p_mw, 0)[2]);
    seen.available_mw.push_back(block.of(ProducerVar::available_mw, 0)[2]);
    seen.battery_mw.push_back(block.of(StorageVar::p_mw, 0)[0]);
    seen.town_mw.push_back(block.of(ConsumerVar::served_mw, 0)[0]);
    seen.demand_mw.push_back(block.of(ConsumerVar::demand_mw, 0)[0]);
  });
  return seen;
}

Wish ideal_with(Fallback fallback) {
  Wish wish;
  wish.hop = ideal();
  wish.fallback = fallback;
  return wish;
}

constexpr double k_four_hours_s = 4 * 3600.0;

TEST(SetPointsOverANetwork, AreFollowedAndThenTheDeviceFallsBack) {
  const auto model = connected_system(24, ideal_with(Fallback::zero));
  const Behaviour farm = behaviour(*model, {DeviceKind::producer, 2, 1.5, k_four_hours_s, false});
  const Behaviour battery = behaviour(*model, {DeviceKind::storage, 0, 2.5, k_four_hours_s, false});
  const Behaviour town = behaviour(*model, {DeviceKind::consumer, 0, 12.0, k_four_hours_s, false});
  for (std::size_t k = 3; k < 24; ++k) {
    const bool holds = k < 7;
    EXPECT_NEAR(farm.farm_mw[k], holds ? std::min(1.5, farm.available_mw[k]) : 0.0, 1e-9) << k;
    EXPECT_NEAR(battery.battery_mw[k], holds ? 2.5 : 0.0, 1e-9) << k;
    EXPECT_NEAR(town.town_mw[k], holds ? 12.0 : 0.0, 1e-9) << k;
  }
}

TEST(SetPointsOverANetwork, HoldLastKeepsWhatRanOut) {
  const auto model = connected_system(12, ideal_with(Fallback::hold_last));
  const Behaviour battery = behaviour(*model, {DeviceKind::storage, 0, 1.5, k_four_hours_s, false});
  for (std::size_t k = 3; k < 12; ++k) EXPECT_NEAR(battery.battery_mw[k], 1.5, 1e-9) << k;
}

TEST(SetPointsOverANetwork, DoNotReachADeviceThatIsOutOfReach) {
  Wish wish = ideal_with(Fallback::default_schedule);
  wish.coverage = 0.0;
  const auto model = connected_system(12, wish);
  const Behaviour battery = behaviour(*model, {DeviceKind::storage, 0, -2.5, k_four_hours_s, false});
  for (std::size_t k = 3; k < 12; ++k) EXPECT_EQ(battery.battery_mw[k], 0.0) << k;
}

TEST(SetPointsOverANetwork, ContinueFromACheckpointToTheSameBits) {
  const auto model = connected_system(24, poor(Fallback::hold_last));
  const SetPoint point{DeviceKind::storage, 0, -2.5, k_four_hours_s, false};
  for (const int stop : {2, 5, 9}) {
    OneSetPoint first(point), second(point), third(point);
    Simulation whole(*model, 1, &first), begun(*model, 1, &second), continued(*model, 1, &third);
    const std::vector<double> all = record(whole);
    for (int k = 0; k < stop; ++k) begun.advance();
    continued.restore(begun.checkpoint());
    const std::vector<double> rest = record(continued);
    ASSERT_EQ(rest.size(), all.size() / 24 * static_cast<std::size_t>(24 - stop)) << stop;
    EXPECT_TRUE(std::equal(rest.rbegin(), rest.rend(), all.rbegin())) << stop;
  }
}

}  // namespace
}  // namespace gridplus
