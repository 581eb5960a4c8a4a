// The file that a worker of a study writes while it goes on: a record for every finished member, checkpoints of those
// that are long. A kill loses at most the members in the making, back to their last checkpoint.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "output/fingerprint.hpp"
#include "output/spool.hpp"
#include "output/study_members.hpp"

namespace gridplus::output {

/// What a journal holds.
struct JournalContent {
  Fingerprint fingerprint;                        ///< empty: the file is no journal that this program can read
  MemberRows members;                             ///< finished
  std::map<std::int64_t, Checkpoint> unfinished;  ///< the last checkpoint of members begun
  std::uint64_t end = 0;                          ///< where the last whole record ends
};

/// Reads a journal, also one that another process is writing: what is whole counts. Throws IoError if it cannot be
/// read.
[[nodiscard]] JournalContent read_journal(const std::string& path);

/// The recorder of a worker. Threads may call it at the same time.
class StudyJournal final : public study::StudyRecorder {
 public:
  /// Opens the journal at `path`, locks it, and continues after its last whole record. `unfinished`: checkpoints to
  /// continue from, of any worker. Throws IoError, also where another process is writing it.
  StudyJournal(std::string path, const Fingerprint& fingerprint, int seats,
               std::map<std::int64_t, Checkpoint> unfinished);

  [[nodiscard]] std::optional<Checkpoint> begin(int seat, std::int64_t member, const Model& model) override;
  void record(int seat, const StepBlock& block) override;
  void checkpoint(int seat, const Checkpoint& checkpoint) override;
  void finish(int seat, const study::MemberResult& result) override;

  [[nodiscard]] const std::string& path() const { return spool_.path(); }
  void sync() const { spool_.sync(); }
  /// Takes the file away: its content stands elsewhere.
  void remove() { spool_.remove(); }

 private:
  std::uint32_t known_table(const study::MemberResult& result);

  std::mutex guard_;
  Spool spool_;
  std::vector<NameTable> tables_;  ///< in the file
  std::map<std::int64_t, Checkpoint> unfinished_;
  std::vector<std::int64_t> current_;  ///< member of each seat
  std::chrono::steady_clock::time_point last_sync_ = std::chrono::steady_clock::now();
};

}  // namespace gridplus::output
