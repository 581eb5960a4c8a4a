#include "sim/study/ensemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <mutex>
#include <new>

#include "sim/core/error.hpp"
#include "sim/core/parallel.hpp"
#include "sim/step/simulation.hpp"

namespace gridplus::study {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What recording threw; it must end the study, not only its member.
struct RecorderFailure {
  std::exception_ptr error;
};

template <class Call>
auto recording(Call call) {
  try {
    return call();
  } catch (...) {
    throw RecorderFailure{std::current_exception()};
  }
}

/// One thread's work.
class Worker {
 public:
  Worker(int number, MemberSource& source, StudyRecorder& recorder, const EnsembleOptions& options)
      : number_(number), source_(source), recorder_(recorder), options_(options) {}

  /// Nothing: it was interrupted.
  std::optional<MemberResult> run(std::int64_t member) {
    const Clock::time_point start = Clock::now();
    MemberResult result;
    result.member = member;
    try {
      if (!run_to_end(member, result)) return std::nullopt;
    } catch (const RecorderFailure& failure) {
      std::rethrow_exception(failure.error);
    } catch (const InputError& error) {
      fail(result, error.diagnostics().front().text());
    } catch (const std::bad_alloc&) {
      fail(result, "out of memory");
    } catch (const std::exception& error) {
      fail(result, error.what());
    }
    result.wall_s = seconds_since(start);
    return result;
  }

 private:
  static void fail(MemberResult& result, std::string reason) {
    result.status = MemberStatus::failed;
    result.reason = std::move(reason);
    result.kpis.clear();
    result.categories.clear();
  }

  bool run_to_end(std::int64_t member, MemberResult& result) {
    // The model before lives on until this one is there: both share what does not differ.
    std::unique_ptr<const Model> model = source_.model(member, number_);
    model_ = std::move(model);
    Simulation simulation(*model_, 1);
    if (const auto checkpoint = recording([&] { return recorder_.begin(number_, member, *model_); }))
      simulation.restore(*checkpoint);
    Clock::time_point last = Clock::now();
    while (!simulation.done()) {
      const StepBlock& block = simulation.advance();
      recording([&] { recorder_.record(number_, block); });
      if (simulation.done()) break;
      const bool interrupted = options_.interrupted();
      if (interrupted || seconds_since(last) > options_.checkpoint_s) {
        recording([&] { recorder_.checkpoint(number_, simulation.checkpoint()); });
        last = Clock::now();
      }
      if (interrupted) return false;
    }
    take(simulation.summary(), result);
    return true;
  }

  static void take(RunSummary summary, MemberResult& result) {
    result.kpis = std::move(summary.kpis);
    result.categories = std::move(summary.categories);
    if (summary.steps_not_converged == 0) return;
    result.status = MemberStatus::not_converged;
    result.reason =
        fmt::format("the power flow of {} of {} steps did not converge", summary.steps_not_converged, summary.steps);
  }

  int number_;
  MemberSource& source_;
  StudyRecorder& recorder_;
  const EnsembleOptions& options_;
  std::unique_ptr<const Model> model_;
};

double value_of(const MemberResult& result, const Design& design) {
  if (!design.stop) return k_not_known;
  for (const Kpi& kpi : result.kpis)
    if (kpi.name == design.stop->kpi) return kpi.value;
  return k_not_known;
}

}  // namespace

const char* to_string(MemberStatus status) {
  static constexpr std::array<const char*, 5> k_names = {"done", "not_converged", "failed", "not_needed", "missing"};
  return k_names[static_cast<std::size_t>(status)];
}

std::int64_t range_size(std::int64_t count, std::int64_t workers) {
  constexpr std::int64_t k_ranges_a_worker = 16, k_largest = 64;
  return std::clamp<std::int64_t>(count / (std::max<std::int64_t>(workers, 1) * k_ranges_a_worker), 1, k_largest);
}

LocalWork::LocalWork(std::int64_t count, int workers) : count_(count), size_(range_size(count, workers)) {}

std::optional<std::pair<std::int64_t, std::int64_t>> LocalWork::next() {
  const std::int64_t first = next_.fetch_add(size_);
  if (first >= count_) return std::nullopt;
  return std::pair{first, std::min(first + size_, count_)};
}

bool run_ensemble(MemberSource& source, std::span<const std::int64_t> members, WorkSource& work, StopBoard& board,
                  StudyRecorder& recorder, const EnsembleOptions& options) {
  const Design& design = source.design();
  StoppingTracker stopping(design, board);
  std::atomic<bool> interrupted{false}, failed{false};
  std::mutex report;
  const auto compute = [&](Worker& worker, int number, std::int64_t member) {
    if (!stopping.needed(member)) {
      const MemberResult left_out{member, MemberStatus::not_needed, {}, {}, {}, 0.0};
      const std::scoped_lock lock(report);
      options.finished(left_out);
      return;
    }
    const std::optional<MemberResult> result = worker.run(member);
    if (!result) {
      interrupted = true;
      return;
    }
    recorder.finish(number, *result);
    if (design.stop) board.publish(member, value_of(*result, design));
    const std::scoped_lock lock(report);
    options.finished(*result);
  };
  const int threads = std::max(options.threads, 1);
  parallel_for(static_cast<std::size_t>(threads), threads, 1, [&](std::size_t, int number) {
    Worker worker(number, source, recorder, options);
    try {
      while (const auto range = work.next()) {
        for (std::int64_t i = range->first; i < range->second; ++i) {
          if (failed || interrupted || options.interrupted()) {
            interrupted = true;
            return;
          }
          compute(worker, number, members[static_cast<std::size_t>(i)]);
        }
      }
    } catch (...) {
      failed = true;
      throw;
    }
  });
  return !interrupted;
}

}  // namespace gridplus::study
