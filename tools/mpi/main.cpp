// gridplus-mpi study: a study on the ranks of an MPI job. See `gridplus-mpi --help`.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>

#include "sim/core/error.hpp"
#include "sim/core/parallel.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/interrupt.hpp"
#include "tools/gridplus/study_run.hpp"
#include "tools/gridplus/study_summary.hpp"
#include "tools/mpi/ranks.hpp"

namespace gridplus::tools {

namespace {

/// Rank 0 opens the folder, and clears it where it is asked to, before the others come. It alone looks through what is
/// there and tells the others.
std::unique_ptr<StudyProcess> open_study(const MpiSession& mpi, StudyArguments arguments, int threads) {
  const output::ShardPlace place{mpi.rank(), mpi.size()};
  std::unique_ptr<StudyProcess> process;
  if (mpi.rank() == 0) {
    process = std::make_unique<StudyProcess>(arguments, place, threads);
    process->look(output::StudyFolder::Scope::all);
  }
  std::string findings = process ? process->findings() : std::string();
  MpiSession::broadcast(findings);
  arguments.resume = true;
  arguments.restart = false;
  if (mpi.rank() != 0) {
    process = std::make_unique<StudyProcess>(arguments, place, threads);
    process->take_findings(findings);
  }
  return process;
}

int run_ranks(const MpiSession& mpi, const StudyArguments& arguments) {
  const int threads = arguments.threads > 0 ? arguments.threads : default_threads();
  const auto process = open_study(mpi, arguments, threads);
  std::vector<std::int64_t> members = process->open_members();
  MpiSession::broadcast(members);
  const bool first = mpi.rank() == 0, talks = first && !arguments.quiet && !arguments.json;
  RankStopBoard board(process->design().stop ? process->design().members() : 0);
  if (first) process->tell(board);
  RankWork work(static_cast<std::int64_t>(members.size()), static_cast<std::int64_t>(mpi.size()) * threads);
  SharedWords ended(2, 0);
  StudyProcess::Show show{talks, process->design().members(), {}};
  show.count = [&](EndedMembers here) {
    const auto add = [&](std::int64_t word, std::int64_t n) {
      return static_cast<std::int64_t>(ended.fetch_add(word, static_cast<std::uint64_t>(n))) + n;
    };
    return EndedMembers{add(0, here.all), add(1, here.flagged)};
  };
  if (!MpiSession::all(process->run(members, work, board, std::move(show)))) {
    if (first) fmt::print(stderr, "gridplus-mpi: interrupted; what is finished is kept: '--resume' continues\n");
    return k_failed;
  }
  if (!first) return k_done;
  const auto table = process->merge();
  if (!table) throw IoError("members are missing though every rank has finished: run again with --resume");
  if (arguments.json) print(study_json(*table, process->study_file()));
  if (talks) print(study_text(*table) + fmt::format("results           {}\n", process->study_file()));
  return k_done;
}

int run_command_line(const MpiSession& mpi, int argc, char** argv) {
  CLI::App app{"Runs studies of gridplus on the ranks of an MPI job.", "gridplus-mpi"};
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done; 1 interrupted or failed; 2 bad input or usage; 3 a file cannot be read or written.");
  StudyArguments arguments;
  CLI::App* const command = app.add_subcommand("study", "run the members of a scenario's study");
  add_study_options(*command, arguments, false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (mpi.rank() == 0) return app.exit(error) == 0 ? k_done : k_bad_input;
    return error.get_exit_code() == 0 ? k_done : k_bad_input;
  }
  watch_for_interrupt();
  return run_ranks(mpi, arguments);
}

/// One rank's failure ends the job: what is finished is in the journals.
[[noreturn]] void fail(const char* what, int exit_code) {
  fmt::print(stderr, "gridplus-mpi: {}\n", what);
  MpiSession::abort(exit_code);
}

}  // namespace
}  // namespace gridplus::tools

int main(int argc, char** argv) {
  using namespace gridplus::tools;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const MpiSession mpi(&argc, &argv);
  try {
    return run_command_line(mpi, argc, argv);
  } catch (const gridplus::InputError& error) {
    fail(error.what(), k_bad_input);
  } catch (const gridplus::IoError& error) {
    fail(error.what(), k_io);
  } catch (const std::exception& error) {
    fail(error.what(), k_failed);
  }
}
