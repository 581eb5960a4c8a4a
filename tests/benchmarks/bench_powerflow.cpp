// Batch AC power flow: the lane solver and the scalar KLU Newton on the same flows in the same process.
//
//   GRIDPLUS_BENCH_CASES    MATPOWER files, separated by ':'; without a folder they are looked for in
//                           $GRIDPLUS_SHARED/data/matpower. Default: case118 to case_ACTIVSg10k. With *4x5 behind the
//                           name, 4 rows of 5 copies of the case, tied to a meshed grid.
//   GRIDPLUS_BENCH_SPREAD   each load's P and Q is multiplied by its own factor in [1 - spread, 1 + spread];
//                           separated by ':'. Default: 0.1:0.5
//   GRIDPLUS_BENCH_KINDS    what else varies, separated by ':': plain (nothing), shared (distributed slack, equal parts
//                           of all buses that hold a voltage), set_points (each by up to 1 %), limits (reactive limits
//                           are kept), zip (a third of each load of constant power, current and impedance each), linear
//                           (nothing; the lanes solve the linear approximation, whose difference from the twin is
//                           error_vm_pu). Default: plain
//   GRIDPLUS_BENCH_FLOWS    flows in a batch. Default: 256
//   GRIDPLUS_BENCH_ROUNDS   how often each batch is solved; each round times an eighth of the flows with the twin.
//                           At least 8. Default: 24
//   GRIDPLUS_BENCH_THREADS  threads of the lane solver. With more than one, thread_speedup is the least wall time of
//                           the batch on one thread over that on all. Default: 1
//   GRIDPLUS_BENCH_BUSES    buses of the radial grid. Default: 1000000
//
// Lanes and twin take turns, and the least processor time of each block of 64 flows (lanes) and of each flow (twin)
// counts; with more threads, the least wall time of the batch. Both start every
// flow from the base solution. A flow counts as failed where the lanes do not converge, and as elsewhere where both
// converge but not to the same solution; max_mismatch_pu is recomputed by the twin's evaluation of the equations.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <sstream>
#include <string>

#include "sim/powerflow/idle_base.hpp"
#include "tests/benchmarks/tiled_case.hpp"

namespace gridplus::powerflow {
namespace {

constexpr double k_same_solution_pu = 1e-6;
constexpr std::size_t k_block = 64;
constexpr int k_slices = 8;  ///< an eighth of the flows is timed with the twin in each round

std::string environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ':');) parts.push_back(part);
  return parts;
}

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Time that this thread has computed, which other programs on the machine do not lengthen.
double thread_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds(double (*clock)(), const std::function<void()>& work) {
  const double begin = clock();
  work();
  return clock() - begin;
}

/// What a row of the benchmark solves.
struct Row {
  std::filesystem::path file;
  std::size_t rows = 1, columns = 1;  ///< of copies
  double spread = 0.0;
  std::string kind;
};

/// A case, or copies of it.
std::unique_ptr<test::PublicCase> make_case(const Row& row) {
  auto one = std::make_unique<test::PublicCase>(row.file);
  if (row.rows * row.columns == 1 || !one->solved) return one;
  return std::make_unique<test::PublicCase>(test::tile(*one, row.rows, row.columns));
}

void batch_flows(benchmark::State& state, const Row& row) {
  const auto& [file, rows, columns, spread, kind] = row;
  if (!std::filesystem::exists(file)) {
    state.SkipWithError((file.string() + " is not there: set GRIDPLUS_SHARED or GRIDPLUS_BENCH_CASES").c_str());
    return;
  }
  const auto made = make_case(row);
  test::PublicCase& batch = *made;
  if (!batch.solved) {
    state.SkipWithError("the base case does not converge");
    return;
  }
  const auto count = std::stoul(environment("GRIDPLUS_BENCH_FLOWS", "256"));
  const int threads = std::stoi(environment("GRIDPLUS_BENCH_THREADS", "1"));
  test::VariedLoads loads(batch.data, count, spread);
  if (kind == "shared") loads.share_missing_power(batch.data);
  if (kind == "set_points") loads.vary_set_points(0.01);
  if (kind == "zip") loads.follow_the_voltage(batch.data);
  const bool linear = kind == "linear";
  const double base_mva = batch.data.grid.base_mva();
  const auto base = [&] {
    return std::make_shared<const LaneBase>(
        std::make_shared<const LanePattern>(make_lane_pattern(batch.admittance, batch.data.type)), batch.admittance,
        base_mva, batch.data.type, batch.base, voltage_slopes_mva(loads.flows.front(), batch.base));
  };
  LaneSolver lanes(linear ? make_idle_base(batch.admittance, base_mva, batch.data.input()) : base());
  const FlowOptions options{.enforce_q_limits = kind == "limits"};
  std::vector<FlowState> lane_state(count);
  std::vector<FlowState> twin_state(count, batch.base);
  std::vector<SolveReport> lane_report(count);
  std::vector<SolveReport> twin_report(count);
  std::vector<double> twin_s(count, std::numeric_limits<double>::infinity());
  // With one thread the lanes take blocks as the engine's; with more, the whole batch at once.
  const std::size_t block = threads == 1 ? k_block : count;
  double (*clock)() = threads == 1 ? thread_s : wall_s;
  std::vector<double> lane_s((count + block - 1) / block, std::numeric_limits<double>::infinity());
  const auto solve_block = [&](std::size_t b) {
    const std::size_t first = b * block;
    const std::size_t size = std::min(block, count - first);
    const std::span flows(loads.flows.data() + first, size);
    const std::span states(lane_state.data() + first, size);
    const std::span reports(lane_report.data() + first, size);
    if (linear)
      lanes.solve_linear(flows, states, reports, threads);
    else
      lanes.solve(flows, options, states, reports, threads);
  };
  for (std::size_t b = 0; b < lane_s.size(); ++b) solve_block(b);  // memory is touched once
  std::size_t round = 0;
  double one_thread_s = std::numeric_limits<double>::infinity();
  for ([[maybe_unused]] auto _ : state) {
    if (threads > 1) {
      const auto alone = [&] { lanes.solve(loads.flows, options, lane_state, lane_report, 1); };
      one_thread_s = std::min(one_thread_s, seconds(wall_s, alone));
    }
    double s = 0.0;
    for (std::size_t b = 0; b < lane_s.size(); ++b) {
      const double t = seconds(clock, [&] { solve_block(b); });
      lane_s[b] = std::min(lane_s[b], t);
      s += t;
    }
    state.SetIterationTime(s);
    for (std::size_t k = round++ % k_slices; k < count; k += k_slices) {
      twin_state[k] = batch.base;
      const auto solve = [&] { twin_report[k] = batch.twin.solve(loads.flows[k], options, twin_state[k]); };
      twin_s[k] = std::min(twin_s[k], seconds(clock, solve));
    }
  }
  const auto flows = static_cast<double>(count);
  double iterations = 0.0;
  double twin_iterations = 0.0;
  double mismatch = 0.0;
  int failed = 0;
  int twin_failed = 0;
  int elsewhere = 0;
  double error_vm_pu = 0.0;
  for (std::size_t k = 0; k < count; ++k) {
    iterations += lane_report[k].iterations / flows;
    twin_iterations += twin_report[k].iterations / flows;
    failed += lane_report[k].converged() ? 0 : 1;
    twin_failed += twin_report[k].converged() ? 0 : 1;
    if (!lane_report[k].converged()) continue;
    if (kind != "limits") mismatch = std::max(mismatch, batch.largest_mismatch_pu(loads.flows[k], lane_state[k]));
    if (!twin_report[k].converged()) continue;
    const double distance_pu = test::distance_pu(lane_state[k], twin_state[k]);
    if (linear)
      error_vm_pu = std::max(error_vm_pu, distance_pu);
    else if (distance_pu > k_same_solution_pu)
      ++elsewhere;
  }
  const double lane_total_s = std::accumulate(lane_s.begin(), lane_s.end(), 0.0);
  const double twin_total_s = std::accumulate(twin_s.begin(), twin_s.end(), 0.0);
  state.counters["ms_per_flow"] = 1e3 * lane_total_s / flows;
  state.counters["twin_ms_per_flow"] = 1e3 * twin_total_s / flows;
  if (threads > 1) state.counters["thread_speedup"] = one_thread_s / lane_total_s;
  state.counters["flows_per_s"] = flows / lane_total_s;
  state.counters["ratio"] = twin_total_s / lane_total_s;
  state.counters["iterations"] = iterations;
  state.counters["twin_iterations"] = twin_iterations;
  state.counters["max_mismatch_pu"] = mismatch;
  state.counters["failed"] = failed;
  state.counters["twin_failed"] = twin_failed;
  state.counters["elsewhere"] = elsewhere;
  if (linear) state.counters["error_vm_pu"] = error_vm_pu;
  state.counters["buses"] = static_cast<double>(batch.data.grid.bus_count());
}

/// A random tree in which every bus hangs on one of the `reach` buses before it: many laterals, long mains.
struct RadialGrid {
  Grid grid;
  std::vector<double> p_mw, q_mvar, vm_set_pu;
  std::vector<BusType> type;

  explicit RadialGrid(std::size_t buses) : p_mw(buses), q_mvar(buses), vm_set_pu(buses, 1.0), type(buses, BusType::pq) {
    constexpr std::size_t reach = 50;
    GridBuilder builder(1.0);
    std::mt19937_64 draw(1);
    std::vector<double> depth(buses, 0.0);
    for (std::size_t i = 0; i < buses; ++i) {
      BusSpec bus;
      bus.name = std::to_string(i);
      builder.add(std::move(bus));
      if (i == 0) continue;
      const std::size_t parent = i % 1000 == 1 ? 0 : i - 1 - draw() % std::min(reach, (i - 1) % 1000);
      BranchSpec branch;
      branch.name = std::to_string(i);
      branch.from_bus = std::to_string(parent);
      branch.to_bus = std::to_string(i);
      branch.r_pu = 2e-4;
      branch.x_pu = 3e-4;
      builder.add(std::move(branch));
      p_mw[i] = -0.01;
      q_mvar[i] = -0.003;
    }
    Diagnostics diagnostics;
    grid = builder.build(diagnostics).grid;
    diagnostics.throw_if_any();
    type[0] = BusType::slack;
  }
};

void radial_flow(benchmark::State& state) {
  const auto buses = static_cast<std::size_t>(std::stoul(environment("GRIDPLUS_BENCH_BUSES", "1000000")));
  const RadialGrid radial(buses);
  const Admittance admittance = make_admittance(radial.grid, radial.grid.initially_closed());
  const FlowState flat{std::vector<double>(buses, 1.0), std::vector<double>(buses, 0.0)};
  std::shared_ptr<const LaneBase> base;
  const double prepare_s = seconds(
      thread_s, [&] { base = std::make_shared<LaneBase>(admittance, radial.grid.base_mva(), radial.type, flat); });
  LaneSolver lanes(base);
  FlowInput flow;
  flow.p_mw = radial.p_mw;
  flow.q_mvar = radial.q_mvar;
  flow.type = radial.type;
  flow.vm_set_pu = radial.vm_set_pu;
  FlowState solved;
  SolveReport report;
  double least_s = std::numeric_limits<double>::infinity();
  for ([[maybe_unused]] auto _ : state) {
    const double s = seconds(thread_s, [&] { lanes.solve({&flow, 1}, {}, {&solved, 1}, {&report, 1}); });
    state.SetIterationTime(s);
    least_s = std::min(least_s, s);
  }
  state.counters["prepare_s"] = prepare_s;
  state.counters["s_per_flow"] = least_s;
  state.counters["iterations"] = report.iterations;
  state.counters["failed"] = report.converged() ? 0 : 1;
  state.counters["lowest_vm_pu"] = *std::min_element(solved.vm_pu.begin(), solved.vm_pu.end());
  state.counters["fill_per_bus"] =
      static_cast<double>(base->pattern().lower.column.size()) / static_cast<double>(buses);
}

bool register_benchmarks() {
  const std::filesystem::path folder = environment("GRIDPLUS_SHARED", ".") + "/data/matpower";
  const auto cases = split(environment(
      "GRIDPLUS_BENCH_CASES", "case118.m:case1354pegase.m:case_ACTIVSg2000.m:case9241pegase.m:case_ACTIVSg10k.m"));
  const auto kinds = split(environment("GRIDPLUS_BENCH_KINDS", "plain"));
  for (const std::string& spread : split(environment("GRIDPLUS_BENCH_SPREAD", "0.1:0.5"))) {
    for (const std::string& named : cases) {
      Row row;
      const std::string name = named.substr(0, named.find('*'));
      row.file = std::filesystem::exists(name) ? std::filesystem::path(name) : folder / name;
      const std::string copies = named.substr(name.size());
      if (!copies.empty()) std::sscanf(copies.c_str(), "*%zux%zu", &row.rows, &row.columns);
      row.spread = std::stod(spread);
      for (const std::string& kind : kinds) {
        row.kind = kind;
        std::string label = "powerflow/" + row.file.stem().string() + copies + "/spread:" + spread;
        if (kind != "plain") label.append("/").append(kind);
        benchmark::RegisterBenchmark(label.c_str(), [row](benchmark::State& s) { batch_flows(s, row); })
            ->UseManualTime()
            ->Iterations(std::max(8, std::stoi(environment("GRIDPLUS_BENCH_ROUNDS", "24"))))
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
  benchmark::RegisterBenchmark("powerflow/radial", radial_flow)
      ->UseManualTime()
      ->Iterations(3)
      ->Unit(benchmark::kMillisecond);
  return true;
}

const bool k_registered = register_benchmarks();

}  // namespace
}  // namespace gridplus::powerflow
