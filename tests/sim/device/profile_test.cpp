#include "sim/device/profile.hpp"

#include <gtest/gtest.h>

#include "sim/core/error.hpp"
#include "sim/device/carrier.hpp"

namespace gridplus {
namespace {

TEST(Profiles, ASeriesIsItsScaleTimesAColumn) {
  ProfileTable table(3);
  (void)table.add("load.csv#west", {9.0, 9.0, 9.0});
  const ProfileId east = table.add("load.csv#east", {0.5, 0.75, 1.0});
  const Series series{.scale = 60.0, .profile = east};
  EXPECT_EQ(table.value(series, 0), 30.0);
  EXPECT_EQ(table.value(series, 2), 60.0);
  EXPECT_EQ(table.name(east), "load.csv#east");
  EXPECT_EQ(table.columns(), 2u);
}

TEST(Profiles, ASeriesWithoutAColumnIsConstant) {
  const ProfileTable table(3);
  EXPECT_EQ(table.value(Series{.scale = 42.0}, 1'000'000), 42.0);
}

TEST(Profiles, AColumnNeedsOneValueAStep) {
  ProfileTable table(3);
  EXPECT_THROW((void)table.add("short", {1.0, 2.0}), InvariantError);
}

TEST(Carriers, EveryOneHasItsName) {
  for (std::size_t i = 0; i < k_carrier_names.size(); ++i)
    EXPECT_EQ(to_string(static_cast<Carrier>(i)), k_carrier_names[i]);
  EXPECT_EQ(to_string(Carrier::wind), "wind");
  EXPECT_EQ(to_string(Carrier::other), k_carrier_names.back());
}

}  // namespace
}  // namespace gridplus
