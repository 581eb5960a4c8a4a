// The communication block, from text to a model that runs.
#include <gtest/gtest.h>

#include "scenarios/communication_sections.hpp"
#include "sim/step/simulation.hpp"
#include "tests/scenarios/scenario_text.hpp"

namespace gridplus {
namespace {

std::string with(const std::string& block, const std::string& time = "steps: 48, step: 1 h") {
  return test::small_scenario("60 MW", time) + block;
}

double figure(const Model& model, std::string_view name) {
  Simulation simulation(model, 1);
  while (!simulation.done()) simulation.advance();
  for (const Kpi& kpi : simulation.summary().kpis)
    if (kpi.name == name) return kpi.value;
  ADD_FAILURE() << "no figure " << name;
  return 0.0;
}

TEST(Communication, TwoLinesLayANetworkOverTheGrid) {
  const auto model = test::model_of(with("communication:\n  generate: {technology: lte}\n"));
  const CommunicationModel& plan = *model->communication;
  EXPECT_EQ(plan.names.node,
            (std::vector<std::string>{"dispatch_centre", "exchange_1", "station_coast", "station_town"}));
  EXPECT_EQ(plan.names.endpoint, (std::vector<std::string>{"plant", "load"}));
  EXPECT_NEAR(plan.network.endpoint().weight_mw[1], 60.0, 1e-4);
  EXPECT_EQ(figure(*model, "unserved_energy_mwh"), 0.0);
}

TEST(Communication, PresetsAndEntriesOverrideEachOther) {
  const auto model =
      test::model_of(with("communication:\n"
                          "  generate: {technology: lte}\n"
                          "  presets: {lte: {latency: 60 ms, loss: 2 %}}\n"
                          "  endpoints:\n"
                          "    - {device: plant, technology: scada, loss: 3 %, fallback: hold_last}\n"));
  const CommunicationModel& plan = *model->communication;
  const auto hop = [&](std::size_t e) { return plan.network.access()[plan.network.endpoint().access[e]]; };
  EXPECT_DOUBLE_EQ(hop(0).loss, 0.03);
  EXPECT_DOUBLE_EQ(hop(0).latency_ms, 50.0);
  EXPECT_DOUBLE_EQ(hop(1).loss, 0.02);
  EXPECT_DOUBLE_EQ(hop(1).latency_ms, 60.0);
  EXPECT_EQ(plan.fallback[0].rule, Fallback::hold_last);
  EXPECT_EQ(plan.fallback[1].rule, Fallback::default_schedule);
}

TEST(Communication, ACohortStandsForAnyNumberOfMeters) {
  const auto model = test::model_of(
      with("communication:\n"
           "  generate: {technology: lte}\n"
           "  cohorts:\n"
           "    - {name: meters, bus: town, devices: 20000000, metered: true, reports: false, loss: 10 %}\n"
           "  coverage:\n"
           "    - {technology: nb_iot, share: 90 %}\n"));
  const CommunicationModel& plan = *model->communication;
  ASSERT_EQ(plan.network.cohort_count(), 1U);
  EXPECT_EQ(plan.names.node[plan.network.cohort().parent[0]], "station_town");
  EXPECT_EQ(plan.network.cohort().devices[0], 20000000U);
  EXPECT_DOUBLE_EQ(plan.network.access()[plan.network.cohort().access[0]].loss, 0.1);
  EXPECT_NEAR(figure(*model, "settlement_completeness"), 0.9, 0.02) << "those that coverage does not reach";
}

TEST(Communication, ANetworkMayBeWrittenOut) {
  const auto model = test::model_of(
      with("communication:\n"
           "  nodes:\n"
           "    - {name: centre, kind: controller, computing: 2 s}\n"
           "    - {name: mast, kind: base_station, bus: coast, battery: 8 h}\n"
           "  links:\n"
           "    - {name: trunk, from: centre, to: mast, technology: fibre, length: 40 km, same_cable: line_1}\n"
           "  endpoints:\n"
           "    - {device: plant, parent: mast, technology: nb_iot}\n"));
  const CommunicationModel& plan = *model->communication;
  EXPECT_EQ(plan.network.endpoint_count(), 1U);
  EXPECT_EQ(plan.network.link().power_branch[0], 0U);
  EXPECT_DOUBLE_EQ(plan.network.node().battery_h[1], 8.0);
  EXPECT_DOUBLE_EQ(plan.network.controller().computing_s[0], 2.0);
  EXPECT_EQ(plan.consumer_endpoint[0], comms::k_no_index);
}

TEST(Communication, CoverageMayFollowATimeline) {
  const auto model =
      test::model_of(with("communication:\n"
                          "  generate: {technology: lte}\n"
                          "  coverage:\n"
                          "    - {technology: lte, share: {2018-01-01: 0 %, 2018-01-02: 100 %}}\n"));
  EXPECT_EQ(model->communication->network.coverage()[0].at(23), 0.0);
  EXPECT_EQ(model->communication->network.coverage()[0].at(24), 1.0);
  EXPECT_NEAR(figure(*model, "control_availability"), 0.5, 0.05);
}

TEST(Communication, NamesOfTechnologiesAreThoseOfThePresets) {
  for (std::size_t i = 0; i < comms::k_technologies; ++i)
    EXPECT_EQ(scenario::k_technology_names[i], comms::technologies()[i].name);
}

TEST(Communication, TheSameSeedLaysTheSameNetwork) {
  const std::string text = with("communication:\n  generate: {technology: lte, same_cable: 50 %, dual_homing: 50 %}\n");
  const auto one = test::model_of(text), two = test::model_of(text);
  EXPECT_EQ(one->communication->network.link().power_branch, two->communication->network.link().power_branch);
}

}  // namespace
}  // namespace gridplus
