#include "sim/step/local_control.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "models/consumers/ev_fleet.hpp"
#include "sim/step/simulation.hpp"
#include "tests/sim/step/connected_system.hpp"
#include "tests/sim/step/recorded.hpp"

namespace gridplus {
namespace {

using comms::Command;
using comms::HeldCommand;

ConsumerOffer movable(double demand_mw, double down_mw, double up_mw) {
  ConsumerOffer offer;
  offer.demand_mw = demand_mw;
  offer.flexible_down_mw = down_mw;
  offer.flexible_up_mw = up_mw;
  return offer;
}

TEST(ConsumerCommand, ShedsAShareOfTheDemandThatThereIsWhenItComes) {
  const Command command = consumer_command(movable(8.0, 0.0, 0.0), 6.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(4.0, 0.0, 0.0), command), 3.0);
}

TEST(ConsumerCommand, OfADemandNotMovedIsWhateverItIsWhenItComes) {
  const Command command = consumer_command(movable(8.0, 2.0, 2.0), 8.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(0.1, 0.0, 3.0), command), 0.1);
}

TEST(ConsumerCommand, MovesByPowerForTheOwnDemandMayBeNothing) {
  const Command command = consumer_command(movable(0.0, 0.0, 5.0), 2.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(0.0, 0.0, 5.0), command), 2.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(4.0, 4.0, 1.0), command), 2.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(1.0, 1.0, 0.5), command), 1.5) << "no more than it can";
}

TEST(ConsumerCommand, MayLetItGiveBackWhatItHas) {
  const Command command = consumer_command(movable(1.0, 4.0, 0.0), -3.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(1.0, 4.0, 0.0), command), -3.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(1.0, 2.0, 0.0), command), -1.0);
  EXPECT_DOUBLE_EQ(followed_mw(movable(1.0, 0.5, 0.0), command), 0.0);
}

TEST(ConsumerCommand, IsHeldByTheFallbackThatHolds) {
  const FallbackRule rule{Fallback::hold_last, 0.5};
  HeldCommand held;
  EXPECT_DOUBLE_EQ(consumer_fallback_mw(movable(4.0, 4.0, 1.0), rule, held, {}), 4.0) << "none came yet";
  held = {consumer_command(movable(0.0, 0.0, 5.0), 2.0), 7};
  EXPECT_DOUBLE_EQ(consumer_fallback_mw(movable(4.0, 4.0, 1.0), rule, held, {}), 2.0);
}

/// The small system with a fleet of vehicles in place of its second town.
std::unique_ptr<Model> system_with_fleet(std::int64_t steps, const test::Wish& wish) {
  auto model = test::small_system(steps, NetworkMethod::none);
  models::EvFleet::Params fleet;
  fleet.vehicles = 2000;
  fleet.charging = models::Charging::timer;
  fleet.controllable = true;
  model->consumer_banks.push_back(
      std::make_unique<Bank<models::EvFleet>>(std::vector{test::prepared<models::EvFleet>(fleet)}));
  model->consumer_bus.push_back(BusId(2));
  model->names.consumer.push_back("cars");
  model->communication = test::network_of(*model, wish);
  return model;
}

TEST(ConsumerCommand, MovesAFleetWhoseOwnDemandHasChangedWhenItComes) {
  test::Wish wish;
  wish.hop = test::ideal();
  wish.hop.loss = 0.4;  // of three attempts each: now and then a command of the step before still holds
  wish.validity_s = 4 * 3600.0;
  const auto model = system_with_fleet(10 * 24, wish);
  Simulation simulation(*model, 1);
  double moved_mw = 0.0;
  test::record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      const double served_mw = block.of(ConsumerVar::served_mw, s)[2];
      ASSERT_TRUE(std::isfinite(served_mw));
      EXPECT_LE(served_mw, 2000 * 0.007 + 1e-9);
      EXPECT_NEAR(block.of(ConsumerVar::unserved_mw, s)[0], 0.0, 1e-9) << "relays shed for a command out of range";
      if (block.first + static_cast<std::int64_t>(s) >= 48) moved_mw = std::max(moved_mw, served_mw);
    }
  });
  EXPECT_GT(moved_mw, 0.0);
  EXPECT_LT(test::figure(simulation.summary(), "command_delivery_ratio"), 0.99);
}

}  // namespace
}  // namespace gridplus
