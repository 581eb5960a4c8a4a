#include "sim/step/topology.hpp"

#include <gtest/gtest.h>

#include "sim/step/stage.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

TEST(Topology, PrefersTheLargestUnitThatHoldsAVoltage) {
  const auto model = test::small_system(1);
  const SimulationState state = initial_state(*model);
  EXPECT_EQ(make_topology(*model, state).devices[0].slack_order, (std::vector<std::uint32_t>{0, 1}));
}

TEST(Topology, MemoryGoesToTheIslandThatKeepsMostOfTheOld) {
  const Islands before{{0, 0, 0}, 1};
  const Islands after{{0, 1, 1}, 2};
  DispatchMemory memory;
  memory.islands.resize(1);
  memory.islands[0].remember(4, 10.0, 20.0, 10.0);
  const DispatchMemory carried = carry_over(memory, before, after);
  EXPECT_EQ(carried.islands[0].filled, 0U);
  EXPECT_EQ(carried.islands[1].filled, 1U);
}

TEST(Blocks, EndAtMultiplesAndBeforeWhatSwitches) {
  const auto model = test::small_system(200);
  model->outages.push_back({PlannedOutage::Subject::branch, 0, 70, 90, ""});
  EXPECT_EQ(block_end(*model, 0), 64);
  EXPECT_EQ(block_end(*model, 64), 70);
  EXPECT_EQ(block_end(*model, 70), 90);
  EXPECT_EQ(block_end(*model, 90), 128);
  EXPECT_EQ(block_end(*model, 192), 200);
}

}  // namespace
}  // namespace gridplus
