// gridplus study and merge: many runs of one scenario, and one file of what its parts have computed.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "output/study_file.hpp"
#include "sim/core/error.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/study_run.hpp"
#include "tools/gridplus/study_summary.hpp"

namespace gridplus::tools {

namespace {

struct MergeArguments {
  std::string folder, file;
  bool partial = false, quiet = false, json = false;
};

int merge(const MergeArguments& arguments) {
  const output::StudyFolder folder(arguments.folder, {}, output::FolderUse::merge, {});
  const output::StudyFolder::Found content = folder.find(output::StudyFolder::Scope::all);
  if (content.description.inputs.empty())
    throw IoError(fmt::format("'{}' holds no finished shard yet: continue the study with 'gridplus study ... --resume'",
                              arguments.folder));
  const study::Design& design = content.description.design;
  const std::size_t missing = output::missing_members(design, content.members).size();
  if (missing > 0 && !arguments.partial)
    throw IoError(
        fmt::format("{} of {} members are missing: continue the study with 'gridplus study ... --resume', or "
                    "merge what is there with --partial",
                    missing, design.members()));
  const output::StudyTable table = output::make_table(design, content.members);
  const std::string file = arguments.file.empty() ? folder.study_file() : arguments.file;
  output::make_parent_folder(file);
  const std::shared_ptr<const output::Schema> schema = folder.series_schema();
  output::StudySeries series{output::StudySeries::Form::copies, schema, {}};
  if (schema) series.sources = folder.series(*schema);
  output::write_study(file, table, content.description, schema ? &series : nullptr);
  if (arguments.json)
    print(study_json(table, file));
  else if (!arguments.quiet)
    print(study_text(table) + fmt::format("results           {}\n", file));
  return k_done;
}

}  // namespace

void add_study(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<StudyArguments>();
  CLI::App* command = app.add_subcommand("study", "run the members of a scenario's study: sweeps and replicates");
  add_study_options(*command, *arguments, true);
  command->callback([arguments, &exit_code] { exit_code = run_study(*arguments); });
}

void add_merge(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<MergeArguments>();
  CLI::App* command = app.add_subcommand("merge", "write one file of all that the parts of a study have computed");
  command->add_option("folder", arguments->folder, "the folder of the study")->required();
  command->add_option("-o,--output", arguments->file, "the file to write; study.h5 in the folder if not given");
  command->add_flag("--partial", arguments->partial, "also where members are missing; they are flagged");
  command->add_flag("--quiet", arguments->quiet, "no summary");
  command->add_flag("--json", arguments->json, "the summary as one JSON object");
  command->callback([arguments, &exit_code] { exit_code = merge(*arguments); });
}

}  // namespace gridplus::tools
