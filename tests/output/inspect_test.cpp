#include "output/inspect.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "output/results_writer.hpp"
#include "tests/output/synthetic_run.hpp"
#include "tests/output/temporary_folder.hpp"

namespace gridplus::output {
namespace {

class Inspect : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::unique_ptr<Model> model_ = test::synthetic_model({});

  ResultsReader results() {
    ResultsFile file(*model_, folder_.file("run.h5"), {});
    test::SyntheticRun run(*model_, 24);
    test::record_to_the_end(run, file);
    return ResultsReader(folder_.file("run.h5"));
  }
};

TEST_F(Inspect, TellsAPersonWhatTheFileHolds) {
  const std::string text = inspect_text(results());
  for (const char* expected :
       {"synthetic", "100 steps of 3600 s from 2020-01-01T00:00:00+08:00", "Key figures", "energy_generated_mwh",
        "12,500,000", "vm_pu", "[time 100, bus 5]", "lowest voltage", "2020-01-01 18:00", "coal", "network"})
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
}

TEST_F(Inspect, GivesProgramsTheSameAsJson) {
  const auto json = nlohmann::json::parse(inspect_json(results()));
  EXPECT_EQ(json["format"]["name"], "gridplus-results");
  EXPECT_EQ(json["attributes"]["steps"], 100);
  EXPECT_EQ(json["kpi"]["cost"]["value"], 12.5e6);
  EXPECT_EQ(json["kpi"]["cost"]["unit"], "EUR");
  EXPECT_EQ(json["category"]["wind"]["curtailed_mwh"], 100.0);
  EXPECT_EQ(json["extreme"]["lowest_voltage"]["subject"], "bus 2");
  EXPECT_EQ(json["groups"]["bus"]["variables"]["vm_pu"]["shape"], nlohmann::json::array({100, 5}));
  EXPECT_EQ(json["groups"]["bus"]["variables"]["vm_pu"]["units"], "1");
  EXPECT_GT(json["groups"]["bus"]["variables"]["vm_pu"]["stored_bytes"], 0);
}

}  // namespace
}  // namespace gridplus::output
