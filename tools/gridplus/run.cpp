// gridplus run: a scenario from its first step to its results.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>

#include "output/results_writer.hpp"
#include "scenarios/load.hpp"
#include "sim/core/parallel.hpp"
#include "sim/step/simulation.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/interrupt.hpp"
#include "tools/gridplus/notes.hpp"
#include "tools/gridplus/progress.hpp"
#include "tools/gridplus/summary.hpp"
#include "tools/live/set_point_log.hpp"

namespace gridplus::tools {

namespace {

struct RunArguments {
  std::string scenario, results, data_root, set_points;
  std::vector<std::string> sets;
  int threads = 0;
  std::uint32_t replicate = 0;
  bool resume = false, restart = false, quiet = false, json = false, stages = false;
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string results_path(const RunArguments& arguments) {
  if (!arguments.results.empty()) return arguments.results;
  return std::filesystem::path(arguments.scenario).stem().string() + ".h5";
}

void print_stages(const Model& model) {
  std::string text;
  const Stages stages = make_stages(model, 1);
  for (const auto& stage : stages.list)
    text += fmt::format("{:<10} {:<6} {}\n", stage->label(), stage->scope() == StageScope::step ? "step" : "block",
                        stage->description());
  print(text);
}

/// Runs to the end, or to the first block after an interrupt. Returns whether the run is complete.
bool run_to_end(Simulation& simulation, output::ResultsFile& results, Progress& progress) {
  while (!simulation.done()) {
    results.record(simulation.advance());
    progress.update(simulation.next_step());
    if (results.checkpoint_due() || interrupted()) results.checkpoint(simulation.checkpoint());
    if (interrupted() && !simulation.done()) return false;
  }
  return true;
}

void report(const RunArguments& arguments, const RunSummary& summary, const Model& model, const std::string& path) {
  if (arguments.json)
    print(summary_json(summary, model, path));
  else if (!arguments.quiet)
    print(summary_text(summary, model) + fmt::format("results           {}\n", path));
}

/// Gives the recorded set points again; null where there are none.
std::unique_ptr<SetPointSource> set_point_source(const RunArguments& arguments, const Model& model) {
  if (arguments.set_points.empty()) return nullptr;
  const live::DeviceTable devices(model, live::Topics("gridplus", model.provenance.scenario_name));
  return std::make_unique<live::SetPointReplay>(live::read_set_points(arguments.set_points, model, devices));
}

int run(const RunArguments& arguments) {
  const Clock::time_point start = Clock::now();
  const std::unique_ptr<Model> model = load_scenario(
      arguments.scenario, {.sets = arguments.sets, .data_root = arguments.data_root, .replicate = arguments.replicate});
  if (arguments.stages) {
    print_stages(*model);
    return k_done;
  }
  if (!arguments.quiet) fmt::print(stderr, "{}", notes_on(*model));
  const int threads = arguments.threads > 0 ? arguments.threads : default_threads();
  const double load_s = seconds_since(start);
  const std::string path = results_path(arguments);
  const output::WriterOptions options{.threads = threads, .discard_partial = arguments.restart};
  watch_for_interrupt();
  output::Resumed resumed;
  if (arguments.resume)
    resumed = output::ResultsFile::resume(*model, path, options);
  else
    resumed.file = std::make_unique<output::ResultsFile>(*model, path, options);
  if (!resumed.file) {
    fmt::print(stderr, "gridplus: {} is complete already; nothing to resume\n", path);
    return k_done;
  }
  RunSummary summary;
  if (resumed.summary) {
    summary = *resumed.summary;
  } else {
    const std::unique_ptr<SetPointSource> source = set_point_source(arguments, *model);
    Simulation simulation(*model, threads, source.get());
    if (resumed.checkpoint) simulation.restore(*resumed.checkpoint);
    Progress progress(model->time, simulation.next_step(), arguments.quiet || arguments.json);
    if (!run_to_end(simulation, *resumed.file, progress)) {
      fmt::print(stderr, "gridplus: interrupted at {}; 'gridplus run ... --resume' continues\n",
                 format_local(model->time.at(simulation.next_step())));
      return k_failed;
    }
    summary = simulation.summary();
    summary.stage_times.insert(summary.stage_times.begin(), {"load", load_s});
  }
  const Clock::time_point finish = Clock::now();
  summary.wall_s = seconds_since(start);
  resumed.file->finish(summary);
  summary.stage_times.push_back({"finish", seconds_since(finish)});
  summary.wall_s = seconds_since(start);
  report(arguments, summary, *model, path);
  return k_done;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "run a scenario and write its results");
  command->add_option("scenario", arguments->scenario, "the YAML scenario")->required();
  command->add_option("-o,--output", arguments->results, "results file; the scenario's name with .h5 if not given");
  command->add_option("--set", arguments->sets,
                      "path=value: changes one value of the scenario, such as time.step='30 min'");
  command->add_option("--threads", arguments->threads, "threads; all cores if not given. Results do not depend on it")
      ->check(CLI::Range(1, 4096));
  command->add_option("--data-root", arguments->data_root, "the tree that paths in the scenario may not leave");
  command->add_option("--replicate", arguments->replicate, "the replicate of a study that this run is; 0 if not given");
  command
      ->add_option("--set-points", arguments->set_points,
                   "give again the set points that 'gridplus serve' recorded: the same bits without a broker")
      ->type_name("FILE");
  command->add_flag("--resume", arguments->resume, "continue what an interrupted run left behind");
  command->add_flag("--restart", arguments->restart, "begin anew, discarding what an interrupted run left behind");
  command->add_flag("--quiet", arguments->quiet, "no progress, no summary");
  command->add_flag("--json", arguments->json, "the summary as one JSON object");
  command->add_flag("--stages", arguments->stages, "list the stages of a step and stop");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace gridplus::tools
