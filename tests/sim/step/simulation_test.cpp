#include "sim/step/simulation.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <set>

#include "sim/powerflow/tap_regulator.hpp"
#include "tests/sim/step/recorded.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

using test::figure;
using test::record;

constexpr double k_balance_mw = 1e-6;

TEST(Simulation, LoadsDrawWhatTheSolvedVoltageMakesThem) {
  const auto model = test::small_system(100);
  models::Load::Params town, village;
  town.demand_mw = {60.0, {}};
  town.p_current_share = 0.3;
  town.p_impedance_share = 0.5;
  town.power_factor = 0.9;
  town.q_current_share = 0.0;
  town.q_impedance_share = 1.0;
  village.demand_mw = {30.0, {}};
  model->consumer_banks.clear();
  model->consumer_banks.push_back(std::make_unique<Bank<models::Load>>(
      std::vector{test::prepared<models::Load>(town), test::prepared<models::Load>(village)}));
  Simulation simulation(*model, 1);
  record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      ASSERT_EQ(block.of(StepVar::converged, s), 1.0);
      EXPECT_LE(block.of(StepVar::balance_mw, s), k_balance_mw);
      const double vm = block.of(BusVar::vm_pu, s)[1];
      EXPECT_NE(vm, 1.0);
      const double factor = 0.2 + 0.3 * vm + 0.5 * vm * vm;
      EXPECT_NEAR(block.of(ConsumerVar::served_mw, s)[0], 60.0 * factor, 1e-9);
      EXPECT_EQ(block.of(ConsumerVar::demand_mw, s)[0], block.of(ConsumerVar::served_mw, s)[0]);
      EXPECT_NEAR(block.of(ConsumerVar::q_mvar, s)[0], 60.0 * std::tan(std::acos(0.9)) * vm * vm, 1e-9);
      EXPECT_EQ(block.of(ConsumerVar::served_mw, s)[1], 30.0);
    }
  });
}

/// The small system with its south and east one busbar, behind a tap changer that holds it.
std::unique_ptr<Model> station(std::int64_t steps, NetworkMethod method) {
  auto model = test::small_system(steps, method);
  GridBuilder builder(100.0);
  for (const char* name : {"north", "south", "east"}) builder.add(BusSpec{.name = name, .vn_kv = 110.0, .gs_mw = 0.1});
  builder.add(BranchSpec{.name = "transformer",
                         .from_bus = "north",
                         .to_bus = "south",
                         .kind = BranchKind::transformer,
                         .r_pu = 0.01,
                         .x_pu = 0.12,
                         .rating_mva = 150,
                         .tap_changer = TapChangerSpec{.ratio_step = 0.01,
                                                       .lowest = -6,
                                                       .highest = 6,
                                                       .control = TapControl::voltage,
                                                       .bus = "south",
                                                       .set_point = 1.0,
                                                       .dead_band = 0.015}});
  builder.add(BranchSpec{.name = "bay", .from_bus = "east", .to_bus = "south", .kind = BranchKind::coupler});
  Diagnostics diagnostics;
  auto built = builder.build(diagnostics);
  diagnostics.throw_if_any();
  model->grid = std::move(built.grid);
  model->names.grid = std::move(built.names);
  model->initially_closed = model->grid.initially_closed();
  model->producer_connection[1].vm_set_pu = std::numeric_limits<double>::quiet_NaN();
  return model;
}

TEST(Simulation, TapChangersAndCouplersWorkInEveryStep) {
  const auto model = station(200, NetworkMethod::ac);
  Simulation simulation(*model, 2);
  std::set<double> positions;
  record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      ASSERT_EQ(block.of(StepVar::converged, s), 1.0);
      EXPECT_LE(block.of(StepVar::balance_mw, s), k_balance_mw);
      const auto vm_pu = block.of(BusVar::vm_pu, s);
      EXPECT_EQ(vm_pu[1], vm_pu[2]);
      EXPECT_EQ(block.of(BusVar::va_deg, s)[1], block.of(BusVar::va_deg, s)[2]);
      EXPECT_EQ(block.of(BranchVar::tap_state, s)[0], static_cast<double>(powerflow::TapState::regulated));
      EXPECT_NEAR(vm_pu[1], 1.0, 0.0075);
      positions.insert(block.of(BranchVar::tap_position, s)[0]);
      // What the devices of the eastern bus have left goes through the bay.
      const double east_mw =
          block.of(ProducerVar::p_mw, s)[2] + block.of(StorageVar::p_mw, s)[0] - block.of(ConsumerVar::served_mw, s)[1];
      EXPECT_NEAR(block.of(BusVar::p_mw, s)[2], east_mw, 1e-9);
      EXPECT_NEAR(block.of(BranchVar::p_from_mw, s)[1], east_mw - 0.1 * vm_pu[2] * vm_pu[2], 1e-4);
      EXPECT_NEAR(block.of(BusVar::p_mw, s)[1],
                  block.of(ProducerVar::p_mw, s)[1] - block.of(ConsumerVar::served_mw, s)[0], 1e-9);
    }
  });
  EXPECT_GT(positions.size(), 1U);
}

TEST(Simulation, TapPositionsAreTheSameAtAnyThreadCount) {
  const auto positions = [](Simulation& simulation) {
    std::vector<double> all;
    while (!simulation.done()) {
      const StepBlock& block = simulation.advance();
      for (std::size_t s = 0; s < block.count; ++s) all.push_back(block.of(BranchVar::tap_position, s)[0]);
    }
    return all;
  };
  const auto model = station(200, NetworkMethod::ac);
  Simulation whole(*model, 1), threaded(*model, 3);
  EXPECT_EQ(positions(whole), positions(threaded));
}

TEST(Simulation, ADcFlowCarriesPowerThroughCouplers) {
  const auto model = station(50, NetworkMethod::dc);
  Simulation simulation(*model, 1);
  record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      EXPECT_LE(block.of(StepVar::balance_mw, s), k_balance_mw);
      EXPECT_EQ(block.of(BusVar::va_deg, s)[1], block.of(BusVar::va_deg, s)[2]);
      EXPECT_NEAR(block.of(BranchVar::p_from_mw, s)[1], block.of(BusVar::p_mw, s)[2] - 0.1, 1e-6);
      EXPECT_EQ(block.of(BranchVar::q_from_mvar, s)[1], 0.0);
    }
  });
}

TEST(Simulation, LinearFlowsAreNearTheExactOnesAndTheSameAtAnyThreadCount) {
  const auto exact = station(200, NetworkMethod::ac), linear = station(200, NetworkMethod::linear);
  Simulation of_exact(*exact, 1), of_linear(*linear, 1), threaded(*linear, 3);
  while (!of_linear.done()) {
    const StepBlock &ac = of_exact.advance(), &block = of_linear.advance(), &same = threaded.advance();
    for (std::size_t s = 0; s < block.count; ++s) {
      ASSERT_EQ(block.of(StepVar::converged, s), 1.0);
      EXPECT_GT(block.of(StepVar::max_mismatch_pu, s), ac.of(StepVar::max_mismatch_pu, s));
      EXPECT_GT(block.of(StepVar::losses_mw, s), 0.0);
      for (std::size_t b = 0; b < 3; ++b) {
        EXPECT_NEAR(block.of(BusVar::vm_pu, s)[b], ac.of(BusVar::vm_pu, s)[b], 0.02);
        EXPECT_EQ(block.of(BusVar::vm_pu, s)[b], same.of(BusVar::vm_pu, s)[b]);
        EXPECT_EQ(block.of(BusVar::va_deg, s)[b], same.of(BusVar::va_deg, s)[b]);
      }
    }
  }
}

class EveryMethod : public testing::TestWithParam<NetworkMethod> {};

TEST_P(EveryMethod, BalancesInEveryStepAndKeepsUnitsWithinTheirLimits) {
  const auto model = test::small_system(400, GetParam());
  Simulation simulation(*model, 2);
  record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      EXPECT_EQ(block.of(StepVar::converged, s), 1.0);
      EXPECT_LE(block.of(StepVar::balance_mw, s), k_balance_mw);
      const double supply = block.of(StepVar::generation_mw, s) + block.of(StepVar::discharge_mw, s);
      const double use =
          block.of(StepVar::served_mw, s) + block.of(StepVar::charge_mw, s) + block.of(StepVar::losses_mw, s);
      EXPECT_NEAR(supply, use, k_balance_mw);
      EXPECT_LE(block.of(ProducerVar::p_mw, s)[0], 120 + k_balance_mw);
      EXPECT_LE(block.of(ProducerVar::p_mw, s)[1], 80 + k_balance_mw);
      EXPECT_LE(block.of(ProducerVar::p_mw, s)[2], block.of(ProducerVar::available_mw, s)[2] + k_balance_mw);
      EXPECT_EQ(block.of(ConsumerVar::unserved_mw, s)[0], 0.0);
    }
  });
  EXPECT_LE(figure(simulation.summary(), "largest_imbalance_mw"), k_balance_mw);
  EXPECT_GT(figure(simulation.summary(), "storage_full_cycles"), 5.0);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod,
                         testing::Values(NetworkMethod::ac, NetworkMethod::linear, NetworkMethod::dc,
                                         NetworkMethod::none));

TEST(Simulation, GivesTheSameBitsAtEveryThreadCount) {
  const auto model = test::small_system(300);
  Simulation one(*model, 1), two(*model, 2), eight(*model, 8);
  const std::vector<double> expected = record(one);
  EXPECT_EQ(expected, record(two));
  EXPECT_EQ(expected, record(eight));
}

TEST(Simulation, ContinuesFromEveryCheckpointToTheSameBits) {
  const auto model = test::small_system(300);
  model->outages.push_back({PlannedOutage::Subject::branch, 0, 70, 130, "maintenance"});
  model->outages.push_back({PlannedOutage::Subject::producer, 0, 128, 190, "failure"});
  std::vector<Checkpoint> checkpoints;
  Simulation whole(*model, 1);
  checkpoints.push_back(whole.checkpoint());
  while (!whole.done()) {
    whole.advance();
    checkpoints.push_back(whole.checkpoint());
  }
  for (const Checkpoint& checkpoint : checkpoints) {
    Simulation resumed(*model, 2);
    resumed.restore(checkpoint);
    record(resumed);
    EXPECT_EQ(resumed.checkpoint().state, checkpoints.back().state) << "resumed at step " << checkpoint.next_step;
  }
}

TEST(Simulation, RefusesACheckpointOfAnotherScenario) {
  const auto model = test::small_system(10);
  Simulation simulation(*model, 1);
  Checkpoint checkpoint = simulation.checkpoint();
  checkpoint.state.resize(checkpoint.state.size() / 2);
  EXPECT_THROW(simulation.restore(checkpoint), IoError);
}

TEST(Simulation, ABusCutOffIsShedAndComesBack) {
  const auto model = test::small_system(48);
  for (const std::uint32_t branch : {1U, 2U})
    model->outages.push_back({PlannedOutage::Subject::branch, branch, 10, 20, "storm"});
  Simulation simulation(*model, 1);
  record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      const std::int64_t step = block.first + static_cast<std::int64_t>(s);
      const bool cut = step >= 10 && step < 20;
      EXPECT_EQ(block.of(BusVar::energised, s)[2], cut ? 0.0 : 1.0);
      EXPECT_EQ(block.of(ConsumerVar::served_mw, s)[1] == 0.0, cut);
      EXPECT_EQ(block.of(StepVar::islands, s), cut ? 2.0 : 1.0);
      EXPECT_LE(block.of(StepVar::balance_mw, s), k_balance_mw);
    }
  });
  EXPECT_DOUBLE_EQ(figure(simulation.summary(), "unserved_hours_h"), 10.0);
}

TEST(Simulation, ADatedChangeHoldsFromItsStep) {
  const auto model = test::small_system(48);
  const auto& bank = *model->consumer_banks[0];
  std::uint32_t scale_field = 0;
  while (bank.fields()[scale_field].key != "scale") ++scale_field;
  model->changes.push_back({30, DeviceKind::consumer, 0, 0, scale_field, 0.5});
  const auto unchanged = test::small_system(48);
  Simulation a(*model, 1), b(*unchanged, 1);
  std::vector<double> changed_demand, plain_demand;
  const auto keep = [](std::vector<double>& into) {
    return [&into](const StepBlock& block) {
      for (std::size_t s = 0; s < block.count; ++s) into.push_back(block.of(ConsumerVar::demand_mw, s)[0]);
    };
  };
  record(a, keep(changed_demand));
  record(b, keep(plain_demand));
  for (std::size_t k = 0; k < 48; ++k) EXPECT_DOUBLE_EQ(changed_demand[k], (k < 30 ? 1.0 : 0.5) * plain_demand[k]);
}

TEST(Simulation, AStepThatCannotConvergeIsFlaggedAndReportedByItsDcFlow) {
  const auto model = test::small_system(5);
  model->network.flow.max_iterations = 1;
  model->network.flow.tolerance_pu = 1e-15;
  Simulation simulation(*model, 1);
  std::size_t events = 0;
  record(simulation, [&](const StepBlock& block) {
    for (const Event& event : block.events) events += event.kind == "not_converged" ? 1 : 0;
    for (std::size_t s = 0; s < block.count; ++s) {
      EXPECT_EQ(block.of(StepVar::converged, s), 0.0);
      EXPECT_LE(block.of(StepVar::balance_mw, s), k_balance_mw);
    }
  });
  EXPECT_EQ(events, 5U);
  EXPECT_EQ(simulation.summary().steps_not_converged, 5);
}

}  // namespace
}  // namespace gridplus
