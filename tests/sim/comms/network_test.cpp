#include "sim/comms/network.hpp"

#include <gtest/gtest.h>

#include "tests/sim/comms/small_network.hpp"

namespace gridplus::comms {
namespace {

using test::endpoint;
using test::link;
using test::node;

/// The only problem of a build, as text.
std::string problem(const NetworkBuilder& builder) {
  Diagnostics problems;
  static_cast<void>(builder.build(problems));
  EXPECT_EQ(problems.size(), 1U);
  return problems.empty() ? std::string() : problems.list().front().text();
}

TEST(Network, GraphHasNodesAndLinksButNoEndpoints) {
  const Network network = test::built(test::star(1000, test::ideal()));
  EXPECT_EQ(boost::num_vertices(network.graph()), 2U);
  EXPECT_EQ(boost::num_edges(network.graph()), 1U);
  EXPECT_EQ(network.endpoint_count(), 1000U);
  EXPECT_EQ(network.controller_count(), 1U);
}

TEST(Network, EndpointWithoutAWayIsRefused) {
  NetworkBuilder builder = test::star(1, test::ideal());
  builder.add(node("lonely", NodeKind::base_station));
  builder.add(endpoint("far", "lonely"));
  const std::string text = problem(builder);
  EXPECT_NE(text.find("endpoint 'far'"), std::string::npos) << text;
  EXPECT_NE(text.find("no way leads from its parent 'lonely' to its controller 'centre'"), std::string::npos) << text;
}

TEST(Network, ControllerWithoutEndpointsIsRefused) {
  NetworkBuilder builder = test::star(1, test::ideal());
  builder.add(node("spare", NodeKind::controller));
  builder.add(link("spare line", "spare", "centre"));
  EXPECT_NE(problem(builder).find("controller 'spare': no endpoint reports to it"), std::string::npos);
}

TEST(Network, NegativeLatencyIsRefused) {
  LinkParameters wrong = test::ideal();
  wrong.latency_ms = -3.0;
  NetworkBuilder builder = test::star(1, test::ideal());
  builder.add(link("second", "centre", "station", wrong));
  EXPECT_NE(problem(builder).find("link 'second': the latency in ms is -3"), std::string::npos);
}

TEST(Network, UnknownNamesAreRefusedWithASuggestion) {
  NetworkBuilder builder = test::star(1, test::ideal());
  builder.add(endpoint("e_new", "statoin"));
  const std::string text = problem(builder);
  EXPECT_NE(text.find("its node 'statoin' does not exist"), std::string::npos) << text;
  EXPECT_NE(text.find("station"), std::string::npos) << text;
}

TEST(Network, NamesUsedTwiceAreRefused) {
  NetworkBuilder builder = test::star(1, test::ideal());
  builder.add(endpoint("e0", "station"));
  EXPECT_NE(problem(builder).find("the name is used twice"), std::string::npos);
}

TEST(Network, UnknownTechnologyNamesThoseThereAre) {
  try {
    static_cast<void>(parse_technology("fibra"));
    FAIL();
  } catch (const InputError& error) {
    const std::string text = error.diagnostics().front().text();
    EXPECT_NE(text.find("fibre, lte, nr_urllc, nb_iot, plc, hplc, satellite, scada"), std::string::npos) << text;
    EXPECT_NE(text.find("did you mean 'fibre'?"), std::string::npos) << text;
  }
}

NetworkBuilder circle(double battery_h) {
  NetworkBuilder builder = test::star(1, test::ideal());
  NodeSpec gateway = node("gateway", NodeKind::router);
  gateway.bus = 7;
  gateway.battery_h = battery_h;
  builder.add(gateway);
  builder.add(link("gateway line", "gateway", "centre"));
  builder.add(SupplyDependence{7, "gateway", {}});
  return builder;
}

TEST(Network, CircleOfSupplyWithoutBatteryIsRefused) {
  EXPECT_NE(problem(circle(0.0)).find("its bus is supplied only while the node works, and it has no battery"),
            std::string::npos);
}

TEST(Network, BatteryBreaksACircleOfSupply) {
  Diagnostics problems;
  static_cast<void>(circle(4.0).build(problems));
  EXPECT_TRUE(problems.empty());
}

TEST(Network, CutsGrowWithTheLength) {
  NetworkBuilder builder = test::star(1, test::ideal());
  LinkSpec cable = link("cable", "centre", "station", info(Technology::fibre).parameters);
  cable.length_km = 100.0;
  builder.add(cable);
  const Network network = test::built(builder);
  EXPECT_DOUBLE_EQ(network.link().mtbf_h[1], 8760.0 / (3e-4 * 100.0));
  EXPECT_DOUBLE_EQ(network.link().latency_s[1], 1e-3 * (5.0 + 0.005 * 100.0));
}

TEST(Network, CoverageFollowsItsTimeline) {
  const CoverageTimeline steps{"lte", {0, 10}, {0.5, 0.9}, false}, lines{"lte", {0, 10}, {0.5, 0.9}, true};
  EXPECT_DOUBLE_EQ(steps.at(9), 0.5);
  EXPECT_DOUBLE_EQ(steps.at(10), 0.9);
  EXPECT_DOUBLE_EQ(lines.at(5), 0.7);
  EXPECT_DOUBLE_EQ(lines.at(99), 0.9);
}

TEST(Technology, EveryPresetNamesItsSource) {
  for (const TechnologyInfo& preset : technologies()) {
    EXPECT_FALSE(preset.source.empty()) << preset.name;
    EXPECT_EQ(info(parse_technology(preset.name)).name, preset.name);
  }
}

}  // namespace
}  // namespace gridplus::comms
