#include "sim/study/design.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace gridplus::study {
namespace {

Axis axis(const char* name, std::size_t size) {
  Axis out;
  out.name = name;
  out.unit = "MW";
  for (std::size_t i = 0; i < size; ++i) {
    out.labels.push_back(std::to_string(i) + " MW");
    out.values.push_back(static_cast<double>(i));
  }
  return out;
}

Design grid_design() {
  Design design;
  design.axes = {axis("wind", 3), axis("price", 4)};
  design.replicates = 5;
  return design;
}

TEST(StudyDesign, NumbersMembersReplicateByReplicateWithTheLastAxisFastest) {
  const Design design = grid_design();
  EXPECT_EQ(design.points(), 12);
  EXPECT_EQ(design.members(), 60);
  EXPECT_EQ(design.key(25).point, 1);
  EXPECT_EQ(design.key(25).replicate, 2U);
  EXPECT_EQ(design.indices(7), (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(design.describe(25), "wind = 0 MW, price = 1 MW, replicate 2");
}

RC_GTEST_PROP(StudyDesign, EveryMemberHasItsOwnKey, ()) {
  Design design;
  for (int a = 0; a < *rc::gen::inRange(0, 4); ++a)
    design.axes.push_back(axis("a", *rc::gen::inRange<std::size_t>(1, 5)));
  design.replicates = *rc::gen::inRange(1, 6);
  std::set<std::pair<std::vector<std::size_t>, std::uint32_t>> keys;
  for (std::int64_t member = 0; member < design.members(); ++member) {
    const MemberKey key = design.key(member);
    RC_ASSERT(design.member(key) == member);
    keys.emplace(design.indices(key.point), key.replicate);
  }
  RC_ASSERT(static_cast<std::int64_t>(keys.size()) == design.members());
}

TEST(StudyDesign, PairedAxesMoveTogether) {
  Design design;
  design.sweep = Sweep::paired;
  design.axes = {axis("wind", 3), axis("price", 3)};
  EXPECT_EQ(design.points(), 3);
  EXPECT_EQ(design.indices(2), (std::vector<std::size_t>{2, 2}));
}

TEST(StudyDesign, ABaselineOnOneAxisKeepsTheOthers) {
  Design design = grid_design();
  EXPECT_EQ(design.baseline_point(7), std::nullopt);
  design.baseline = {1, std::nullopt};
  EXPECT_EQ(design.baseline_point(11), 7);  // wind 2, price 3 against wind 1, price 3
  EXPECT_EQ(design.baseline_point(7), 7);
}

TEST(LatinHypercube, HasOneShareInEveryStratumOfEveryAxis) {
  constexpr std::size_t k_samples = 50;
  for (std::size_t a = 0; a < 3; ++a) {
    std::set<int> strata;
    for (const double share : latin_hypercube(7, a, k_samples)) {
      EXPECT_GT(share, 0.0);
      EXPECT_LT(share, 1.0);
      strata.insert(static_cast<int>(share * k_samples));
    }
    EXPECT_EQ(strata.size(), k_samples);
  }
  EXPECT_NE(latin_hypercube(7, 0, k_samples), latin_hypercube(7, 1, k_samples));
  EXPECT_NE(latin_hypercube(7, 0, k_samples), latin_hypercube(8, 0, k_samples));
  EXPECT_EQ(latin_hypercube(7, 0, k_samples), latin_hypercube(7, 0, k_samples));
}

TEST(Quantiles, MeetKnownValues) {
  using Kind = Quantiles::Kind;
  EXPECT_DOUBLE_EQ((Quantiles{Kind::uniform, 2, 6}.at(0.25)), 3.0);
  EXPECT_NEAR((Quantiles{Kind::normal, 10, 2}.at(0.975)), 10 + 2 * 1.959963985, 1e-8);
  EXPECT_NEAR((Quantiles{Kind::lognormal, 10, 0.5}.at(0.5)), 10.0, 1e-9);
  // A triangle from 0 to 4 with its tip at 1: a quarter of the area lies left of the tip.
  EXPECT_NEAR((Quantiles{Kind::triangular, 0, 1, 4}.at(0.25)), 1.0, 1e-12);
  EXPECT_NEAR((Quantiles{Kind::triangular, 0, 1, 4}.at(1.0 - 1.0 / 12.0)), 3.0, 1e-12);
  Quantiles choice{Kind::choice};
  choice.choices = 4;
  EXPECT_EQ(choice.at(0.74), 2.0);
}

}  // namespace
}  // namespace gridplus::study
