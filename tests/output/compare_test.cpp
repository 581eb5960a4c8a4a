#include "output/compare.hpp"

#include <gtest/gtest.h>

#include "output/results_writer.hpp"
#include "tests/output/synthetic_run.hpp"
#include "tests/output/temporary_folder.hpp"

namespace gridplus::output {
namespace {

/// Hands blocks on with one voltage changed.
class Disturbed final : public Recorder {
 public:
  Disturbed(ResultsFile& file, double by) : file_(file), by_(by) {}
  void record(const StepBlock& block) override {
    StepBlock copy = block;
    if (block.first == 24) copy.of(BusVar::vm_pu, 6)[2] += by_;
    file_.record(copy);
  }
  void checkpoint(const Checkpoint&) override {}
  void finish(const RunSummary& summary) override { file_.finish(summary); }

 private:
  ResultsFile& file_;
  double by_;
};

class Compare : public testing::Test {
 protected:
  test::TemporaryFolder folder_;

  ResultsReader write(const std::string& name, double disturbed_by, test::SyntheticSize size = {}) {
    const auto model = test::synthetic_model(size);
    ResultsFile file(*model, folder_.file(name), {});
    Disturbed recorder(file, disturbed_by);
    test::SyntheticRun run(*model, 24);
    test::record_to_the_end(run, recorder);
    return ResultsReader(folder_.file(name));
  }
};

TEST_F(Compare, TwoWritingsOfARunAreTheSame) {
  const Comparison comparison = compare_results(write("a.h5", 0.0), write("b.h5", 0.0));
  EXPECT_TRUE(comparison.same());
  EXPECT_NE(comparison_text(comparison).find("the same"), std::string::npos);
}

TEST_F(Compare, NamesPlaceAndTimeOfTheLargestDifference) {
  const Comparison comparison = compare_results(write("a.h5", 0.0), write("b.h5", 0.01));
  ASSERT_EQ(comparison.differences.size(), 1u);
  const DatasetDifference& found = comparison.differences[0];
  EXPECT_EQ(found.dataset, "bus/vm_pu");
  EXPECT_EQ(found.cells, 1u);
  EXPECT_NEAR(found.largest, 0.01, 2e-6);
  EXPECT_EQ(found.place, "bus 3");
  EXPECT_EQ(found.time, "2020-01-01T22:00:00Z");
}

TEST_F(Compare, ForgivesWhatIsWithinTheTolerance) {
  const ResultsReader a = write("a.h5", 0.0), b = write("b.h5", 0.01);
  EXPECT_TRUE(compare_results(a, b, 0.011).same());
  EXPECT_FALSE(compare_results(a, b, 0.009).same());
}

TEST_F(Compare, SaysWhatOnlyOneFileHas) {
  test::SyntheticSize without_storage;
  without_storage.storages = 0;
  const Comparison comparison = compare_results(write("a.h5", 0.0), write("b.h5", 0.0, without_storage));
  const std::string text = comparison_text(comparison);
  EXPECT_NE(text.find("storage/p_mw: only in the first file"), std::string::npos) << text;
}

}  // namespace
}  // namespace gridplus::output
