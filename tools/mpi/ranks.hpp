// What ranks share: a counter that hands out work, and values that decide when a point has ended. Both lie in the
// memory of rank 0 and are reached with one-sided calls, so no rank has to serve the others: rank 0 computes like all.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/study/ensemble.hpp"

namespace gridplus::tools {

/// MPI from its start to its end. Threads of a rank may call the objects below; they call MPI one at a time.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  /// Ends all ranks.
  [[noreturn]] static void abort(int exit_code);
  /// The list of rank 0, on every rank.
  static void broadcast(std::vector<std::int64_t>& list);
  static void broadcast(std::string& text);
  /// Whether all ranks say yes. Waits for all.
  [[nodiscard]] static bool all(bool yes);

 private:
  int rank_ = 0, size_ = 1;
};

/// Memory of rank 0 that all ranks read and change, as 64-bit words.
class SharedWords {
 public:
  SharedWords(std::int64_t count, std::uint64_t initial);
  ~SharedWords();
  SharedWords(const SharedWords&) = delete;
  SharedWords& operator=(const SharedWords&) = delete;

  /// Adds to a word and returns what it was.
  [[nodiscard]] std::uint64_t fetch_add(std::int64_t index, std::uint64_t value);
  void store(std::int64_t index, std::uint64_t value);
  [[nodiscard]] std::uint64_t load(std::int64_t index);

 private:
  struct Window;
  std::unique_ptr<Window> window_;
};

/// Ranges of members, handed out by a counter that all ranks advance.
class RankWork final : public study::WorkSource {
 public:
  /// `workers`: threads of all ranks.
  RankWork(std::int64_t count, std::int64_t workers);
  [[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> next() override;

 private:
  std::int64_t count_, size_;
  SharedWords counter_;
};

/// A board that all ranks see.
class RankStopBoard final : public study::StopBoard {
 public:
  explicit RankStopBoard(std::int64_t members);
  void publish(std::int64_t member, double value) override;
  [[nodiscard]] bool find(std::int64_t member, double& value) override;

 private:
  study::LocalStopBoard known_;  ///< here already: values do not change
  SharedWords words_;
};

}  // namespace gridplus::tools
