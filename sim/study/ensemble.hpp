// Runs the members of a study on threads and hands what comes out to a recorder.
//
// Members go one after the other on a thread; where some stage needs the network's result, so that a step's power flow
// cannot wait for those of later steps, several go in lockstep and have their flows solved together. Which it is
// follows from what the stages of a member declare.
//
// What a member computes depends on its own inputs only, so any split of the members over threads, ranks and shards,
// and any order, gives the same results. A member that fails is a result too, with its reason.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/step/checkpoint.hpp"
#include "sim/step/kpi.hpp"
#include "sim/step/model.hpp"
#include "sim/step/recorder.hpp"
#include "sim/study/design.hpp"
#include "sim/study/stopping.hpp"

namespace gridplus::study {

enum class MemberStatus : std::uint8_t {
  done,
  not_converged,  ///< finished; the power flow of some steps did not converge
  failed,         ///< has no key figures; the reason says why
  not_needed,     ///< its point had reached the wanted precision before it
  missing         ///< has not been computed
};
[[nodiscard]] const char* to_string(MemberStatus status);

/// What is kept of a member.
struct MemberResult {
  std::int64_t member = 0;
  MemberStatus status = MemberStatus::done;
  std::string reason;  ///< empty where it is done
  std::vector<Kpi> kpis;
  std::vector<CategoryTotal> categories;
  double wall_s = 0.0;
};

/// Builds the models of members. Implemented by who reads scenarios.
class MemberSource {
 public:
  virtual ~MemberSource() = default;
  [[nodiscard]] virtual const Design& design() const = 0;
  /// The model of a member. `worker` in [0, threads): calls of one worker come one after the other. Throws InputError
  /// where the member's values are no valid scenario.
  [[nodiscard]] virtual std::unique_ptr<const Model> model(std::int64_t member, int worker) = 0;
};

/// Hands out the members to compute, in ranges of neighbours. Called by several threads.
class WorkSource {
 public:
  virtual ~WorkSource() = default;
  /// The next range [first, second) of positions in the list of members to compute; nothing: all are handed out.
  [[nodiscard]] virtual std::optional<std::pair<std::int64_t, std::int64_t>> next() = 0;
};

/// The ranges of one process. `count` members by `workers` threads; a range is small enough to balance the load.
class LocalWork final : public WorkSource {
 public:
  LocalWork(std::int64_t count, int workers);
  [[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> next() override;

 private:
  std::int64_t count_, size_;
  std::atomic<std::int64_t> next_{0};
};

/// How many members a range has, so that each of `workers` gets about 64 of them at least and none more than 64 at
/// once.
[[nodiscard]] std::int64_t range_size(std::int64_t count, std::int64_t workers);

/// Members that a thread has in the making at most: as many as there are lanes.
inline constexpr int k_most_together = 16;
/// Members that `threads` threads have in the making at most.
[[nodiscard]] constexpr int seats_of(int threads) {
  return threads * k_most_together;
}

/// Takes results in. `seat` in [0, seats_of(threads)): the place of a member in the making, from begin() to finish(),
/// which may also come without begin(). Seats of different threads call at the same time. May throw IoError, which ends
/// the study.
class StudyRecorder {
 public:
  virtual ~StudyRecorder() = default;
  /// A member begins. Returns a checkpoint to continue from, if there is one.
  [[nodiscard]] virtual std::optional<Checkpoint> begin(int seat, std::int64_t member, const Model& model) = 0;
  virtual void record(int seat, const StepBlock& block) = 0;
  /// Everything recorded of the member so far and `checkpoint` belong together.
  virtual void checkpoint(int seat, const Checkpoint& checkpoint) = 0;
  virtual void finish(int seat, const MemberResult& result) = 0;
};

struct EnsembleOptions {
  int threads = 1;
  int most_together = k_most_together;                       ///< members in lockstep; 1: one by one
  double checkpoint_s = 60.0;                                ///< wall time between checkpoints within a member
  std::function<bool()> interrupted = [] { return false; };  ///< asked by every thread after every block of steps
  std::function<void(const MemberResult&)> finished = [](const MemberResult&) {};  ///< called by one thread at a time
};

/// Computes the members listed in `members` at the positions that `work` hands out. Returns false if it was
/// interrupted: unfinished members then have a checkpoint. Throws what the recorder throws.
bool run_ensemble(MemberSource& source, std::span<const std::int64_t> members, WorkSource& work, StopBoard& board,
                  StudyRecorder& recorder, const EnsembleOptions& options);

}  // namespace gridplus::study
