#include "sim/step/outages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "sim/device/model.hpp"
#include "sim/step/block.hpp"

namespace gridplus {
namespace {

FailureGroup line(std::uint32_t key, double mttf_h = 2000.0, double mttr_h = 4.0) {
  FailureGroup group;
  group.name = "line_";
  group.name += std::to_string(key);
  group.random_key = key;
  group.members = {{OutageSubject::Kind::branch, key}};
  group.failure_rate_per_h = mttf_h > 0.0 ? 1.0 / mttf_h : 0.0;
  group.repair_rate_per_h = 1.0 / mttr_h;
  return group;
}

StepContext at(std::int64_t step, double step_h, const ProfileTable* profiles = nullptr) {
  StepContext context;
  context.step = step;
  context.step_h = step_h;
  context.seed = 5;
  context.profiles = profiles;
  return context;
}

/// Walks through `steps`, calls each(step, state), returns the events.
template <class Each>
std::vector<Event> walk(const OutagePlan& plan, std::int64_t steps, double step_h, const ProfileTable* profiles,
                        Each each) {
  OutageState state = initial_outages(plan);
  std::vector<Event> events;
  for (std::int64_t k = 0; k < steps; ++k) {
    const std::vector<std::uint8_t> before = state.status;
    const std::size_t noted = events.size();
    const bool switched = advance_outages(plan, at(k, step_h, profiles), state, events);
    bool differs = false;
    for (std::size_t g = 0; g < before.size(); ++g)
      differs = differs || (before[g] == OutageState::up) != (state.status[g] == OutageState::up);
    EXPECT_EQ(switched, differs);
    EXPECT_TRUE(!switched || events.size() > noted);
    each(k, state);
  }
  return events;
}

TEST(Outages, ChancesAreThoseOfTheTwoStateProcess) {
  // MTTF 2000 h, MTTR 4 h, 15 min: worked by hand from the closed form.
  const TwoStateChances chances = two_state_chances(1.0 / 2000, 1.0 / 4, 0.25);
  EXPECT_NEAR(chances.fail, 1.2117e-4, 5e-9);
  EXPECT_NEAR(chances.repair, 6.0583e-2, 5e-7);
  EXPECT_NEAR(chances.repair / (chances.fail + chances.repair), 0.998004, 5e-7);
}

TEST(Outages, TwoHalfStepsAreOneStep) {
  const auto one = two_state_chances(0.01, 0.3, 2.0), half = two_state_chances(0.01, 0.3, 1.0);
  EXPECT_NEAR(one.fail, half.fail * (1 - half.repair) + (1 - half.fail) * half.fail, 1e-15);
}

TEST(Outages, AvailabilityIsThatOfTheRatesWhateverTheStep) {
  for (const double step_h : {0.25, 1.0, 24.0}) {
    OutagePlan plan;
    for (std::uint32_t i = 0; i < 200; ++i) plan.groups.push_back(line(i, 90.0, 10.0));
    double up = 0.0, seen = 0.0;
    walk(plan, 2000, step_h, nullptr, [&](std::int64_t k, const OutageState& state) {
      if (k < 1000) return;
      for (const auto status : state.status) up += status == OutageState::up ? 1.0 : 0.0, seen += 1.0;
    });
    EXPECT_NEAR(up / seen, 0.9, 0.02) << step_h;
  }
}

TEST(Outages, AnotherLineChangesNothingInThisOne) {
  OutagePlan alone, together;
  alone.groups = {line(7, 50.0)};
  together.groups = {line(3, 50.0), line(7, 50.0), line(9, 10.0)};
  std::vector<bool> first, second;
  walk(alone, 500, 1.0, nullptr, [&](std::int64_t, const OutageState& s) { first.push_back(s.status[0] == 0); });
  walk(together, 500, 1.0, nullptr, [&](std::int64_t, const OutageState& s) { second.push_back(s.status[1] == 0); });
  EXPECT_EQ(first, second);
}

/// Wind over five steps per level.
OutagePlan under_storm(ProfileTable& profiles, std::uint32_t lines, std::vector<double> wind) {
  OutagePlan plan;
  for (std::uint32_t i = 0; i < lines; ++i) plan.groups.push_back(line(i, 0.0));
  Storm storm;
  storm.name = "typhoon";
  storm.random_key = 77;
  storm.wind_m_per_s = {1.0, profiles.add("wind", std::move(wind))};
  storm.fragility = Curve{2, {30.0, 60.0}, {0.0, 1.0}};
  storm.repair_rate_per_h = 1.0 / 5.0;
  for (std::uint32_t i = 0; i < lines; ++i) storm.exposed.push_back({i, 1.0});
  plan.storms.push_back(std::move(storm));
  return plan;
}

TEST(Outages, AStormTakesTheShareThatItsHighestWindTakes) {
  std::size_t slow_out = 0, fast_out = 0;
  for (const bool slow : {true, false}) {
    std::vector<double> wind;
    for (const double speed : {20.0, 36.0, 45.0, 45.0, 45.0}) wind.insert(wind.end(), slow ? 40 : 1, speed);
    const auto steps = static_cast<std::int64_t>(wind.size());
    ProfileTable profiles(steps);
    const OutagePlan plan = under_storm(profiles, 2000, std::move(wind));
    const auto events = walk(plan, steps, 1.0, &profiles, [](auto, const auto&) {});
    (slow ? slow_out : fast_out) = events.size();
  }
  EXPECT_EQ(slow_out, fast_out);                                 // the number of steps does not matter
  EXPECT_NEAR(static_cast<double>(fast_out) / 2000, 0.5, 0.04);  // F(45) of 30 to 60
}

TEST(Outages, NobodyWorksInTheStorm) {
  std::vector<double> wind(24, 50.0);
  wind.resize(200, 5.0);
  ProfileTable profiles(200);
  const OutagePlan plan = under_storm(profiles, 50, std::move(wind));
  for (const Event& event : walk(plan, 200, 1.0, &profiles, [](auto, const auto&) {})) {
    EXPECT_TRUE(event.kind != "repaired" || event.step > 24);
    EXPECT_TRUE(event.kind != "failure" || event.step == 0);
  }
}

TEST(Outages, CrewsWorkOnSoManyAtOnceByPriority) {
  ProfileTable profiles(400);
  std::vector<double> wind{60.0};
  wind.resize(400, 0.0);
  OutagePlan plan = under_storm(profiles, 10, std::move(wind));
  plan.repairs = {.crews = 2, .detection_steps = 3};
  plan.groups[9].priority = plan.groups[4].priority = 1;
  for (const std::size_t g : {0, 1, 2, 3, 5, 6, 7, 8}) plan.groups[g].priority = 2;
  std::vector<std::string> order;
  const auto events = walk(plan, 400, 1.0, &profiles, [](std::int64_t k, const OutageState& state) {
    const auto busy = std::count(state.status.begin(), state.status.end(), OutageState::in_repair);
    EXPECT_LE(busy, 2);
    EXPECT_TRUE(k >= 3 || busy == 0);
  });
  for (const Event& event : events)
    if (event.kind == "repair_started") order.push_back(event.subject);
  ASSERT_EQ(order.size(), 10U);
  EXPECT_EQ(order[0], "line_4");
  EXPECT_EQ(order[1], "line_9");
  EXPECT_EQ(order[2], "line_0");
}

/// Mean hours out of one line of MTTR 4 h over many failures, in steps of a quarter of an hour.
double mean_hours_out(const RepairOptions& repairs, bool blind) {
  OutagePlan plan;
  plan.groups = {line(1, 50.0, 4.0)};
  plan.repairs = repairs;
  OutageState state = initial_outages(plan);
  std::vector<Event> events;
  for (std::int64_t k = 0; k < 400000; ++k)
    advance_outages(plan, at(k, 0.25), state, events, {static_cast<std::uint8_t>(blind ? 1 : 0)});
  double hours = 0.0, repaired = 0.0;
  for (const Event& event : events)
    if (event.kind == "repaired") hours += event.value, repaired += 1.0;
  return hours / repaired;
}

// A blind repair takes twice as long, and begins 3 h after the failure in place of 1 h: 2 x 4 h + 2 h more.
TEST(Outages, WhatNobodyReportsIsFoundLaterAndRepairedMoreSlowly) {
  const RepairOptions repairs{.crews = 1, .detection_steps = 4, .blind_detection_steps = 12, .blind_factor = 2.0};
  const double seen_h = mean_hours_out(repairs, false), blind_h = mean_hours_out(repairs, true);
  EXPECT_NEAR(seen_h, 1.0 + 4.0, 0.4);
  EXPECT_NEAR(blind_h, 3.0 + 8.0, 0.7);
  EXPECT_FALSE(RepairOptions{}.look());
}

TEST(Outages, LognormalFragilityHasItsMedian) {
  Storm storm;
  storm.median_m_per_s = 40.0;
  storm.sigma = 0.2;
  EXPECT_NEAR(storm.chance(40.0), 0.5, 1e-15);
  EXPECT_NEAR(storm.chance(40.0 * std::exp(0.2)), 0.8413447460685429, 1e-12);
  EXPECT_EQ(storm.chance(0.0), 0.0);
}

}  // namespace
}  // namespace gridplus
