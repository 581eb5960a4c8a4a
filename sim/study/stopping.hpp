// Sequential stopping: the replicates of a point end once a key figure is known with the wanted precision.
//
// Decisions are taken at fixed numbers of replicates and from the values in the order of the replicates, so that every
// split of the work comes to the same ones. A worker that does not know all values yet goes on; what it computes beyond
// the end is left out of the results.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "sim/study/design.hpp"
#include "sim/study/statistics.hpp"

namespace gridplus::study {

/// Values of the rule's key figure by member, as far as they are known. May be shared by threads and ranks.
class StopBoard {
 public:
  virtual ~StopBoard() = default;
  /// A member is finished; `value` is NaN where it has none.
  virtual void publish(std::int64_t member, double value) = 0;
  /// Whether the value of a member is known, and then the value.
  [[nodiscard]] virtual bool find(std::int64_t member, double& value) = 0;
};

/// The board of one process.
class LocalStopBoard final : public StopBoard {
 public:
  explicit LocalStopBoard(std::int64_t members);
  void publish(std::int64_t member, double value) override;
  [[nodiscard]] bool find(std::int64_t member, double& value) override;

  /// A value as it stands on a board of any kind: a double, or the mark of what is unknown.
  [[nodiscard]] static std::uint64_t to_bits(double value);
  [[nodiscard]] static bool from_bits(std::uint64_t bits, double& value);
  static constexpr std::uint64_t k_unknown = 0x7ff8deadbeef0001ULL;  ///< a NaN that no computation makes

 private:
  std::vector<std::atomic<std::uint64_t>> values_;
};

/// Which members are needed. Safe to call from several threads.
class StoppingTracker {
 public:
  StoppingTracker(const Design& design, StopBoard& board);
  /// False once it is known that the member's point has ended before it.
  [[nodiscard]] bool needed(std::int64_t member);
  /// Replicates of a point, as far as known: where it ended, or all.
  [[nodiscard]] std::int64_t replicates(std::int64_t point);

 private:
  struct Point {
    std::int64_t known = 0;  ///< replicates whose values are in `mean`
    std::int64_t end = 0;    ///< 0: not ended
    RunningMean mean;
  };
  void follow(Point& state, std::int64_t point);
  [[nodiscard]] bool precise(const Estimate& estimate) const;

  const Design& design_;
  StopBoard& board_;
  std::mutex guard_;
  std::vector<Point> points_;
};

}  // namespace gridplus::study
