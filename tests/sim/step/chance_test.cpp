// Runs with chance in them: the same at any number of threads and when resumed from any checkpoint.
#include <gtest/gtest.h>

#include <algorithm>

#include "models/consumers/ev_fleet.hpp"
#include "sim/step/simulation.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

constexpr double k_balance_tolerance_mw = 1e-9;

/// The small system with lines and a unit that fail, one crew, and two fleets of vehicles, one of them commanded and
/// giving back.
std::unique_ptr<Model> system_with_chance(std::int64_t steps) {
  auto model = test::small_system(steps);
  using models::EvFleet;
  EvFleet::Params fleet;
  fleet.vehicles = 2000;
  fleet.random_key = 1;
  EvFleet::Params commanded = fleet;
  commanded.random_key = 2;
  commanded.controllable = true;
  commanded.v2g_share = 0.3;
  model->consumer_banks.push_back(
      std::make_unique<Bank<EvFleet>>(std::vector{test::prepared<EvFleet>(fleet), test::prepared<EvFleet>(commanded)}));
  for (const char* name : {"fleet", "commanded"}) {
    model->consumer_bus.push_back(BusId(1));
    model->names.consumer.emplace_back(name);
  }
  model->consumer_customers = {100, 50, 0, 0};
  const auto fails = [&](OutageSubject::Kind kind, std::uint32_t index, double mttf_h) {
    FailureGroup group;
    group.name = kind == OutageSubject::Kind::branch ? model->names.grid.branch[index] : model->names.producer[index];
    group.random_key = 10 * static_cast<std::uint32_t>(kind) + index;
    group.members = {{kind, index}};
    group.failure_rate_per_h = 1.0 / mttf_h;
    group.repair_rate_per_h = 1.0 / 6.0;
    model->outage_plan.groups.push_back(group);
  };
  for (std::uint32_t l = 0; l < 3; ++l) fails(OutageSubject::Kind::branch, l, 40.0);
  fails(OutageSubject::Kind::producer, 1, 60.0);
  model->outage_plan.repairs = {.crews = 1, .detection_steps = 1};
  return model;
}

struct Trace {
  std::vector<double> values;
  std::vector<std::string> events;
  std::vector<Checkpoint> checkpoints;
  double worst_balance_mw = 0.0;
  bool operator==(const Trace& other) const { return values == other.values && events == other.events; }
};

Trace run(const Model& model, int threads, const Checkpoint* from = nullptr) {
  Simulation simulation(model, threads);
  if (from != nullptr) simulation.restore(*from);
  Trace out;
  while (!simulation.done()) {
    out.checkpoints.push_back(simulation.checkpoint());
    const StepBlock& block = simulation.advance();
    for (std::size_t s = 0; s < block.count; ++s) {
      for (const auto& values : {block.of(BusVar::vm_pu, s), block.of(ProducerVar::p_mw, s),
                                 block.of(ConsumerVar::served_mw, s), block.of(StorageVar::energy_mwh, s)})
        out.values.insert(out.values.end(), values.begin(), values.end());
      out.worst_balance_mw = std::max(out.worst_balance_mw, std::abs(block.of(StepVar::balance_mw, s)));
    }
    for (const Event& event : block.events) out.events.push_back(event.kind + " " + event.subject);
  }
  return out;
}

TEST(Chance, RunsAreTheSameAtAnyNumberOfThreads) {
  const auto model = system_with_chance(200);
  const Trace one = run(*model, 1);
  EXPECT_TRUE(one == run(*model, 2));
  EXPECT_TRUE(one == run(*model, 8));
  EXPECT_LT(one.worst_balance_mw, k_balance_tolerance_mw);
  const auto failures = std::count_if(one.events.begin(), one.events.end(),
                                      [](const std::string& event) { return event.rfind("failure", 0) == 0; });
  EXPECT_GT(failures, 2);
  EXPECT_GT(one.checkpoints.size(), 6U) << "every switching ends a block";
}

TEST(Chance, AResumedRunEndsLikeAnUninterruptedOne) {
  const auto model = system_with_chance(200);
  const Trace whole = run(*model, 1);
  for (const Checkpoint& checkpoint : whole.checkpoints) {
    const Trace rest = run(*model, 2, &checkpoint);
    ASSERT_LE(rest.values.size(), whole.values.size());
    EXPECT_TRUE(std::equal(rest.values.rbegin(), rest.values.rend(), whole.values.rbegin())) << checkpoint.next_step;
    EXPECT_TRUE(std::equal(rest.events.rbegin(), rest.events.rend(), whole.events.rbegin())) << checkpoint.next_step;
  }
}

TEST(Chance, AnotherSeedGivesAnotherRun) {
  const auto model = system_with_chance(48);
  const Trace first = run(*model, 1);
  model->seed = 99;
  EXPECT_NE(first.values, run(*model, 1).values);
}

}  // namespace
}  // namespace gridplus
