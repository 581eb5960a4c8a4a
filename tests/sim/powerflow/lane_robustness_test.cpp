// Where the lane solver must find a solution and where it must not, on public cases.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/powerflow/lane_solver.hpp"
#include "sim/powerflow/solution_branch.hpp"
#include "tests/shared_data.hpp"
#include "tests/sim/powerflow/public_case.hpp"
#include "tests/validation/csv_columns.hpp"

namespace gridplus::powerflow {
namespace {

using gridplus::test::Columns;
using gridplus::test::read_columns;
using gridplus::test::shared_folder;
using test::PublicCase;
using test::VariedLoads;

constexpr double k_same_vm_pu = 1e-7;
constexpr double k_same_va_deg = 1e-5;
constexpr double k_same_nose = 1e-3;

std::filesystem::path case_folder() {
  return shared_folder() / "data/matpower";
}

/// Cases that have a solution from flat voltages by the reference's Newton.
std::vector<std::string> cases_with_flat_start() {
  std::ifstream summary(case_folder() / "reference_pf_summary.csv");
  std::vector<std::string> names;
  for (std::string line; std::getline(summary, line);) {
    std::istringstream cells(line);
    std::string name, cell;
    std::getline(cells, name, ',');
    for (int skip = 0; skip < 9; ++skip) std::getline(cells, cell, ',');
    if (cell == "yes") names.push_back(name);
  }
  return names;
}

/// 1 p.u. or the set point, all angles 0.
FlowState flat(const matpower::Snapshot& data) {
  FlowState state{std::vector<double>(data.type.size(), 1.0), std::vector<double>(data.type.size(), 0.0)};
  for (std::size_t i = 0; i < data.type.size(); ++i)
    if (data.type[i] == BusType::pv || data.type[i] == BusType::slack) state.vm_pu[i] = data.vm_set_pu[i];
  return state;
}

TEST(LaneRobustness, ConvergesFromFlatVoltagesWhereverThePublishedSolverDoes) {
  GRIDPLUS_NEED_SHARED();
  const std::vector<std::string> cases = cases_with_flat_start();
  EXPECT_GE(cases.size(), 20U);
  for (const std::string& name : cases) {
    SCOPED_TRACE(name);
    const matpower::Snapshot data = matpower::make_snapshot(matpower::read_case(case_folder() / (name + ".m")));
    const Admittance admittance = make_admittance(data.grid, data.branch_closed);
    LaneSolver solver(std::make_shared<LaneBase>(admittance, data.grid.base_mva(), data.type, flat(data)));
    const FlowInput flow = data.input();
    FlowState state;
    SolveReport report;
    solver.solve({&flow, 1}, {}, {&state, 1}, {&report, 1});
    EXPECT_TRUE(report.converged()) << to_string(report.status);
    if (!report.converged()) continue;
    EXPECT_FALSE(SolutionBranch(data.grid, admittance).is_another(flow, state));
    if (name == "case141") continue;  // was read otherwise there: see powerflow_reference_test.cpp
    const Columns expected = read_columns(case_folder() / "reference_pf" / (name + ".csv"));
    for (std::size_t i = 0; i < state.vm_pu.size(); ++i) {
      if (data.type[i] == BusType::out) continue;
      EXPECT_NEAR(state.vm_pu[i], expected.at("vm_pu")[i], k_same_vm_pu) << "bus " << i;
      EXPECT_NEAR(std::remainder(state.va_deg[i] - expected.at("va_deg")[i], 360.0), 0.0, k_same_va_deg) << i;
    }
  }
}

/// All injections of a case times a factor.
struct ScaledFlows {
  const matpower::Snapshot& data;
  std::vector<std::vector<double>> p_mw, q_mvar;
  std::vector<FlowInput> flows;

  ScaledFlows(const matpower::Snapshot& snapshot, std::span<const double> factors) : data(snapshot) {
    for (const double factor : factors) {
      for (auto [from, to] : {std::pair(&data.p_mw, &p_mw), std::pair(&data.q_mvar, &q_mvar)}) {
        auto& scaled = to->emplace_back(*from);
        for (double& value : scaled) value *= factor;
      }
    }
    for (std::size_t k = 0; k < factors.size(); ++k) {
      flows.push_back(data.input());
      flows.back().p_mw = p_mw[k];
      flows.back().q_mvar = q_mvar[k];
    }
  }
  ScaledFlows(const ScaledFlows&) = delete;
  ScaledFlows& operator=(const ScaledFlows&) = delete;
};

/// The nose by the scalar Newton: from each solution to the next, in steps that are halved where they fail.
double followed_nose(PublicCase& c) {
  FlowState state = c.base;
  double reached = 1.0;
  for (double step = 0.25; step > 1e-6;) {
    const double next = reached + step;
    const ScaledFlows flows(c.data, {&next, 1});
    FlowState tried = state;
    // A long step may end beyond the nose, on the lower half of the curve.
    const bool found = c.twin.solve(flows.flows[0], {}, tried).converged() &&
                       !SolutionBranch(c.data.grid, c.admittance).is_another(flows.flows[0], tried);
    if (!found) {
      step *= 0.5;
      continue;
    }
    reached = next;
    state = std::move(tried);
  }
  return reached;
}

/// The nose by lanes: fifteen factors between what converges and what does not are solved side by side from the base,
/// again and again. Below the nose all must converge, beyond it none.
double nose_in_lanes(const PublicCase& c) {
  LaneSolver solver(std::make_shared<LaneBase>(c.admittance, c.data.grid.base_mva(), c.data.type, c.base));
  double possible = 1.0, impossible = 8.0;
  while (impossible - possible > 1e-5 * possible) {
    std::vector<double> factors;
    for (int k = 1; k < 16; ++k) factors.push_back(possible + (impossible - possible) * k / 16.0);
    const ScaledFlows flows(c.data, factors);
    std::vector<FlowState> states(factors.size());
    std::vector<SolveReport> reports(factors.size());
    solver.solve(flows.flows, {}, states, reports);
    std::size_t converged = 0;
    while (converged < factors.size() && reports[converged].converged()) {
      EXPECT_LE(c.largest_mismatch_pu(flows.flows[converged], states[converged]), 1e-8);
      ++converged;
    }
    for (std::size_t k = converged; k < factors.size(); ++k) EXPECT_FALSE(reports[k].converged()) << factors[k];
    const double from = possible, width = (impossible - possible) / 16.0;
    possible = from + width * static_cast<double>(converged);
    impossible = from + width * static_cast<double>(converged + 1);
  }
  return possible;
}

TEST(LaneRobustness, EndsAtTheNoseThatContinuationFinds) {
  GRIDPLUS_NEED_SHARED();
  for (const std::string name : {"case14", "case39", "case118", "case300", "case1354pegase"}) {
    SCOPED_TRACE(name);
    PublicCase c(case_folder() / (name + ".m"));
    ASSERT_TRUE(c.solved);
    const double lanes = nose_in_lanes(c), twin = followed_nose(c);
    EXPECT_NEAR(lanes, twin, k_same_nose * twin);
    RecordProperty(name, std::to_string(lanes) + " " + std::to_string(twin));
  }
}

}  // namespace
}  // namespace gridplus::powerflow
