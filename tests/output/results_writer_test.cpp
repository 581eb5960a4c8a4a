#include "output/results_writer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "output/compare.hpp"
#include "output/reader.hpp"
#include "sim/core/error.hpp"
#include "tests/output/synthetic_run.hpp"
#include "tests/output/temporary_folder.hpp"

namespace gridplus::output {
namespace {

class Results : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("run.h5");

  ResultsReader write(const Model& model, std::size_t block_steps = 24, int threads = 2,
                      const std::string& name = "run.h5") {
    ResultsFile file(model, folder_.file(name), {threads});
    test::SyntheticRun run(model, block_steps);
    test::record_to_the_end(run, file);
    return ResultsReader(folder_.file(name));
  }
};

TEST_F(Results, HoldEveryValueWithinTheRoundingTheyState) {
  const auto model = test::synthetic_model({});
  const ResultsReader results = write(*model);
  test::SyntheticRun run(*model, 100);
  const StepBlock& block = run.advance();
  const auto check = [&](const std::string& group, const GroupBlock& values) {
    for (std::size_t v = 0; v < values.variables().size(); ++v) {
      const VariableInfo& info = values.variables()[v];
      const std::vector<double> stored = results.read(group, std::string(info.name));
      const auto computed = values.steps_of(v, block.count);
      ASSERT_EQ(stored.size(), computed.size());
      const double bits = info.storage == Storage::exact ? 0.0 : info.significant_bits > 0 ? info.significant_bits : 24;
      for (std::size_t i = 0; i < stored.size(); ++i) {
        // Float32 follows the rounding to a resolution: half a unit of its last bit comes on top.
        const double relative = bits > 0.0 ? std::exp2(-bits) * std::abs(computed[i]) : 0.0;
        ASSERT_NEAR(stored[i], computed[i], relative + info.resolution / 2.0 + 1e-15) << group << "/" << info.name;
      }
    }
  };
  check("bus", block.bus);
  check("branch", block.branch);
  check("producer", block.producer);
  check("consumer", block.consumer);
  check("storage", block.storage);
  check("step", block.step);
}

TEST_F(Results, OfDoublePrecisionAreExact) {
  const auto model = test::synthetic_model({});
  model->record.double_precision = true;
  const ResultsReader results = write(*model);
  test::SyntheticRun run(*model, 100);
  const StepBlock& block = run.advance();
  const std::vector<double> stored = results.read("branch", "q_to_mvar");
  const auto computed = block.branch.steps_of(static_cast<std::size_t>(BranchVar::q_to_mvar), block.count);
  EXPECT_TRUE(std::ranges::equal(stored, computed));
}

TEST_F(Results, AreTheSameForEveryThreadCountAndBlockSize) {
  const auto model = test::synthetic_model({50, 60, 70, 40, 3, 1500});
  const ResultsReader one = write(*model, 24, 1, "one.h5");
  for (const int threads : {2, 8}) {
    const ResultsReader other = write(*model, static_cast<std::size_t>(7 * threads), threads, "other.h5");
    const Comparison comparison = compare_results(one, other);
    EXPECT_TRUE(comparison.same()) << comparison_text(comparison);
    EXPECT_GT(comparison.datasets, 80u);
  }
}

TEST_F(Results, StandUnderTheirNameOnlyWhenComplete) {
  const auto model = test::synthetic_model({});
  ResultsFile file(*model, path_, {});
  test::SyntheticRun run(*model, 10);
  while (!run.ended()) {
    file.record(run.advance());
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
  file.finish(run.summary());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".partial"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".assembling"));
}

TEST_F(Results, OfAFailedRunLeaveTheOldFileAndNoSpool) {
  const auto model = test::synthetic_model({});
  static_cast<void>(write(*model));
  const auto before = std::filesystem::last_write_time(path_);
  {
    ResultsFile file(*model, path_, {});
    test::SyntheticRun run(*model, 10);
    file.record(run.advance());
  }
  EXPECT_EQ(std::filesystem::last_write_time(path_), before);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".partial"));
}

TEST_F(Results, GiveBackTheSummary) {
  const auto model = test::synthetic_model({});
  const RunSummary summary = write(*model).summary();
  test::SyntheticRun run(*model, 100);
  static_cast<void>(run.advance());
  const RunSummary expected = run.summary();
  ASSERT_EQ(summary.kpis.size(), expected.kpis.size());
  EXPECT_EQ(summary.kpis[0].name, "energy_generated_mwh");
  EXPECT_EQ(summary.kpis[0].value, expected.kpis[0].value);
  EXPECT_EQ(summary.kpis[1].unit, "EUR");
  ASSERT_EQ(summary.categories.size(), 2u);
  EXPECT_EQ(summary.categories[1].category, "wind");
  EXPECT_EQ(summary.categories[1].curtailed_mwh, 100.0);
  ASSERT_EQ(summary.stage_times.size(), 2u);
  EXPECT_EQ(summary.stage_times[1].label, "network");
  EXPECT_EQ(summary.stage_times[1].wall_s, 0.5);
  EXPECT_EQ(summary.lowest_voltage.subject, "bus 2");
  EXPECT_EQ(summary.highest_loading.local_time, "2020-01-03 19:00");
  EXPECT_EQ(summary.steps, 100);
}

TEST_F(Results, HoldEventsAsATable) {
  const auto model = test::synthetic_model({});
  const ResultsReader results = write(*model);
  const auto times = results.read("event", "time");
  ASSERT_EQ(times.size(), 10u);
  EXPECT_EQ(static_cast<std::int64_t>(times[2]), model->time.at(23).utc);
  EXPECT_EQ(results.read_text("event", "kind")[2], "unit_started");
  EXPECT_EQ(results.read_text("event", "reason")[9], "demand rose above 100 MW");
  EXPECT_EQ(results.read("event", "event")[9], 9.0);
}

TEST_F(Results, HoldTheScenarioWhole) {
  const auto model = test::synthetic_model({});
  const ResultsReader results = write(*model);
  EXPECT_EQ(results.read_text("scenario", "file"), (std::vector<std::string>{"scenario.yaml", "base.yaml"}));
  EXPECT_EQ(results.read_text("scenario", "text")[0], model->provenance.files[0].second);
  EXPECT_EQ(results.read_text("scenario", "resolved_json")[0], model->provenance.resolved_json);
}

TEST_F(Results, HoldParametersOfEveryKind) {
  const auto model = test::synthetic_model({});
  const ResultsReader results = write(*model);
  EXPECT_EQ(results.read("toy_generator", "capacity")[1], 51.0);
  EXPECT_EQ(results.read("toy_generator", "units")[1], 2.0);
  EXPECT_EQ(results.find("toy_generator")->find("shape")->flag_meanings, "slow fast");
  EXPECT_EQ(results.read("toy_generator", "output")[1], 2.0);
  EXPECT_EQ(results.read_text("toy_generator", "output_profile")[1], "load.csv#east");
  EXPECT_EQ(results.read_text("toy_generator", "output_profile")[0], "");
  EXPECT_EQ(results.read("toy_generator", "fuel_curve_y")[1], 800.0);
  EXPECT_TRUE(std::isnan(results.read("toy_generator", "fuel_curve_y")[2]));
  EXPECT_EQ(results.find("toy_generator")->find("fuel_curve_y")->units, "GJ/h");
  EXPECT_EQ(results.read_text("branch", "from_bus")[0], "Bus Ü 1");
  EXPECT_TRUE(std::isinf(results.read("branch", "rating_mva")[1]));
}

TEST_F(Results, AverageOverTheStepsOfARow) {
  const auto model = test::synthetic_model({});
  model->record.every_steps = 24;
  model->record.statistics = {"mean", "min", "max"};
  const ResultsReader results = write(*model, 7);
  test::SyntheticRun run(*model, 100);
  const StepBlock& block = run.advance();
  const auto means = results.read("producer", "p_mw");
  const auto lowest = results.read("producer", "p_mw_min"), highest = results.read("producer", "p_mw_max");
  ASSERT_EQ(means.size(), 5u * 7u);
  for (const std::size_t row : {std::size_t{0}, std::size_t{4}}) {
    const std::size_t first = row * 24, count = row == 4 ? 4 : 24;
    double sum = 0.0, low = 1e9, high = -1e9;
    for (std::size_t s = first; s < first + count; ++s) {
      const double p = block.producer.at(static_cast<std::size_t>(ProducerVar::p_mw), s)[6];
      sum += p, low = std::min(low, p), high = std::max(high, p);
    }
    EXPECT_NEAR(means[row * 7 + 6], sum / static_cast<double>(count), k_resolution_mw);
    EXPECT_NEAR(lowest[row * 7 + 6], low, k_resolution_mw);
    EXPECT_NEAR(highest[row * 7 + 6], high, k_resolution_mw);
  }
  EXPECT_EQ(results.find("producer")->find("online")->type, "float32");
  EXPECT_EQ(results.read("toy_generator", "starts").size(), 5u * 7u);
}

TEST_F(Results, OfAYearOfTheSizeOfRtsGmlcTakeAThirdOfTheirRawBytesAtMost) {
  const auto model = test::synthetic_model(test::k_rts_year);
  const ResultsReader results = write(*model, 64);
  std::uint64_t values = 0;
  for (const GroupInfo& group : results.groups())
    for (const DatasetInfo& dataset : group.datasets)
      if (dataset.over_time() && dataset.name != "time") values += dataset.cells();
  EXPECT_GT(values, 25'000'000u);
  EXPECT_LE(static_cast<double>(results.file_size()), static_cast<double>(values * 4) / 3.0);
}

TEST_F(Results, AreRefusedAFolderAsTheirFile) {
  const auto model = test::synthetic_model({});
  EXPECT_THROW(ResultsFile(*model, folder_.path().string(), {}), IoError);
}

TEST_F(Results, AreWrittenByOneProcessAtATime) {
  const auto model = test::synthetic_model({});
  const ResultsFile first(*model, path_, {});
  EXPECT_THROW(ResultsFile(*model, path_, {}), IoError);
}

TEST(ResultsReader, SaysWhatIsWrongWithAFile) {
  const test::TemporaryFolder folder;
  const auto message = [](const std::string& path) -> std::string {
    try {
      const ResultsReader reader(path);
    } catch (const IoError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_NE(message(folder.file("no.h5")).find("there is no file"), std::string::npos);
  EXPECT_NE(message(folder.path().string()).find("is a folder"), std::string::npos);
  EXPECT_NE(message(GRIDPLUS_SOURCE_DIR "/LICENSE").find("is not an HDF5 file"), std::string::npos);
}

}  // namespace
}  // namespace gridplus::output
