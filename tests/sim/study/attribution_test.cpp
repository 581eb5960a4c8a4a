#include "sim/study/attribution.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "sim/step/model.hpp"

namespace gridplus::study {
namespace {

/// A whole-number game of k causes, times k!: then all sums are exact.
std::vector<double> game(std::size_t k) {
  double factorial = 1.0;
  for (std::size_t i = 2; i <= k; ++i) factorial *= static_cast<double>(i);
  std::vector<double> v;
  for (std::size_t set = 0; set < std::size_t{1} << k; ++set)
    v.push_back(factorial * *rc::gen::inRange(-1000000, 1000000));
  return v;
}

RC_GTEST_PROP(Shapley, SharesAddUpExactlyToWhatAllCausesMake, ()) {
  const auto k = static_cast<std::size_t>(*rc::gen::inRange(1, 5));
  const std::vector<double> v = game(k), shares = shapley_values(v);
  RC_ASSERT(std::accumulate(shares.begin(), shares.end(), 0.0) == v.back() - v.front());
}

RC_GTEST_PROP(Shapley, ACauseThatChangesNothingHasNoShare, ()) {
  const auto k = static_cast<std::size_t>(*rc::gen::inRange(1, 5));
  const auto idle = static_cast<std::size_t>(*rc::gen::inRange(std::size_t{0}, k));
  std::vector<double> v = game(k);
  for (std::size_t set = 0; set < v.size(); ++set)
    if ((set >> idle & 1U) != 0) v[set] = v[set & ~(std::size_t{1} << idle)];
  RC_ASSERT(shapley_values(v)[idle] == 0.0);
}

TEST(Shapley, GlovesAreWorthWhatTheyAreAlwaysWorth) {
  // One left glove and two right ones; a pair is worth 6: shares 4, 1, 1 (L. S. Shapley and M. Shubik, 1969).
  std::vector<double> v(8, 0.0);
  for (std::size_t set = 0; set < 8; ++set)
    if ((set & 1U) != 0 && (set & 6U) != 0) v[set] = 6.0;
  EXPECT_EQ(shapley_values(v), (std::vector<double>{4.0, 1.0, 1.0}));
}

TEST(Attribution, NamesSetsOfCauses) {
  const std::vector<Cause> causes = {Cause::network, Cause::weather};
  EXPECT_EQ(set_name(causes, 0), "none");
  EXPECT_EQ(set_name(causes, 2), "weather");
  EXPECT_EQ(set_name(causes, 3), "network+weather");
}

TEST(Attribution, TakesCausesOut) {
  Model model;
  model.network.method = NetworkMethod::ac;
  model.outages = {{PlannedOutage::Subject::branch, 0, 0, 5, ""}, {PlannedOutage::Subject::producer, 0, 0, 5, ""}};
  FailureGroup group;
  group.members = {{OutageSubject::Kind::branch, 0}, {OutageSubject::Kind::storage, 1}};
  FailureGroup line;
  line.failure_rate_per_h = 0.1;
  line.members = {{OutageSubject::Kind::branch, 1}};
  model.outage_plan.groups = {group, line};
  model.outage_plan.storms.resize(1);
  model.outage_plan.storms[0].exposed = {{0, 1.0}, {1, 1.0}};
  auto communication = std::make_unique<CommunicationModel>();
  communication->attacks.attacks.resize(1);
  model.communication = std::move(communication);
  take_out(Cause::cyber, model);
  ASSERT_NE(model.communication, nullptr);
  EXPECT_TRUE(model.communication->attacks.attacks.empty());
  take_out(Cause::communication, model);
  EXPECT_EQ(model.communication, nullptr);
  take_out(Cause::network, model);
  EXPECT_EQ(model.network.method, NetworkMethod::none);
  ASSERT_EQ(model.outages.size(), 1U);
  EXPECT_EQ(model.outages[0].subject, PlannedOutage::Subject::producer);
  ASSERT_EQ(model.outage_plan.groups[0].members.size(), 1U);
  EXPECT_EQ(model.outage_plan.groups[0].members[0].kind, OutageSubject::Kind::storage);
  EXPECT_EQ(model.outage_plan.groups[1].failure_rate_per_h, 0.0);
  ASSERT_EQ(model.outage_plan.storms[0].exposed.size(), 1U);
  EXPECT_EQ(model.outage_plan.storms[0].exposed[0].group, 0U);
  take_out(Cause::weather, model);
  EXPECT_TRUE(model.outage_plan.storms.empty());
  EXPECT_EQ(model.outage_plan.groups.size(), 2U);
}

}  // namespace
}  // namespace gridplus::study
