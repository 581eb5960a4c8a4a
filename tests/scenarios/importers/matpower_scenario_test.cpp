// Promise: a MATPOWER case becomes a scenario that holds its buses, branches, units and costs; what is not carried over
// is said.
#include "scenarios/importers/matpower_scenario.hpp"

#include <gtest/gtest.h>

#include "scenarios/csv.hpp"
#include "tests/scenarios/importers/folder.hpp"

namespace gridplus::foreign {
namespace {

/// Five buses, the last isolated; units of every kind.
class SmallCase : public ::testing::Test {
 protected:
  static constexpr std::string_view k_case =
      "function mpc = small\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
      "mpc.bus = [\n"
      " 1 3  0  0 0  0 1 1 0 110 1 1.1 0.9;\n"
      " 2 2 50 20 1  5 1 1 0 110 1 1.1 0.9;\n"
      " 3 1 -8  4 0  0 2 1 0 110 1 1.1 0.9;\n"
      " 4 2 10  0 0  0 2 1 0  20 1 1.1 0.9;\n"
      " 5 4 30 10 0  0 2 1 0  20 1 1.1 0.9;\n];\n"
      "mpc.gen = [\n"
      " 1  10 0  Inf -Inf 1.02 100 1 200   0;\n"
      " 2  25 5   30  -20 1.03 100 1  80  10;\n"
      " 2  -5 0   10  -10 1.01 100 1   0 -20;\n"
      " 3   6 2    5   -5 1.00 100 1  12   0;\n"
      " 4   0 0   40  -40 1.04 100 1  60   0;\n"
      " 4  20 0   40  -40 1.04 100 0  60   0;\n];\n"
      "mpc.branch = [\n"
      " 1 2 0.01 0.1  0.02 80 90 99 0     0  1 -360 360;\n"
      " 1 2 0.01 0.1  0.02  0  0  0 0     0  0 -360 360;\n"
      " 2 3 0.02 0.2  0     0  0  0 0     0  1  -30  30;\n"
      " 3 4 0    0.08 0    40  0  0 0.98 -5  1 -360 360;\n"
      " 4 5 0.01 0.1  0     0  0  0 0     0  1 -360 360;\n];\n"
      "mpc.gencost = [\n"
      " 2 0   0 3 0.1 20 5 0 0 0;\n"
      " 2 700 9 3 0.1 20 5 0 0 0;\n"
      " 2 0   0 2 20  5  0 0 0 0;\n"
      " 1 0   0 3 0 0 6 60 12 180;\n"
      " 1 0   0 3 0 0 30 900 60 1200;\n"
      " 2 0   0 2 10  0  0 0 0 0;\n];\n";

  ImportedFiles import(const ImportOptions& options = {}, std::string_view text = k_case) {
    folder_.write("small.m", text);
    return import_scenario("matpower", folder_.path() / "small.m", options);
  }
  test::Folder folder_;
};

TEST_F(SmallCase, BusesKeepTheirNumbersShuntsAndBands) {
  const std::string buses = test::file_text(import(), "buses.csv");
  EXPECT_NE(buses.find("\n2,110,1,1,5,0.9,1.1,\n"), std::string::npos) << buses;
  EXPECT_NE(buses.find("\n5,20,2,0,0,0.9,1.1,false\n"), std::string::npos) << buses;
}

TEST_F(SmallCase, BranchesKeepTapShiftRatingAndStatus) {
  const std::string branches = test::file_text(import(), "branches.csv");
  EXPECT_NE(branches.find("\n1-2,1,2,line,0.01,0.1,0.02,1,0,80,\n"), std::string::npos) << branches;
  EXPECT_NE(branches.find("\n1-2#2,1,2,line,0.01,0.1,0.02,1,0,,false\n"), std::string::npos) << branches;
  EXPECT_NE(branches.find("\n3-4,3,4,transformer,0,0.08,0,0.98,-5,40,\n"), std::string::npos) << branches;
}

TEST_F(SmallCase, LoadsMayBeNegativeAndThoseOfIsolatedBusesAreLeftOut) {
  const ImportedFiles made = import();
  const std::string loads = test::file_text(made, "loads.csv");
  EXPECT_NE(loads.find("load_3,3,-8,4\n"), std::string::npos) << loads;
  EXPECT_EQ(loads.find("load_5"), std::string::npos) << loads;
  EXPECT_TRUE(test::has_note(made, "Loads left out because their bus is not energised: 1"));
}

TEST_F(SmallCase, AsGivenEveryUnitIsFixedAndTheReferenceTakesTheRest) {
  const ImportedFiles made = import();
  const std::string units = test::file_text(made, "units.csv");
  EXPECT_NE(made.files.front().second.find("{name: unit_1, model: external_grid, bus: \"1\""), std::string::npos);
  EXPECT_NE(made.files.front().second.find("slack: single"), std::string::npos);
  // Of the two units at bus 2 the last one's set point holds.
  EXPECT_NE(units.find("unit_2,2,other,25,25,true,,"), std::string::npos) << units;
  EXPECT_NE(units.find(",700,1.01,-20,30\n"), std::string::npos) << units;
}

TEST_F(SmallCase, AUnitThatDrawsIsALoadWithACondenserAndOneAtAPqBusGivesItsReactivePower) {
  const ImportedFiles made = import();
  EXPECT_NE(test::file_text(made, "loads.csv").find("unit_2_2_drawn,2,5,0\n"), std::string::npos);
  EXPECT_NE(test::file_text(made, "condensers.csv").find("unit_2_2,2,1.01,-10,10\n"), std::string::npos);
  EXPECT_NE(test::file_text(made, "condensers.csv").find("unit_4,4,1.04,-40,40\n"), std::string::npos);
  EXPECT_NE(test::file_text(made, "loads.csv").find("unit_3_reactive,3,0,-2\n"), std::string::npos);
  EXPECT_NE(test::file_text(made, "units.csv").find("unit_3,3,other,6,6,true,,0:0 6:60 12:180,0,,,\n"),
            std::string::npos)
      << test::file_text(made, "units.csv");
  EXPECT_TRUE(test::has_note(made, "out of service: 1"));
}

TEST_F(SmallCase, DispatchedUnitsAreFreeBetweenTheirLimits) {
  const ImportedFiles made = import({{"generation", "dispatched"}, {"cost_points", "3"}});
  const std::string units = test::file_text(made, "units.csv");
  EXPECT_NE(units.find("unit_1,1,other,200,0,,,0:5 100:3005 200:8005,0,1.02,-100000,100000\n"), std::string::npos)
      << units;
  EXPECT_NE(units.find("unit_2,2,other,80,10,,,10:215 45:1107.5 80:2245,700,1.01,-20,30\n"), std::string::npos)
      << units;
  EXPECT_NE(made.files.front().second.find("slack: distributed"), std::string::npos);
}

TEST_F(SmallCase, CostsThatBendDownAndShutDownCostsAreTold) {
  const ImportedFiles made = import({{"generation", "dispatched"}});
  EXPECT_TRUE(test::has_note(made, "Costs that are not convex, and are made so when the scenario is read: 1"));
  EXPECT_TRUE(test::has_note(made, "Shut-down costs are not carried over; units that have one: 1"));
  EXPECT_TRUE(test::has_note(made, "rateB and rateC are not carried over"));
  EXPECT_TRUE(test::has_note(made, "Limits of voltage angle differences are not carried over"));
}

TEST_F(SmallCase, DcLinesCarryWhatTheCaseGivesThem) {
  const ImportedFiles made = import({}, std::string(k_case) +
                                            "mpc.dcline = [\n 1 3 1 20 19 0 0 1 1 0 50 -9 9 -9 9 0.6 0.02;\n"
                                            " 2 4 0 20 19 0 0 1 1 0 50 -9 9 -9 9 0 0;\n];\n");
  EXPECT_NE(made.files.front().second.find("{name: dc_1-3, from: \"1\", to: \"3\", transfer: 20 MW, loss: 0.05}"),
            std::string::npos)
      << made.files.front().second;
  EXPECT_EQ(made.files.front().second.find("dc_2-4"), std::string::npos);
  EXPECT_TRUE(test::has_note(made, "DC lines carry the power that the case gives them"));
}

TEST_F(SmallCase, AWrongOptionIsTold) {
  for (const char* points : {"1", "13", "2.5", "many"})
    EXPECT_NE(test::problems_of([&] {
                (void)import({{"cost_points", points}});
              }).find("a whole number from 2 to 12"),
              std::string::npos)
        << points;
  EXPECT_NE(test::problems_of([&] {
              (void)import({{"generation", "free"}});
            }).find("as_given, dispatched"),
            std::string::npos);
}

TEST_F(SmallCase, WhatIsNoCaseIsAnErrorWithItsLine) {
  EXPECT_NE(test::problems_of([&] {
              (void)import({}, "function mpc = x\nmpc.version = '2';\nsystem('ls');\n");
            }).find("small.m:3"),
            std::string::npos);
}

}  // namespace
}  // namespace gridplus::foreign
