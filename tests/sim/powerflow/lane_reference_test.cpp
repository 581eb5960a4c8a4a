// The lane solver on public cases: against MATPOWER's solutions and, flow by flow, against the scalar Newton.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "sim/powerflow/lane_solver.hpp"
#include "tests/shared_data.hpp"
#include "tests/sim/powerflow/public_case.hpp"
#include "tests/validation/csv_columns.hpp"

namespace gridplus::powerflow {
namespace {

using gridplus::test::Columns;
using gridplus::test::read_columns;
using gridplus::test::shared_folder;
using test::distance_pu;
using test::PublicCase;
using test::VariedLoads;

constexpr double k_same_vm_pu = 1e-8;
constexpr double k_same_va_deg = 1e-6;
constexpr double k_same_solution_pu = 1e-6;
constexpr double k_same_nose = 1e-3;

std::filesystem::path case_file(const std::string& name) {
  return shared_folder() / "data/matpower" / (name + ".m");
}

TEST(LaneReference, SolvesTheCasesFromTheirOwnStartAsMatpowerDoes) {
  GRIDPLUS_NEED_SHARED();
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared_folder() / "reference/pf")) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name.find("__") != std::string::npos) continue;
    SCOPED_TRACE(name);
    ++cases;
    const matpower::Snapshot data = matpower::make_snapshot(matpower::read_case(case_file(name)));
    const Admittance admittance = make_admittance(data.grid, data.branch_closed);
    LaneSolver solver(std::make_shared<LaneBase>(admittance, data.grid.base_mva(), data.type, data.start));
    const FlowInput flow = data.input();
    FlowState state;
    SolveReport report;
    solver.solve({&flow, 1}, {.tolerance_pu = 1e-9}, {&state, 1}, {&report, 1});
    ASSERT_TRUE(report.converged());
    const Columns expected = read_columns(entry.path() / "bus.csv");
    for (std::size_t i = 0; i < state.vm_pu.size(); ++i) {
      if (data.type[i] == BusType::out) continue;
      EXPECT_NEAR(state.vm_pu[i], expected.at("vm_pu")[i], k_same_vm_pu) << "bus " << i;
      const double angle = std::remainder(state.va_deg[i] - expected.at("va_deg")[i], 360.0);
      EXPECT_NEAR(angle, 0.0, k_same_va_deg) << "bus " << i;
    }
  }
  EXPECT_GE(cases, 9U);
}

TEST(LaneReference, KeepsReactiveLimitsAsTheTwinDoes) {
  GRIDPLUS_NEED_SHARED();
  for (const std::string name : {"case118", "case300", "case2869pegase"}) {
    SCOPED_TRACE(name);
    PublicCase c(case_file(name));
    ASSERT_TRUE(c.solved);
    LaneSolver solver(std::make_shared<LaneBase>(c.admittance, c.data.grid.base_mva(), c.data.type, c.base));
    const FlowOptions options{.tolerance_pu = 1e-9, .enforce_q_limits = true};
    const FlowInput flow = c.data.input();
    FlowState state;
    SolveReport report;
    solver.solve({&flow, 1}, options, {&state, 1}, {&report, 1});
    FlowState expected = c.base;
    ASSERT_TRUE(c.twin.solve(flow, options, expected).converged());
    ASSERT_TRUE(report.converged());
    for (std::size_t i = 0; i < state.vm_pu.size(); ++i) {
      EXPECT_NEAR(state.vm_pu[i], expected.vm_pu[i], k_same_vm_pu) << "bus " << i;
    }
  }
}

struct Solved {
  std::vector<FlowState> states;
  std::vector<SolveReport> reports;
};

Solved solve(const PublicCase& c, const VariedLoads& loads, const FlowOptions& options) {
  LaneSolver solver(std::make_shared<LaneBase>(c.admittance, c.data.grid.base_mva(), c.data.type, c.base));
  Solved solved{std::vector<FlowState>(loads.flows.size()), std::vector<SolveReport>(loads.flows.size())};
  solver.solve(loads.flows, options, solved.states, solved.reports);
  return solved;
}

void expect_agreement(PublicCase& c, const VariedLoads& loads) {
  const FlowOptions options;
  const auto [states, reports] = solve(c, loads, options);
  for (std::size_t k = 0; k < states.size(); ++k) {
    SCOPED_TRACE(k);
    FlowState expected = c.base;
    const bool twin_converged = c.twin.solve(loads.flows[k], options, expected).converged();
    EXPECT_EQ(reports[k].converged(), twin_converged);
    if (!reports[k].converged() || !twin_converged) continue;
    EXPECT_LE(c.largest_mismatch_pu(loads.flows[k], states[k]), options.tolerance_pu);
    EXPECT_LE(distance_pu(states[k], expected), k_same_solution_pu);
  }
}

TEST(LaneReference, AgreesWithTheTwinOnVariedLoads) {
  GRIDPLUS_NEED_SHARED();
  for (const std::string name : {"case118", "case1354pegase", "case_ACTIVSg2000"}) {
    PublicCase c(case_file(name));
    ASSERT_TRUE(c.solved);
    for (const double spread : {0.1, 0.5}) {
      SCOPED_TRACE(name + " " + std::to_string(spread));
      expect_agreement(c, VariedLoads(c.data, 24, spread));
    }
  }
}

TEST(LaneReference, AgreesWithTheTwinOnSharedSlackAndOtherSetPoints) {
  GRIDPLUS_NEED_SHARED();
  for (const std::string name : {"case118", "case1354pegase"}) {
    PublicCase c(case_file(name));
    ASSERT_TRUE(c.solved);
    for (const bool other_set_points : {false, true}) {
      SCOPED_TRACE(name);
      VariedLoads loads(c.data, 20, 0.3);
      loads.share_missing_power(c.data);
      if (other_set_points) loads.vary_set_points(0.01);
      expect_agreement(c, loads);
    }
  }
}

int iterations(const PublicCase& c, const VariedLoads& loads) {
  int sum = 0;
  for (const SolveReport& report : solve(c, loads, {}).reports) {
    EXPECT_TRUE(report.converged());
    sum += report.iterations;
  }
  return sum;
}

/// A step that leaves what is missing to the slack bus turns areas for nothing, which later steps turn back.
TEST(LaneReference, SharingTheMissingPowerTakesAsManyIterations) {
  GRIDPLUS_NEED_SHARED();
  for (const std::string name : {"case118", "case1354pegase", "case_ACTIVSg2000"}) {
    PublicCase c(case_file(name));
    ASSERT_TRUE(c.solved);
    VariedLoads loads(c.data, 32, 0.1);
    const int without = iterations(c, loads);
    loads.share_missing_power(c.data);
    EXPECT_LT(iterations(c, loads), 1.05 * without) << name;
  }
}

/// Load at which a solver stops converging, as a multiple of the case's, to 1e-4.
template <class Converges>
double nose(const Converges& converges) {
  double possible = 1.0;
  double impossible = 8.0;
  while (impossible - possible > 1e-4) {
    const double middle = 0.5 * (possible + impossible);
    (converges(middle) ? possible : impossible) = middle;
  }
  return possible;
}

TEST(LaneReference, FindsTheNoseWhereTheTwinDoes) {
  GRIDPLUS_NEED_SHARED();
  for (const std::string name : {"case14", "case118", "case300", "case1354pegase"}) {
    SCOPED_TRACE(name);
    PublicCase c(case_file(name));
    ASSERT_TRUE(c.solved);
    LaneSolver solver(std::make_shared<LaneBase>(c.admittance, c.data.grid.base_mva(), c.data.type, c.base));
    std::vector<double> p(c.data.p_mw.size());
    std::vector<double> q(p.size());
    FlowInput flow = c.data.input();
    flow.p_mw = p;
    flow.q_mvar = q;
    const auto scale = [&](double factor) {
      for (std::size_t i = 0; i < p.size(); ++i) {
        p[i] = factor * c.data.p_mw[i];
        q[i] = factor * c.data.q_mvar[i];
      }
    };
    const double lanes = nose([&](double factor) {
      scale(factor);
      FlowState state;
      SolveReport report;
      solver.solve({&flow, 1}, {}, {&state, 1}, {&report, 1});
      return report.converged();
    });
    const double twin = nose([&](double factor) {
      scale(factor);
      FlowState state = c.base;
      return c.twin.solve(flow, {}, state).converged();
    });
    EXPECT_NEAR(lanes, twin, k_same_nose * twin);
  }
}

}  // namespace
}  // namespace gridplus::powerflow
