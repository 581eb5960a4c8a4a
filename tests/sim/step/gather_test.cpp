#include "sim/step/gather.hpp"

#include <gtest/gtest.h>

#include "sim/step/stage.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

TEST(Gather, TurnsDemandIntoNegativeInjectionOnce) {
  const auto model = test::small_system(1);
  const SimulationState state = initial_state(*model);
  const Topology topology = make_topology(*model, state);
  Frame frame = make_frame(*model);
  frame.block.of(ProducerVar::online, 0)[0] = 1.0;
  frame.block.of(ProducerVar::p_mw, 0)[0] = 70.0;
  frame.block.of(StorageVar::p_mw, 0)[0] = -5.0;
  frame.block.of(ConsumerVar::served_mw, 0)[0] = 40.0;
  frame.block.of(ConsumerVar::served_mw, 0)[1] = 20.0;
  BusInjections bus;
  Gather(*model, topology).fill(frame.block, 0, {}, {}, bus);
  EXPECT_EQ(bus.p_mw, (std::vector<double>{70.0, -40.0, -25.0}));
  EXPECT_EQ(bus.type[0], powerflow::BusType::slack);
  EXPECT_EQ(bus.type[1], powerflow::BusType::pq) << "the gas unit is off and holds no voltage";
  EXPECT_EQ(bus.vm_set_pu[0], 1.02);
}

TEST(Gather, ALinkDrawsWhatItSendsAndGivesWhatIsLeft) {
  const DcLink link{.name = "link", .from = BusId(0), .to = BusId(1), .p_mw = {}, .loss_share = 0.05};
  EXPECT_DOUBLE_EQ(link_ends(link, 100).from_mw, -100);
  EXPECT_DOUBLE_EQ(link_ends(link, 100).to_mw, 95);
  EXPECT_DOUBLE_EQ(link_ends(link, -100).from_mw, 95);
  EXPECT_DOUBLE_EQ(link_ends(link, -100).to_mw, -100);
}

TEST(ShareOut, DispatchableUnitsTakeWhatIsMissingByTheirRoomBothWays) {
  const auto model = test::small_system(1);
  const Topology topology = make_topology(*model, initial_state(*model));
  const std::vector<double> up{30, 10, 50}, down{10, 40, 50};
  const std::vector<std::uint8_t> balancing{1, 1, 0};
  Sharing sharing;  // of three producers, then of one storage
  share_out(*model, topology, {up, down, balancing}, {}, sharing);
  EXPECT_EQ(sharing, (std::vector<double>{0.5, 0.5, 0.0, 0.0}));
  share_out(*model, topology, {up, down, balancing}, std::vector{20.0}, sharing);
  EXPECT_EQ(sharing, (std::vector<double>{0.75, 0.25, 0.0, 0.0}));
  share_out(*model, topology, {up, down, balancing}, std::vector{-20.0}, sharing);
  EXPECT_EQ(sharing, (std::vector<double>{0.2, 0.8, 0.0, 0.0}));
}

TEST(ShareOut, FreeResourcesJoinWhereTheDispatchableHaveTooLittleRoom) {
  const auto model = test::small_system(1);
  const Topology topology = make_topology(*model, initial_state(*model));
  const std::vector<double> up{0, 0, 0}, down{2, 0, 8};
  const std::vector<std::uint8_t> balancing{1, 1, 0};
  Sharing sharing;
  share_out(*model, topology, {up, down, balancing}, std::vector{-5.0}, sharing);
  EXPECT_EQ(sharing, (std::vector<double>{0.2, 0.0, 0.8, 0.0}));
}

}  // namespace
}  // namespace gridplus
