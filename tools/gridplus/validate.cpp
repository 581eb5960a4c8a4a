// gridplus validate: everything that is wrong with scenarios, at once.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "scenarios/load.hpp"
#include "tools/gridplus/command.hpp"

namespace gridplus::tools {

namespace {

struct ValidateArguments {
  std::vector<std::string> scenarios, sets;
  std::string data_root;
};

int validate(const ValidateArguments& arguments) {
  int exit_code = k_done;
  for (const std::string& scenario : arguments.scenarios) {
    const auto problems = validate_scenario(scenario, {.sets = arguments.sets, .data_root = arguments.data_root});
    for (const Diagnostic& problem : problems) fmt::print(stderr, "{}\n", problem.text());
    if (problems.empty())
      print(fmt::format("{}: valid\n", scenario));
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
