// gridplus inspect and compare: what results files hold, and whether two hold the same.

#include "output/inspect.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "output/compare.hpp"
#include "output/reader.hpp"
#include "tools/gridplus/command.hpp"

namespace gridplus::tools {

void add_inspect(CLI::App& app, int& exit_code) {
  auto file = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("inspect", "show what a results file holds, and its key figures");
  command->add_option("file", *file, "a results file")->required();
  command->add_flag("--json", *json, "as one JSON object");
  command->callback([file, json, &exit_code] {
    const output::ResultsReader results(*file);
    print(*json ? output::inspect_json(results) : output::inspect_text(results));
    exit_code = k_done;
  });
}

void add_compare(CLI::App& app, int& exit_code) {
  auto files = std::make_shared<std::pair<std::string, std::string>>();
  auto tolerance = std::make_shared<double>(0.0);
  CLI::App* command =
      app.add_subcommand("compare", "compare two results files, dataset by dataset; exit code 1 if they differ");
  command->add_option("a", files->first, "a results file")->required();
  command->add_option("b", files->second, "another")->required();
  command
      ->add_option("--tolerance", *tolerance, "largest difference of two numbers; 0: they must be the same bit by bit")
      ->check(CLI::NonNegativeNumber);
  command->callback([files, tolerance, &exit_code] {
    const output::ResultsReader a(files->first), b(files->second);
    const output::Comparison comparison = output::compare_results(a, b, *tolerance);
    print(output::comparison_text(comparison));
    exit_code = comparison.same() ? k_done : k_failed;
  });
}

}  // namespace gridplus::tools
