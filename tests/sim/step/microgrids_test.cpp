// Microgrids: cut off, held by storage until it is empty, started in the dark, and brought back. Figures by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "models/consumers/load.hpp"
#include "models/producers/external_grid.hpp"
#include "models/producers/profile_generator.hpp"
#include "models/producers/thermal.hpp"
#include "models/storage/battery.hpp"
#include "sim/step/simulation.hpp"
#include "tests/sim/step/recorded.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

using models::Battery, models::ExternalGrid, models::Load, models::ProfileGenerator, models::Thermal;

constexpr double k_tolerance_mw = 1e-9;
constexpr double k_balance_tolerance_mw = 1e-6;
constexpr std::uint32_t k_feeder = 0, k_tie = 1;
constexpr std::size_t k_clinic = 0, k_homes = 1, k_shops = 2;

/// grid --feeder-- street --tie-- village. The village has a battery of 60 MWh to use, a clinic of 10 MW (tier 1),
/// homes of 20 MW (tier 2), a sun of `sun_mw`, and maybe a diesel; the street has shops of 30 MW. Steps of an hour, no
/// losses.
struct Village {
  std::unique_ptr<Model> model = std::make_unique<Model>();

  explicit Village(std::int64_t steps, NetworkMethod method = NetworkMethod::none, std::vector<double> sun_mw = {}) {
    Model& m = *model;
    m.time = TimeAxis(parse_time("2021-01-01T00:00Z"), 3600, steps);
    GridBuilder builder(100.0);
    for (const char* name : {"grid", "street", "village"}) builder.add(BusSpec{.name = name, .vn_kv = 20.0});
    const auto line = [&](const char* name, const char* from, const char* to) {
      builder.add(BranchSpec{.name = name, .from_bus = from, .to_bus = to, .r_pu = 0.02, .x_pu = 0.04, .b_pu = 0.0});
    };
    line("feeder", "grid", "street");
    line("tie", "street", "village");
    Diagnostics diagnostics;
    auto built = builder.build(diagnostics);
    diagnostics.throw_if_any();
    m.grid = built.grid;
    m.names.grid = built.names;
    m.initially_closed = m.grid.initially_closed();
    m.profiles = ProfileTable(steps);
    m.network.method = method;
    m.dispatch.storage_rule = StorageRule::none;
    m.dispatch.reserve_share = 0.0;
    m.provenance.currency = "EUR";
    ExternalGrid::Params grid;
    grid.import_limit_mw = 200.0;
    grid.import_price_per_mwh = {50.0, {}};
    m.producer_banks.push_back(std::make_unique<Bank<ExternalGrid>>(std::vector{test::prepared<ExternalGrid>(grid)}));
    producer("main", 0);
    sun_mw.resize(static_cast<std::size_t>(steps), 0.0);
    ProfileGenerator::Params sun;
    sun.capacity_mw = 100.0;
    sun.output_mw = {1.0, m.profiles.add("sun", sun_mw)};
    sun.curtailable = true;
    m.producer_banks.push_back(
        std::make_unique<Bank<ProfileGenerator>>(std::vector{test::prepared<ProfileGenerator>(sun)}));
    producer("sun", 2).slack_capable = false;
    Battery::Params battery;
    battery.capacity_mw = 50.0;
    battery.energy_capacity_mwh = 100.0;
    battery.charge_efficiency = battery.discharge_efficiency = 1.0;
    battery.self_discharge_per_month = 0.0;
    battery.soc_min = 0.1;
    battery.soc_max = 0.9;
    battery.initial_soc = 0.7;
    m.storage_banks.push_back(std::make_unique<Bank<Battery>>(std::vector{test::prepared<Battery>(battery)}));
    m.storage_connection = {Connection{.bus = BusId(2)}};
    m.storage_connection[0].grid_forming = true;
    m.names.storage = {"battery"};
    std::vector<Load::Params> loads;
    for (const auto& [mw, tier] : {std::pair{10.0, 1}, std::pair{20.0, 2}, std::pair{30.0, 2}}) {
      Load::Params load;
      load.demand_mw = {mw, {}};
      load.power_factor = 1.0;
      load.priority = tier;
      loads.push_back(test::prepared<Load>(load));
    }
    m.consumer_banks.push_back(std::make_unique<Bank<Load>>(loads));
    m.consumer_bus = {BusId(2), BusId(2), BusId(1)};
    m.names.consumer = {"clinic", "homes", "shops"};
  }

  Connection& producer(const char* name, std::size_t bus) {
    model->names.producer.emplace_back(name);
    model->producer_connection.push_back(Connection{.bus = BusId(bus)});
    return model->producer_connection.back();
  }
  void diesel(double capacity_mw) {
    Thermal::Params diesel;
    diesel.capacity_mw = capacity_mw;
    diesel.variable_cost_per_mwh = 200.0;
    model->producer_banks.push_back(std::make_unique<Bank<Thermal>>(std::vector{test::prepared<Thermal>(diesel)}));
    producer("diesel", 2);
  }
  Microgrid& microgrid() {
    Microgrid one;
    one.name = "village";
    one.bus = 2;
    one.ties = {k_tie};
    model->microgrids = {one};
    return model->microgrids.front();
  }
  void outage(std::uint32_t branch, std::int64_t from, std::int64_t to) {
    model->outages.push_back({PlannedOutage::Subject::branch, branch, from, to, ""});
  }
};

/// What a run leaves, step by step.
struct Trace {
  std::vector<std::vector<double>> served, producer;
  std::vector<double> battery_mw, energy_mwh, tie_closed, forming, village_live, balance;
  std::vector<std::string> events;
  RunSummary summary;
};

Trace run(const Model& model, int threads = 1) {
  Trace trace;
  Simulation simulation(model, threads);
  while (!simulation.done()) {
    const StepBlock& block = simulation.advance();
    for (std::size_t s = 0; s < block.count; ++s) {
      const auto served = block.of(ConsumerVar::served_mw, s);
      const auto p_mw = block.of(ProducerVar::p_mw, s);
      trace.served.emplace_back(served.begin(), served.end());
      trace.producer.emplace_back(p_mw.begin(), p_mw.end());
      trace.battery_mw.push_back(block.of(StorageVar::p_mw, s)[0]);
      trace.energy_mwh.push_back(block.of(StorageVar::energy_mwh, s)[0]);
      trace.forming.push_back(block.of(StorageVar::forming, s)[0]);
      trace.village_live.push_back(block.of(BusVar::energised, s)[2]);
      trace.balance.push_back(block.of(StepVar::balance_mw, s));
      trace.tie_closed.push_back(block.branch.at(static_cast<std::size_t>(BranchVar::closed), s)[k_tie]);
    }
    for (const Event& event : block.events)
      if (event.kind != "unserved") trace.events.push_back(std::to_string(event.step) + " " + event.kind);
  }
  trace.summary = simulation.summary();
  return trace;
}

bool has(const Trace& trace, const std::string& event) {
  return std::find(trace.events.begin(), trace.events.end(), event) != trace.events.end();
}

// The feeder is out from hour 2 to 6. The switch opens; the battery serves 30 MW of its 60 MWh for two hours, then the
// village is dark for two, and the shops for four. At hour 6 the dark village goes back at once.
TEST(Microgrids, ABatteryHoldsTheVillageUntilItIsEmpty) {
  Village village(8);
  village.microgrid().resynchronise_steps = 3;
  village.outage(k_feeder, 2, 6);
  const Trace trace = run(*village.model);
  const std::vector<double> live = {1, 1, 1, 1, 0, 0, 1, 1}, forming = {0, 0, 1, 1, 0, 0, 0, 0};
  EXPECT_EQ(trace.village_live, live);
  EXPECT_EQ(trace.forming, forming);
  EXPECT_EQ(trace.tie_closed, (std::vector<double>{1, 1, 0, 0, 0, 0, 1, 1}));
  for (const std::size_t hour : {2U, 3U}) {
    EXPECT_NEAR(trace.battery_mw[hour], 30.0, k_tolerance_mw);
    EXPECT_NEAR(trace.served[hour][k_shops], 0.0, k_tolerance_mw);
  }
  EXPECT_NEAR(trace.energy_mwh[3], 10.0, k_tolerance_mw);
  EXPECT_NEAR(trace.served[4][k_clinic], 0.0, k_tolerance_mw);
  EXPECT_NEAR(trace.served[6][k_shops], 30.0, k_tolerance_mw);
  EXPECT_TRUE(has(trace, "2 islanded"));
  EXPECT_TRUE(has(trace, "6 resynchronised"));
  EXPECT_EQ(test::figure(trace.summary, "islanded_h"), 2.0);
  EXPECT_EQ(test::figure(trace.summary, "islanded_dark_h"), 2.0);
  EXPECT_NEAR(test::figure(trace.summary, "islanded_served_mwh"), 60.0, k_tolerance_mw);
  EXPECT_NEAR(test::figure(trace.summary, "islanded_unserved_mwh"), 60.0, k_tolerance_mw);
  EXPECT_NEAR(test::figure(trace.summary, "unserved_tier_1_mwh"), 20.0, k_tolerance_mw);
  EXPECT_NEAR(test::figure(trace.summary, "unserved_tier_2_mwh"), 160.0, k_tolerance_mw);
  EXPECT_NEAR(test::figure(trace.summary, "resilience_triangle_h"), 2 * 0.5 + 2 * 1.0, k_tolerance_mw);
  EXPECT_EQ(test::figure(trace.summary, "time_to_90_percent_h"), 4.0);
}

// 25 MWh to use: the first hour serves the clinic's 10 MW and 15 of the homes' 20 MW.
TEST(Microgrids, WhatIsLeftServesTheFirstTierFirst) {
  Village village(4);
  village.microgrid();
  village.outage(k_feeder, 0, 4);
  village.model->storage_banks.clear();
  Battery::Params battery;
  battery.capacity_mw = 50.0;
  battery.energy_capacity_mwh = 100.0;
  battery.charge_efficiency = battery.discharge_efficiency = 1.0;
  battery.self_discharge_per_month = 0.0;
  battery.initial_soc = 0.35;
  village.model->storage_banks.push_back(
      std::make_unique<Bank<Battery>>(std::vector{test::prepared<Battery>(battery)}));
  const Trace trace = run(*village.model);
  EXPECT_NEAR(trace.served[0][k_clinic], 10.0, k_tolerance_mw);
  EXPECT_NEAR(trace.served[0][k_homes], 15.0, k_tolerance_mw);
  EXPECT_EQ(trace.village_live[1], 0.0);
}

// Without a switch the battery carries the shops too: 60 MW asked of 50 MW in the first hour, the clinic served whole.
TEST(Microgrids, WithoutASwitchTheDeadStreetHangsOnTheBattery) {
  Village village(4);
  village.microgrid().automatic = false;
  village.outage(k_feeder, 1, 3);
  const Trace trace = run(*village.model);
  EXPECT_EQ(trace.tie_closed, (std::vector<double>{1, 1, 1, 1}));
  EXPECT_NEAR(trace.battery_mw[1], 50.0, k_tolerance_mw);
  EXPECT_NEAR(trace.served[1][k_clinic], 10.0, k_tolerance_mw);
  EXPECT_NEAR(trace.served[2][k_clinic] + trace.served[2][k_homes] + trace.served[2][k_shops], 10.0, k_tolerance_mw);
  EXPECT_NEAR(trace.served[2][k_clinic], 10.0, k_tolerance_mw);
  EXPECT_TRUE(has(trace, "3 resynchronised"));
}

// A live village waits for three hours of a healthy grid.
TEST(Microgrids, ALiveVillageWaitsBeforeItGoesBack) {
  Village village(10);
  village.microgrid().resynchronise_steps = 3;
  village.outage(k_feeder, 1, 3);
  village.diesel(40.0);
  const Trace trace = run(*village.model);
  EXPECT_EQ(trace.tie_closed, (std::vector<double>{1, 0, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_NEAR(trace.served[3][k_shops], 30.0, k_tolerance_mw) << "the street is back at once";
  EXPECT_TRUE(has(trace, "6 resynchronised"));
  // The battery serves first; when it is empty the diesel holds the village.
  EXPECT_NEAR(trace.battery_mw[1], 30.0, k_tolerance_mw);
  EXPECT_NEAR(trace.producer[3][2], 30.0, k_tolerance_mw);
  for (std::size_t hour = 1; hour < 6; ++hour) EXPECT_NEAR(trace.served[hour][k_homes], 20.0, k_tolerance_mw);
  EXPECT_EQ(test::figure(trace.summary, "islanded_h"), 5.0);
}

// Nothing takes over without a gap: the battery needs 70 MWh to start and has 60, so the diesel starts after two hours.
TEST(Microgrids, ADarkVillageIsStartedByTheFirstUnitThatIsAble) {
  Village village(8);
  village.diesel(40.0);
  Microgrid& microgrid = village.microgrid();
  microgrid.seamless = false;
  microgrid.starts = {{{OutageSubject::Kind::storage, 0}, 1, 70.0}, {{OutageSubject::Kind::producer, 2}, 2, 0.0}};
  village.outage(k_feeder, 1, 6);
  Trace trace = run(*village.model);
  EXPECT_EQ(trace.village_live, (std::vector<double>{1, 0, 0, 1, 1, 1, 1, 1}));
  EXPECT_TRUE(has(trace, "3 black_started"));
  EXPECT_EQ(test::figure(trace.summary, "black_starts"), 1.0);
  village.model->microgrids.front().starts.front().energy_mwh = 60.0;
  trace = run(*village.model);
  EXPECT_EQ(trace.village_live, (std::vector<double>{1, 0, 1, 1, 1, 1, 1, 1}));
  EXPECT_TRUE(has(trace, "2 black_started"));
}

// The sun brings an empty village back: 40 MW of sun serve 30 MW and charge 10; one of 25 MW serves the clinic first.
TEST(Microgrids, AnEmptyBatteryHoldsAnIslandThatTheSunFeeds) {
  Village village(8, NetworkMethod::none, {0, 0, 0, 0, 40, 25, 0, 0});
  village.microgrid();
  village.outage(k_feeder, 1, 8);
  const Trace trace = run(*village.model);
  EXPECT_EQ(trace.village_live, (std::vector<double>{1, 1, 1, 0, 1, 1, 1, 0}));
  EXPECT_NEAR(trace.battery_mw[4], -10.0, k_tolerance_mw);
  EXPECT_NEAR(trace.battery_mw[5], 5.0, k_tolerance_mw);
  EXPECT_NEAR(trace.served[6][k_clinic], 5.0, k_tolerance_mw);
}

TEST(Microgrids, AnIslandingWithoutAFailureOfTheFeederIsThatOfTheTie) {
  Village village(6);
  village.microgrid();
  village.outage(k_tie, 1, 3);
  const Trace trace = run(*village.model);
  EXPECT_EQ(trace.tie_closed, (std::vector<double>{1, 0, 0, 1, 1, 1}));
  EXPECT_TRUE(has(trace, "1 islanded") && has(trace, "3 resynchronised"));
  EXPECT_NEAR(trace.served[1][k_shops], 30.0, k_tolerance_mw);
}

// With losses: what the flow finds missing comes from the battery, whose energy follows it.
TEST(Microgrids, TheBatteryGivesWhatTheFlowFindsMissing) {
  Village village(8, NetworkMethod::ac);
  village.microgrid().automatic = false;
  village.outage(k_feeder, 1, 4);
  const Trace trace = run(*village.model);
  double energy_mwh = trace.energy_mwh[0];
  for (const std::size_t hour : {1U, 2U}) {
    EXPECT_LT(trace.balance[hour], k_balance_tolerance_mw);
    EXPECT_NEAR(trace.energy_mwh[hour], energy_mwh - trace.battery_mw[hour], k_tolerance_mw);
    energy_mwh = trace.energy_mwh[hour];
  }
  double served_mw = 0.0;
  for (const double mw : trace.served[1]) served_mw += mw;
  EXPECT_GT(trace.battery_mw[1], served_mw) << "losses of the tie";
  EXPECT_LE(trace.battery_mw[1], 50.0 + k_tolerance_mw);
}

std::unique_ptr<Model> stormy_village(std::int64_t steps) {
  std::vector<double> sun_mw;
  for (std::int64_t k = 0; k < steps; ++k)
    sun_mw.push_back(std::max(0.0, 60.0 * std::sin(0.26 * static_cast<double>(k))));
  Village village(steps, NetworkMethod::ac, sun_mw);
  village.diesel(15.0);
  village.model->dispatch.storage_rule = StorageRule::net_load;
  Microgrid& microgrid = village.microgrid();
  microgrid.resynchronise_steps = 2;
  microgrid.seamless = false;
  microgrid.starts = {{{OutageSubject::Kind::storage, 0}, 1, 5.0}, {{OutageSubject::Kind::producer, 2}, 3, 0.0}};
  for (const std::uint32_t branch : {k_feeder, k_tie}) {
    FailureGroup group;
    group.name = village.model->names.grid.branch[branch];
    group.random_key = branch;
    group.members = {{OutageSubject::Kind::branch, branch}};
    group.failure_rate_per_h = 1.0 / 30.0;
    group.repair_rate_per_h = 1.0 / 12.0;
    village.model->outage_plan.groups.push_back(group);
  }
  return std::move(village.model);
}

TEST(Microgrids, RunsAreTheSameAtAnyNumberOfThreadsAndBalance) {
  const auto model = stormy_village(400);
  Simulation one(*model, 1), two(*model, 2), eight(*model, 8);
  double worst_mw = 0.0;
  const auto values = test::record(one, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) worst_mw = std::max(worst_mw, block.of(StepVar::balance_mw, s));
  });
  EXPECT_TRUE(values == test::record(two));
  EXPECT_TRUE(values == test::record(eight));
  EXPECT_LT(worst_mw, k_balance_tolerance_mw);
  EXPECT_GT(test::figure(one.summary(), "islanded_h"), 20.0);
  EXPECT_GT(test::figure(one.summary(), "black_starts"), 1.0);
  EXPECT_GT(test::figure(one.summary(), "resynchronisations"), 3.0);
}

TEST(Microgrids, AResumedRunEndsLikeAnUninterruptedOne) {
  const auto model = stormy_village(150);
  Simulation whole(*model, 1);
  std::vector<Checkpoint> checkpoints;
  while (!whole.done()) {
    checkpoints.push_back(whole.checkpoint());
    whole.advance();
  }
  const Checkpoint end = whole.checkpoint();
  ASSERT_GT(checkpoints.size(), 20U) << "a block ends after each step that storage holds";
  for (std::size_t i = 0; i < checkpoints.size(); i += 3) {
    Simulation resumed(*model, 1);
    resumed.restore(checkpoints[i]);
    while (!resumed.done()) resumed.advance();
    EXPECT_TRUE(resumed.checkpoint().state == end.state) << "from step " << checkpoints[i].next_step;
  }
}

}  // namespace
}  // namespace gridplus
