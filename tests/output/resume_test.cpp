#include <gtest/gtest.h>

#include <fstream>

#include "output/compare.hpp"
#include "output/reader.hpp"
#include "output/results_writer.hpp"
#include "sim/core/error.hpp"
#include "tests/output/synthetic_run.hpp"
#include "tests/output/temporary_folder.hpp"

namespace gridplus::output {
namespace {

class Resume : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("run.h5");
  std::unique_ptr<Model> model_ = test::synthetic_model({20, 25, 30, 15, 2, 400});

  void SetUp() override {
    ResultsFile file(*model_, folder_.file("undisturbed.h5"), {2});
    test::SyntheticRun run(*model_, 24);
    test::record_to_the_end(run, file);
  }

  /// Leaves a spool behind as a kill does, with `blocks` recorded and a checkpoint after each `between`.
  void leave_unfinished(std::size_t blocks, std::size_t between) {
    ResultsFile file(*model_, path_, {2});
    test::SyntheticRun run(*model_, 24);
    for (std::size_t i = 1; i <= blocks; ++i) {
      file.record(run.advance());
      if (i % between == 0) file.checkpoint(run.checkpoint());
    }
  }

  void resume_to_the_end() {
    Resumed resumed = ResultsFile::resume(*model_, path_, {2});
    test::SyntheticRun run(*model_, 24);
    if (resumed.checkpoint) run.restore(*resumed.checkpoint);
    test::record_to_the_end(run, *resumed.file, 3);
  }

  void expect_undisturbed() {
    const Comparison comparison = compare_results(ResultsReader(folder_.file("undisturbed.h5")), ResultsReader(path_));
    EXPECT_TRUE(comparison.same()) << comparison_text(comparison);
  }

  void expect_something_to_continue() {
    EXPECT_TRUE(ResultsFile::resume(*model_, path_, {2}).checkpoint) << "what was left behind is gone";
  }

  std::string refusal(const Model& model) {
    try {
      static_cast<void>(ResultsFile::resume(model, path_, {2}));
    } catch (const IoError& error) {
      return error.what();
    }
    return {};
  }
};

TEST_F(Resume, ContinuesToTheSameResults) {
  for (const std::size_t blocks : {1u, 5u, 12u, 17u}) {
    leave_unfinished(blocks, 1);
    resume_to_the_end();
    expect_undisturbed();
  }
}

TEST_F(Resume, FromASpoolCutAnywhereGivesTheSameResults) {
  leave_unfinished(14, 2);
  std::string spool;
  {
    std::ifstream in(path_ + ".partial", std::ios::binary);
    spool.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (std::size_t cut = 0; cut <= 8; ++cut) {
    std::ofstream(path_ + ".partial", std::ios::binary) << spool.substr(0, spool.size() * cut / 8);
    resume_to_the_end();
    expect_undisturbed();
  }
}

TEST_F(Resume, WorksWithRowsOfSeveralSteps) {
  model_->record.every_steps = 5;
  {
    ResultsFile file(*model_, folder_.file("undisturbed.h5"), {2});
    test::SyntheticRun run(*model_, 24);
    test::record_to_the_end(run, file);
  }
  leave_unfinished(7, 1);  // 168 steps: the 34th row lacks two
  resume_to_the_end();
  expect_undisturbed();
}

TEST_F(Resume, WithNothingLeftBeginsAnew) {
  const Resumed resumed = ResultsFile::resume(*model_, path_, {});
  EXPECT_NE(resumed.file, nullptr);
  EXPECT_FALSE(resumed.checkpoint);
}

TEST_F(Resume, OfCompleteResultsHasNothingToDo) {
  const auto resumed = ResultsFile::resume(*model_, folder_.file("undisturbed.h5"), {});
  EXPECT_EQ(resumed.file, nullptr);
}

TEST_F(Resume, OnlyAssemblesWhatIsComputed) {
  std::filesystem::create_directory(path_ + ".assembling");  // in the way of the assembly
  std::ofstream(path_ + ".assembling/file") << "x";
  {
    ResultsFile file(*model_, path_, {2});
    test::SyntheticRun run(*model_, 24);
    EXPECT_THROW(test::record_to_the_end(run, file), IoError);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::filesystem::remove_all(path_ + ".assembling");
  Resumed resumed = ResultsFile::resume(*model_, path_, {2});
  ASSERT_TRUE(resumed.summary);
  resumed.file->finish(*resumed.summary);
  expect_undisturbed();
}

TEST_F(Resume, IsRefusedForAnotherScenario) {
  leave_unfinished(5, 1);
  const auto other = test::synthetic_model({20, 25, 30, 15, 2, 400});
  other->provenance.resolved_json = "{}";
  EXPECT_NE(refusal(*other).find("another scenario"), std::string::npos);
  expect_something_to_continue();
}

TEST_F(Resume, IsRefusedForOtherProfiles) {
  leave_unfinished(5, 1);
  const auto other = test::synthetic_model({20, 25, 30, 15, 2, 400});
  static_cast<void>(other->profiles.add("wind.csv#a", std::vector<double>(400, 0.5)));
  EXPECT_NE(refusal(*other).find("another profiles"), std::string::npos);
  expect_something_to_continue();
}

TEST_F(Resume, ANewRunDoesNotThrowAwayWhatCouldBeContinued) {
  leave_unfinished(5, 1);
  try {
    const ResultsFile file(*model_, path_, {});
    FAIL() << "an unfinished run was thrown away";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("--resume"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("2020-01-06 00:00"), std::string::npos) << error.what();
  }
  expect_something_to_continue();
  resume_to_the_end();
  expect_undisturbed();
}

}  // namespace
}  // namespace gridplus::output
