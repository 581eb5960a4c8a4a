#include "sim/step/set_points.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/sim/step/recorded.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

using test::record;

constexpr double k_balance_mw = 1e-6;
constexpr double k_hour_s = 3600.0;

/// Gives set points by step, and notes which steps asked.
class Script final : public SetPointSource {
 public:
  void take(std::int64_t step, OutsideInput& input) override {
    asked.push_back(step);
    if (const auto found = steps.find(step); found != steps.end()) input = found->second;
  }
  void at(std::int64_t step, SetPoint point) { steps[step].set_points.push_back(point); }

  std::map<std::int64_t, OutsideInput> steps;
  std::vector<std::int64_t> asked;
};

SetPoint producer(std::uint32_t index, double p_mw, double hours) {
  return {DeviceKind::producer, index, p_mw, hours * k_hour_s, false};
}
SetPoint storage(double p_mw, double hours) {
  return {DeviceKind::storage, 0, p_mw, hours * k_hour_s, false};
}
SetPoint consumer(std::uint32_t index, double p_mw, double hours) {
  return {DeviceKind::consumer, index, p_mw, hours * k_hour_s, false};
}

struct Steps {
  std::vector<double> farm_mw, coal_mw, battery_mw, town_mw, town_unserved_mw, reason, balance_mw;
  std::vector<Event> events;
};

Steps run(const Model& model, SetPointSource& source) {
  Simulation simulation(model, 1, &source);
  Steps out;
  record(simulation, [&](const StepBlock& block) {
    ASSERT_EQ(block.count, 1U);
    out.coal_mw.push_back(block.of(ProducerVar::p_mw, 0)[0]);
    out.farm_mw.push_back(block.of(ProducerVar::p_mw, 0)[2]);
    out.reason.push_back(block.of(ProducerVar::curtailment_reason, 0)[2]);
    out.battery_mw.push_back(block.of(StorageVar::p_mw, 0)[0]);
    out.town_mw.push_back(block.of(ConsumerVar::served_mw, 0)[0]);
    out.town_unserved_mw.push_back(block.of(ConsumerVar::unserved_mw, 0)[0]);
    out.balance_mw.push_back(block.of(StepVar::balance_mw, 0));
    out.events.insert(out.events.end(), block.events.begin(), block.events.end());
  });
  for (const double balance_mw : out.balance_mw) EXPECT_LE(balance_mw, k_balance_mw);
  return out;
}

std::vector<std::pair<std::int64_t, std::string>> about(const std::vector<Event>& events, std::string_view subject) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  for (const Event& event : events)
    if (event.subject == subject && event.kind.starts_with("set_point")) out.emplace_back(event.step, event.kind);
  return out;
}

TEST(SetPoints, SourceIsAskedOnceForEveryStepInOrder) {
  const auto model = test::small_system(30);
  Script script;
  run(*model, script);
  ASSERT_EQ(script.asked.size(), 30U);
  for (std::size_t k = 0; k < script.asked.size(); ++k) EXPECT_EQ(script.asked[k], static_cast<std::int64_t>(k));
}

TEST(SetPoints, StorageFollowsWhileItHoldsAndThenReturnsToTheDispatch) {
  const auto model = test::small_system(12);
  Script script;
  script.at(3, storage(4.0, 2.0));   // surplus wind has filled it by then
  script.at(5, storage(-2.5, 1.5));  // 1.5 h: two steps begin before its end
  const Steps steps = run(*model, script);
  EXPECT_NEAR(steps.battery_mw[3], 4.0, 1e-9);
  EXPECT_NEAR(steps.battery_mw[4], 4.0, 1e-9);
  EXPECT_NEAR(steps.battery_mw[5], -2.5, 1e-9);
  EXPECT_NEAR(steps.battery_mw[6], -2.5, 1e-9);
  const std::vector<std::pair<std::int64_t, std::string>> expected = {
      {3, "set_point"}, {5, "set_point"}, {7, "set_point_expired"}};
  EXPECT_EQ(about(steps.events, "battery"), expected);
  Script idle;
  const Steps free = run(*model, idle);
  EXPECT_EQ(free.battery_mw[2], steps.battery_mw[2]);
  EXPECT_TRUE(about(free.events, "battery").empty());
}

TEST(SetPoints, DeviceLimitsStillHold) {
  const auto model = test::small_system(10);
  Script script;
  script.at(1, storage(1000.0, 1.0));
  script.at(8, producer(2, 1000.0, 1.0));
  script.at(3, consumer(0, 1000.0, 1.0));
  const Steps steps = run(*model, script);
  EXPECT_LE(steps.battery_mw[1], 10.0 + 1e-9);
  EXPECT_GT(steps.battery_mw[1], 0.0);
  EXPECT_NEAR(steps.farm_mw[8], 50 * std::sin(0.37 * 8), 1e-9);
  EXPECT_NEAR(steps.town_mw[3], 60 - 25 * std::cos(2 * std::numbers::pi * 3 / 24), 1e-9);
}

TEST(SetPoints, FullStorageTakesNoMore) {
  const auto model = test::small_system(8);
  Script script;
  script.at(0, storage(-10.0, 8.0));
  const Steps steps = run(*model, script);
  EXPECT_NEAR(steps.battery_mw[0], -10.0, 1e-9);
  for (const std::size_t k : {3U, 4U, 5U}) EXPECT_NEAR(steps.battery_mw[k], 0.0, 0.01) << k;  // what it loses by itself
}

TEST(SetPoints, WhatTheyLeaveUnusedIsNoChoiceOfTheDispatch) {
  const auto model = test::small_system(8);
  Script script;
  script.at(2, producer(2, 5.0, 2.0));
  const Steps steps = run(*model, script);
  for (const std::size_t k : {2U, 3U}) {
    EXPECT_NEAR(steps.farm_mw[k], 5.0, 1e-9);
    EXPECT_EQ(steps.reason[k], static_cast<double>(Curtailment::none));
  }
}

TEST(SetPoints, OthersMakeUpForWhatIsGiven) {
  const auto model = test::small_system(14, NetworkMethod::none);
  Script script, idle;
  script.at(12, consumer(0, 20.0, 1.0));
  const Steps given = run(*model, script), free = run(*model, idle);
  EXPECT_NEAR(given.town_mw[12], 20.0, 1e-9);
  EXPECT_NEAR(given.town_unserved_mw[12], free.town_mw[12] - 20.0, 1e-9);
  EXPECT_LT(given.coal_mw[12], free.coal_mw[12] - 30.0);
}

TEST(SetPoints, ThermalUnitIsStoppedAndRunsAtWhatItIsGiven) {
  const auto model = test::small_system(16);
  Script script;
  script.at(12, producer(0, 77.0, 1.0));
  script.at(13, producer(0, 0.0, 1.0));
  const Steps steps = run(*model, script);
  EXPECT_NEAR(steps.coal_mw[12], 77.0, 2.0);  // it shares what the network's losses leave open
  EXPECT_EQ(steps.coal_mw[13], 0.0);
}

TEST(SetPoints, ReleaseGivesTheDeviceBack) {
  const auto model = test::small_system(10);
  Script script;
  script.at(2, storage(-4.0, 8.0));
  script.at(4, {DeviceKind::storage, 0, 0.0, 0.0, true});
  const Steps steps = run(*model, script);
  EXPECT_NEAR(steps.battery_mw[3], -4.0, 1e-9);
  const std::vector<std::pair<std::int64_t, std::string>> expected = {{2, "set_point"}, {4, "set_point_released"}};
  EXPECT_EQ(about(steps.events, "battery"), expected);
}

TEST(SetPoints, TheLastOfAStepCounts) {
  const auto model = test::small_system(4);
  Script script;
  script.at(1, storage(-4.0, 1.0));
  script.at(1, storage(-1.0, 1.0));
  EXPECT_NEAR(run(*model, script).battery_mw[1], -1.0, 1e-9);
}

TEST(SetPoints, HappeningsGetTheirStep) {
  const auto model = test::small_system(4);
  Script script;
  script.steps[2].happenings.push_back({0, "broker_lost", "localhost:1883", 0.0, "why"});
  const Steps steps = run(*model, script);
  const auto lost = std::find_if(steps.events.begin(), steps.events.end(),
                                 [](const Event& event) { return event.kind == "broker_lost"; });
  ASSERT_NE(lost, steps.events.end());
  EXPECT_EQ(lost->step, 2);
}

Script busy() {
  Script script;
  for (std::int64_t k = 2; k < 40; k += 5) {
    script.at(k, storage(k % 2 == 0 ? -3.0 : 3.0, 2.0));
    script.at(k + 1, producer(2, 10.0, 3.0));
    script.at(k + 2, consumer(1, 12.0, 1.0));
  }
  return script;
}

TEST(SetPoints, SameBitsWhenGivenAgainAndAtEveryNumberOfThreads) {
  const auto model = test::small_system(48);
  Script first = busy(), second = busy();
  Simulation one(*model, 1, &first), two(*model, 2, &second);
  EXPECT_EQ(record(one), record(two));
}

TEST(SetPoints, AreInACheckpoint) {
  const auto model = test::small_system(48);
  Script first = busy(), second = busy();
  Simulation whole(*model, 1, &first), begun(*model, 1, &second);
  const std::vector<double> all = record(whole);
  for (int k = 0; k < 23; ++k) begun.advance();  // the battery's set point of step 22 holds
  Script third = busy();
  Simulation continued(*model, 1, &third);
  continued.restore(begun.checkpoint());
  const std::vector<double> rest = record(continued);
  ASSERT_LT(rest.size(), all.size());
  EXPECT_TRUE(std::equal(rest.rbegin(), rest.rend(), all.rbegin()));
}

}  // namespace
}  // namespace gridplus
