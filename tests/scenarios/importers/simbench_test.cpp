// Promise: a SimBench grid becomes a scenario that holds what its tables say; what is missing or not carried over is
// said, and what is wrong is told with its place.
#include "scenarios/importers/simbench.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "scenarios/csv.hpp"
#include "scenarios/importers/simbench_parts.hpp"
#include "tests/scenarios/importers/folder.hpp"
#include "tests/shared_data.hpp"

namespace gridplus::foreign {
namespace {

/// A medium-voltage node, a transformer, a busbar behind a closed switch, a line to a load with PV and a battery.
class SmallGrid : public ::testing::Test {
 protected:
  SmallGrid() {
    write("Node.csv",
          "id;type;vmSetp;vaSetp;vmR;vmMin;vmMax;subnet\nMV 1;busbar;1.025;0;20;0.965;1.055;MV\n"
          "LV aux;auxiliary;NULL;NULL;0.4;0.9;1.1;LV\nLV 1;busbar;NULL;NULL;0.4;0.9;1.1;LV\nLV "
          "2;busbar;NULL;NULL;0.4;0.9;1.1;LV\n");
    write("ExternalNet.csv", "id;node;calc_type;dspf\ngrid;MV 1;vavm;1\n");
    write("Switch.csv", "id;nodeA;nodeB;type;cond\ns1;LV aux;LV 1;CB;1\ns2;LV 1;LV 2;LBS;0\n");
    write("Line.csv", "id;nodeA;nodeB;type;length;loadingMax\nl1;LV 1;LV 2;NAYY;0.25;100\n");
    write("LineType.csv", "id;r;x;b;iMax;type\nNAYY;0.2;0.08;260;270;cable\n");
    write("Transformer.csv",
          "id;nodeHV;nodeLV;type;tappos;autoTap;autoTapSide;loadingMax\nt1;MV 1;LV aux;T16;1;0;NULL;100\n");
    write("TransformerType.csv",
          "id;sR;vmHV;vmLV;va0;vmImp;pCu;pFe;iNoLoad;tapable;tapside;dVm;dVa;tapNeutr;tapMin;tapMax\n"
          "T16;0.16;20;0.4;150;4;2.35;0.46;0.28751;1;HV;2.5;0;0;-2;2\n");
    write("Load.csv",
          "id;node;profile;pLoad;qLoad;sR\nhouse;LV 2;H0-A;0.006;0.002;0.0064\nshop;LV aux;L1-A;0.01;0;0.01\n");
    write("RES.csv", "id;node;type;profile;calc_type;pRES;qRES;sR\nroof;LV 2;PV;PV5;pq;0.04;0;0.04\n");
    write("Storage.csv",
          "id;node;type;profile;pStor;qStor;chargeLevel;sR;eStore;etaStore;sdStore;pMin;pMax\n"
          "cell;LV 2;PV_Storage;S;-0.01;0;0;0.01;0.02;0.95;0.13;-0.01;0\n");
    write("StudyCases.csv",
          "Study Case;pload;qload;Wind_p;PV_p;RES_p;Slack_vm\nhL;1;1;0;0;0;0.965\nlPV;0.1;0.12;0.85;0.95;1;1.055\n");
    write("LoadProfile.csv",
          "time;H0-A_pload;H0-A_qload;L1-A_pload;L1-A_qload\n01.01.2016 00:00;0.1;-0.2;0.3;0.4\n"
          "01.01.2016 00:15;0.5;0.6;0.7;0.8\n");
    write("RESProfile.csv", "time;PV5\n01.01.2016 00:00;0\n01.01.2016 00:15;0.25\n");
  }
  void write(const std::string& name, std::string_view text) { folder_.write("grid/" + name, text); }
  void remove(const std::string& name) { std::filesystem::remove(folder_.path() / "grid" / name); }
  ImportedFiles import(const ImportOptions& options = {}) {
    return import_scenario("simbench", folder_.path() / "grid", options);
  }
  std::string problems(const ImportOptions& options = {}) {
    return test::problems_of([&] { (void)import(options); });
  }
  test::Folder folder_;
};

TEST_F(SmallGrid, TheYearOfProfilesIsTheDefault) {
  const ImportedFiles made = import();
  const std::string& yaml = made.files.front().second;
  EXPECT_EQ(made.files.front().first, "scenario.yaml");
  EXPECT_NE(yaml.find("start: 2016-01-01T00:00+01:00"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("steps: 2\n  step: 15 min"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("voltage: 1.025 p.u."), std::string::npos) << yaml;
  EXPECT_NE(
      test::file_text(made, "loads.csv")
          .find("house,LV 2,H0-A,load_profiles.csv#H0-A_pload * 0.006 MW,load_profiles.csv#H0-A_qload * 0.002 MVAr"),
      std::string::npos);
  EXPECT_NE(test::file_text(made, "renewables.csv").find("roof,LV 2,solar,PV,0.04,res_profiles.csv#PV5 * 0.04 MW"),
            std::string::npos);
  EXPECT_EQ(test::file_text(made, "res_profiles.csv"),
            "time,PV5\n2016-01-01T00:00+01:00,0\n2016-01-01T00:15+01:00,0.25\n");
}

TEST_F(SmallGrid, NodesBehindClosedSwitchesAreOneBusAndOpenOnesAreNot) {
  const ImportedFiles made = import();
  const std::string buses = test::file_text(made, "buses.csv");
  EXPECT_EQ(buses.find("LV aux"), std::string::npos) << buses;
  EXPECT_NE(buses.find("LV 1,0.4,LV,0.9,1.1"), std::string::npos) << buses;
  EXPECT_NE(buses.find("LV 2,0.4,LV,0.9,1.1"), std::string::npos) << buses;
  EXPECT_NE(test::file_text(made, "transformers.csv").find("t1,MV 1,LV 1,"), std::string::npos);
  EXPECT_NE(test::file_text(made, "loads.csv").find("shop,LV 1,"), std::string::npos);
  EXPECT_TRUE(test::has_note(made, "1 switches are open"));
}

TEST_F(SmallGrid, LinesKeepOhmAndKilometreAndAreRatedByTheirCurrent) {
  const std::string lines = test::file_text(import(), "lines.csv");
  csv::Reader reader = csv::Reader::over(lines, "lines.csv");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.number(reader.need("r [ohm/km]")), 0.2);
  EXPECT_EQ(reader.number(reader.need("b [uS/km]")), 260.0);
  EXPECT_EQ(reader.number(reader.need("length [km]")), 0.25);
  EXPECT_NEAR(reader.number(reader.need("rating [MVA]")), std::numbers::sqrt3 * 0.4 * 0.27, 1e-15);
}

TEST_F(SmallGrid, AStudyCaseIsOneStepWithItsFactors) {
  const ImportedFiles made = import({{"case", "lPV"}});
  EXPECT_NE(made.files.front().second.find("steps: 1\n"), std::string::npos);
  EXPECT_NE(made.files.front().second.find("voltage: 1.055 p.u."), std::string::npos);
  EXPECT_NE(test::file_text(made, "loads.csv").find("shop,LV 1,L1-A,0.001 MW,0 MVAr"), std::string::npos);
  EXPECT_NE(test::file_text(made, "renewables.csv").find("roof,LV 2,solar,PV,0.04,0.038 MW"), std::string::npos);
  EXPECT_FALSE(test::has_file(made, "load_profiles.csv"));
  EXPECT_NE(problems({{"case", "hl"}}).find("did you mean 'hL'?"), std::string::npos);
}

TEST_F(SmallGrid, WithoutProfilesItIsOneStepAtRatingAndSaysSo) {
  remove("LoadProfile.csv");
  remove("RESProfile.csv");
  const ImportedFiles made = import();
  EXPECT_NE(test::file_text(made, "loads.csv").find("house,LV 2,H0-A,0.006 MW,0.002 MVAr"), std::string::npos);
  EXPECT_TRUE(test::has_note(made, "has no LoadProfile.csv"));
  EXPECT_NE(problems({{"case", "profiles"}}).find("needs LoadProfile.csv"), std::string::npos);
}

TEST_F(SmallGrid, ProfilesMayComeFromAnotherFolder) {
  for (const char* file : {"LoadProfile.csv", "RESProfile.csv"}) {
    std::filesystem::create_directories(folder_.path() / "other");
    std::filesystem::rename(folder_.path() / "grid" / file, folder_.path() / "other" / file);
  }
  const ImportedFiles made = import({{"profiles", (folder_.path() / "other").string()}});
  EXPECT_TRUE(test::has_file(made, "load_profiles.csv"));
}

TEST_F(SmallGrid, MissingProfilesAreRefusedKeptAtRatingOrLeftOutAsAsked) {
  write("Load.csv",
        "id;node;profile;pLoad;qLoad;sR\nhouse;LV 2;H0-A;0.006;0.002;0.0064\npump;LV 1;Soil;0.003;0.001;0.004\n");
  const std::string text = problems();
  EXPECT_NE(text.find("there is no profile for: Soil"), std::string::npos) << text;
  EXPECT_NE(text.find("missing_profile=leave_out"), std::string::npos) << text;
  const ImportedFiles rated = import({{"missing_profile", "rated"}});
  EXPECT_NE(test::file_text(rated, "loads.csv").find("pump,LV 1,Soil,0.003 MW,0.001 MVAr"), std::string::npos);
  EXPECT_TRUE(test::has_note(rated, "No profile for: Soil. What names one of them stays at its rating"));
  const ImportedFiles without = import({{"missing_profile", "leave_out"}});
  EXPECT_EQ(test::file_text(without, "loads.csv").find("pump"), std::string::npos);
  EXPECT_TRUE(test::has_note(without, "No profile for: Soil. What names one of them is left out"));
}

TEST_F(SmallGrid, StandingLossesOfADayBecomeThoseOfAMonth) {
  const std::string storage = test::file_text(import(), "storage.csv");
  csv::Reader reader = csv::Reader::over(storage, "storage.csv");
  ASSERT_TRUE(reader.next());
  EXPECT_NEAR(reader.number(reader.need("self_discharge [1/month]")), 1.0 - std::pow(0.9987, 730.0 / 24.0), 1e-15);
  EXPECT_EQ(reader.number(reader.need("capacity [MW]")), 0.01);
  EXPECT_EQ(reader.number(reader.need("energy_capacity [MWh]")), 0.02);
}

TEST_F(SmallGrid, AShuntCountsAtItsOwnRatedVoltage) {
  write("Shunt.csv", "id;node;p0;q0;vmR;step\nc;LV 2;0.001;-0.02;0.4;2\n");
  EXPECT_NE(test::file_text(import(), "buses.csv").find("LV 2,0.4,LV,0.9,1.1,0.002,0.04"), std::string::npos);
}

TEST_F(SmallGrid, ReactivePowerOfAUnitFollowsItsProfile) {
  write("RES.csv", "id;node;type;profile;calc_type;pRES;qRES;sR\nroof;LV 2;PV;PV5;pq;0.04;0.01;0.04\n");
  EXPECT_NE(
      test::file_text(import(), "reactive.csv").find("roof reactive,LV 2,PV,0 MW,res_profiles.csv#PV5 * -0.01 MVAr"),
      std::string::npos);
}

TEST_F(SmallGrid, TheVectorGroupIsLeftOutUnlessAsked) {
  const auto shift = [](const ImportedFiles& made) {
    const std::string text = test::file_text(made, "transformers.csv");
    csv::Reader reader = csv::Reader::over(text, "transformers.csv");
    return reader.next() ? reader.number(reader.need("shift [deg]")) : -1.0;
  };
  EXPECT_EQ(shift(import()), 0.0);
  EXPECT_EQ(shift(import({{"phase_shift", "on"}})), 150.0);
}

TEST_F(SmallGrid, ATapChangerKeepsItsPositionsAndBeginsAtTheOneOfTheData) {
  const std::string text = test::file_text(import(), "transformers.csv");
  csv::Reader reader = csv::Reader::over(text, "transformers.csv");
  ASSERT_TRUE(reader.next());
  const auto number = [&](const char* column) { return reader.number(reader.need(column)); };
  EXPECT_EQ(number("tap"), 1.0);  // at the neutral position
  EXPECT_EQ(number("tap_step"), 0.025);
  EXPECT_EQ(number("tap_lowest"), -2);
  EXPECT_EQ(number("tap_highest"), 2);
  EXPECT_EQ(number("tap_position"), 1);
  EXPECT_EQ(reader.row()[reader.need("tap_side")], "from");
  write("Transformer.csv",
        "id;nodeHV;nodeLV;type;tappos;autoTap;autoTapSide;loadingMax\nt1;MV 1;LV aux;T16;1;1;LV;100\n");
  EXPECT_TRUE(test::has_note(import(), "tap_control: voltage and tap_voltage turn control on"));
}

TEST_F(SmallGrid, WhatCannotBeRepresentedIsRefused) {
  write("PowerPlant.csv", "id;node\nplant;LV 1\n");
  EXPECT_NE(problems().find("PowerPlant.csv:2:1: the grid has 1 rows of a kind that is not read"), std::string::npos);
  remove("PowerPlant.csv");
  write("ExternalNet.csv", "id;node;calc_type;dspf\ngrid;MV 1;xWard;1\n");
  EXPECT_NE(problems().find("ExternalNet.csv:2:11: calc_type: this kind of external grid is not read"),
            std::string::npos)
      << problems();
}

TEST_F(SmallGrid, UnknownNodesAndTypesAreToldTogether) {
  write("Line.csv", "id;nodeA;nodeB;type;length;loadingMax\nl1;LV 1;LV 7;NAYX;0.25;100\n");
  const std::string text = problems();
  EXPECT_NE(text.find("Line.csv:2:9: nodeB: there is no node 'LV 7'"), std::string::npos) << text;
  EXPECT_NE(text.find("there is no line type 'NAYX'"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'NAYY'?"), std::string::npos) << text;
}

TEST_F(SmallGrid, ProfilesMustFollowTheClock) {
  write("RESProfile.csv", "time;PV5\n01.01.2016 00:00;0\n01.01.2016 00:15;0\n01.01.2016 00:45;0\n");
  EXPECT_NE(problems().find("RESProfile.csv:4:1: time: '01.01.2016 00:45' does not follow the row before it"),
            std::string::npos)
      << problems();
}

TEST(SimBenchProfiles, SummerTimeLeavesOutAnHourAndRepeatsOne) {
  const test::Folder folder;
  folder.write("spring.csv",
               "time;x\n27.03.2016 01:00;1\n27.03.2016 01:30;2\n27.03.2016 03:00;3\n27.03.2016 03:30;4\n");
  folder.write("autumn.csv",
               "time;x\n30.10.2016 01:30;1\n30.10.2016 02:00;2\n30.10.2016 02:30;3\n30.10.2016 02:00;4\n"
               "30.10.2016 02:30;5\n30.10.2016 03:00;6\n");
  Diagnostics problems;
  EXPECT_EQ(simbench::read_profiles(folder.path() / "spring.csv", problems).steps(), 4);
  EXPECT_TRUE(problems.empty());
  const auto autumn = simbench::read_profiles(folder.path() / "autumn.csv", problems);
  EXPECT_EQ(autumn.steps(), 6);
  EXPECT_EQ(format_time(autumn.start), "2016-10-30T00:30:00+01:00");
  EXPECT_TRUE(problems.empty());
}

TEST(SimBenchTransformer, ThePlateGivesThePiModel) {
  simbench::TransformerPlate plate;
  plate.rating_mva = 0.16;
  plate.hv_kv = 20;
  plate.lv_kv = 0.4;
  plate.impedance_percent = 4;
  plate.copper_kw = 2.35;
  plate.iron_kw = 0.46;
  plate.no_load_percent = 0.28751;
  plate.tap_step_percent = 2.5;
  plate.tap_position = -1;
  const auto pi = simbench::pi_model(plate, 20, 0.4, 1.0);
  EXPECT_NEAR(std::hypot(pi.r_pu, pi.x_pu), 0.04 / 0.16, 1e-15);
  EXPECT_NEAR(pi.r_pu, 0.00235 / 0.16 / 0.16, 1e-15);
  EXPECT_NEAR(pi.g_pu, 0.00046, 1e-15);
  EXPECT_NEAR(std::hypot(pi.g_pu, pi.b_pu), 0.0028751 * 0.16, 1e-15);
  EXPECT_LT(pi.b_pu, 0.0);
  EXPECT_NEAR(pi.tap, 0.975, 1e-15);
  plate.tap_at_hv = false;
  EXPECT_NEAR(simbench::pi_model(plate, 20, 0.4, 1.0).tap, 1.0 / 0.975, 1e-15);
  plate.copper_kw = 7;
  EXPECT_THROW((void)simbench::pi_model(plate, 20, 0.4, 1.0), std::invalid_argument);
}

TEST(SimBench, AllNineGridsAreReadAtEveryStudyCase) {
  GRIDPLUS_NEED_SHARED();
  std::size_t grids = 0;
  for (const auto& grid : std::filesystem::directory_iterator(test::shared_folder() / "data/simbench")) {
    if (!grid.is_directory()) continue;
    ++grids;
    for (const char* study_case : {"rated", "hL", "n1", "hW", "hPV", "lW", "lPV"})
      EXPECT_NO_THROW((void)import_scenario("simbench", grid.path(), {{"case", study_case}}))
          << grid.path() << study_case;
  }
  EXPECT_EQ(grids, 9u);
}

}  // namespace
}  // namespace gridplus::foreign
