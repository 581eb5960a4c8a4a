#include "sim/grid/grid.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace gridplus {
namespace {

BusSpec bus(std::string name, int line = 0) {
  BusSpec spec;
  spec.name = std::move(name);
  spec.where = {"grid.yaml", line, 3};
  return spec;
}

BranchSpec branch(std::string name, std::string from, std::string to, int line = 0) {
  BranchSpec spec;
  spec.name = std::move(name);
  spec.from_bus = std::move(from);
  spec.to_bus = std::move(to);
  spec.x_pu = 0.1;
  spec.where = {"grid.yaml", line, 5};
  return spec;
}

std::string problems(const GridBuilder& builder) {
  Diagnostics diagnostics;
  (void)builder.build(diagnostics);
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.list()) text += diagnostic.text() + "\n";
  return text;
}

TEST(GridBuilder, KeepsAttributesInTheOrderTheyWereAdded) {
  GridBuilder builder(50.0);
  BusSpec north = bus("north");
  north.vn_kv = 220.0;
  north.bs_mvar = 12.0;
  north.area = "upland";
  builder.add(north);
  builder.add(bus("south"));
  BranchSpec line = branch("line", "south", "north");
  line.rating_mva = 80.0;
  builder.add(line);
  builder.add(branch("twin", "north", "south"));
  Diagnostics diagnostics;
  const GridBuilder::Result built = builder.build(diagnostics);
  ASSERT_TRUE(diagnostics.empty());
  EXPECT_EQ(built.grid.base_mva(), 50.0);
  EXPECT_EQ(built.grid.bus_count(), 2U);
  EXPECT_EQ(built.grid.branch_count(), 2U);
  EXPECT_EQ(built.grid.bus().vn_kv[0], 220.0);
  EXPECT_EQ(built.grid.bus().bs_mvar[0], 12.0);
  EXPECT_EQ(built.grid.branch().from[0], BusId(1));
  EXPECT_EQ(built.grid.branch().to[0], BusId(0));
  EXPECT_EQ(built.grid.branch().rating_mva[0], 80.0);
  EXPECT_TRUE(std::isinf(built.grid.branch().rating_mva[1]));
  EXPECT_EQ(built.names.bus[1], "south");
  EXPECT_EQ(built.names.bus_area[0], "upland");
  EXPECT_EQ(built.names.branch[1], "twin");
  EXPECT_EQ(boost::num_vertices(built.grid.graph()), 2U);
  EXPECT_EQ(boost::num_edges(built.grid.graph()), 2U);
}

TEST(GridBuilder, ABranchIsClosedOnlyBetweenBusesInService) {
  GridBuilder builder;
  builder.add(bus("a"));
  builder.add(bus("b"));
  BusSpec dead = bus("dead");
  dead.in_service = false;
  builder.add(dead);
  builder.add(branch("live", "a", "b"));
  builder.add(branch("to dead", "b", "dead"));
  BranchSpec off = branch("off", "a", "b");
  off.in_service = false;
  builder.add(off);
  Diagnostics diagnostics;
  const auto built = builder.build(diagnostics);
  EXPECT_EQ(built.grid.initially_closed(), (std::vector<std::uint8_t>{1, 0, 0}));
}

TEST(GridBuilder, AnUnknownBusIsReportedWithItsPlaceAndAGuess) {
  GridBuilder builder;
  builder.add(bus("Kunming"));
  builder.add(bus("Dali"));
  builder.add(branch("line", "Kunmin", "Dali", 17));
  const std::string text = problems(builder);
  EXPECT_NE(text.find("grid.yaml:17:5: branch 'line': its from bus 'Kunmin' does not exist"), std::string::npos)
      << text;
  EXPECT_NE(text.find("did you mean 'Kunming'?"), std::string::npos) << text;
}

TEST(GridBuilder, ADuplicateNameIsReportedWithTheLineOfTheFirst) {
  GridBuilder builder;
  builder.add(bus("a", 4));
  builder.add(bus("a", 9));
  builder.add(bus("b", 10));
  builder.add(branch("k", "a", "b", 20));
  builder.add(branch("k", "b", "a", 21));
  const std::string text = problems(builder);
  EXPECT_NE(text.find("grid.yaml:9:3: bus 'a': the bus name 'a' was already used in line 4"), std::string::npos)
      << text;
  EXPECT_NE(text.find("grid.yaml:21:5: branch 'k': the branch name 'k' was already used in line 20"), std::string::npos)
      << text;
}

TEST(GridBuilder, AllProblemsAreReportedInOneGo) {
  GridBuilder builder;
  builder.add(bus("a", 1));
  builder.add(bus("", 2));
  builder.add(branch("loop", "a", "a", 3));
  builder.add(branch("nowhere", "x", "y", 4));
  Diagnostics diagnostics;
  (void)builder.build(diagnostics);
  EXPECT_EQ(diagnostics.size(), 4U) << problems(builder);
  EXPECT_THROW(diagnostics.throw_if_any(), InputError);
}

TEST(GridBuilder, AnInvalidBaseIsReported) {
  for (const double base : {0.0, -1.0, std::nan("")}) {
    EXPECT_NE(problems(GridBuilder(base)).find("base_mva"), std::string::npos);
  }
}

struct BadBus {
  const char* promise;
  std::function<void(BusSpec&)> spoil;
  const char* expected;
};

TEST(GridBuilder, BusAttributesOutOfRangeAreReported) {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<BadBus> cases{
      {"zero voltage", [](BusSpec& b) { b.vn_kv = 0.0; }, "vn_kv is 0"},
      {"infinite voltage", [=](BusSpec& b) { b.vn_kv = infinity; }, "vn_kv is inf"},
      {"shunt", [=](BusSpec& b) { b.gs_mw = nan; }, "gs_mw is nan"},
      {"shunt", [=](BusSpec& b) { b.bs_mvar = infinity; }, "bs_mvar is inf"},
      {"band upside down", [](BusSpec& b) { b.vm_min_pu = 1.2; }, "voltage band is 1.2 to 1.1"},
      {"band", [=](BusSpec& b) { b.vm_max_pu = nan; }, "voltage band"},
  };
  for (const BadBus& bad : cases) {
    GridBuilder builder;
    BusSpec spec = bus("a", 8);
    bad.spoil(spec);
    builder.add(spec);
    const std::string text = problems(builder);
    EXPECT_NE(text.find(bad.expected), std::string::npos) << bad.promise << ": " << text;
    EXPECT_NE(text.find("grid.yaml:8:3"), std::string::npos) << bad.promise << ": " << text;
  }
}

struct BadBranch {
  const char* promise;
  std::function<void(BranchSpec&)> spoil;
  const char* expected;
};

TEST(GridBuilder, BranchAttributesOutOfRangeAreReported) {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<BadBranch> cases{
      {"zero impedance", [](BranchSpec& b) { b.x_pu = 0.0; }, "series impedance"},
      {"tiny impedance", [](BranchSpec& b) { b.x_pu = 1e-200; }, "series impedance"},
      {"tap", [](BranchSpec& b) { b.tap = 0.0; }, "tap is 0"},
      {"tap", [](BranchSpec& b) { b.tap = -1.0; }, "tap is -1"},
      {"rating", [](BranchSpec& b) { b.rating_mva = 0.0; }, "rating_mva is 0"},
      {"rating", [=](BranchSpec& b) { b.rating_mva = nan; }, "rating_mva is nan"},
      {"resistance", [=](BranchSpec& b) { b.r_pu = infinity; }, "r_pu is inf"},
      {"reactance", [=](BranchSpec& b) { b.x_pu = nan; }, "x_pu is nan"},
      {"charging", [=](BranchSpec& b) { b.b_pu = nan; }, "b_pu is nan"},
      {"conductance", [=](BranchSpec& b) { b.g_pu = nan; }, "g_pu is nan"},
      {"shift", [=](BranchSpec& b) { b.shift_deg = infinity; }, "shift_deg is inf"},
      {"loop", [](BranchSpec& b) { b.to_bus = b.from_bus; }, "leads from bus 'a' to itself"},
      {"name", [](BranchSpec& b) { b.name.clear(); }, "has no name"},
  };
  for (const BadBranch& bad : cases) {
    GridBuilder builder;
    builder.add(bus("a", 1));
    builder.add(bus("b", 2));
    BranchSpec spec = branch("k", "a", "b", 12);
    bad.spoil(spec);
    builder.add(spec);
    const std::string text = problems(builder);
    EXPECT_NE(text.find(bad.expected), std::string::npos) << bad.promise << ": " << text;
    EXPECT_NE(text.find("grid.yaml:12:5"), std::string::npos) << bad.promise << ": " << text;
  }
}

}  // namespace
}  // namespace gridplus
