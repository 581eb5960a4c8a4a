// Promise: what importers write is read back as it was meant, to the last digit.
#include "scenarios/importers/scenario_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "scenarios/csv.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::foreign {
namespace {

RC_GTEST_PROP(ScenarioText, NumbersReadBackAsTheSameDouble, (double value)) {
  RC_PRE(std::isfinite(value));
  RC_ASSERT(parse_number(number_text(value)) == value);
}

TEST(ScenarioText, NumbersAreShort) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(-0.0), "0");
  EXPECT_EQ(number_text(2850.0), "2850");
  EXPECT_EQ(number_text(-100000.0), "-100000");
  EXPECT_EQ(number_text(3e-6), "3e-06");
  EXPECT_EQ(quantity_text(0.5, "MW"), "0.5 MW");
}

TEST(ScenarioText, YamlWordsStayPlainAndAllElseIsQuoted) {
  EXPECT_EQ(yaml_text("rural1"), "rural1");
  EXPECT_EQ(yaml_text("113"), "\"113\"");
  EXPECT_EQ(yaml_text("no"), "\"no\"");
  EXPECT_EQ(yaml_text("a: b"), "\"a: b\"");
  EXPECT_EQ(yaml_text("say \"x\"\\"), "\"say \\\"x\\\"\\\\\"");
  EXPECT_EQ(yaml_text(""), "\"\"");
}

TEST(ScenarioText, ASeriesCellNamesFileColumnAndScale) {
  EXPECT_EQ(series_cell("pv.csv", "a", 1.0), "pv.csv#a");
  EXPECT_EQ(series_cell("load.csv", "1", 0.25), "load.csv#1 * 0.25");
  EXPECT_EQ(series_cell("load.csv", "H0", 1.0, "MW"), "load.csv#H0 * 1 MW");
}

TEST(ScenarioText, TablesAreReadBackCellByCell) {
  TableText table({"name", "note"});
  EXPECT_TRUE(table.empty());
  table.add({"a, b", "say \"x\""});
  table.add({"", "plain"});
  ASSERT_EQ(table.rows(), 2u);
  csv::Reader reader = csv::Reader::over(table.text(), "t.csv");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.row()[0], "a, b");
  EXPECT_EQ(reader.row()[1], "say \"x\"");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.row()[0], "");
}

TEST(ScenarioText, TimesCarryTheirOffset) {
  EXPECT_EQ(time_text(parse_time("2020-02-29T23:05-07:00")), "2020-02-29T23:05-07:00");
  EXPECT_EQ(time_text(parse_time("2020-02-29T23:05:30+05:30")), "2020-02-29T23:05:30+05:30");
  EXPECT_EQ(time_text(parse_time("2020-02-29T23:05Z")), "2020-02-29T23:05Z");
}

TEST(ScenarioText, SeriesBeginAtTheStartAndFollowTheStep) {
  const std::string text =
      series_text(parse_time("2016-12-31T23:45+01:00"), 900, {{"a [MW]", {1.5, 2.0}}, {"b", {0, 3}}});
  EXPECT_EQ(text, "time,a [MW],b\n2016-12-31T23:45+01:00,1.5,0\n2017-01-01T00:00+01:00,2,3\n");
}

}  // namespace
}  // namespace gridplus::foreign
