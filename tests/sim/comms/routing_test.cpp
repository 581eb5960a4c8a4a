#include "sim/comms/routing.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

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
  Router router(network);
  router.find(link_up, node_up);
  return {router.routes().begin(), router.routes().end()};
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

/// A random network with two controllers, in which many ways are equally long.
Network tangle(std::size_t nodes, std::size_t links, std::uint64_t seed) {
  NetworkBuilder builder;
  builder.add(test::node("centre", NodeKind::controller));
  builder.add(test::node("second", NodeKind::controller));
  std::minstd_rand draw(static_cast<unsigned>(seed));
  std::vector<std::string> names = {"centre", "second"};
  for (std::size_t n = 2; n < nodes; ++n) {
    names.push_back(fmt::format("n{}", n));
    builder.add(test::node(names.back(), NodeKind::router));
  }
  const auto join = [&](std::size_t l, std::size_t a, std::size_t b) {
    builder.add(
        test::link(fmt::format("l{}", l), names[a], names[b], taking_ms(1.0 + static_cast<double>(draw() % 3))));
  };
  for (std::size_t n = 1; n < nodes; ++n) join(n, draw() % n, n);
  for (std::size_t l = nodes; l < links; ++l) {
    const std::size_t a = draw() % nodes;
    join(l, a, (a + 1 + draw() % (nodes - 1)) % nodes);
  }
  builder.add_access(test::ideal());
  builder.add(test::endpoint("e", names.back()));
  EndpointSpec other = test::endpoint("f", names.back());
  other.controller = "second";
  builder.add(other);
  return test::built(builder);
}

void expect_same(const Routes& a, const Routes& b) {
  EXPECT_EQ(a.order, b.order);
  EXPECT_EQ(a.parent, b.parent);
  EXPECT_EQ(a.link, b.link);
  EXPECT_EQ(a.reaches, b.reaches);
  EXPECT_EQ(a.length_s, b.length_s);
}

/// Lets nodes and links fail and return, `flips` of them at a time, and compares with a search from the start.
void compare_repairs(const Network& network, std::size_t flips, std::uint64_t seed) {
  std::minstd_rand draw(static_cast<unsigned>(seed));
  const LinkArrays& link = network.link();
  std::vector<std::uint8_t> own(network.link_count(), 1), node_up(network.node_count(), 1), link_up(own.size(), 1);
  Router router(network);
  std::vector<Routes> before;
  for (int turn = 0; turn < 200; ++turn) {
    const bool changed = router.find(link_up, node_up) == Rerouting::other_ways;
    const auto whole = routes(network, link_up, node_up);
    for (std::size_t c = 0; c < whole.size(); ++c) expect_same(router.routes()[c], whole[c]);
    const auto same_order = [](const Routes& a, const Routes& b) { return a.order == b.order && a.link == b.link; };
    EXPECT_EQ(changed, !std::ranges::equal(router.routes(), before, same_order));
    before.assign(router.routes().begin(), router.routes().end());
    for (std::size_t k = 0; k < flips; ++k) {
      std::vector<std::uint8_t>& any = draw() % 3 == 0 ? node_up : own;
      any[draw() % any.size()] ^= 1;
    }
    for (std::size_t l = 0; l < own.size(); ++l)
      link_up[l] = own[l] & node_up[link.from[l].index()] & node_up[link.to[l].index()];
  }
}

TEST(Routing, RepairedWaysAreThoseOfASearchFromTheStart) {
  for (const std::size_t flips : {1, 2, 9})
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      SCOPED_TRACE(fmt::format("flips {}, seed {}", flips, seed));
      compare_repairs(tangle(40, 70, seed), flips, seed);
    }
}

TEST(Routing, EveryWayIsTheShortest) {
  const Network network = tangle(60, 110, 7);
  const std::vector<std::uint8_t> links(network.link_count(), 1), nodes(network.node_count(), 1);
  const LinkArrays& link = network.link();
  for (const Routes& way : routes(network, links, nodes)) {
    EXPECT_EQ(way.order.size(), network.node_count());
    for (std::size_t l = 0; l < links.size(); ++l)  // no link offers a shorter one (Bellman's condition)
      EXPECT_LE(std::abs(way.length_s[link.from[l].index()] - way.length_s[link.to[l].index()]),
                link.latency_s[l] + 1e-9);
    for (const std::uint32_t n : way.order) {
      if (way.parent[n] == n) continue;
      EXPECT_NEAR(way.length_s[n], way.length_s[way.parent[n]] + link.latency_s[way.link[n]], 1e-9);
    }
  }
}

}  // namespace
}  // namespace gridplus::comms
