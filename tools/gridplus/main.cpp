// gridplus: simulates Internet-connected electricity grids. See `gridplus --help`.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "sim/core/error.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/serve.hpp"

namespace gridplus::tools {

namespace {

int report(const char* what, int exit_code) {
  fmt::print(stderr, "gridplus: {}\n", what);
  return exit_code;
}

int run_command_line(int argc, char** argv) {
  CLI::App app{"Simulates Internet-connected electricity grids: dispatch, storage and AC power flow, step by step.",
               "gridplus"};
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text);
  app.footer(
      "Exit codes: 0 done; 1 the simulation failed or was interrupted; 2 bad input or usage; 3 a file cannot be read "
      "or written, or a broker not reached.");
  int exit_code = k_done;
  add_run(app, exit_code);
  add_serve(app, exit_code);
  add_study(app, exit_code);
  add_merge(app, exit_code);
  add_powerflow(app, exit_code);
  add_contingencies(app, exit_code);
  add_validate(app, exit_code);
  add_import(app, exit_code);
  add_inspect(app, exit_code);
  add_compare(app, exit_code);
  add_adequacy(app, exit_code);
  add_percolation(app, exit_code);
  add_models(app, exit_code);
  add_schema(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? k_done : k_bad_input;
  }
  return exit_code;
}

/// Starts the program anew with OpenMP threads that sleep while they wait, unless the environment says how they shall.
/// By default they spin, which takes the cores from the threads that compress results, and from other programs: a year
/// of RTS-GMLC on two cores took 0.95 s with spinning threads, 0.67 s with sleeping ones. libgomp reads the setting
/// before main() and from the environment alone. If the program cannot be started anew, it goes on as it is.
void let_waiting_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
  execv("/proc/self/exe", argv);
}

}  // namespace
}  // namespace gridplus::tools

int main(int argc, char** argv) {
  using namespace gridplus::tools;
  let_waiting_threads_sleep(argv);
  // A closed pipe or a file-size limit shall come back as an error of the write, with a message, not as a kill.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run_command_line(argc, argv);
  } catch (const gridplus::InputError& error) {
    return report(error.what(), k_bad_input);
  } catch (const gridplus::IoError& error) {
    return report(error.what(), k_io);
  } catch (const std::bad_alloc&) {
    return report("out of memory", k_failed);
  } catch (const std::exception& error) {
    return report(error.what(), k_failed);
  }
}
