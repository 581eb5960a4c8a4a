#include "sim/comms/availability.hpp"

#include <gtest/gtest.h>

#include "tests/sim/comms/small_network.hpp"

namespace gridplus::comms {
namespace {

RandomKey key(std::int64_t step) {
  return {1, 0, RandomStream::communication, 0, static_cast<std::uint64_t>(step)};
}

TEST(Availability, WhatNeverFailsIsAlwaysUp) {
  const TwoState never = two_state(k_never_h, 4.0, 1.0);
  EXPECT_EQ(never.fails, 0.0);
  EXPECT_EQ(never.available, 1.0);
}

TEST(Availability, LinksOfOneCommonCauseFailTogether) {
  NetworkBuilder builder = test::star(1, test::ideal());
  for (const char* name : {"a", "b"}) {
    LinkSpec spec = test::link(name, "centre", "station");
    spec.common_cause = "duct";
    spec.group_mtbf_h = 20.0;
    builder.add(spec);
  }
  const Network network = test::built(builder);
  const Availability availability(network, 1.0);
  AvailabilityState state = availability.initial(key(1000000));
  int down = 0;
  for (std::int64_t step = 0; step < 1000; ++step) {
    availability.advance(key(step), state);
    availability.settle({}, state);
    EXPECT_EQ(state.link_up[1], state.link_up[2]);
    EXPECT_EQ(state.link_up[0], 1);
    down += state.link_up[1] == 0 ? 1 : 0;
  }
  EXPECT_GT(down, 50);
}

TEST(Availability, CableGoesDownWithItsPowerLine) {
  NetworkBuilder builder = test::star(1, test::ideal());
  LinkSpec spec = test::link("same cable", "centre", "station");
  spec.power_branch = 1;
  builder.add(spec);
  const Network network = test::built(builder);
  const Availability availability(network, 1.0);
  AvailabilityState state = availability.initial(key(0));
  const std::array<std::uint8_t, 2> closed = {0, 1}, open = {1, 0};
  Surroundings around;
  around.branch_closed = closed;
  EXPECT_FALSE(availability.settle(around, state));
  around.branch_closed = open;
  EXPECT_TRUE(availability.settle(around, state));
  EXPECT_EQ(state.link_up[1], 0);
  EXPECT_EQ(state.link_up[0], 1);
}

/// Steps of an hour that a node with a battery of `battery_h` works after its bus has gone dead.
int hours_on_battery(double battery_h, double charged_h = 0.0) {
  NetworkBuilder builder = test::star(1, test::ideal());
  NodeSpec spec = test::node("site", NodeKind::base_station);
  spec.bus = 0;
  spec.battery_h = battery_h;
  builder.add(spec);
  builder.add(test::link("site line", "site", "centre"));
  const Network network = test::built(builder);
  const Availability availability(network, 1.0);
  AvailabilityState state = availability.initial(key(0));
  const std::array<std::uint8_t, 1> dead = {0}, live = {1};
  Surroundings around;
  const auto count = [&] {
    around.bus_energised = dead;
    for (int hour = 0;; ++hour) {
      availability.settle(around, state);
      if (state.node_up[2] == 0) return hour;
      availability.run_batteries(around, state);
    }
  };
  const int first = count();
  if (charged_h == 0.0) return first;
  around.bus_energised = live;
  for (double h = 0.0; h < charged_h; h += 1.0) availability.run_batteries(around, state);
  return count();
}

TEST(Availability, NodeLivesAsLongAsItsBattery) {
  EXPECT_EQ(hours_on_battery(0.0), 0);
  EXPECT_EQ(hours_on_battery(4.0), 4);
  EXPECT_EQ(hours_on_battery(8.0), 8);
}

TEST(Availability, BatteryChargesAtAFifthOfItsCapacityPerHour) {
  EXPECT_EQ(hours_on_battery(10.0, 1.0), 2);
  EXPECT_EQ(hours_on_battery(10.0, 5.0), 10);
}

}  // namespace
}  // namespace gridplus::comms
