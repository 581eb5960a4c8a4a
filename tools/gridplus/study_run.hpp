// One process of a study: what `gridplus study` and `gridplus-mpi study` have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "output/study_folder.hpp"
#include "output/study_table.hpp"
#include "scenarios/study.hpp"
#include "sim/study/ensemble.hpp"
#include "tools/gridplus/study_progress.hpp"

namespace CLI {
class App;
}

namespace gridplus::tools {

struct StudyArguments {
  std::string scenario, folder, data_root, shard = "0/1";
  std::vector<std::string> sets;
  int threads = 0;
  bool resume = false, restart = false, quiet = false, json = false;
};

/// Adds the options of `study` to its subcommand. `with_shard`: the division is given, not made by ranks.
void add_study_options(CLI::App& command, StudyArguments& arguments, bool with_shard);

/// Part I of N, as in `3/20`. Throws InputError.
[[nodiscard]] output::ShardPlace parse_shard(const std::string& text);

/// A process at work on a study: the scenario, its place in the folder, what is left to do.
class StudyProcess {
 public:
  /// Opens the scenario and the folder. Throws InputError, IoError. `place`: of this process.
  StudyProcess(const StudyArguments& arguments, output::ShardPlace place, int threads);

  [[nodiscard]] const study::Design& design() const { return scenario_.design(); }
  [[nodiscard]] const Model& base() const { return scenario_.base(); }
  /// Looks for what is there already, in the files that `scope` names.
  void look(output::StudyFolder::Scope scope);
  /// What look() found out that ranks must know of it: open members and checkpoints. And as another rank was told.
  [[nodiscard]] std::string findings() const;
  void take_findings(const std::string& text);
  /// Members that nobody has finished: those with a checkpoint first, else ascending.
  [[nodiscard]] const std::vector<std::int64_t>& open_members() const { return open_; }
  /// Publishes what is finished already.
  void tell(study::StopBoard& board) const;

  struct Show {
    bool progress = false;     ///< on standard error
    std::int64_t members = 0;  ///< that the work belongs to, finished ones included
    std::string label;         ///< of the progress
    CountEnded count = {};
  };
  /// Computes the members of `members` that `work` hands out; then writes the shard. Returns false if it was
  /// interrupted.
  bool run(std::span<const std::int64_t> members, study::WorkSource& work, study::StopBoard& board, Show show);

  /// Writes study.h5 if every member is there; nothing otherwise.
  [[nodiscard]] std::optional<output::StudyTable> merge() const;
  [[nodiscard]] std::string study_file() const { return folder_.study_file(); }

 private:
  [[nodiscard]] output::StudyDescription description() const;

  int threads_;
  ScenarioStudy scenario_;
  std::shared_ptr<const output::Schema> series_;  ///< nullptr: none are recorded
  output::ShardPlace place_;
  output::StudyFolder folder_;
  output::StudyFolder::Scope scope_ = output::StudyFolder::Scope::all;
  output::MemberRows finished_;
  output::UnfinishedMembers unfinished_;
  std::vector<std::int64_t> open_;
};

/// The members of `open` that part `place` computes: whole points where a rule may stop a point, so that every part
/// sees all that its decisions need; else neighbours.
[[nodiscard]] std::vector<std::int64_t> part_of(const study::Design& design, std::span<const std::int64_t> open,
                                                output::ShardPlace place);

/// How many members a part has, finished or not.
[[nodiscard]] std::int64_t size_of_part(const study::Design& design, output::ShardPlace place);

/// Runs a whole `gridplus study` in this process.
[[nodiscard]] int run_study(const StudyArguments& arguments);

}  // namespace gridplus::tools
