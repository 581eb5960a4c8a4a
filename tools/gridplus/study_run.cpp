#include "tools/gridplus/study_run.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "output/series_schema.hpp"
#include "output/study_file.hpp"
#include "output/study_series.hpp"
#include "sim/core/error.hpp"
#include "sim/core/parallel.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/interrupt.hpp"
#include "tools/gridplus/notes.hpp"
#include "tools/gridplus/study_progress.hpp"
#include "tools/gridplus/study_summary.hpp"

namespace gridplus::tools {

namespace {

output::FolderUse use_of(const StudyArguments& arguments) {
  if (arguments.restart) return output::FolderUse::restart;
  return arguments.resume ? output::FolderUse::resume : output::FolderUse::begin;
}

LoadOptions load_options(const StudyArguments& arguments) {
  LoadOptions options;
  options.sets = arguments.sets;
  options.data_root = arguments.data_root;
  return options;
}

/// Members whose series can stand beside each other; another one fails.
class SeriesMembers final : public study::MemberSource {
 public:
  SeriesMembers(study::MemberSource& members, const output::Schema* series) : members_(members), series_(series) {}
  [[nodiscard]] const study::Design& design() const override { return members_.design(); }
  [[nodiscard]] std::unique_ptr<const Model> model(std::int64_t member, int worker) override {
    std::unique_ptr<const Model> model = members_.model(member, worker);
    if (series_ != nullptr) output::check_series(*series_, *model);
    return model;
  }

 private:
  study::MemberSource& members_;
  const output::Schema* series_;
};

}  // namespace

void add_study_options(CLI::App& command, StudyArguments& arguments, bool with_shard) {
  command.add_option("scenario", arguments.scenario, "a YAML scenario with a block 'study'")->required();
  command.add_option("-o,--output", arguments.folder, "the folder of the study; the scenario's name if not given");
  command.add_option("--set", arguments.sets, "path=value: changes one value before the study begins");
  command.add_option("--threads", arguments.threads, "members at a time; all cores if not given")
      ->check(CLI::Range(1, 4096));
  if (with_shard)
    command.add_option("--shard", arguments.shard, "I/N: compute part I (from 0) of N only, as a job of an array does");
  command.add_option("--data-root", arguments.data_root, "the tree that paths in the scenario may not leave");
  command.add_flag("--resume", arguments.resume, "continue what is there; begin where nothing is");
  command.add_flag("--restart", arguments.restart, "begin anew, discarding what is there")->excludes("--resume");
  command.add_flag("--quiet", arguments.quiet, "no progress, no summary");
  command.add_flag("--json", arguments.json, "the summary as one JSON object");
}

output::ShardPlace parse_shard(const std::string& text) {
  output::ShardPlace place;
  const std::size_t slash = text.find('/');
  const auto number = [&](std::size_t from, std::size_t to, std::int64_t& value) {
    const char* const end = text.data() + to;
    return from < to && std::from_chars(text.data() + from, end, value).ptr == end;
  };
  const bool right = slash != std::string::npos && number(0, slash, place.index) &&
                     number(slash + 1, text.size(), place.count) && place.count >= 1 && place.count <= 100'000 &&
                     place.index >= 0 && place.index < place.count;
  if (!right)
    throw InputError(Diagnostic{
        {"--shard", 0, 0}, {}, fmt::format("'{}' is no part", text), "I/N with I from 0 to N - 1, such as 3/20", {}});
  return place;
}

StudyProcess::StudyProcess(const StudyArguments& arguments, output::ShardPlace place, int threads)
    : threads_(threads),
      scenario_(arguments.scenario, load_options(arguments), threads),
      series_(scenario_.records_series()
                  ? std::make_shared<const output::Schema>(output::make_series_schema(scenario_.base()))
                  : nullptr),
      place_(place),
      folder_(arguments.folder.empty() ? std::filesystem::path(arguments.scenario).stem().string() : arguments.folder,
              place, use_of(arguments), [&] {
                output::Fingerprint fingerprint =
                    output::fingerprint_of(scenario_.base(), output::make_schema(scenario_.base()));
                fingerprint.emplace_back("study", output::text_checksum(scenario_.design_text()));
                return fingerprint;
              }()) {}

void StudyProcess::look(output::StudyFolder::Scope scope) {
  scope_ = scope;
  output::StudyFolder::Found found = folder_.find(scope);
  finished_ = std::move(found.members);
  unfinished_ = std::move(found.unfinished);
  open_ = output::missing_members(scenario_.design(), finished_);
  // Whoever begins a member with a checkpoint needs the journal it stands in, which may go when the study goes on.
  std::stable_partition(open_.begin(), open_.end(), [&](std::int64_t m) { return unfinished_.contains(m); });
}

std::string StudyProcess::findings() const {
  std::string out;
  for (const auto& [member, place] : unfinished_)
    out += fmt::format("{} {} {} {}\n", member, place.begin, place.next_step, place.journal);
  return out;
}

void StudyProcess::take_findings(const std::string& text) {
  std::istringstream lines(text);
  std::int64_t member = 0;
  output::UnfinishedMember place;
  while (lines >> member >> place.begin >> place.next_step && std::getline(lines >> std::ws, place.journal))
    unfinished_[member] = place;
}

output::StudyDescription StudyProcess::description() const {
  return {scenario_.design(), scenario_.base().provenance, output::inputs_text(folder_.fingerprint())};
}

void StudyProcess::tell(study::StopBoard& board) const {
  if (!design().stop) return;
  for (const output::MemberRow& row : finished_.rows) {
    double value = study::k_not_known;
    if (!row.values.empty()) {
      const auto& kpis = finished_.tables[row.table].kpis;
      for (std::size_t i = 0; i < kpis.size(); ++i)
        if (kpis[i].name == design().stop->kpi) value = row.values[i];
    }
    board.publish(row.member, value);
  }
}

bool StudyProcess::run(std::span<const std::int64_t> members, study::WorkSource& work, study::StopBoard& board,
                       Show show) {
  const std::string shard = folder_.shard_path(), journal_path = output::StudyFolder::journal_path(shard);
  if (members.empty() && !std::filesystem::exists(journal_path)) return true;
  output::StudyJournal journal(journal_path, folder_.fingerprint(), study::seats_of(threads_), unfinished_,
                               series_.get());
  const auto count = static_cast<std::int64_t>(members.size());
  const std::int64_t all = std::max(show.members, count);
  StudyProgress progress({all, all - count, std::move(show.label)}, !show.progress, std::move(show.count));
  study::EnsembleOptions options;
  options.threads = threads_;
  options.interrupted = interrupted;
  options.finished = [&](const study::MemberResult& result) { progress.update(result.status); };
  SeriesMembers recordable(scenario_, series_.get());
  if (!study::run_ensemble(recordable, members, work, board, journal, options)) {
    journal.sync();
    return false;
  }
  journal.sync();
  output::write_shard(shard, journal_path, description(), series_.get());
  journal.remove();
  return true;
}

std::optional<output::StudyTable> StudyProcess::merge() const {
  const auto needed = [&](std::int64_t index) { return size_of_part(design(), {index, place_.count}) > 0; };
  if (scope_ == output::StudyFolder::Scope::own && !folder_.may_be_complete(needed)) return std::nullopt;
  const output::MemberRows members = folder_.find(output::StudyFolder::Scope::all).members;
  if (!output::missing_members(design(), members).empty()) return std::nullopt;
  const bool sealed = folder_.seal(description(), series_.get());
  output::StudyTable table = output::make_table(design(), members);
  if (!series_) {
    output::write_study(study_file(), table, description(), nullptr);
    return table;
  }
  if (!sealed) return std::nullopt;  // who is writing the rest comes here too
  const output::StudySeries series{output::StudySeries::Form::links, series_, folder_.series(*series_)};
  output::write_study(study_file(), table, description(), &series);
  return table;
}

std::int64_t size_of_part(const study::Design& design, output::ShardPlace place) {
  const std::int64_t things = design.stop ? design.points() : design.members();
  const auto first = [&](std::int64_t index) { return (index * things + place.count - 1) / place.count; };
  return (first(place.index + 1) - first(place.index)) * (design.members() / things);
}

std::vector<std::int64_t> part_of(const study::Design& design, std::span<const std::int64_t> open,
                                  output::ShardPlace place) {
  const std::int64_t things = design.stop ? design.points() : design.members();
  std::vector<std::int64_t> out;
  for (const std::int64_t member : open) {
    const std::int64_t thing = design.stop ? design.key(member).point : member;
    if (thing * place.count / things == place.index) out.push_back(member);
  }
  return out;
}

int run_study(const StudyArguments& arguments) {
  const output::ShardPlace place = parse_shard(arguments.shard);
  const int threads = arguments.threads > 0 ? arguments.threads : default_threads();
  watch_for_interrupt();
  StudyProcess process(arguments, place, threads);
  using Scope = output::StudyFolder::Scope;
  process.look(place.count == 1 ? Scope::all : Scope::own);
  const study::Design& design = process.design();
  const std::vector<std::int64_t> members = part_of(design, process.open_members(), place);
  if (!arguments.quiet) fmt::print(stderr, "{}", notes_on(process.base()));
  study::LocalStopBoard board(design.stop ? design.members() : 0);
  process.tell(board);
  study::LocalWork work(static_cast<std::int64_t>(members.size()), threads);
  const bool talks = !arguments.quiet && !arguments.json;
  StudyProcess::Show show{talks, size_of_part(design, place), {}};
  if (place.count > 1) show.label = fmt::format("part {} of {}  ", place.index, place.count);
  if (!process.run(members, work, board, show)) {
    fmt::print(stderr, "gridplus: interrupted; what is finished is kept: 'gridplus study ... --resume' continues\n");
    return k_failed;
  }
  const auto table = process.merge();
  if (!table && talks) print(fmt::format("part {} of {} is finished; other parts are not\n", place.index, place.count));
  if (table && arguments.json) print(study_json(*table, process.study_file()));
  if (table && talks) print(study_text(*table) + fmt::format("results           {}\n", process.study_file()));
  return k_done;
}

}  // namespace gridplus::tools
