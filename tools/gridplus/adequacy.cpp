// gridplus adequacy: how often and how much demand goes unserved because units fail.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "output/adequacy_file.hpp"
#include "scenarios/adequacy.hpp"
#include "sim/core/parallel.hpp"
#include "sim/study/adequacy/methods.hpp"
#include "tools/gridplus/adequacy_replay.hpp"
#include "tools/gridplus/adequacy_report.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/interrupt.hpp"
#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {

using Clock = std::chrono::steady_clock;

struct AdequacyArguments {
  std::string scenario, output, data_root;
  std::vector<std::string> sets;
  std::optional<std::string> method, rare_events, durations, sharing;
  std::optional<std::int64_t> samples, worst, replay;
  std::optional<double> precision, load_uncertainty;
  bool copper_plate = false, ignore_storage = false, json = false, quiet = false;
  int threads = 0;
};

/// What the command line says, where it does, goes before the scenario.
void override(const AdequacyArguments& arguments, AdequacyCase& study) {
  const auto position = [](const auto& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) - names.begin();
  };
  if (arguments.method)
    study.options.method = static_cast<adequacy::Method>(position(adequacy::k_method_names, *arguments.method));
  if (arguments.rare_events)
    study.options.rare_events =
        static_cast<adequacy::RareEvents>(position(adequacy::k_rare_event_names, *arguments.rare_events));
  if (arguments.durations)
    study.options.durations =
        static_cast<adequacy::Durations>(position(adequacy::k_duration_names, *arguments.durations));
  if (arguments.sharing)
    study.options.sharing = static_cast<adequacy::Sharing>(position(adequacy::k_sharing_names, *arguments.sharing));
  study.options.load_uncertainty = arguments.load_uncertainty.value_or(study.options.load_uncertainty);
  study.options.samples = arguments.samples.value_or(study.options.samples);
  study.options.worst = arguments.worst.value_or(study.options.worst);
  study.options.precision = arguments.precision.value_or(study.options.precision);
  study.reduction.copper_plate = study.reduction.copper_plate || arguments.copper_plate;
  study.reduction.ignore_storage = study.reduction.ignore_storage || arguments.ignore_storage;
}

/// A line now and then on a terminal.
adequacy::ProgressReport progress(bool quiet) {
  if (quiet || isatty(STDERR_FILENO) != 1) return {};
  return [last = Clock::now()](std::int64_t samples, double variation) mutable {
    constexpr double k_redraw_s = 0.1;
    if (std::chrono::duration<double>(Clock::now() - last).count() < k_redraw_s) return;
    last = Clock::now();
    fmt::print(stderr, "\r\033[K{} samples, standard error {:.2f} %", grouped(static_cast<double>(samples), 0),
               100.0 * variation);
    std::fflush(stderr);
  };
}

int replay(const AdequacyArguments& arguments, const AdequacyCase& study, const adequacy::AdequacyModel& system,
           const adequacy::Execution& execution) {
  const adequacy::SampleRecord sample = adequacy::replay(system, study.options, execution, *arguments.replay);
  ReplayRequest request{arguments.scenario, arguments.output, arguments.sets};
  if (request.file.empty()) {
    request.file = request.scenario;
    request.file.replace_filename(fmt::format("{}_sample_{}.yaml", request.scenario.stem().string(), sample.sample));
  }
  const std::string command = write_replay(request, *study.model, system, sample);
  print(fmt::format("sample {}: {:.6g} MWh unserved in {:.6g} h; as a scenario in {}\n{}\n", sample.sample,
                    sample.eens_mwh, sample.lole_h, request.file.string(), command));
  return k_done;
}

int adequacy_command(const AdequacyArguments& arguments) {
  const Clock::time_point start = Clock::now();
  AdequacyCase study = load_adequacy(arguments.scenario, {.sets = arguments.sets, .data_root = arguments.data_root});
  override(arguments, study);
  const adequacy::AdequacyModel system = adequacy::reduce(*study.model, study.reduction);
  const bool quiet = arguments.quiet || arguments.json;
  watch_for_interrupt();
  const adequacy::Execution execution{arguments.threads > 0 ? arguments.threads : default_threads(), progress(quiet),
                                      interrupted};
  if (arguments.replay) return replay(arguments, study, system, execution);
  const adequacy::AdequacyResult result = adequacy::run(system, study.options, execution);
  if (!quiet && isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
  if (!arguments.output.empty()) output::write_adequacy(arguments.output, *study.model, system, study.options, result);
  const AdequacyReport report{*study.model,
                              system,
                              study.options,
                              result,
                              arguments.scenario,
                              arguments.output,
                              std::chrono::duration<double>(Clock::now() - start).count()};
  if (arguments.json)
    print(adequacy_json(report));
  else if (!arguments.quiet)
    print(adequacy_text(report));
  if (!interrupted()) return k_done;
  fmt::print(stderr, "gridplus: interrupted; the figures are of the samples taken until then\n");
  return k_failed;
}

std::vector<std::string> words(const auto& names) {
  return {names.begin(), names.end()};
}

}  // namespace

void add_adequacy(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<AdequacyArguments>();
  CLI::App* command = app.add_subcommand("adequacy", "find how often and how much demand goes unserved as units fail");
  command->add_option("scenario", arguments->scenario, "the YAML scenario; its study.adequacy holds all options")
      ->required();
  command->add_option("--method", arguments->method, "how the indices are found")
      ->check(CLI::IsMember(words(adequacy::k_method_names)));
  command->add_option("--samples", arguments->samples, "at most so many periods or states")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{4'000'000'000}));
  command->add_option("--precision", arguments->precision, "stop at this standard error over value, such as 0.01")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--rare-events", arguments->rare_events, "importance sampling of state_sampling")
      ->check(CLI::IsMember(words(adequacy::k_rare_event_names)));
  command->add_option("--durations", arguments->durations, "failures and repairs at any instant, or at begins of steps")
      ->check(CLI::IsMember(words(adequacy::k_duration_names)));
  command->add_option("--sharing", arguments->sharing, "who bears what areas cannot be helped with")
      ->check(CLI::IsMember(words(adequacy::k_sharing_names)));
  command->add_option("--load-uncertainty", arguments->load_uncertainty, "standard deviation of a factor on all demand")
      ->check(CLI::Range(0.0, 0.3));
  command->add_flag("--copper-plate", arguments->copper_plate, "one area, whatever the buses say");
  command->add_flag("--ignore-storage", arguments->ignore_storage, "leave storage out");
  command->add_option("--worst", arguments->worst, "samples kept with their outages")->check(CLI::Range(0, 1000));
  command
      ->add_option("--replay", arguments->replay,
                   "write this sample's outages as a scenario, to -o or beside the scenario")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{4'000'000'000}));
  command->add_option("-o,--output", arguments->output, "HDF5 file for the results");
  command->add_option("--set", arguments->sets, "path=value: changes one value of the scenario");
  command->add_option("--data-root", arguments->data_root, "the tree that paths in the scenario may not leave");
  command->add_option("--threads", arguments->threads, "threads; all cores if not given. Results do not depend on it")
      ->check(CLI::Range(1, 4096));
  command->add_flag("--quiet", arguments->quiet, "no progress, no summary");
  command->add_flag("--json", arguments->json, "everything as one JSON object");
  command->callback([arguments, &exit_code] { exit_code = adequacy_command(*arguments); });
}

}  // namespace gridplus::tools
