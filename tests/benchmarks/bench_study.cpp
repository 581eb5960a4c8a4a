// Members of a study one by one and in lockstep, in the same process: member-years per second, and memory.
// `scalar` is the twin: one by one, each step's power flow by the scalar Newton with KLU and a warm start.
//
//   GRIDPLUS_BENCH_SCENARIOS  scenarios with a block `study`, separated by ':'. Default: the village as it is, and with
//                             roofs that follow the voltage at hand where no command comes through.
//   GRIDPLUS_BENCH_MEMBERS    how many, from the first on. Default: 32
//   GRIDPLUS_BENCH_DAYS       time that each is run for. Default: 28
//   GRIDPLUS_BENCH_ROUNDS     each way is run so often, in turn; the least time counts. Default: 3
//   GRIDPLUS_BENCH_THREADS    threads for the figures of memory. Default: 2
//
// Times are processor time of one thread, from reading a member's values to its key figures; `build_share` of it goes
// into the members' models. Memory is what operator new has given out: `model_mb` the scenario and what all members
// share, `a_thread_mb` what one thread has in the making beside it, `of_bound` the peak of all threads over
// model + 1.1 x threads x a thread.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <new>
#include <numeric>
#include <sstream>

#include "scenarios/study.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "sim/step/simulation.hpp"

namespace {
std::atomic<std::int64_t> live_bytes{0}, peak_bytes{0};

void count(std::int64_t bytes) {
  const std::int64_t now = live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::int64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

void* take(std::size_t bytes, std::size_t alignment) {
  void* const memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  count(static_cast<std::int64_t>(malloc_usable_size(memory)));
  return memory;
}

void give(void* memory) {
  if (memory != nullptr) count(-static_cast<std::int64_t>(malloc_usable_size(memory)));
  std::free(memory);
}
}  // namespace

void* operator new(std::size_t bytes) {
  return take(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return take(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  give(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  give(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  give(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give(memory);
}

namespace gridplus::study {
namespace {

std::string environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

int number(const char* name, int otherwise) {
  return std::stoi(environment(name, std::to_string(otherwise)));
}

double process_s() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Measures how long it takes to make the models of another source.
class TimedSource final : public MemberSource {
 public:
  explicit TimedSource(MemberSource& source) : source_(source) {}
  [[nodiscard]] const Design& design() const override { return source_.design(); }
  [[nodiscard]] std::unique_ptr<const Model> model(std::int64_t member, int worker) override {
    const double begin = process_s();
    auto model = source_.model(member, worker);
    build_s += process_s() - begin;
    return model;
  }
  double build_s = 0.0;

 private:
  MemberSource& source_;
};

/// Keeps the key figures.
class Keeper final : public StudyRecorder {
 public:
  [[nodiscard]] std::optional<Checkpoint> begin(int, std::int64_t, const Model&) override { return std::nullopt; }
  void record(int, const StepBlock& block) override { steps += block.count; }
  void checkpoint(int, const Checkpoint&) override {}
  void finish(int, const MemberResult& result) override {
    const std::scoped_lock lock(guard_);
    auto& values = kpis[result.member];
    for (const Kpi& kpi : result.kpis) values.push_back(kpi.value);
    failed += result.status == MemberStatus::failed ? 1 : 0;
    not_converged += result.status == MemberStatus::not_converged ? 1 : 0;
  }
  std::map<std::int64_t, std::vector<double>> kpis;
  std::atomic<std::uint64_t> steps{0};
  int failed = 0, not_converged = 0;

 private:
  std::mutex guard_;
};

/// As near as power flows are solved; a value that is none is near another.
bool is_near(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-6 * std::max(1.0, std::abs(b));
}

struct Timing {
  double total_s = 1e300, build_s = 0.0;
};

/// The twin: one run by itself, each step's power flow by the scalar Newton, which starts from the step before and
/// keeps its ordering as long as switching states last.
class ScalarRun {
 public:
  explicit ScalarRun(const Model& model) : simulation_(model, 1) {}

  [[nodiscard]] RunSummary finish() {
    while (!simulation_.done()) {
      simulation_.begin_block();
      do {
        asked_.clear();
        simulation_.ask(asked_);
        for (const AskedFlow& flow : asked_) solve(flow);
      } while (!simulation_.go_on());
      simulation_.end_block();
    }
    return simulation_.summary();
  }

 private:
  struct Solver {
    powerflow::reference::NewtonSolver newton;
    powerflow::FlowState last;
  };

  static powerflow::FlowState flat(std::size_t buses) {
    return {std::vector<double>(buses, 1.0), std::vector<double>(buses, 0.0)};
  }

  void solve(const AskedFlow& flow) {
    ensure(flow.tap_positions.empty() && flow.equations == powerflow::Equations::ac, "the twin knows no taps");
    const std::string closed(flow.branch_closed.begin(), flow.branch_closed.end());
    auto found = solvers_.find(closed);
    if (found == solvers_.end())
      found =
          solvers_.emplace(closed, Solver{{*flow.grid, *flow.first_admittance}, flat(flow.grid->bus_count())}).first;
    Solver& solver = found->second;
    *flow.report = solver.newton.solve(flow.bus->input(flow.options->enforce_q_limits), *flow.options, solver.last);
    *flow.state = solver.last;
    *flow.admittance = flow.first_admittance;
  }

  Simulation simulation_;
  std::map<std::string, Solver> solvers_;
  std::vector<AskedFlow> asked_;
};

class Bench {
 public:
  explicit Bench(const std::string& scenario, int threads)
      : study_(scenario, options(), threads), count_(std::min<std::int64_t>(wanted(), study_.design().members())) {}

  void run(int most_together, int threads, Timing& best, Keeper& keeper) {
    std::vector<std::int64_t> members(static_cast<std::size_t>(count_));
    std::iota(members.begin(), members.end(), 0);
    LocalWork work(count_, threads);
    LocalStopBoard board(study_.design().members());
    TimedSource source(study_);
    EnsembleOptions options;
    options.threads = threads;
    options.most_together = most_together;
    const double begin = process_s();
    run_ensemble(source, members, work, board, keeper, options);
    const double total_s = process_s() - begin;
    if (total_s < best.total_s) best = {total_s, source.build_s};
  }

  /// Whether each step's flow has to wait for the step before.
  [[nodiscard]] bool step_by_step() { return Simulation(*study_.model(0, 0), 1).step_by_step(); }

  /// All members one by one by the twin, from their values on. Returns whether all key figures are near those of
  /// `keeper`.
  bool run_scalar(Timing& best, const Keeper& keeper) {
    bool near = true;
    const double begin = process_s();
    for (std::int64_t member = 0; member < count_; ++member) {
      const auto model = study_.model(member, 0);
      const RunSummary summary = ScalarRun(*model).finish();
      const std::vector<double>& expected = keeper.kpis.at(member);
      for (std::size_t i = 0; i < expected.size(); ++i) near = near && is_near(summary.kpis[i].value, expected[i]);
    }
    best.total_s = std::min(best.total_s, process_s() - begin);
    return near;
  }

  [[nodiscard]] double member_years() const {
    const TimeAxis& time = study_.base().time;
    constexpr double k_year_s = 365.0 * 86400.0;
    return static_cast<double>(count_) * static_cast<double>(time.step_s()) * static_cast<double>(time.steps()) /
           k_year_s;
  }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] ScenarioStudy& study() { return study_; }

 private:
  static std::int64_t wanted() { return number("GRIDPLUS_BENCH_MEMBERS", 32); }
  static LoadOptions options() {
    LoadOptions options;
    options.sets = {"time.duration=" + std::to_string(number("GRIDPLUS_BENCH_DAYS", 28)) + " d"};
    return options;
  }
  ScenarioStudy study_;
  std::int64_t count_;
};

void throughput(benchmark::State& state, const std::string& scenario) {
  Bench bench(scenario, 1);
  Timing alone, together, scalar;
  const bool step_by_step = bench.step_by_step();
  for (auto _ : state) {
    for (int round = 0; round < number("GRIDPLUS_BENCH_ROUNDS", 3); ++round) {
      Keeper one, many;
      bench.run(1, 1, alone, one);
      bench.run(k_most_together, 1, together, many);
      if (one.kpis != many.kpis) state.SkipWithError("key figures in lockstep differ from those one by one");
      if (step_by_step && !bench.run_scalar(scalar, many))
        state.SkipWithError("key figures of the scalar twin are others");
      if (one.failed + many.failed > 0) state.SkipWithError("members failed");
      state.counters["not_converged"] = many.not_converged;
    }
  }
  state.counters["member_years_per_second"] = bench.member_years() / together.total_s;
  state.counters["one_by_one"] = bench.member_years() / alone.total_s;
  if (step_by_step) {
    state.counters["scalar"] = bench.member_years() / scalar.total_s;
    state.counters["ratio_to_scalar"] = scalar.total_s / together.total_s;
    state.counters["ratio_of_steps_to_scalar"] =
        (scalar.total_s - together.build_s) / (together.total_s - together.build_s);
  }
  state.counters["ratio"] = alone.total_s / together.total_s;
  state.counters["ratio_of_steps"] = (alone.total_s - alone.build_s) / (together.total_s - together.build_s);
  state.counters["build_share"] = together.build_s / together.total_s;
}

/// Peak of a study against its model and what one thread has in the making, all counted by this program.
void memory(benchmark::State& state, const std::string& scenario) {
  const int threads = number("GRIDPLUS_BENCH_THREADS", 2);
  for (auto _ : state) {
    const std::int64_t before = live_bytes;
    Bench bench(scenario, threads);
    const auto model = static_cast<double>(live_bytes - before);
    const auto peak_with = [&](int number_of_threads) {
      peak_bytes = live_bytes.load();
      Keeper keeper;
      Timing timing;
      bench.run(k_most_together, number_of_threads, timing, keeper);
      return static_cast<double>(peak_bytes - before);
    };
    const double one = peak_with(1), all = peak_with(threads), making = one - model;
    state.counters["model_mb"] = 1e-6 * model;
    state.counters["a_thread_mb"] = 1e-6 * making;
    state.counters["peak_mb"] = 1e-6 * all;
    state.counters["of_bound"] = all / (model + 1.1 * threads * making);
  }
}

void register_all() {
  const std::filesystem::path village = std::filesystem::path(GRIDPLUS_CATALOGUE) / "village";
  std::stringstream list(environment("GRIDPLUS_BENCH_SCENARIOS", (village / "village.yaml").string() + ":" +
                                                                     (village / "village_droop.yaml").string()));
  for (std::string scenario; std::getline(list, scenario, ':');) {
    const std::string name = std::filesystem::path(scenario).stem().string();
    benchmark::RegisterBenchmark(("throughput/" + name).c_str(), throughput, scenario)
        ->Iterations(1)
        ->Unit(benchmark::kSecond);
    benchmark::RegisterBenchmark(("memory/" + name).c_str(), memory, scenario)->Iterations(1)->Unit(benchmark::kSecond);
  }
}

[[maybe_unused]] const bool k_registered = (register_all(), true);

}  // namespace
}  // namespace gridplus::study
