// Promise: an imported grid is the published one: its power flow gives the published voltages.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "scenarios/csv.hpp"
#include "scenarios/importers/importer.hpp"
#include "scenarios/importers/matpower_power_flow.hpp"
#include "scenarios/load.hpp"
#include "tests/scenarios/importers/model_flow.hpp"
#include "tests/shared_data.hpp"

namespace gridplus {
namespace {

using test::FlowSetting;
using test::ModelFlow;

std::unique_ptr<Model> imported(std::string_view format, const std::filesystem::path& source,
                                const ImportOptions& options = {}) {
  return load_scenario_text(import_scenario(format, source, options).files);
}

/// A column of a table as numbers, by the name in another.
std::map<std::string, double> by_name(const std::filesystem::path& file, std::string_view name,
                                      std::string_view value) {
  csv::Reader reader = csv::Reader::open(file);
  const std::size_t key = reader.need(name), number = reader.need(value);
  std::map<std::string, double> values;
  while (reader.next())
    if (!reader.row()[number].empty()) values[std::string(reader.row()[key])] = reader.number(number);
  return values;
}

std::filesystem::path rts_folder() {
  return test::shared_folder() / "data/rts_gmlc";
}

/// The published snapshot: units at their `MW Inj`, wind and sun off, demand at the buses' `MW Load`.
ModelFlow solve_rts_snapshot(const Model& model) {
  const auto output_mw = by_name(rts_folder() / "SourceData/gen.csv", "GEN UID", "MW Inj");
  const auto load_mw = by_name(rts_folder() / "SourceData/bus.csv", "Bus ID", "MW Load");
  std::vector<double> snapshot_mw(model.grid.bus_count()), step_mw(model.grid.bus_count());
  for (std::size_t i = 0; i < model.grid.bus_count(); ++i) snapshot_mw[i] = load_mw.at(model.names.grid.bus[i]);
  const StepContext context{.profiles = &model.profiles};
  std::vector<ConsumerOffer> offers(model.consumer_count());
  model.consumer_banks.front()->offer(model.consumer_banks.front()->initial_state(context), context, offers);
  for (std::size_t i = 0; i < offers.size(); ++i) step_mw[model.consumer_bus[i].index()] += offers[i].demand_mw;
  FlowSetting setting;
  setting.demand_factor = [&](std::size_t bus) { return snapshot_mw[bus] / step_mw[bus]; };
  setting.output = [&](std::string_view name, const ProducerOffer&) -> std::optional<double> {
    if (name == "113_CT_1") return {};
    return output_mw.at(std::string(name));
  };
  return solve_model(model, setting);
}

TEST(RtsGmlcPowerFlow, TheSnapshotAgreesWithMatpowersPublishedOne) {
  GRIDPLUS_NEED_SHARED();
  const auto model = imported("rts-gmlc", rts_folder());
  const ModelFlow flow = solve_rts_snapshot(*model);
  ASSERT_TRUE(flow.report.converged());
  constexpr double k_rounding = 0.5e-3 + 1e-9;  // of three published decimals
  const auto vm = by_name(rts_folder() / "reference/matpower8_acpf_bus.csv", "bus", "vm_pu");
  const auto va = by_name(rts_folder() / "reference/matpower8_acpf_bus.csv", "bus", "va_deg");
  ASSERT_EQ(vm.size(), model->grid.bus_count());
  for (std::size_t i = 0; i < model->grid.bus_count(); ++i) {
    EXPECT_NEAR(flow.state.vm_pu[i], vm.at(model->names.grid.bus[i]), k_rounding) << model->names.grid.bus[i];
    EXPECT_NEAR(flow.state.va_deg[i], va.at(model->names.grid.bus[i]), k_rounding) << model->names.grid.bus[i];
  }
  EXPECT_NEAR(flow.losses_mw(), 153.965292, 1e-5);  // recomputed to six decimals from the published case
}

TEST(RtsGmlcPowerFlow, EveryBranchCarriesWhatMatpowerPublished) {
  GRIDPLUS_NEED_SHARED();
  const auto model = imported("rts-gmlc", rts_folder());
  const ModelFlow flow = solve_rts_snapshot(*model);
  csv::Reader reader = csv::Reader::open(rts_folder() / "reference/matpower8_acpf_branch.csv");
  constexpr double k_rounding = 0.5e-2 + 1e-9;  // of two published decimals
  std::size_t i = 0;
  for (; reader.next(); ++i) {
    EXPECT_EQ(model->names.grid.bus[model->grid.branch().from[i].index()], reader.row()[reader.need("from")]);
    EXPECT_NEAR(flow.result.p_from_mw[i], reader.number(reader.need("p_from_mw")), k_rounding) << i;
    EXPECT_NEAR(flow.result.q_to_mvar[i], reader.number(reader.need("q_to_mvar")), k_rounding) << i;
  }
  EXPECT_EQ(i, model->grid.branch_count());
}

ModelFlow solve_simbench(const Model& model, std::int64_t step = 0) {
  FlowSetting setting;
  setting.step = step;
  setting.output = [](std::string_view name, const ProducerOffer& offer) -> std::optional<double> {
    if (name.find("grid at") != std::string_view::npos) return {};
    return offer.available_mw;
  };
  return solve_model(model, setting);
}

TEST(SimBenchPowerFlow, Rural1AgreesWithThePublishedResult) {
  GRIDPLUS_NEED_SHARED();
  const auto folder = test::shared_folder() / "data/simbench/1-LV-rural1--0";
  const auto model = imported("simbench", folder, {{"case", "rated"}});
  const ModelFlow flow = solve_simbench(*model);
  ASSERT_TRUE(flow.report.converged());
  const auto vm = by_name(folder / "NodePFResult.csv", "node", "vm");
  const auto va = by_name(folder / "NodePFResult.csv", "node", "va");
  ASSERT_EQ(vm.size(), model->grid.bus_count());
  for (std::size_t i = 0; i < model->grid.bus_count(); ++i) {
    EXPECT_NEAR(flow.state.vm_pu[i], vm.at(model->names.grid.bus[i]), 1e-5) << model->names.grid.bus[i];
    EXPECT_NEAR(flow.state.va_deg[i], va.at(model->names.grid.bus[i]), 1e-4) << model->names.grid.bus[i];
  }
}

TEST(SimBenchPowerFlow, AllNineGridsAgreeWithTheirRecomputedVoltages) {
  GRIDPLUS_NEED_SHARED();
  for (const auto& grid : std::filesystem::directory_iterator(test::shared_folder() / "data/simbench")) {
    if (!grid.is_directory()) continue;
    const auto model = imported("simbench", grid.path(), {{"case", "rated"}});
    const ModelFlow flow = solve_simbench(*model);
    ASSERT_TRUE(flow.report.converged()) << grid.path();
    const auto vm = by_name(grid.path() / "pf_full_reference.csv", "node", "vm_pu");
    const auto va = by_name(grid.path() / "pf_full_reference.csv", "node", "va_deg");
    for (std::size_t i = 0; i < model->grid.bus_count(); ++i) {
      EXPECT_NEAR(flow.state.vm_pu[i], vm.at(model->names.grid.bus[i]), 1e-8)
          << grid.path() << model->names.grid.bus[i];
      EXPECT_NEAR(flow.state.va_deg[i], va.at(model->names.grid.bus[i]), 1e-6)
          << grid.path() << model->names.grid.bus[i];
    }
  }
}

/// Losses in shunt conductances: the iron losses of transformers, which the study cases' reference leaves out.
double iron_losses_mw(const Model& model, const ModelFlow& flow) {
  const auto& branch = model.grid.branch();
  double sum_pu = 0.0;
  for (std::size_t i = 0; i < model.grid.branch_count(); ++i) {
    const double from = flow.state.vm_pu[branch.from[i].index()] / branch.tap[i];
    const double to = flow.state.vm_pu[branch.to[i].index()];
    sum_pu += 0.5 * branch.g_pu[i] * (from * from + to * to);
  }
  return sum_pu * model.grid.base_mva();
}

TEST(SimBenchPowerFlow, EveryStudyCaseOfAllNineGridsAgrees) {
  GRIDPLUS_NEED_SHARED();
  std::size_t compared = 0;
  for (const auto& grid : std::filesystem::directory_iterator(test::shared_folder() / "data/simbench")) {
    if (!grid.is_directory()) continue;
    csv::Reader reader = csv::Reader::open(grid.path() / "studycase_pf_reference.csv");
    while (reader.next()) {
      const std::string name(reader.row()[reader.need("study_case")]);
      if (name != "hL" && name != "n1" && name != "hW" && name != "hPV" && name != "lW" && name != "lPV") continue;
      const auto model = imported("simbench", grid.path(), {{"case", name}});
      const ModelFlow flow = solve_simbench(*model);
      const auto [low, high] = std::minmax_element(flow.state.vm_pu.begin(), flow.state.vm_pu.end());
      EXPECT_NEAR(*low, reader.number(reader.need("vmin_pu")), 1e-8) << grid.path() << name;
      EXPECT_NEAR(*high, reader.number(reader.need("vmax_pu")), 1e-8) << grid.path() << name;
      EXPECT_NEAR(1000.0 * (flow.losses_mw() - iron_losses_mw(*model, flow)), reader.number(reader.need("loss_kW")),
                  1e-6)
          << grid.path() << name;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 54u);
}

class MatpowerCases : public ::testing::TestWithParam<const char*> {};

TEST_P(MatpowerCases, TheScenarioOfOneStepHasThePowerFlowOfTheCase) {
  GRIDPLUS_NEED_SHARED();
  const auto file = test::shared_folder() / "data/matpower" / (std::string(GetParam()) + ".m");
  const auto snapshot = matpower::make_snapshot(matpower::read_case(file));
  const auto model = imported("matpower", file);
  ASSERT_EQ(model->grid.bus_count(), snapshot.grid.bus_count());
  ASSERT_EQ(model->grid.branch_count(), snapshot.grid.branch_count());
  constexpr double k_tolerance_pu = 1e-8;  // rounding keeps case141, of small impedances, above 1e-10
  powerflow::FlowState expected = snapshot.start;
  const auto admittance = powerflow::make_admittance(snapshot.grid, snapshot.branch_closed);
  powerflow::reference::NewtonSolver solver(snapshot.grid, admittance);
  ASSERT_TRUE(
      solver.solve(snapshot.input(), {.tolerance_pu = k_tolerance_pu, .max_iterations = 50}, expected).converged());

  FlowSetting setting;
  setting.start = snapshot.start;
  setting.tolerance_pu = k_tolerance_pu;
  setting.output = [](std::string_view, const ProducerOffer& offer) -> std::optional<double> {
    if (offer.min_mw < 0.0) return {};  // only an external grid can draw power
    return offer.max_mw;
  };
  const ModelFlow flow = solve_model(*model, setting);
  ASSERT_TRUE(flow.report.converged());
  double angle = 0.0;  // the model's reference bus stands at 0, the case's where the case says
  for (std::size_t i = 0; i < snapshot.type.size(); ++i)
    if (snapshot.type[i] == powerflow::BusType::slack) angle = snapshot.va_set_deg[i];
  for (std::size_t i = 0; i < snapshot.type.size(); ++i) {
    if (snapshot.type[i] == powerflow::BusType::out) continue;
    ASSERT_NEAR(flow.state.vm_pu[i], expected.vm_pu[i], 1e-8) << model->names.grid.bus[i];
    ASSERT_NEAR(flow.state.va_deg[i] + angle, expected.va_deg[i], 1e-6) << model->names.grid.bus[i];
  }
}

INSTANTIATE_TEST_SUITE_P(OfMatpower, MatpowerCases,
                         ::testing::Values("case4gs", "case5", "case6ww", "case9", "case14", "case24_ieee_rts",
                                           "case_ieee30", "case33bw", "case39", "case57", "case69", "case89pegase",
                                           "case118", "case141", "case_ACTIVSg200", "case300", "case1354pegase",
                                           "case1888rte", "case_ACTIVSg2000", "case2383wp", "case2869pegase"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace gridplus
