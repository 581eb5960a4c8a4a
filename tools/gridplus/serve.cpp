#include "tools/gridplus/serve.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "output/results_writer.hpp"
#include "scenarios/load.hpp"
#include "sim/core/parallel.hpp"
#include "sim/step/simulation.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/interrupt.hpp"
#include "tools/gridplus/serve_options.hpp"
#include "tools/gridplus/serve_session.hpp"
#include "tools/gridplus/summary.hpp"

namespace gridplus::tools {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string results_path(const ServeArguments& arguments) {
  if (!arguments.results.empty()) return arguments.results;
  return std::filesystem::path(arguments.scenario).stem().string() + ".h5";
}

output::Resumed open_results(const ServeArguments& arguments, const Model& model, const std::string& path,
                             int threads) {
  const output::WriterOptions options{.threads = threads, .discard_partial = arguments.restart};
  if (arguments.resume) return output::ResultsFile::resume(model, path, options);
  output::Resumed fresh;
  fresh.file = std::make_unique<output::ResultsFile>(model, path, options);
  return fresh;
}

/// The summary with what happened beside the model.
std::string with_facts(const std::string& summary, const std::vector<LiveFact>& facts) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(summary);
  for (const LiveFact& fact : facts) json["live"][fact.name] = fact.value;
  return json.dump(2) + "\n";
}

/// What a session leaves to say.
struct Ending {
  RunSummary summary;
  std::vector<LiveFact> facts;
  std::string text;  ///< of the facts, for people
};

void report(const ServeArguments& arguments, const Ending& ending, const Model& model, const std::string& path) {
  if (arguments.json)
    print(with_facts(summary_json(ending.summary, model, path), ending.facts));
  else if (!arguments.quiet)
    print(summary_text(ending.summary, model) + ending.text + fmt::format("results           {}\n", path));
}

/// Ends a run that was interrupted: what it has so far becomes a results file too.
int end_early(const ServeArguments& arguments, const Ending& ending, const Model& model, output::ResultsFile& file,
              const std::string& path) {
  const std::int64_t steps = ending.summary.steps;
  if (steps > 0) {
    file.finish_early(ending.summary);
    report(arguments, ending, model, path);
  }
  fmt::print(stderr, "gridplus: interrupted at {}{}; 'gridplus serve ... --resume' continues\n",
             format_local(model.time.at(steps)),
             steps > 0 ? fmt::format("; {} holds the {} steps until then", path, steps) : "");
  return k_failed;
}

int serve(const ServeArguments& arguments) {
  const Clock::time_point start = Clock::now();
  const std::unique_ptr<Model> model = load_scenario(
      arguments.scenario, {.sets = arguments.sets, .data_root = arguments.data_root, .replicate = arguments.replicate});
  const int threads = arguments.threads > 0 ? arguments.threads : default_threads();
  const std::string path = results_path(arguments);
  watch_for_interrupt();
  const output::Resumed resumed = open_results(arguments, *model, path, threads);
  if (!resumed.file) {
    fmt::print(stderr, "gridplus: {} is complete already; nothing to resume\n", path);
    return k_done;
  }
  if (resumed.summary) {
    resumed.file->finish(*resumed.summary);
    report(arguments, {*resumed.summary, {}, {}}, *model, path);
    return k_done;
  }
  ServeSession session(arguments, *model, path, resumed.checkpoint ? resumed.checkpoint->next_step : 0);
  Simulation simulation(*model, threads, &session.source());
  if (resumed.checkpoint) simulation.restore(*resumed.checkpoint);
  if (!session.open()) {
    fmt::print(stderr, "gridplus: interrupted before a broker answered; nothing was run\n");
    return k_failed;
  }
  const bool complete = session.run(simulation, *resumed.file);
  Ending ending{simulation.summary(), {}, {}};
  session.close(ending.summary, complete);
  ending.facts = session.facts();
  ending.text = session.summary_text();
  ending.summary.wall_s = seconds_since(start);
  for (const LiveFact& fact : ending.facts) resumed.file->note("live_" + fact.name, fact.value);
  if (!complete) return end_early(arguments, ending, *model, *resumed.file, path);
  resumed.file->finish(ending.summary);
  report(arguments, ending, *model, path);
  return k_done;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* command =
      app.add_subcommand("serve", "run a scenario in time with the clock, with telemetry and set points over MQTT");
  add_serve_options(*command, *arguments);
  command->footer("docs/live.md lists topics and messages.");
  command->callback([arguments, &exit_code] { exit_code = serve(*arguments); });
}

}  // namespace gridplus::tools
