#include "sim/study/ensemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <mutex>
#include <new>

#include "sim/core/error.hpp"
#include "sim/core/parallel.hpp"
#include "sim/step/lockstep.hpp"

namespace gridplus::study {

namespace {

using Clock = std::chrono::steady_clock;

/// So many members go without those of the next replicate.
constexpr int k_enough_together = 8;

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

/// A member in the making.
struct Seat {
  int number = 0;  ///< as the recorder knows it
  MemberResult result;
  std::unique_ptr<const Model> model;
  std::unique_ptr<Simulation> simulation;
  Clock::time_point saved = Clock::now();

  void fail(std::exception_ptr error) {
    simulation.reset();
    result.status = MemberStatus::failed;
    result.kpis.clear();
    result.categories.clear();
    try {
      std::rethrow_exception(std::move(error));
    } catch (const RecorderFailure& failure) {
      std::rethrow_exception(failure.error);
    } catch (const InputError& input) {
      result.reason = input.diagnostics().front().text();
    } catch (const std::bad_alloc&) {
      result.reason = "out of memory";
    } catch (const std::exception& other) {
      result.reason = other.what();
    }
  }

  void succeed() {
    RunSummary summary = simulation->summary();
    result.kpis = std::move(summary.kpis);
    result.categories = std::move(summary.categories);
    if (summary.steps_not_converged == 0) return;
    result.status = MemberStatus::not_converged;
    result.reason =
        fmt::format("the power flow of {} of {} steps did not converge", summary.steps_not_converged, summary.steps);
  }
};

/// One thread's work.
class Worker {
 public:
  using Done = std::function<void(int seat, const MemberResult&)>;

  /// `done`: takes each member that is finished.
  Worker(int number, MemberSource& source, StudyRecorder& recorder, const EnsembleOptions& options, Done done)
      : number_(number), source_(source), recorder_(recorder), options_(options), done_(std::move(done)) {
    for (int i = 0; i < k_most_together; ++i) free_.push_back((number_ + 1) * k_most_together - 1 - i);
  }

  /// Begins a member; one that needs no company is also brought to its end, others at the latest by finish(). Returns
  /// false where it was interrupted: then members in the making are left as they are.
  bool take(std::int64_t member) {
    const std::uint32_t replicate = source_.design().key(member).replicate;
    if (replicate != replicate_) {  // with other series, which fill the memory
      if (static_cast<int>(seats_.size()) >= k_enough_together && !finish()) return false;
      last_model_.reset();
      replicate_ = replicate;
    }
    Seat seat = open(member);
    if (!seat.simulation) {
      close(seat);
      return true;
    }
    const bool lockstep = seat.simulation->step_by_step();
    seats_.push_back(std::move(seat));
    if (lockstep && static_cast<int>(seats_.size()) < together()) return true;
    return finish();
  }

  /// Brings all members begun to their ends, side by side.
  bool finish() {
    while (!seats_.empty()) {
      round();
      if (!seats_.empty() && options_.interrupted()) return false;
      for (Seat& seat : seats_)
        if (seconds_since(seat.saved) > options_.checkpoint_s) save(seat);
    }
    return true;
  }

  /// Checkpoints of all members in the making.
  void save() {
    for (Seat& seat : seats_) save(seat);
  }

 private:
  [[nodiscard]] int together() const { return std::clamp(options_.most_together, 1, k_most_together); }

  Seat open(std::int64_t member) {
    const Clock::time_point begin = Clock::now();
    Seat seat;
    seat.number = free_.back();
    free_.pop_back();
    seat.result.member = member;
    try {
      // A model before lives on until this one is there: both share what does not differ.
      seat.model = source_.model(member, number_);
      last_model_.reset();
      seat.simulation = std::make_unique<Simulation>(*seat.model, 1);
      if (const auto checkpoint = recording([&] { return recorder_.begin(seat.number, member, *seat.model); }))
        seat.simulation->restore(*checkpoint);
    } catch (...) {
      seat.fail(std::current_exception());
    }
    seat.result.wall_s = seconds_since(begin);
    return seat;
  }

  /// One block of every member.
  void round() {
    const Clock::time_point begin = Clock::now();
    runs_.clear();
    for (const Seat& seat : seats_) runs_.push_back({seat.simulation.get(), nullptr, nullptr});
    lockstep_.advance(runs_);
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      Seat& seat = seats_[i];
      if (runs_[i].error)
        seat.fail(runs_[i].error);
      else
        record(seat, *runs_[i].block);
    }
    const double share_s = seconds_since(begin) / static_cast<double>(seats_.size());
    for (Seat& seat : seats_) seat.result.wall_s += share_s;
    std::erase_if(seats_, [&](Seat& seat) {
      const bool ended = !seat.simulation || seat.simulation->done();
      if (ended) close(seat);
      return ended;
    });
  }

  void record(Seat& seat, const StepBlock& block) {
    try {
      recording([&] { recorder_.record(seat.number, block); });
      if (seat.simulation->done()) seat.succeed();
    } catch (...) {
      seat.fail(std::current_exception());
    }
  }

  void save(Seat& seat) {
    recorder_.checkpoint(seat.number, seat.simulation->checkpoint());
    seat.saved = Clock::now();
  }

  void close(Seat& seat) {
    seat.simulation.reset();
    if (seat.model) last_model_ = std::move(seat.model);
    free_.push_back(seat.number);
    done_(seat.number, seat.result);
  }

  int number_;
  MemberSource& source_;
  StudyRecorder& recorder_;
  const EnsembleOptions& options_;
  Done done_;
  std::uint32_t replicate_ = 0;  ///< of the last member
  std::vector<int> free_;        ///< seats without a member
  std::vector<Seat> seats_;
  std::vector<LockstepRun> runs_;
  Lockstep lockstep_;
  std::unique_ptr<const Model> last_model_;
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
  constexpr std::int64_t k_ranges_a_worker = 64, k_largest = 64;
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
  const auto tell = [&](const MemberResult& result) {
    const std::scoped_lock lock(report);
    options.finished(result);
  };
  const auto finished = [&](int seat, const MemberResult& result) {
    recorder.finish(seat, result);
    if (design.stop) board.publish(result.member, value_of(result, design));
    tell(result);
  };
  const auto compute = [&](Worker& worker, std::int64_t member) {
    if (stopping.needed(member)) return worker.take(member);
    tell({member, MemberStatus::not_needed, {}, {}, {}, 0.0});
    return true;
  };
  const int threads = std::max(options.threads, 1);
  parallel_for(static_cast<std::size_t>(threads), threads, 1, [&](std::size_t, int number) {
    Worker worker(number, source, recorder, options, finished);
    try {
      while (const auto range = work.next()) {
        bool goes_on = true;
        for (std::int64_t i = range->first; goes_on && i < range->second; ++i)
          goes_on = !failed && !interrupted && !options.interrupted() &&
                    compute(worker, members[static_cast<std::size_t>(i)]);
        if (goes_on && worker.finish()) continue;
        interrupted = true;
        if (!failed) worker.save();
        return;
      }
    } catch (...) {
      failed = true;
      throw;
    }
  });
  return !interrupted;
}

}  // namespace gridplus::study
