// gridplus models and schema: what a scenario may say.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "scenarios/describe.hpp"
#include "tools/gridplus/command.hpp"

namespace gridplus::tools {

void add_models(CLI::App& app, int& exit_code) {
  auto name = std::make_shared<std::string>();
  auto series = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("models", "list the device models, or the keys of one");
  command->add_option("name", *name, "a device model, a synthetic series or a communication technology");
  command->add_flag("--series", *series, "the synthetic series with their keys");
  auto technologies = std::make_shared<bool>(false);
  command->add_flag("--technologies", *technologies, "the communication technologies with their values and sources");
  command->callback([name, series, technologies, &exit_code] {
    print(*technologies   ? describe_technologies()
          : *series       ? describe_series()
          : name->empty() ? list_models()
                          : describe_model(*name));
    exit_code = k_done;
  });
}

void add_schema(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("schema", "print the JSON schema of scenarios, for editors");
  command->callback([&exit_code] {
    print(scenario_schema());
    exit_code = k_done;
  });
}

}  // namespace gridplus::tools
