// All N-1 branch outages of a case, full AC each: the lanes against the scalar KLU Newton in the same process.
//
//   GRIDPLUS_BENCH_CASES   MATPOWER files, separated by ':'; without a folder they are looked for in
//                          $GRIDPLUS_SHARED/data/matpower. Default: case_ACTIVSg2000 and case9241pegase.
//   GRIDPLUS_BENCH_START   chord (default) or newton: what the lanes try first
//   GRIDPLUS_BENCH_TWIN    the twin solves every n-th contingency; its time is scaled to all of them. Default: 1
//   GRIDPLUS_BENCH_THREADS threads of the lanes. Default: 1
//
// The twin orders and analyses the matrix once, keeps the pattern for every outage (the opened branch's entries become
// zeros), refactors with KLU's pivots, and starts from the base solution. Contingencies that split the grid are solved
// and checked too, but neither side is timed on them, as the twin would have to order its matrix anew.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <limits>
#include <sstream>
#include <string>

#include "scenarios/importers/matpower.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "sim/study/contingencies.hpp"

namespace gridplus::study {
namespace {

using namespace powerflow;

constexpr double k_same_solution_pu = 1e-6;
constexpr int k_rounds = 5;

std::string environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

/// Time that this thread has computed, which other programs on the machine do not lengthen.
double thread_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ContingencyCase read(const std::filesystem::path& file) {
  const matpower::Snapshot s = matpower::make_snapshot(matpower::read_case(file));
  ContingencyCase data{.grid = s.grid,
                       .names = s.names,
                       .branch_closed = s.branch_closed,
                       .p_mw = s.p_mw,
                       .q_mvar = s.q_mvar,
                       .type = s.type,
                       .vm_set_pu = s.vm_set_pu,
                       .va_set_deg = s.va_set_deg,
                       .demand_mw = s.demand_mw,
                       .limits = limits_of(s.grid),
                       .state = s.start};
  return data;
}

/// The scalar Newton whose admittances are changed in place: entries of an open branch stay in the pattern as zeros.
class Twin {
 public:
  explicit Twin(const ContingencyCase& data)
      : data_(data), intact_(make_admittance(data.grid, data.branch_closed)), y_(intact_), solver_(data.grid, y_) {
    FlowState state = data.state;
    solver_.solve(data.input(), {}, state);  // orders and analyses
  }

  SolveReport solve(std::uint32_t branch, FlowState& state) {
    set(branch, -1.0);
    state = data_.state;
    const SolveReport report = solver_.solve(data_.input(), {}, state);
    set(branch, 0.0);
    return report;
  }

 private:
  void set(std::uint32_t branch, double factor) {
    const auto from = static_cast<std::int32_t>(data_.grid.branch().from[branch].index());
    const auto to = static_cast<std::int32_t>(data_.grid.branch().to[branch].index());
    const BranchAdmittance& own = intact_.branch[branch];
    change(from, from, factor * own.ff);
    change(from, to, factor * own.ft);
    change(to, from, factor * own.tf);
    change(to, to, factor * own.tt);
  }
  void change(std::int32_t row, std::int32_t column, Complex amount) {
    const auto begin = y_.column.begin() + y_.row_start[static_cast<std::size_t>(row)];
    const auto end = y_.column.begin() + y_.row_start[static_cast<std::size_t>(row) + 1];
    const auto place = static_cast<std::size_t>(std::lower_bound(begin, end, column) - y_.column.begin());
    y_.value[place] = intact_.value[place] + amount;
  }

  const ContingencyCase& data_;
  Admittance intact_, y_;
  reference::NewtonSolver solver_;
};

/// Largest mismatch of the outaged grid, by the plain equations.
double mismatch_pu(const ContingencyCase& data, const Contingency& contingency, const FlowState& state,
                   FlowResult& result) {
  std::vector<std::uint8_t> closed = data.branch_closed;
  for (const std::uint32_t branch : contingency.outage.open) closed[branch] = 0;
  evaluate(data.grid, make_admittance(data.grid, closed), state, result);
  double largest = 0.0;
  for (std::size_t i = 0; i < data.type.size(); ++i) {
    if (state.vm_pu[i] == 0.0 || (data.type[i] != BusType::pq && data.type[i] != BusType::pv)) continue;
    if (i == contingency.outage.new_slack) continue;
    largest = std::max(largest, std::abs(result.p_mw[i] - data.p_mw[i]));
    if (data.type[i] == BusType::pq) largest = std::max(largest, std::abs(result.q_mvar[i] - data.q_mvar[i]));
  }
  return largest / data.grid.base_mva();
}

double distance_pu(const FlowState& a, const FlowState& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.vm_pu.size(); ++i) {
    if (a.vm_pu[i] == 0.0 || b.vm_pu[i] == 0.0) continue;
    largest = std::max(largest, std::abs(a.vm_pu[i] - b.vm_pu[i]));
  }
  return largest;
}

/// The flow of an outage from scratch, for those that split the grid.
SolveReport solve_apart(const ContingencyCase& data, const Contingency& contingency, FlowState& state) {
  LaneOutageSolver solver(
      std::make_shared<OutageBase>(data.grid, data.branch_closed, data.input(), data.state, data.limits));
  OutageResult result;
  solver.solve({&contingency.outage, 1}, {}, {&result, 1}, {&state, 1}, 1, OutageStart::reference);
  return result.report;
}

struct Tally {
  std::size_t failed = 0, twin_failed = 0, elsewhere = 0, chord = 0, twin_solved = 0;
  double iterations = 0.0, mismatch = 0.0, twin_s = 0.0;
};

void contingencies(benchmark::State& bench, const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) {
    bench.SkipWithError((file.string() + " is not there: set GRIDPLUS_SHARED or GRIDPLUS_BENCH_CASES").c_str());
    return;
  }
  ContingencyCase data = read(file);
  if (!solve_base(data, {}).converged()) {
    bench.SkipWithError("the base case does not converge");
    return;
  }
  const int threads = std::stoi(environment("GRIDPLUS_BENCH_THREADS", "1"));
  const auto every = std::stoul(environment("GRIDPLUS_BENCH_TWIN", "1"));
  const auto start =
      environment("GRIDPLUS_BENCH_START", "chord") == "newton" ? OutageStart::newton : OutageStart::chord;
  const std::vector<Contingency> all = ContingencyLister(data).branches();
  std::vector<Outage> whole, split;
  std::vector<const Contingency*> whole_list, split_list;
  for (const Contingency& c : all) {
    const bool splits = !c.outage.lost.empty();
    (splits ? split : whole).push_back(c.outage);
    (splits ? split_list : whole_list).push_back(&c);
  }
  const auto base =
      std::make_shared<const OutageBase>(data.grid, data.branch_closed, data.input(), data.state, data.limits);
  LaneOutageSolver solver(base);
  std::vector<OutageResult> results(whole.size()), split_results(split.size());
  double (*clock)() = threads == 1 ? thread_s : wall_s;
  double least_s = std::numeric_limits<double>::infinity();
  for ([[maybe_unused]] auto _ : bench) {
    const double begin = clock();
    solver.solve(whole, {}, results, {}, threads, start);
    const double s = clock() - begin;
    least_s = std::min(least_s, s);
    bench.SetIterationTime(s);
  }
  solver.solve(split, {}, split_results, {}, threads, start);

  // Every answer is looked at, in blocks that fit into memory.
  Twin twin(data);
  Tally tally;
  FlowResult flow;
  constexpr std::size_t k_block = 256;
  std::vector<FlowState> states(k_block);
  std::vector<OutageResult> again(k_block);
  const auto check = [&](const Contingency& c, const OutageResult& r, const FlowState& state, std::size_t k,
                         bool splits) {
    tally.failed += r.report.converged() ? 0 : 1;
    tally.chord += r.method == OutageMethod::chord ? 1 : 0;
    if (r.report.converged()) tally.mismatch = std::max(tally.mismatch, mismatch_pu(data, c, state, flow));
    if (k % every != 0) return;
    FlowState expected;
    SolveReport report;
    if (splits) {
      report = solve_apart(data, c, expected);
    } else {
      const double begin = thread_s();
      report = twin.solve(c.outage.open.front(), expected);
      tally.twin_s += thread_s() - begin;
      ++tally.twin_solved;
    }
    tally.twin_failed += report.converged() ? 0 : 1;
    if (!report.converged() || !r.report.converged()) return;
    if (distance_pu(state, expected) > k_same_solution_pu) ++tally.elsewhere;
  };
  const auto check_all = [&](std::span<const Outage> outages, std::span<const Contingency* const> list, bool splits) {
    for (std::size_t first = 0; first < outages.size(); first += k_block) {
      const std::size_t count = std::min(k_block, outages.size() - first);
      solver.solve(outages.subspan(first, count), {}, {again.data(), count}, {states.data(), count}, threads, start);
      for (std::size_t k = 0; k < count; ++k) check(*list[first + k], again[k], states[k], first + k, splits);
    }
  };
  check_all(whole, whole_list, false);
  for (const OutageResult& r : results) tally.iterations += r.report.iterations;
  const std::size_t chord = tally.chord;
  check_all(split, split_list, true);

  const auto n = static_cast<double>(whole.size());
  const double twin_ms = 1e3 * tally.twin_s / static_cast<double>(std::max<std::size_t>(tally.twin_solved, 1));
  bench.counters["contingencies"] = n;
  bench.counters["splitting"] = static_cast<double>(split.size());
  bench.counters["ms_per_contingency"] = 1e3 * least_s / n;
  bench.counters["twin_ms"] = twin_ms;
  bench.counters["ratio"] = twin_ms / (1e3 * least_s / n);
  bench.counters["iterations"] = tally.iterations / n;
  bench.counters["by_chord"] = static_cast<double>(chord);
  bench.counters["failed"] = static_cast<double>(tally.failed);
  bench.counters["twin_failed"] = static_cast<double>(tally.twin_failed);
  bench.counters["elsewhere"] = static_cast<double>(tally.elsewhere);
  bench.counters["max_mismatch_pu"] = tally.mismatch;
}

bool register_benchmarks() {
  const std::filesystem::path folder = environment("GRIDPLUS_SHARED", ".") + "/data/matpower";
  std::stringstream cases(environment("GRIDPLUS_BENCH_CASES", "case_ACTIVSg2000.m:case9241pegase.m"));
  for (std::string name; std::getline(cases, name, ':');) {
    const std::filesystem::path file = std::filesystem::exists(name) ? std::filesystem::path(name) : folder / name;
    const std::string label = "contingencies/" + file.stem().string();
    benchmark::RegisterBenchmark(label.c_str(), [file](benchmark::State& s) { contingencies(s, file); })
        ->UseManualTime()
        ->Iterations(k_rounds)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}

const bool k_registered = register_benchmarks();

}  // namespace
}  // namespace gridplus::study
