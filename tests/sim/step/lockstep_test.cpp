#include "sim/step/lockstep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "tests/sim/step/connected_system.hpp"
#include "tests/sim/step/recorded.hpp"

namespace gridplus {
namespace {

using test::connected_system;
using test::poor;

using Models = std::vector<std::unique_ptr<Model>>;

/// What a run leaves: every number, every event, the key figures, or why it failed.
struct Trace {
  std::vector<double> values;
  std::vector<std::string> events;
  std::vector<double> kpis;
  std::string error;
  /// Bit by bit: a number may be none.
  bool operator==(const Trace& other) const {
    const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
      return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
    };
    return same(values, other.values) && events == other.events && same(kpis, other.kpis) && error == other.error;
  }

  void add(const StepBlock& block) {
    test::append(block, values, true);
    for (const Event& event : block.events) events.push_back(event.kind + " " + event.subject + " " + event.reason);
  }
  void close(const Simulation& simulation) {
    for (const Kpi& kpi : simulation.summary().kpis) kpis.push_back(kpi.value);
  }
};

Trace alone(const Model& model, const Checkpoint* from = nullptr) {
  Simulation simulation(model, 1);
  if (from != nullptr) simulation.restore(*from);
  Trace trace;
  try {
    while (!simulation.done()) trace.add(simulation.advance());
    trace.close(simulation);
  } catch (const std::exception& error) {
    trace.error = error.what();
  }
  return trace;
}

/// Runs that go on side by side, each from its checkpoint where it has one.
std::vector<Trace> together(const Models& models, const std::vector<const Checkpoint*>& from = {}) {
  std::vector<Trace> traces(models.size());
  std::vector<std::unique_ptr<Simulation>> runs;
  for (std::size_t i = 0; i < models.size(); ++i) {
    runs.push_back(std::make_unique<Simulation>(*models[i], 1));
    if (!from.empty() && from[i] != nullptr) runs.back()->restore(*from[i]);
  }
  Lockstep lockstep;
  while (true) {
    std::vector<LockstepRun> round;
    std::vector<std::size_t> who;
    for (std::size_t i = 0; i < runs.size(); ++i)
      if (runs[i] && !runs[i]->done()) {
        round.push_back({runs[i].get(), nullptr, nullptr});
        who.push_back(i);
      }
    if (round.empty()) break;
    lockstep.advance(round);
    for (std::size_t k = 0; k < round.size(); ++k) {
      Trace& trace = traces[who[k]];
      if (round[k].error) {
        try {
          std::rethrow_exception(round[k].error);
        } catch (const std::exception& error) {
          trace.error = error.what();
        }
        runs[who[k]].reset();
      } else {
        trace.add(*round[k].block);
      }
    }
  }
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (runs[i]) traces[i].close(*runs[i]);
  return traces;
}

void expect_as_alone(const Models& models) {
  const std::vector<Trace> traces = together(models);
  for (std::size_t i = 0; i < models.size(); ++i) EXPECT_TRUE(traces[i] == alone(*models[i])) << "run " << i;
}

/// Runs whose devices follow the voltage of the step before where no command comes through, on one grid, with other
/// demand each.
Models droop_members(std::size_t count, std::int64_t steps) {
  Models models;
  for (std::size_t i = 0; i < count; ++i) {
    models.push_back(connected_system(steps, poor(Fallback::local_droop)));
    Model& model = *models.back();
    model.replicate = static_cast<std::uint32_t>(i % 3);
    model.grid = models.front()->grid;
    model.co2_price_per_t = Series{2.0 * static_cast<double>(i), {}};
  }
  return models;
}

void set_demand(Model& model, double scale_mw) {
  models::Load::Params town;
  town.demand_mw = {scale_mw, ProfileId(0)};
  town.power_factor = 0.97;
  models::Load::Params village = town;
  village.demand_mw.scale = 0.5 * scale_mw;
  model.consumer_banks.clear();
  model.consumer_banks.push_back(std::make_unique<Bank<models::Load>>(
      std::vector{test::prepared<models::Load>(town), test::prepared<models::Load>(village)}));
}

TEST(Lockstep, EveryRunIsBitwiseAsAlone) {
  Models models = droop_members(20, 120);
  for (std::size_t i = 0; i < models.size(); ++i) set_demand(*models[i], 0.7 + 0.02 * static_cast<double>(i));
  Simulation first(*models.front(), 1);
  EXPECT_TRUE(first.step_by_step());
  expect_as_alone(models);
}

TEST(Lockstep, RunsThatSwitchAtOtherTimesAreAsAlone) {
  Models models = droop_members(9, 80);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto from = static_cast<std::int64_t>(5 + 7 * i);
    const auto branch = static_cast<std::uint32_t>(i % 3);
    models[i]->outages = {{PlannedOutage::Subject::branch, branch, from, from + 20, "test"}};
    if (i % 2 == 1)  // two open lines part the ring
      models[i]->outages.push_back({PlannedOutage::Subject::branch, (branch + 1) % 3, from + 5, from + 12, "test"});
  }
  expect_as_alone(models);
}

TEST(Lockstep, RunsWithOtherVoltagesTolerancesAndGridsAreAsAlone) {
  Models models = droop_members(9, 60);
  models[1]->producer_connection[0].vm_set_pu = 1.05;
  models[2]->network.flow.tolerance_pu = 1e-10;
  models[3]->network.flow.enforce_q_limits = true;
  for (Connection& connection : models[3]->producer_connection) {
    connection.q_min_mvar = -5;
    connection.q_max_mvar = 5;
  }
  models[4] = connected_system(60, poor(Fallback::local_droop));  // a grid of its own
  models[5]->network.distributed_slack = false;
  models[6]->network.method = NetworkMethod::dc;
  models[8]->network.method = NetworkMethod::linear;
  models[7]->time = TimeAxis(parse_time("2021-01-01T00:00Z"), 3600, 40);  // ends before the others
  expect_as_alone(models);
}

TEST(Lockstep, RunsThatNeedNoNetworkMayJoin) {
  Models models = droop_members(3, 100);
  models.push_back(test::small_system(100));
  EXPECT_FALSE(Simulation(*models.back(), 1).step_by_step());
  expect_as_alone(models);
}

TEST(Lockstep, RunsGoOnFromCheckpointsOfOtherStepsAsAlone) {
  const Models models = droop_members(6, 90);
  std::deque<Checkpoint> kept;
  std::vector<const Checkpoint*> from;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (i % 3 == 0) {
      from.push_back(nullptr);
      continue;
    }
    Simulation simulation(*models[i], 1);
    while (simulation.next_step() < static_cast<std::int64_t>(11 * i)) simulation.advance();
    from.push_back(&kept.emplace_back(simulation.checkpoint()));
  }
  const std::vector<Trace> traces = together(models, from);
  for (std::size_t i = 0; i < models.size(); ++i) EXPECT_TRUE(traces[i] == alone(*models[i], from[i])) << "run " << i;
}

TEST(Lockstep, ARunThatFailsSparesTheOthers) {
  Models models = droop_members(7, 50);
  // A dated change that no longer fits the unit ends a run in the middle.
  const ProducerBank& units = *models[3]->producer_banks.front();
  const auto fields = units.fields();
  const auto capacity =
      std::find_if(fields.begin(), fields.end(), [](const FieldInfo& field) { return field.key == "capacity"; });
  models[3]->changes = {
      {23, DeviceKind::producer, 0, 0, static_cast<std::uint32_t>(capacity - fields.begin()), FieldValue(1.0)}};
  // Wind that is no number: flows that no solver can solve.
  std::vector<double> broken(50, 10.0);
  broken[23] = std::numeric_limits<double>::quiet_NaN();
  const auto column = models[0]->profiles.column(ProfileId(0));
  std::vector<double> demand(column.begin(), column.end());
  models[0]->profiles = ProfileTable(50);
  models[0]->profiles.add("demand", std::move(demand));
  models[0]->profiles.add("wind", broken);
  const std::vector<Trace> traces = together(models);
  EXPECT_NE(traces[3].error, "");
  for (std::size_t i = 0; i < models.size(); ++i) EXPECT_TRUE(traces[i] == alone(*models[i])) << "run " << i;
}

TEST(SharedBases, AreMadeOncePerNetworkAndItsRoles) {
  const Models models = droop_members(4, 1);
  std::deque<Simulation> runs;
  std::vector<AskedFlow> asked;
  for (const auto& model : models) {
    model->replicate = 0;  // the same units are told to run
    runs.emplace_back(*model, 1);
    runs.back().begin_block();
    runs.back().ask(asked);
  }
  ASSERT_EQ(asked.size(), 4U);
  SharedBases bases;
  bases.solve(asked);
  EXPECT_EQ(bases.size(), 1U);
  for (const AskedFlow& flow : asked) EXPECT_TRUE(flow.report->converged());
  const Models others = droop_members(1, 1);
  Simulation run(*others.front(), 1);
  run.begin_block();
  asked.clear();
  run.ask(asked);
  bases.solve(asked);
  EXPECT_EQ(bases.size(), 2U) << "another grid, though it looks the same";
}

}  // namespace
}  // namespace gridplus
