// The subcommands of `gridplus`: each file adds its own to the command line.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace gridplus::tools {

/// Exit codes, the same for all subcommands.
enum ExitCode : int {
  k_done = 0,
  k_failed = 1,     ///< the simulation could not go on, or was interrupted
  k_bad_input = 2,  ///< wrong scenario, file content or usage
  k_io = 3          ///< a file cannot be read or written
};

// Each adds its subcommand to `app`; when chosen, it runs and leaves its exit code in `exit_code`.
void add_run(CLI::App& app, int& exit_code);
void add_study(CLI::App& app, int& exit_code);
void add_merge(CLI::App& app, int& exit_code);
void add_powerflow(CLI::App& app, int& exit_code);
void add_contingencies(CLI::App& app, int& exit_code);
void add_validate(CLI::App& app, int& exit_code);
void add_import(CLI::App& app, int& exit_code);
void add_inspect(CLI::App& app, int& exit_code);
void add_compare(CLI::App& app, int& exit_code);
void add_adequacy(CLI::App& app, int& exit_code);
void add_percolation(CLI::App& app, int& exit_code);
void add_models(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);

/// Version, git hash, compiler, SIMD instruction set in use, and versions of the libraries.
[[nodiscard]] std::string version_text();

/// Prints to standard output; a closed pipe or a full disk there is an IoError.
void print(std::string_view text);

}  // namespace gridplus::tools
