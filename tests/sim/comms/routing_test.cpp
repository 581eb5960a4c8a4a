#include "sim/comms/routing.hpp"

#include <gtest/gtest.h>

#include "tests/sim/comms/small_network.hpp"

namespace gridplus::comms {
namespace {

LinkParameters taking_ms(double ms) {
  LinkParameters p = test::ideal();
  p.latency_ms = ms;
  return p;
}

/// centre - a - b with a slow direct link centre - b.
Network triangle() {
  NetworkBuilder builder;
  builder.add(test::node("centre", NodeKind::controller));
  builder.add(test::node("a", NodeKind::router));
  builder.add(test::node("b", NodeKind::base_station));
  builder.add(test::link("centre-a", "centre", "a", taking_ms(5)));
  builder.add(test::link("a-b", "a", "b", taking_ms(5)));
  builder.add(test::link("centre-b", "centre", "b", taking_ms(50)));
  builder.add_access(test::ideal());
  builder.add(test::endpoint("e", "b"));
  return test::built(builder);
}

std::vector<Routes> routes(const Network& network, std::vector<std::uint8_t> link_up,
                           std::vector<std::uint8_t> node_up) {
  std::vector<Routes> found;
  Router(network).find(link_up, node_up, found);
  return found;
}

TEST(Routing, TakesTheFastestWay) {
  const Network network = triangle();
  const Routes way = routes(network, {1, 1, 1}, {1, 1, 1})[0];
  EXPECT_EQ(way.link[2], 1U);
  EXPECT_EQ(way.parent[2], 1U);
  EXPECT_EQ(way.order, (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(Routing, GoesAroundAFailedLink) {
  const Network network = triangle();
  const Routes way = routes(network, {1, 0, 1}, {1, 1, 1})[0];
  EXPECT_EQ(way.link[2], 2U);
  EXPECT_EQ(way.reaches[2], 1);
}

TEST(Routing, NodeWithoutLinksReachesNobody) {
  const Network network = triangle();
  const Routes way = routes(network, {1, 0, 0}, {1, 1, 1})[0];
  EXPECT_EQ(way.reaches[2], 0);
  EXPECT_EQ(way.link[2], k_no_index);
}

TEST(Routing, NobodyReachesADeadController) {
  const Network network = triangle();
  EXPECT_TRUE(routes(network, {0, 1, 0}, {0, 1, 1})[0].order.empty());
}

TEST(Routing, AmongEqualWaysTheFirstLinkIsTaken) {
  NetworkBuilder builder = test::star(1, test::ideal());
  builder.add(test::link("twin", "centre", "station"));
  const Network network = test::built(builder);
  EXPECT_EQ(routes(network, {1, 1}, {1, 1})[0].link[1], 0U);
}

}  // namespace
}  // namespace gridplus::comms
