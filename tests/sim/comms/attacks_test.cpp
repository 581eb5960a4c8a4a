#include "sim/comms/attacks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace gridplus::comms {
namespace {

constexpr DrawSource k_draws{7, 0};
constexpr std::size_t k_endpoints = 20000;

AttackPlan plan_of(AttackKind kind, double share) {
  AttackPlan plan;
  Attack attack;
  attack.name = "attack";
  attack.random_key = 12345;
  attack.kind = kind;
  attack.share = share;
  attack.endpoints.resize(k_endpoints);
  std::iota(attack.endpoints.begin(), attack.endpoints.end(), 0U);
  plan.attacks.push_back(attack);
  return plan;
}

std::vector<std::uint32_t> taken_by(AttackKind kind, double share, std::int64_t zones, std::uint32_t occurrence = 0) {
  AttackPlan plan = plan_of(kind, share);
  plan.defences.zones = zones;
  return taken(plan, {0, occurrence, 0}, k_draws);
}

TEST(Attacks, TakeTheirShareAndAmongMoreThoseAmongFewer) {
  std::vector<std::uint32_t> before;
  for (const double share : {0.0, 0.05, 0.2, 0.6, 1.0}) {
    const auto now = taken_by(AttackKind::compromised_devices, share, 1);
    const double n = k_endpoints;
    EXPECT_NEAR(static_cast<double>(now.size()), share * n, 4.0 * std::sqrt(share * (1.0 - share) * n) + 1e-9);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), before.begin(), before.end())) << share;
    before = now;
  }
}

TEST(Attacks, SegmentationLeavesOneZone) {
  for (const std::int64_t zones : {4, 16}) {
    const double expected = static_cast<double>(k_endpoints) / static_cast<double>(zones);
    EXPECT_NEAR(static_cast<double>(taken_by(AttackKind::spoofed_commands, 1.0, zones).size()), expected,
                5.0 * std::sqrt(expected));
  }
  EXPECT_EQ(taken_by(AttackKind::denial_of_service, 1.0, 16).size(), k_endpoints) << "needs no credentials";
}

TEST(Attacks, AnotherTimeMayTakeAnotherZone) {
  std::set<std::vector<std::uint32_t>> different;
  for (std::uint32_t n = 0; n < 20; ++n) different.insert(taken_by(AttackKind::spoofed_commands, 1.0, 4, n));
  EXPECT_EQ(different.size(), 4U);
}

TEST(Attacks, ContainedAndRestoredAfterTheDetection) {
  Defences defences;
  defences.manual_time_h = 2.0;
  defences.restore_time_h = 48.0;
  const Incident incident{0, 0, 10, 1000};
  const Course whole = course(incident, 20, defences, 0.5);
  EXPECT_TRUE(whole.contained);
  EXPECT_EQ(whole.acts_until, 20 + 4);
  EXPECT_EQ(whole.over, 20 + 96);
  const Course expired = course({0, 0, 10, 22}, 20, defences, 0.5);
  EXPECT_FALSE(expired.contained);
  EXPECT_EQ(expired.acts_until, 22);
  EXPECT_EQ(expired.over, 22);
}

TEST(Attacks, BeginByChanceAsOftenAsTheirMeanInterval) {
  AttackPlan plan = plan_of(AttackKind::exfiltration, 0.1);
  plan.attacks[0].mean_interval_h = 50.0;
  plan.attacks[0].duration_h = 1.0;
  constexpr double k_hours = 200000.0;
  const auto happened = incidents(plan, static_cast<std::int64_t>(k_hours), 1.0, k_draws);
  const double expected = k_hours / (50.0 + 1.0);  // while one goes on, none begins: a start in its hour is passed over
  EXPECT_NEAR(static_cast<double>(happened.size()), expected, 5.0 * std::sqrt(expected));
  plan.attacks[0].share = 0.9;
  const auto again = incidents(plan, static_cast<std::int64_t>(k_hours), 1.0, k_draws);
  ASSERT_EQ(again.size(), happened.size());
  for (std::size_t i = 0; i < again.size(); ++i) EXPECT_EQ(again[i].start, happened[i].start);
}

TEST(Attacks, AreDetectedAfterTheMeanTime) {
  AttackPlan plan = plan_of(AttackKind::false_data, 1.0);
  plan.defences.detection_time_h = 6.0;
  plan.attacks[0].mean_interval_h = 30.0;
  plan.attacks[0].duration_h = 1.0;
  const auto happened = incidents(plan, 400000, 0.25, k_draws);
  double sum_h = 0.0;
  for (const Incident& incident : happened) sum_h += 0.25 * static_cast<double>(incident.detection - incident.start);
  const auto n = static_cast<double>(happened.size());
  EXPECT_NEAR(sum_h / n, 6.0 + 0.125, 4.0 * 6.0 / std::sqrt(n));  // rounded up to whole steps
}

TEST(Attacks, NobodyDetectsWithoutADetector) {
  const AttackPlan plan = plan_of(AttackKind::false_data, 1.0);
  const auto happened = incidents(plan, 100, 1.0, k_draws);
  ASSERT_EQ(happened.size(), 1U);
  EXPECT_EQ(happened[0].detection, Incident::k_never);
  EXPECT_EQ(happened[0].expires, Incident::k_never);
}

TEST(Attacks, DevicesAlternateByTheirPeriod) {
  Attack attack;
  attack.action = AttackAction::alternate;
  attack.period_h = 0.5;
  const Incident incident{0, 0, 3};
  std::vector<bool> on;
  for (std::int64_t step = 3; step < 9; ++step) on.push_back(switched_on(attack, incident, step, 0.25));
  EXPECT_EQ(on, (std::vector<bool>{true, true, false, false, true, true}));
}

TEST(Attacks, SynchronousDevicesActAtOnceOthersWithinTheSpread) {
  Attack attack;
  attack.spread_h = 2.0;
  std::int64_t latest = 0;
  for (std::uint32_t e = 0; e < 1000; ++e) {
    EXPECT_EQ(delay_steps(attack, {}, e, 0.1, k_draws), 0);
    attack.synchronicity = 0.25;
    latest = std::max(latest, delay_steps(attack, {}, e, 0.1, k_draws));
    attack.synchronicity = 1.0;
  }
  EXPECT_EQ(latest, 14);  // below 0.75 of 2 h
}

TEST(Attacks, AuthenticationRefusesItsShare) {
  AttackPlan plan = plan_of(AttackKind::spoofed_commands, 1.0);
  plan.defences.spoof_success = 0.05;
  double fallen = 0.0;
  for (std::uint32_t e = 0; e < k_endpoints; ++e) fallen += spoofed(plan, {}, e, k_draws) ? 1.0 : 0.0;
  EXPECT_NEAR(fallen / k_endpoints, 0.05, 4.0 * std::sqrt(0.05 * 0.95 / k_endpoints));
}

}  // namespace
}  // namespace gridplus::comms
