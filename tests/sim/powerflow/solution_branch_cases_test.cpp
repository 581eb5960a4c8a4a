// Branches of the power-flow equations of public cases.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "sim/powerflow/lane_solver.hpp"
#include "sim/powerflow/solution_branch.hpp"
#include "tests/shared_data.hpp"
#include "tests/sim/powerflow/public_case.hpp"

namespace gridplus::powerflow {
namespace {

using gridplus::test::shared_folder;
using test::distance_pu;
using test::PublicCase;
using test::VariedLoads;

std::filesystem::path case_file(const std::string& name) {
  return shared_folder() / "data/matpower" / (name + ".m");
}

TEST(SolutionBranchCases, AreAllOnTheBranchWithoutLoad) {
  GRIDPLUS_NEED_SHARED();
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared_folder() / "data/matpower")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".m" || name.starts_with("contab")) continue;
    SCOPED_TRACE(name);
    PublicCase c(entry.path());
    ASSERT_TRUE(c.solved);
    ++cases;
    SolutionBranch branch(c.data.grid, c.admittance);
    EXPECT_FALSE(branch.is_another(c.data.input(), c.base));
  }
  EXPECT_GE(cases, 24U);
}

/// Every load's own factor between 0.5 and 1.5; then low voltages as starts, which lead to low voltages as solutions.
TEST(SolutionBranchCases, AreToldApartFarFromTheBase) {
  GRIDPLUS_NEED_SHARED();
  std::size_t others = 0;
  for (const std::string name : {"case118", "case_ACTIVSg2000", "case9241pegase"}) {
    SCOPED_TRACE(name);
    PublicCase c(case_file(name));
    ASSERT_TRUE(c.solved);
    LaneSolver solver(std::make_shared<LaneBase>(c.admittance, c.data.grid.base_mva(), c.data.type, c.base));
    const VariedLoads loads(c.data, 16, 0.5);
    std::vector<FlowState> states(loads.flows.size());
    std::vector<SolveReport> reports(loads.flows.size());
    solver.solve(loads.flows, {}, states, reports);
    SolutionBranch branch(c.data.grid, c.admittance);
    std::vector<std::size_t> loaded;
    for (std::size_t i = 0; i < c.data.type.size(); ++i)
      if (c.data.type[i] == BusType::pq && c.data.demand_mw[i] > 0.0) loaded.push_back(i);
    for (std::size_t k = 0; k < loads.flows.size(); ++k) {
      if (!reports[k].converged()) continue;
      EXPECT_FALSE(branch.is_another(loads.flows[k], states[k])) << "flow " << k;
      for (std::size_t start = 0; start < 2; ++start) {
        FlowState low = states[k];
        low.vm_pu[loaded[(k * 37 + start * 101) % loaded.size()]] = 0.05 + 0.1 * static_cast<double>(start);
        if (!c.twin.solve(loads.flows[k], {}, low).converged() || distance_pu(low, states[k]) < 1e-4) continue;
        ++others;
        EXPECT_TRUE(branch.is_another(loads.flows[k], low)) << "flow " << k << ", start " << start;
      }
    }
  }
  EXPECT_GT(others, 10U);
  RecordProperty("others", static_cast<int>(others));
}

}  // namespace
}  // namespace gridplus::powerflow
