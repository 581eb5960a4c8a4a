#include "sim/study/stopping.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "sim/core/random.hpp"

namespace gridplus::study {
namespace {

Design design_of(std::int64_t points, std::int64_t replicates) {
  Design design;
  Axis axis;
  axis.name = "a";
  axis.labels.resize(static_cast<std::size_t>(points));
  design.axes = {axis};
  design.replicates = replicates;
  StoppingRule rule;
  rule.kpi = "x";
  rule.half_width = 0.1;
  rule.minimum = 8;
  rule.every = 4;
  design.stop = rule;
  return design;
}

double value_of(const Design& design, std::int64_t member) {
  const MemberKey key = design.key(member);
  const double spread = 0.1 * static_cast<double>(key.point + 1);
  return 1.0 + spread * normal({3, key.replicate, RandomStream::device, static_cast<std::uint32_t>(key.point), 0});
}

std::vector<std::int64_t> ends(const Design& design, std::span<const std::int64_t> order) {
  LocalStopBoard board(design.members());
  StoppingTracker tracker(design, board);
  for (const std::int64_t member : order)
    if (tracker.needed(member)) board.publish(member, value_of(design, member));
  std::vector<std::int64_t> out;
  for (std::int64_t point = 0; point < design.points(); ++point) out.push_back(tracker.replicates(point));
  return out;
}

TEST(StudyStopping, EndsAtTheFirstDecisionThatIsPreciseEnough) {
  const Design design = design_of(4, 200);
  std::vector<std::int64_t> order(static_cast<std::size_t>(design.members()));
  std::iota(order.begin(), order.end(), 0);
  const std::vector<std::int64_t> found = ends(design, order);
  for (std::int64_t point = 0; point < design.points(); ++point) {
    RunningMean mean;
    std::int64_t expected = design.replicates;
    for (std::int64_t r = 0; r < design.replicates && expected == design.replicates; ++r) {
      mean.add(value_of(design, design.member({point, static_cast<std::uint32_t>(r)})));
      const Estimate now = mean.estimate(0.95);
      const std::int64_t n = r + 1;
      if (n >= 8 && n % 4 == 0 && 0.5 * (now.ci_high - now.ci_low) <= 0.1) expected = n;
    }
    EXPECT_EQ(found[static_cast<std::size_t>(point)], expected);
  }
  EXPECT_LE(found[0], 16);
  EXPECT_GT(found[3], found[0]);
}

TEST(StudyStopping, ComesToTheSameEndsInAnyOrder) {
  const Design design = design_of(4, 100);
  std::vector<std::int64_t> order(static_cast<std::size_t>(design.members()));
  std::iota(order.begin(), order.end(), 0);
  const std::vector<std::int64_t> expected = ends(design, order);
  std::mt19937 shuffle(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(order.begin(), order.end(), shuffle);
    EXPECT_EQ(ends(design, order), expected);
  }
}

TEST(StudyStopping, AMemberWithoutAValueCountsAsSeenOnly) {
  Design design = design_of(1, 30);
  LocalStopBoard board(design.members());
  StoppingTracker tracker(design, board);
  for (std::int64_t member = 0; member < 30; ++member) board.publish(member, member % 2 == 0 ? k_not_known : 1.0);
  EXPECT_EQ(tracker.replicates(0), 8);
  EXPECT_FALSE(tracker.needed(8));
  EXPECT_TRUE(tracker.needed(7));
}

}  // namespace
}  // namespace gridplus::study
