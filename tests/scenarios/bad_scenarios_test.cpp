// Every wrong scenario of bad/ is refused with the messages beside it, in short time.
//
// NAME.yaml     the scenario; NAME.set, where there is one, holds a value for --set
// NAME.expected one line a message, in order; parts divided by ` || ` must stand in the message in that order
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "scenarios/load.hpp"
#include "sim/step/model.hpp"
#include "tests/scenarios/temporary_folder.hpp"

namespace gridplus {
namespace {

namespace fs = std::filesystem;

const fs::path k_folder = fs::path(GRIDPLUS_TEST_SCENARIOS) / "bad";
constexpr std::chrono::seconds k_longest{10};

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> bad_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(k_folder))
    if (entry.path().extension() == ".expected") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// Whether all parts of `expected` stand in `message`, one after the other, the first at its begin.
bool matches(const std::string& message, const std::string& expected) {
  std::size_t at = 0;
  for (std::size_t begin = 0; begin <= expected.size();) {
    const std::size_t end = std::min(expected.find(" || ", begin), expected.size());
    const std::string part = expected.substr(begin, end - begin);
    const std::size_t found = message.find(part, at);
    if (found == std::string::npos || (begin == 0 && found != 0)) return false;
    at = found + part.size();
    begin = end + 4;
  }
  return true;
}

std::vector<Diagnostic> diagnostics_of(const fs::path& file, const LoadOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Diagnostic> found = validate_scenario(file, options);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, k_longest);
  return found;
}

class BadScenario : public ::testing::TestWithParam<std::string> {};

TEST_P(BadScenario, IsRefusedWithItsMessage) {
  LoadOptions options;
  options.sets = lines_of(k_folder / (GetParam() + ".set"));
  const fs::path before = fs::current_path();
  fs::current_path(k_folder);  // messages name files as the user does
  const std::vector<Diagnostic> found = diagnostics_of(GetParam() + ".yaml", options);
  fs::current_path(before);
  const std::vector<std::string> expected = lines_of(k_folder / (GetParam() + ".expected"));
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(found.size(), expected.size()) << (found.empty() ? "" : InputError(found).what());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(matches(found[i].text(), expected[i]))
        << "message:  " << found[i].text() << "\nexpected: " << expected[i];
}

INSTANTIATE_TEST_SUITE_P(Bad, BadScenario, ::testing::ValuesIn(bad_names()), [](const auto& bad) { return bad.param; });

TEST(BadScenarios, AreAtLeastSixty) {
  EXPECT_GE(bad_names().size(), 60U);
}

std::string scenario_with_demand(const std::string& demand) {
  std::string text =
      "gridplus: 1\ntime: {start: 2018-01-01, steps: 2}\n"
      "grid: {buses: [{name: a, voltage: 10 kV}]}\n"
      "producers: [{name: g, model: external_grid, bus: a, import_limit: 1 MW, import_price: 1 EUR/MWh}]\n"
      "consumers: [{name: d, model: load, bus: a, demand: ";
  return text.append(demand).append("}]\n");
}

TEST(BadScenarios, AProfileOfOneGigabyteIsRefusedWithoutReadingIt) {
  const test::TemporaryFolder folder;
  const fs::path table = folder.write("huge.csv", "time,a [MW]\n0,1\n");
  fs::resize_file(table, 1'000'000'000);
  const auto found = diagnostics_of(folder.write("s.yaml", scenario_with_demand("'huge.csv#a'")), {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].problem.find("1000 MB"), std::string::npos) << found[0].text();
}

TEST(BadScenarios, ABinaryProfileIsRefusedAtItsFirstRow) {
  const test::TemporaryFolder folder;
  const fs::path table = folder.write("zeros.csv", "");
  fs::resize_file(table, 100'000'000);
  const auto found = diagnostics_of(folder.write("s.yaml", scenario_with_demand("'zeros.csv#a'")), {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].problem.find("longer than"), std::string::npos) << found[0].text();
}

TEST(BadScenarios, AHugeScenarioIsRefusedWithoutReadingIt) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("s.yaml", "gridplus: 1\n");
  fs::resize_file(file, 1'000'000'000);
  const auto found = diagnostics_of(file, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].problem.find("1000 MB"), std::string::npos) << found[0].text();
}

TEST(BadScenarios, ASymbolicLinkMayNotLeaveTheFolder) {
  const test::TemporaryFolder folder;
  folder.write("outside/load.csv", "time,a [MW]\n0,1\n1,1\n");
  const fs::path file = folder.write("inside/s.yaml", scenario_with_demand("'link.csv#a'"));
  fs::create_symlink("../outside/load.csv", folder.path() / "inside/link.csv");
  const auto found = diagnostics_of(file, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].problem.find("outside the scenario's folder"), std::string::npos) << found[0].text();
  LoadOptions options;
  options.data_root = folder.path();
  EXPECT_TRUE(diagnostics_of(file, options).empty());
}

TEST(BadScenarios, AFolderLinkedFromInsideMayNotLeaveTheFolder) {
  const test::TemporaryFolder folder;
  folder.write("outside/load.csv", "time,a [MW]\n0,1\n1,1\n");
  const fs::path file = folder.write("inside/s.yaml", scenario_with_demand("'data/load.csv#a'"));
  fs::create_directory_symlink("../outside", folder.path() / "inside/data");
  const auto found = diagnostics_of(file, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].problem.find("outside the scenario's folder"), std::string::npos) << found[0].text();
}

TEST(BadScenarios, AMissingScenarioIsAnErrorOfFiles) {
  EXPECT_THROW((void)validate_scenario("/nonexistent/scenario.yaml"), IoError);
  EXPECT_THROW((void)validate_scenario(fs::temp_directory_path()), IoError);
}

TEST(BadScenarios, ManyWrongRowsDoNotFillTheScreen) {
  const test::TemporaryFolder folder;
  std::string rows = "name,model,bus,demand [MVAr]\n";
  for (int i = 0; i < 20000; ++i) rows.append("d").append(std::to_string(i)).append(",load,a,1\n");
  folder.write("rows.csv", rows);
  std::string text = scenario_with_demand("1 MW");
  text.replace(text.find("consumers:"), std::string::npos, "consumers: [{table: rows.csv}]\n");
  const auto found = diagnostics_of(folder.write("s.yaml", text), {});
  EXPECT_LE(found.size(), 201U);
  EXPECT_GE(found.size(), 200U);
}

}  // namespace
}  // namespace gridplus
