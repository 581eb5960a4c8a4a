// gridplus validate: everything that is wrong with scenarios, at once.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "scenarios/load.hpp"
#include "scenarios/study.hpp"
#include "tools/gridplus/command.hpp"

namespace gridplus::tools {

namespace {

struct ValidateArguments {
  std::vector<std::string> scenarios, sets;
  std::string data_root;
};

/// What the study is made of, in words; adds what is wrong with values of its sweep.
std::string check_study(const std::string& scenario, const LoadOptions& options, std::vector<Diagnostic>& problems) {
  try {
    ScenarioStudy study(scenario, options, 1);
    problems = study.check_values();
    const study::Design& design = study.design();
    return fmt::format("; a study of {} members: {} points, {}{} replicate{}", design.members(), design.points(),
                       design.stop ? "at most " : "", design.replicates, design.replicates == 1 ? "" : "s");
  } catch (const InputError& error) {
    problems.assign(error.diagnostics().begin(), error.diagnostics().end());
    return {};
  }
}

int validate(const ValidateArguments& arguments) {
  int exit_code = k_done;
  for (const std::string& scenario : arguments.scenarios) {
    const LoadOptions options{.sets = arguments.sets, .data_root = arguments.data_root};
    auto problems = validate_scenario(scenario, options);
    std::string members;
    if (problems.empty() && has_study(scenario, options)) members = check_study(scenario, options, problems);
    for (const Diagnostic& problem : problems) fmt::print(stderr, "{}\n", problem.text());
    if (problems.empty())
      print(fmt::format("{}: valid{}\n", scenario, members));
    else
      exit_code = k_bad_input;
  }
  return exit_code;
}

}  // namespace

void add_validate(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ValidateArguments>();
  CLI::App* command = app.add_subcommand("validate", "check scenarios and all they name, without running them");
  command->add_option("scenario", arguments->scenarios, "the YAML scenarios")->required();
  command->add_option("--set", arguments->sets, "path=value: changes one value before the check");
  command->add_option("--data-root", arguments->data_root, "the tree that paths in the scenario may not leave");
  command->callback([arguments, &exit_code] { exit_code = validate(*arguments); });
}

}  // namespace gridplus::tools
