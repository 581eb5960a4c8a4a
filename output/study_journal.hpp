// The file that a worker of a study writes while it goes on: a record for every finished member, checkpoints of those
// that are long, and the members' time series where they are recorded. A kill loses at most the members in the making,
// back to their last checkpoint.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "output/fingerprint.hpp"
#include "output/member_series.hpp"
#include "output/spool.hpp"
#include "output/study_members.hpp"

namespace gridplus::output {

/// Records of a member's series: where in the file, by their first row.
using SeriesRecords = std::map<std::int64_t, std::uint64_t>;

/// A checkpoint of a member that was begun, and where it stands.
struct UnfinishedMember {
  std::string journal;
  std::uint64_t begin = 0;  ///< of the record
  std::int64_t next_step = 0;
};
using UnfinishedMembers = std::map<std::int64_t, UnfinishedMember>;

/// What a journal holds.
struct JournalContent {
  Fingerprint fingerprint;                       ///< empty: the file is no journal that this program can read
  MemberRows members;                            ///< finished
  UnfinishedMembers unfinished;                  ///< the last checkpoint of members begun
  std::map<std::int64_t, SeriesRecords> series;  ///< of finished and unfinished members
  std::uint64_t end = 0;                         ///< where the last whole record ends
};

/// Reads a journal, also one that another process is writing: what is whole counts. Throws IoError if it cannot be
/// read.
[[nodiscard]] JournalContent read_journal(const std::string& path);

/// The recorder of a worker. Threads may call it at the same time.
class StudyJournal final : public study::StudyRecorder {
 public:
  /// Opens the journal at `path`, locks it, and continues after its last whole record. `unfinished`: checkpoints to
  /// continue from, of any worker. `series`: what is recorded of every member; must outlive the journal; nullptr:
  /// nothing. Throws IoError, also where another process is writing it.
  StudyJournal(std::string path, const Fingerprint& fingerprint, int seats, UnfinishedMembers unfinished,
               const Schema* series);

  [[nodiscard]] std::optional<Checkpoint> begin(int seat, std::int64_t member, const Model& model) override;
  void record(int seat, const StepBlock& block) override;
  void checkpoint(int seat, const Checkpoint& checkpoint) override;
  void finish(int seat, const study::MemberResult& result) override;

  [[nodiscard]] const std::string& path() const { return spool_.path(); }
  void sync() const { spool_.sync(); }
  /// Takes the file away: its content stands elsewhere.
  void remove() { spool_.remove(); }

 private:
  /// What a thread has in the making.
  struct Slot {
    std::int64_t member = -1;
    std::unique_ptr<MemberSeries> series;
  };
  std::uint32_t known_table(const study::MemberResult& result);
  void append_series(std::span<const std::byte> payload);
  [[nodiscard]] std::optional<Checkpoint> load(std::int64_t member, const UnfinishedMember& place, Slot& slot);

  std::mutex guard_;
  Spool spool_;
  const Schema* series_;
  std::vector<NameTable> tables_;  ///< in the file
  UnfinishedMembers unfinished_;
  std::vector<Slot> slots_;  ///< of each seat
  std::chrono::steady_clock::time_point last_sync_ = std::chrono::steady_clock::now();
};

}  // namespace gridplus::output
