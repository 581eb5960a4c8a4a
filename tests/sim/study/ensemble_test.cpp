#include "sim/study/ensemble.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>

#include "sim/core/error.hpp"
#include "sim/step/simulation.hpp"
#include "tests/sim/step/connected_system.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus::study {
namespace {

/// A small system that differs in its price of carbon; member 3 is no valid scenario, member 5 fails with an exception.
class SmallSource final : public MemberSource {
 public:
  explicit SmallSource(std::int64_t members) {
    Axis axis;
    axis.name = "price";
    axis.labels.resize(static_cast<std::size_t>(members));
    design_.axes = {axis};
  }
  [[nodiscard]] const Design& design() const override { return design_; }
  [[nodiscard]] std::unique_ptr<const Model> model(std::int64_t member, int) override {
    if (member == 3) throw InputError(Diagnostic{{"study.yaml", 4, 2}, "policy.co2_price", "it is negative", {}, {}});
    if (member == 5) throw std::runtime_error("no such thing");
    auto model = test::small_system(150);
    model->co2_price_per_t = Series{5.0 * static_cast<double>(member), {}};
    return model;
  }

 private:
  Design design_;
};

/// Keeps what it is given in memory.
class MemoryRecorder final : public StudyRecorder {
 public:
  explicit MemoryRecorder(int threads) : current_(static_cast<std::size_t>(seats_of(threads))) {}
  [[nodiscard]] std::optional<Checkpoint> begin(int seat, std::int64_t member, const Model&) override {
    const std::scoped_lock lock(guard_);
    current_[static_cast<std::size_t>(seat)] = member;
    const auto found = checkpoints.find(member);
    return found == checkpoints.end() ? std::nullopt : std::optional(found->second);
  }
  void record(int seat, const StepBlock& block) override {
    const std::scoped_lock lock(guard_);
    recorded[current_[static_cast<std::size_t>(seat)]].emplace_back(block.first, block.of(StepVar::losses_mw, 0));
  }
  void checkpoint(int seat, const Checkpoint& checkpoint) override {
    const std::scoped_lock lock(guard_);
    checkpoints[current_[static_cast<std::size_t>(seat)]] = checkpoint;
  }
  void finish(int, const MemberResult& result) override {
    const std::scoped_lock lock(guard_);
    if (full && results.size() == 2) throw IoError("the disk is full");
    results[result.member] = result;
  }

  std::map<std::int64_t, MemberResult> results;
  std::map<std::int64_t, Checkpoint> checkpoints;
  /// By member: the first step and its losses, of every block.
  std::map<std::int64_t, std::vector<std::pair<std::int64_t, double>>> recorded;
  bool full = false;

 private:
  std::mutex guard_;
  std::vector<std::int64_t> current_;
};

constexpr std::int64_t k_members = 12;

std::vector<std::int64_t> all_members() {
  std::vector<std::int64_t> members(k_members);
  std::iota(members.begin(), members.end(), 0);
  return members;
}

bool run(MemoryRecorder& recorder, std::span<const std::int64_t> members, EnsembleOptions options) {
  SmallSource source(k_members);
  LocalWork work(static_cast<std::int64_t>(members.size()), options.threads);
  LocalStopBoard board(0);
  return run_ensemble(source, members, work, board, recorder, options);
}

void expect_same(const std::map<std::int64_t, MemberResult>& a, const std::map<std::int64_t, MemberResult>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [member, result] : a) {
    const MemberResult& other = b.at(member);
    EXPECT_EQ(result.status, other.status);
    EXPECT_EQ(result.reason, other.reason);
    ASSERT_EQ(result.kpis.size(), other.kpis.size());
    for (std::size_t i = 0; i < result.kpis.size(); ++i) EXPECT_EQ(result.kpis[i].value, other.kpis[i].value);
  }
}

TEST(StudyEnsemble, IsTheSameForEveryNumberOfThreadsAndOrder) {
  MemoryRecorder one(1);
  EXPECT_TRUE(run(one, all_members(), {.threads = 1}));
  EXPECT_EQ(one.results.size(), static_cast<std::size_t>(k_members));
  auto members = all_members();
  std::reverse(members.begin(), members.end());
  MemoryRecorder four(4);
  EXPECT_TRUE(run(four, members, {.threads = 4}));
  expect_same(one.results, four.results);
}

TEST(StudyEnsemble, KeepsFailingMembersWithTheirReasonAndSparesTheOthers) {
  MemoryRecorder recorder(2);
  EXPECT_TRUE(run(recorder, all_members(), {.threads = 2}));
  EXPECT_EQ(recorder.results.at(3).status, MemberStatus::failed);
  EXPECT_EQ(recorder.results.at(3).reason, "study.yaml:4:2: policy.co2_price: it is negative");
  EXPECT_EQ(recorder.results.at(5).reason, "no such thing");
  EXPECT_TRUE(recorder.results.at(5).kpis.empty());
  for (const std::int64_t member : {0, 1, 2, 4, 6, 11})
    EXPECT_EQ(recorder.results.at(member).status, MemberStatus::done);
}

TEST(StudyEnsemble, AnInterruptedMemberContinuesToTheSameResult) {
  MemoryRecorder whole(1);
  run(whole, all_members(), {.threads = 1});
  for (const int stop_after : {1, 2, 4, 7}) {
    MemoryRecorder parts(1);
    int asked = 0;
    EnsembleOptions options;
    options.interrupted = [&] { return ++asked > stop_after; };
    EXPECT_FALSE(run(parts, all_members(), options));
    std::vector<std::int64_t> open;
    for (const std::int64_t member : all_members())
      if (!parts.results.contains(member)) open.push_back(member);
    EXPECT_TRUE(run(parts, open, {.threads = 1}));
    expect_same(whole.results, parts.results);
  }
}

TEST(StudyEnsemble, AFullDiskEndsTheStudyNotTheMember) {
  MemoryRecorder recorder(2);
  recorder.full = true;
  EXPECT_THROW(run(recorder, all_members(), {.threads = 2}), IoError);
  EXPECT_EQ(recorder.results.size(), 2U);
}

TEST(StudyEnsemble, RangesCoverAllMembersOnce) {
  for (const std::int64_t count : {0, 1, 7, 1000, 100'000}) {
    LocalWork work(count, 3);
    std::int64_t next = 0;
    while (const auto range = work.next()) {
      EXPECT_EQ(range->first, next);
      EXPECT_LE(range->second - range->first, 64);
      next = range->second;
    }
    EXPECT_EQ(next, count);
  }
}

/// Members whose devices follow the voltage of the step before where no command comes through. Member 4 is no valid
/// scenario; member 9 ends in the middle, as a dated change no longer fits its unit; lines are out at other times.
class DroopSource final : public MemberSource {
 public:
  DroopSource() : first_(test::connected_system(k_steps, test::poor(Fallback::local_droop))) {
    Axis axis;
    axis.name = "price";
    axis.labels.resize(7);
    design_.axes = {axis};
    design_.replicates = 3;
  }
  static constexpr std::int64_t k_steps = 70;

  [[nodiscard]] const Design& design() const override { return design_; }
  [[nodiscard]] std::unique_ptr<const Model> model(std::int64_t member, int) override {
    if (member == 4) throw InputError(Diagnostic{{"study.yaml", 4, 2}, "policy.co2_price", "it is negative", {}, {}});
    auto model = test::connected_system(k_steps, test::poor(Fallback::local_droop));
    model->grid = first_->grid;
    model->replicate = design_.key(member).replicate;
    model->co2_price_per_t = Series{5.0 * static_cast<double>(design_.key(member).point), {}};
    const auto branch = static_cast<std::uint32_t>(member % 3);
    model->outages = {{PlannedOutage::Subject::branch, branch, 3 + member, 13 + 2 * member, "test"}};
    if (member == 9) {
      const auto fields = model->producer_banks.front()->fields();
      const auto found = std::find_if(fields.begin(), fields.end(), [](const auto& f) { return f.key == "capacity"; });
      model->changes = {
          {31, DeviceKind::producer, 0, 0, static_cast<std::uint32_t>(found - fields.begin()), FieldValue(1.0)}};
    }
    return model;
  }

 private:
  std::unique_ptr<Model> first_;
  Design design_;
};

bool run_droop(MemoryRecorder& recorder, std::span<const std::int64_t> members, EnsembleOptions options) {
  DroopSource source;
  LocalWork work(static_cast<std::int64_t>(members.size()), options.threads);
  LocalStopBoard board(0);
  return run_ensemble(source, members, work, board, recorder, options);
}

std::vector<std::int64_t> droop_members() {
  std::vector<std::int64_t> members(static_cast<std::size_t>(DroopSource().design().members()));
  std::iota(members.begin(), members.end(), 0);
  return members;
}

TEST(StudyEnsemble, LockstepIsBitwiseOneByOneAtAnyNumberOfThreads) {
  MemoryRecorder alone(1);
  EXPECT_TRUE(run_droop(alone, droop_members(), {.threads = 1, .most_together = 1}));
  EXPECT_EQ(alone.results.size(), 21U);
  EXPECT_EQ(alone.results.at(4).reason, "study.yaml:4:2: policy.co2_price: it is negative");
  EXPECT_EQ(alone.results.at(9).status, MemberStatus::failed);
  EXPECT_NE(alone.results.at(9).reason, "");
  EXPECT_EQ(alone.results.at(10).status, MemberStatus::done);
  for (const int threads : {1, 2, 8})
    for (const int most : {2, 5, k_most_together}) {
      MemoryRecorder together(threads);
      EXPECT_TRUE(run_droop(together, droop_members(), {.threads = threads, .most_together = most}));
      expect_same(alone.results, together.results);
    }
}

TEST(StudyEnsemble, MembersInLockstepHandInEveryBlockUnderTheirOwnSeats) {
  MemoryRecorder alone(1), together(1);
  run_droop(alone, droop_members(), {.threads = 1, .most_together = 1});
  run_droop(together, droop_members(), {.threads = 1});
  EXPECT_EQ(alone.recorded, together.recorded);
  EXPECT_EQ(together.recorded.at(0).size(), static_cast<std::size_t>(DroopSource::k_steps));
}

TEST(StudyEnsemble, InterruptedLockstepContinuesToTheSameResults) {
  MemoryRecorder whole(1);
  run_droop(whole, droop_members(), {.threads = 1, .most_together = 1});
  for (const int stop_after : {3, 20, 100, 130}) {
    MemoryRecorder parts(1);
    int asked = 0;
    EnsembleOptions options;
    options.interrupted = [&] { return ++asked > stop_after; };
    EXPECT_FALSE(run_droop(parts, droop_members(), options));
    std::vector<std::int64_t> open;
    for (const std::int64_t member : droop_members())
      if (!parts.results.contains(member)) open.push_back(member);
    std::reverse(open.begin(), open.end());  // other neighbours than before
    EXPECT_TRUE(run_droop(parts, open, {.threads = 1}));
    expect_same(whole.results, parts.results);
  }
}

}  // namespace
}  // namespace gridplus::study
