// The folder of a study: who works in it, what its workers have left there.
//
//   DIR/study.lock               held by every process that works here; says who and in how many parts
//   DIR/study.h5                 the results of the study, once every member is there
//   DIR/shards/shard-I-of-N.h5   what a finished worker computed; `.partial` while it works
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "output/file_system.hpp"
#include "output/fingerprint.hpp"
#include "output/study_journal.hpp"
#include "output/study_shard.hpp"

namespace gridplus::output {

/// One of the parts that a study is divided into.
struct ShardPlace {
  std::int64_t index = 0, count = 1;
};

enum class FolderUse : std::uint8_t {
  begin,    ///< nothing of this part may be there yet
  resume,   ///< continue with what is there
  restart,  ///< throw away what is there
  merge     ///< nobody else may work here; nothing is changed
};

class StudyFolder {
 public:
  /// Makes the folder if it is missing and locks it. Throws IoError where others work here who do not belong to the
  /// same division into parts, and where `use` forbids what is there.
  StudyFolder(std::string path, ShardPlace place, FolderUse use, Fingerprint fingerprint);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string study_file() const { return path_ + "/study.h5"; }
  [[nodiscard]] const Fingerprint& fingerprint() const { return fingerprint_; }

  /// Which files are looked through. What a process of the same division computes is none of another's business until
  /// all are done: N processes that begin then read N files, not N times N.
  enum class Scope : std::uint8_t {
    own,  ///< of this part, and of any other division
    all
  };
  struct Found {
    StudyDescription description;  ///< empty while no shard is finished
    MemberRows members;            ///< finished, by workers of this process or others, now or earlier
    UnfinishedMembers unfinished;  ///< begun; they have a checkpoint
  };
  /// Files that are damaged are left out, with a word on standard error: their members are computed again. Throws
  /// IoError where something is of another study.
  [[nodiscard]] Found find(Scope scope) const;
  /// Whether every part of this division has a shard, or needs none (`needed` says which do): a look at names. Always
  /// true where files of other divisions are there.
  [[nodiscard]] bool may_be_complete(const std::function<bool(std::int64_t index)>& needed) const;

  /// Makes shards of journals that nobody is writing. Returns whether no journal is left.
  [[nodiscard]] bool seal(const StudyDescription& description, const Schema* series) const;
  /// The files that hold series of members: shards, then journals.
  [[nodiscard]] std::vector<std::unique_ptr<SeriesSource>> series(const Schema& schema) const;
  /// What was recorded of every member, as a shard says; nothing where no shard has series.
  [[nodiscard]] std::shared_ptr<const Schema> series_schema() const;

  /// Where this process writes: a name that no finished shard has.
  [[nodiscard]] std::string shard_path() const;
  [[nodiscard]] static std::string journal_path(const std::string& shard_path) { return shard_path + ".partial"; }

 private:
  void lock();
  void check() const;
  void clear() const;
  void sweep() const;
  [[nodiscard]] std::string shard_name(int generation) const;
  [[nodiscard]] std::vector<std::string> files(const std::string& ending) const;
  [[nodiscard]] bool in_scope(const std::string& file, Scope scope) const;
  void add_shard(const std::string& file, Found& found) const;
  void add_journal(const std::string& file, Found& found) const;
  void check_fingerprint(const Fingerprint& found, const std::string& file) const;

  std::string path_;
  ShardPlace place_;
  FolderUse use_;
  Fingerprint fingerprint_;
  FileDescriptor lock_;
  bool alone_ = false;  ///< when it was opened
};

}  // namespace gridplus::output
