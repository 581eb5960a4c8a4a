// Promise: RTS-GMLC becomes a scenario that holds what the source says, in our units; what is not carried over is said,
// and what is wrong is told with its place.
#include "scenarios/importers/rts_gmlc.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "scenarios/csv.hpp"
#include "scenarios/importers/rts_gmlc_series.hpp"
#include "tests/scenarios/importers/folder.hpp"
#include "tests/shared_data.hpp"

namespace gridplus::foreign {
namespace {

constexpr double k_gj_per_mmbtu = 1.05505585262;

/// Three buses in two areas; one unit of each kind; two hours.
class SmallSystem : public ::testing::Test {
 protected:
  SmallSystem() {
    write(
        "bus.csv",
        "\"Bus ID\",Bus Name,BaseKV,Bus Type,MW Load,MVAR Load,V Mag,V Angle,MW Shunt G,MVAR Shunt B,Area\r\n"
        "101,Abel,138,Ref,30,10,1,0,0,-20,1\r\n102,Adams,138,PV,90,0,1,0,0,0,1\r\n201,Bach,230,PQ,50,10,1,0,0,0,2\r\n");
    write("branch.csv",
          "UID,From Bus,To Bus,R,X,B,Cont Rating,LTE Rating,Tr Ratio\n"
          "A1,101,102,0.01,0.1,0.02,175,200,0\nAB1,102,201,0,0.08,0,400,500,1.03\n");
    write("dc_branch.csv", "UID,From Bus,To Bus,MW Load\r\nDC1,101,201,100\r\n");
    write("gen.csv", k_units);
    write("storage.csv",
          "GEN UID,Storage,Max Volume GWh,Initial Volume GWh,position\n"
          "201_CSP_1,201_CSP_HEAD,1.2,0,head\n"
          "201_STORAGE_1,201_HEAD,0.15,0.03,head\n201_STORAGE_1,201_TAIL,0.15,0.03,tail\n");
    write("simulation_objects.csv",
          "Simulation_Parameters,Description,DAY_AHEAD,REAL_TIME\nPeriod_Resolution,seconds,3600,1800\n");
    write("timeseries_pointers.csv", k_pointers);
    series("Load", "DAY_AHEAD_regional_Load.csv", "1,2", "100,40", "110,50");
    series("Hydro", "DAY_AHEAD_hydro.csv", "101_HYDRO_1", "20", "25");
    series("WIND", "DAY_AHEAD_wind.csv", "102_WIND_1", "60", "0.1");
    series("CSP", "DAY_AHEAD_inflow.csv", "201_CSP_1", "0", "391.1");
    folder_.write("DATA_USE_DISCLAIMER.md", "the whole notice");
  }

  void write(const std::string& name, std::string_view text) { folder_.write("SourceData/" + name, text); }
  void series(const std::string& kind, const std::string& name, const std::string& columns, const std::string& first,
              const std::string& second) {
    folder_.write("timeseries/" + kind + "/" + name,
                  "Year,Month,Day,Period," + columns + "\n2020,1,1,1," + first + "\n2020,1,1,2," + second + "\n");
  }
  ImportedFiles import(const ImportOptions& options = {}) {
    return import_scenario("rts-gmlc", folder_.path(), options);
  }
  std::string problems(const ImportOptions& options = {}) {
    return test::problems_of([&] { (void)import(options); });
  }

  static constexpr std::string_view k_units =
      "GEN UID,Bus ID,Gen ID,Category,Fuel,MW Inj,V Setpoint p.u.,PMax MW,PMin MW,QMax MVAR,QMin MVAR,Min Down Time "
      "Hr,Min Up Time Hr,Ramp Rate MW/Min,Start Time Cold Hr,Start Time Warm Hr,Start Time Hot Hr,Start Heat Cold "
      "MBTU,Start Heat Warm MBTU,Start Heat Hot MBTU,Non Fuel Start Cost $,FOR,Fuel Price "
      "$/MMBTU,Output_pct_0,Output_pct_1,Output_pct_2,HR_avg_0,HR_incr_1,HR_incr_2,VOM,Emissions SO2 "
      "Lbs/MMBTU,Emissions CO2 Lbs/MMBTU,Pump Load MW,Storage Roundtrip Efficiency,MTTF Hr,MTTR Hr\n"
      "101_STEAM_1,101,1,Coal,Coal,50,1.04,76,30,30,-25,4,8,2,12,10,3,5284.8,4861.4,3379.4,7,0.02,2.11399,0.394736842,"
      "0.7,1,13270,6713,8028,0.5,Unit-specific,210,0,0,1960,40\n"
      "101_HYDRO_1,101,1,Hydro,Hydro,50,1.04,50,0,16,-10,0,0,50,0,0,0,0,0,0,0,0.01,0,1,0,0,3412,0,0,0,0,0,0,0,0,0\n"
      "102_WIND_1,102,1,Wind,Wind,0,1,80,0,0,0,0,0,80,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n"
      "102_SYNC_1,102,1,Sync_Cond,Sync_Cond,0,1.05,0,0,200,-50,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n"
      "201_CSP_1,201,1,CSP,Solar,0,1,200,30,0,0,1,1,20,1,0.5,0.17,0,0,0,10000,0.04,0,0.15,0.33,0.6,0.83,0.98,1.05,1.1,"
      "0,0,0,0,0,0\n"
      "201_STORAGE_1,201,1,Storage,Storage,0,1,50,0,0,0,0,0,50,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,40,81,0,0\n";
  static constexpr std::string_view k_pointers =
      "Simulation,Category,Object,Parameter,Scaling Factor,Data File\n"
      "DAY_AHEAD,Generator,101_HYDRO_1,PMax MW,52.5,../timeseries_data_files/HYDRO/DAY_AHEAD_hydro.csv\n"
      "DAY_AHEAD,Generator,101_HYDRO_1,PMin MW,52.5,../timeseries_data_files/HYDRO/DAY_AHEAD_hydro.csv\n"
      "DAY_AHEAD,Generator,102_WIND_1,PMax MW,80,../timeseries_data_files/WIND/DAY_AHEAD_wind.csv\n"
      "DAY_AHEAD,Generator,201_CSP_HEAD,Natural_Inflow,200,../timeseries_data_files/CSP/DAY_AHEAD_inflow.csv\n"
      "DAY_AHEAD,Area,1,MW Load,2850,../timeseries_data_files/Load/DAY_AHEAD_regional_load.csv\n"
      "DAY_AHEAD,Area,2,MW Load,2850,../timeseries_data_files/Load/DAY_AHEAD_regional_load.csv\n"
      "DAY_AHEAD,Reserve,Flex_Up,Requirement,1,../timeseries_data_files/Reserves/none.csv\n";
  test::Folder folder_;
};

TEST_F(SmallSystem, TheFirstFileIsTheScenarioAndNamesAllTables) {
  const ImportedFiles made = import();
  EXPECT_EQ(made.files.front().first, "scenario.yaml");
  const std::string& yaml = made.files.front().second;
  for (const char* table :
       {"buses", "branches", "loads", "thermal", "must_take", "curtailable", "condensers", "storage"}) {
    EXPECT_NE(yaml.find(std::string("table: ") + table + ".csv"), std::string::npos) << table << '\n' << yaml;
    EXPECT_TRUE(test::has_file(made, std::string(table) + ".csv"));
  }
  EXPECT_NE(yaml.find("start: 2020-01-01T00:00-07:00"), std::string::npos);
  EXPECT_NE(yaml.find("steps: 2\n"), std::string::npos);
  EXPECT_NE(yaml.find("step: 60 min"), std::string::npos);
}

TEST_F(SmallSystem, TheNoticeOfTheDataTravels) {
  EXPECT_EQ(test::file_text(import(), "DATA_USE_DISCLAIMER.md"), "the whole notice");
  std::filesystem::remove(folder_.path() / "DATA_USE_DISCLAIMER.md");
  EXPECT_TRUE(test::has_note(import(), "lacks NREL's data use disclaimer"));
}

TEST_F(SmallSystem, HeatRatesBecomeFuelPerHourInGigajoule) {
  const ImportedFiles made = import();
  const std::string table = test::file_text(made, "thermal.csv");
  csv::Reader reader = csv::Reader::over(table, "thermal.csv");
  ASSERT_TRUE(reader.next());
  const std::string curve(reader.row()[reader.need("fuel_curve [MW:GJ/h]")]);
  double p[3], fuel[3];
  ASSERT_EQ(std::sscanf(curve.c_str(), "%lf:%lf %lf:%lf %lf:%lf", &p[0], &fuel[0], &p[1], &fuel[1], &p[2], &fuel[2]),
            6);
  EXPECT_EQ(p[0], 30.0);
  EXPECT_NEAR(fuel[0], 30.0 * 13.270 * k_gj_per_mmbtu, 1e-9);
  EXPECT_NEAR(p[1], 53.2, 1e-12);
  EXPECT_NEAR(fuel[1], fuel[0] + 23.2 * 6.713 * k_gj_per_mmbtu, 1e-9);
  EXPECT_EQ(p[2], 76.0);
  EXPECT_NEAR(fuel[2], fuel[1] + 22.8 * 8.028 * k_gj_per_mmbtu, 1e-9);
  EXPECT_NEAR(reader.number(reader.need("fuel_price [USD/GJ]")), 2.11399 / k_gj_per_mmbtu, 1e-12);
  EXPECT_NEAR(reader.number(reader.need("emission_factor [t/GJ]")), 210 * 0.45359237e-3 / k_gj_per_mmbtu, 1e-12);
  EXPECT_NEAR(reader.number(reader.need("start_fuel [GJ]")), 5284.8 * k_gj_per_mmbtu, 1e-9);
  EXPECT_EQ(reader.number(reader.need("start_cost [USD]")), 7.0);
  EXPECT_EQ(reader.number(reader.need("ramp_rate [MW/min]")), 2.0);
  EXPECT_EQ(reader.number(reader.need("voltage [p.u.]")), 1.04);
  EXPECT_EQ(reader.number(reader.need("mttf [h]")), 1960.0);
  EXPECT_EQ(reader.number(reader.need("mttr [h]")), 40.0);
}

TEST_F(SmallSystem, UnitsThatNeverFailHaveNoTimes) {
  const ImportedFiles made = import();
  const std::string table = test::file_text(made, "curtailable.csv");
  csv::Reader reader = csv::Reader::over(table, "curtailable.csv");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.row()[reader.need("mttf [h]")], "");
  EXPECT_EQ(reader.row()[reader.need("mttr [h]")], "");
}

TEST_F(SmallSystem, StartsByTheHoursOfflineKeepAllThreeHeats) {
  const std::string table = test::file_text(import({{"start_heat", "by_time_offline"}}), "thermal.csv");
  csv::Reader reader = csv::Reader::over(table, "thermal.csv");
  ASSERT_TRUE(reader.next());
  const std::string curve(reader.row()[reader.need("start_fuel_curve [h:GJ]")]);
  double h[3], fuel[3];
  ASSERT_EQ(std::sscanf(curve.c_str(), "%lf:%lf %lf:%lf %lf:%lf", &h[0], &fuel[0], &h[1], &fuel[1], &h[2], &fuel[2]),
            6);
  EXPECT_EQ(h[0], 0.0);
  EXPECT_EQ(h[1], 10.0);
  EXPECT_EQ(h[2], 12.0);
  EXPECT_NEAR(fuel[0], 3379.4 * k_gj_per_mmbtu, 1e-9);
  EXPECT_NEAR(fuel[2], 5284.8 * k_gj_per_mmbtu, 1e-9);
}

TEST_F(SmallSystem, FixedAndCurtailableUnitsGoApart) {
  const ImportedFiles made = import();
  EXPECT_NE(
      test::file_text(made, "must_take.csv").find("101_HYDRO_1,101,hydro,Hydro,50,hydro.csv#101_HYDRO_1,1.04,-10,16"),
      std::string::npos);
  EXPECT_NE(test::file_text(made, "curtailable.csv").find("102_WIND_1,102,wind,Wind,80,wind.csv#102_WIND_1,0,,,"),
            std::string::npos);
  EXPECT_NE(test::file_text(made, "condensers.csv").find("102_SYNC_1,102,Sync_Cond,1.05,-50,200"), std::string::npos);
}

TEST_F(SmallSystem, TheScalingFactorMultipliesNothing) {
  EXPECT_EQ(test::file_text(import(), "wind.csv"),
            "time,102_WIND_1 [MW]\n2020-01-01T00:00-07:00,60\n2020-01-01T01:00-07:00,0.1\n");
}

TEST_F(SmallSystem, LoadIsTheBusesShareOfItsArea) {
  const std::string loads = test::file_text(import(), "loads.csv");
  EXPECT_NE(loads.find("load_101,101,regional_load.csv#1 * 0.25,"), std::string::npos) << loads;
  EXPECT_NE(loads.find("load_102,102,regional_load.csv#1 * 0.75,1,"), std::string::npos) << loads;
  EXPECT_NE(loads.find("load_201,201,regional_load.csv#2,"), std::string::npos) << loads;
  csv::Reader reader = csv::Reader::over(loads, "loads.csv");
  ASSERT_TRUE(reader.next());
  EXPECT_NEAR(reader.number(reader.need("power_factor")), 30.0 / std::sqrt(1000.0), 1e-15);
}

TEST_F(SmallSystem, TheConcentratingPlantGivesItsInflowAndTheNotesSaySo) {
  const ImportedFiles made = import();
  EXPECT_NE(test::file_text(made, "curtailable.csv").find("201_CSP_1,201,solar,CSP,200,inflow.csv#201_CSP_1,1.1"),
            std::string::npos);
  EXPECT_TRUE(test::has_note(made, "201_CSP_1: the natural inflow of its thermal store"));
}

TEST_F(SmallSystem, StorageSplitsItsRoundTripEfficiency) {
  EXPECT_NE(test::file_text(import(), "storage.csv").find("201_STORAGE_1,201,Storage,50,40,150,0.9,0.9,0.2"),
            std::string::npos);
}

TEST_F(SmallSystem, TheDcLinkCarriesWhatTheOptionSays) {
  EXPECT_NE(import().files.front().second.find("{name: DC1, from: \"101\", to: \"201\", transfer: 0 MW}"),
            std::string::npos);
  EXPECT_NE(import({{"hvdc_transfer", "0.05 GW"}}).files.front().second.find("transfer: 50 MW"), std::string::npos);
  EXPECT_NE(problems({{"hvdc_transfer", "50 MVAr"}}).find("option hvdc_transfer"), std::string::npos);
}

TEST_F(SmallSystem, NothingIsLeftOutInSilence) {
  const ImportedFiles made = import();
  EXPECT_TRUE(test::has_note(made, "Columns of gen.csv not carried over: Gen ID, MW Inj"));
  EXPECT_TRUE(test::has_note(made, "FOR"));
  EXPECT_TRUE(test::has_note(made, "Emissions SO2 Lbs/MMBTU"));
  EXPECT_TRUE(test::has_note(made, "Columns of branch.csv not carried over: LTE Rating."));
  EXPECT_TRUE(test::has_note(made, "Reserve products"));
  const std::string readme = test::file_text(made, "README.md");
  for (const std::string& note : made.notes) EXPECT_NE(readme.find(note), std::string::npos) << note;
}

TEST_F(SmallSystem, RealTimeFallsBackToTheDayAheadSeriesWhereItMustAndSaysSo) {
  std::string pointers(k_pointers);
  for (const char* line : {"REAL_TIME,Generator,101_HYDRO_1,PMax MW,1,../x/HYDRO/REAL_TIME_hydro.csv\n",
                           "REAL_TIME,Generator,101_HYDRO_1,PMin MW,1,../x/HYDRO/REAL_TIME_hydro.csv\n",
                           "REAL_TIME,Generator,102_WIND_1,PMax MW,1,../x/WIND/REAL_TIME_wind.csv\n",
                           "REAL_TIME,Generator,201_CSP_HEAD,Natural_Inflow,1,../x/CSP/REAL_TIME_inflow.csv\n",
                           "REAL_TIME,Area,1,MW Load,1,../x/Load/REAL_TIME_load.csv\n",
                           "REAL_TIME,Area,2,MW Load,1,../x/Load/REAL_TIME_load.csv\n"})
    pointers += line;
  write("timeseries_pointers.csv", pointers);
  const std::string times = "\n2020,1,1,1,1,1\n2020,1,1,2,2,2\n2020,1,1,3,3,3\n2020,1,1,4,4,4\n";
  folder_.write("timeseries/Load/REAL_TIME_load.csv", "Year,Month,Day,Period,1,2" + times);
  const ImportedFiles made = import({{"resolution", "real_time"}});
  EXPECT_NE(made.files.front().second.find("step: 30 min"), std::string::npos);
  EXPECT_EQ(test::file_text(made, "hydro.csv"),
            "time,101_HYDRO_1 [MW]\n2020-01-01T00:00-07:00,20\n2020-01-01T00:30-07:00,21.25\n"
            "2020-01-01T01:00-07:00,23.75\n2020-01-01T01:30-07:00,25\n");
  EXPECT_TRUE(test::has_note(made, "hydro.csv: the source has no real-time series"));
}

TEST_F(SmallSystem, EveryUnknownBusAndBadNumberIsToldWithItsPlace) {
  write("branch.csv",
        "UID,From Bus,To Bus,R,X,B,Cont Rating,Tr Ratio\nA1,101,120,0.01,0.1,0.02,175,0\nAB1,102,201,0,x,0,400,1\n");
  const std::string text = problems();
  EXPECT_NE(text.find("SourceData/branch.csv:2:8: To Bus: there is no bus '120'"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean '101'?"), std::string::npos) << text;
  EXPECT_NE(text.find("SourceData/branch.csv:3:15: X: "), std::string::npos) << text;
}

TEST_F(SmallSystem, MissingFilesAndColumnsAreTold) {
  std::filesystem::remove(folder_.path() / "timeseries/WIND/DAY_AHEAD_wind.csv");
  EXPECT_NE(problems().find("timeseries_pointers.csv:4:"), std::string::npos) << problems();
  series("WIND", "DAY_AHEAD_wind.csv", "another", "1", "2");
  EXPECT_NE(problems().find("has no column '102_WIND_1'"), std::string::npos) << problems();
  std::filesystem::remove(folder_.path() / "SourceData/branch.csv");
  EXPECT_NE(problems().find("branch.csv: the file is missing"), std::string::npos) << problems();
}

TEST_F(SmallSystem, AHoleInTimeIsToldWithItsLine) {
  folder_.write("timeseries/WIND/DAY_AHEAD_wind.csv", "Year,Month,Day,Period,102_WIND_1\n2020,1,1,1,5\n2020,1,1,3,5\n");
  const std::string text = problems();
  EXPECT_NE(text.find("DAY_AHEAD_wind.csv:3:1: this row does not follow the one before it"), std::string::npos) << text;
}

TEST_F(SmallSystem, ASeriesThatEndsEarlierThanTheOthersIsTold) {
  folder_.write("timeseries/WIND/DAY_AHEAD_wind.csv", "Year,Month,Day,Period,102_WIND_1\n2020,1,1,1,5\n");
  EXPECT_NE(problems().find("the series has 1 steps"), std::string::npos) << problems();
}

TEST_F(SmallSystem, AUnitWithoutFuelOrSeriesIsTold) {
  write("gen.csv", test::replaced(std::string(k_units), "102_WIND_1", "102_WIND_9"));
  const std::string text = problems();
  EXPECT_NE(text.find("unit '102_WIND_9' has neither a fuel nor a time series"), std::string::npos) << text;
  EXPECT_NE(text.find("there is no unit '102_WIND_1'"), std::string::npos) << text;
}

TEST_F(SmallSystem, AnAreaWithLoadButNoSeriesIsTold) {
  write("timeseries_pointers.csv", test::replaced(std::string(k_pointers), "Area,2", "Area,3"));
  EXPECT_NE(problems().find("area '2' has load but no load series"), std::string::npos) << problems();
}

TEST(InterpolateMeans, KeepsTheSumAndMeetsConstants) {
  const std::vector<double> hours = {0, 0, 4, 12, 6, 0, 0};
  const std::vector<double> fine = rts_gmlc::interpolate_means(hours, 3600, 300);
  ASSERT_EQ(fine.size(), hours.size() * 12);
  EXPECT_NEAR(std::accumulate(fine.begin(), fine.end(), 0.0) / 12.0, 22.0, 1e-12);
  EXPECT_GE(*std::min_element(fine.begin(), fine.end()), 0.0);
  EXPECT_EQ(rts_gmlc::interpolate_means({3, 3}, 3600, 1800), (std::vector<double>{3, 3, 3, 3}));
}

/// Sum of every column of a table, by name without its unit.
std::map<std::string, double> column_sums(csv::Reader reader, std::size_t first) {
  std::map<std::string, double> sums;
  while (reader.next())
    for (std::size_t c = first; c < reader.header().size(); ++c)
      sums[reader.header()[c].substr(0, reader.header()[c].find(" ["))] += reader.number(c);
  return sums;
}

TEST(RtsGmlc, EverySeriesKeepsTheSumOfItsSource) {
  GRIDPLUS_NEED_SHARED();
  const auto source = test::shared_folder() / "data/rts_gmlc";
  const ImportedFiles made = import_scenario("rts-gmlc", source);
  const std::map<std::string, std::string> files = {{"hydro.csv", "Hydro/DAY_AHEAD_hydro.csv"},
                                                    {"pv.csv", "PV/DAY_AHEAD_pv.csv"},
                                                    {"rtpv.csv", "RTPV/DAY_AHEAD_rtpv.csv"},
                                                    {"wind.csv", "WIND/DAY_AHEAD_wind.csv"},
                                                    {"regional_load.csv", "Load/DAY_AHEAD_regional_Load.csv"},
                                                    {"natural_inflow.csv", "CSP/DAY_AHEAD_Natural_Inflow.csv"}};
  for (const auto& [ours, theirs] : files) {
    const std::string text = test::file_text(made, ours);
    const auto written = column_sums(csv::Reader::over(text, ours), 1);
    const auto read = column_sums(csv::Reader::open(source / "timeseries" / theirs), 4);
    EXPECT_EQ(written, read) << ours;
  }
}

TEST(RtsGmlc, EveryUnitOfTheSourceIsInExactlyOneTable) {
  GRIDPLUS_NEED_SHARED();
  const auto source = test::shared_folder() / "data/rts_gmlc";
  const ImportedFiles made = import_scenario("rts-gmlc", source);
  std::map<std::string, int> seen;
  for (const char* table : {"thermal.csv", "must_take.csv", "curtailable.csv", "condensers.csv", "storage.csv"}) {
    const std::string text = test::file_text(made, table);
    csv::Reader reader = csv::Reader::over(text, table);
    while (reader.next()) ++seen[std::string(reader.row()[0])];
  }
  csv::Reader units = csv::Reader::open(source / "SourceData/gen.csv");
  std::size_t count = 0;
  while (units.next()) {
    ++count;
    EXPECT_EQ(seen[std::string(units.row()[0])], 1) << units.row()[0];
  }
  EXPECT_EQ(count, 158u);
  EXPECT_EQ(seen.size(), count);
}

}  // namespace
}  // namespace gridplus::foreign
