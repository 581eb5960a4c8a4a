// Writes the results of a synthetic run, for tests that kill it or open what it wrote with other programs.
//   write_synthetic FILE [--steps N] [--rts] [--threads N] [--checkpoint BLOCKS] [--pause MICROSECONDS] [--resume]
//                   [--file-limit BYTES] [--every N] [--statistics] [--no-storage] [--level N] [--double] [--discard]
// Exits with 0, or 3 with the message of the IoError.

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>

#include "output/results_writer.hpp"
#include "tests/output/synthetic_run.hpp"

namespace {

using namespace gridplus;

using Arguments = std::map<std::string, std::int64_t>;

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 2; i < count; ++i) {
    const bool has_value = i + 1 < count && std::strncmp(words[i + 1], "--", 2) != 0;
    arguments[words[i]] = has_value ? std::atoll(words[i + 1]) : 1;
    if (has_value) ++i;
  }
  return arguments;
}

std::int64_t value_of(const Arguments& arguments, const char* name, std::int64_t otherwise) {
  const auto found = arguments.find(name);
  return found == arguments.end() ? otherwise : found->second;
}

void limit_file_size(std::int64_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);  // then writing fails with an error number instead
  const rlimit limit{static_cast<rlim_t>(bytes), static_cast<rlim_t>(bytes)};
  setrlimit(RLIMIT_FSIZE, &limit);
}

void write(const std::string& path, const Arguments& arguments) {
  test::SyntheticSize size = arguments.contains("--rts") ? test::k_rts_year : test::SyntheticSize{};
  size.steps = value_of(arguments, "--steps", size.steps);
  if (arguments.contains("--no-storage")) size.storages = 0;
  const auto model = test::synthetic_model(size);
  model->record.every_steps = value_of(arguments, "--every", 1);
  if (arguments.contains("--statistics")) model->record.statistics = {"mean", "min", "max"};
  model->record.double_precision = arguments.contains("--double");
  output::WriterOptions options;
  options.threads = static_cast<int>(value_of(arguments, "--threads", 2));
  options.deflate_level = static_cast<int>(value_of(arguments, "--level", options.deflate_level));
  options.discard_partial = arguments.contains("--discard");

  test::SyntheticRun run(*model, 24);
  std::unique_ptr<output::ResultsFile> file;
  if (arguments.contains("--resume")) {
    output::Resumed resumed = output::ResultsFile::resume(*model, path, options);
    if (!resumed.file) return;
    if (resumed.summary) return resumed.file->finish(*resumed.summary);
    if (resumed.checkpoint) run.restore(*resumed.checkpoint);
    file = std::move(resumed.file);
  } else {
    file = std::make_unique<output::ResultsFile>(*model, path, options);
  }
  const auto between = static_cast<std::size_t>(value_of(arguments, "--checkpoint", 0));
  const std::chrono::microseconds pause{value_of(arguments, "--pause", 0)};
  for (std::size_t blocks = 1; !run.ended(); ++blocks) {
    file->record(run.advance());
    if (between == 0 ? file->checkpoint_due() : blocks % between == 0) file->checkpoint(run.checkpoint());
    std::this_thread::sleep_for(pause);
  }
  file->finish(run.summary());
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  const Arguments arguments = parse(count, words);
  if (arguments.contains("--file-limit")) limit_file_size(arguments.at("--file-limit"));
  try {
    write(words[1], arguments);
  } catch (const gridplus::IoError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 3;
  }
  return 0;
}
