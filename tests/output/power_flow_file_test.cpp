#include "output/power_flow_file.hpp"

#include <gtest/gtest.h>

#include "output/inspect.hpp"
#include "output/reader.hpp"
#include "sim/core/error.hpp"
#include "tests/output/synthetic_run.hpp"
#include "tests/output/temporary_folder.hpp"

namespace gridplus::output {
namespace {

class PowerFlowFile : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::unique_ptr<Model> model_ = test::synthetic_model({3, 2, 2, 1, 0, 1});
  powerflow::FlowState state_{{1.0, 1.0 / 3.0, 0.0}, {0.0, -5.0, 0.0}};
  powerflow::FlowResult result_;

  PowerFlowSnapshot snapshot() {
    result_.p_mw = {10.0, -9.5, 0.0};
    result_.q_mvar = {1.0, 2.0, 0.0};
    result_.p_from_mw = result_.q_from_mvar = result_.p_to_mw = result_.q_to_mvar = {1.0, 2.0};
    result_.i_from_ka = {0.2, 0.0};
    result_.i_to_ka = {0.21, 0.0};
    result_.loading_percent = {30.0, 0.0};
    result_.losses_mw = {0.5, 0.0};
    PowerFlowSnapshot snapshot{&model_->grid, &model_->names.grid, "case3.m", "ac", &state_, &result_};
    snapshot.island = {0, 0, 0xffffffffu};
    snapshot.closed = {1, 0};
    snapshot.producers = {{"g1"}, {BusId{0u}}, {10.0}, {1.0}, {1}};
    snapshot.islands = {{"Bus Ü 1", {powerflow::SolveStatus::converged, 4, 1e-10}}};
    return snapshot;
  }
};

TEST_F(PowerFlowFile, HoldsTheSolutionInDoublePrecision) {
  write_power_flow(folder_.file("flow.h5"), snapshot());
  const ResultsReader results(folder_.file("flow.h5"));
  EXPECT_EQ(results.read("bus", "vm_pu"), state_.vm_pu);
  EXPECT_EQ(results.read("bus", "island"), (std::vector<double>{0.0, 0.0, -1.0}));
  EXPECT_EQ(results.read("bus", "energised"), (std::vector<double>{1.0, 1.0, 0.0}));
  EXPECT_EQ(results.read("branch", "closed"), (std::vector<double>{1.0, 0.0}));
  EXPECT_EQ(results.read_text("producer", "bus"), (std::vector<std::string>{"Bus Ü 1"}));
  EXPECT_EQ(results.read_text("island", "status"), (std::vector<std::string>{"converged"}));
  EXPECT_EQ(results.text_attribute("method"), "ac");
  EXPECT_NE(inspect_text(results).find("case3.m"), std::string::npos);
}

TEST_F(PowerFlowFile, ThatCannotBeWrittenLeavesNothing) {
  std::filesystem::create_directories(folder_.file("flow.h5/inside"));
  EXPECT_THROW(write_power_flow(folder_.file("flow.h5"), snapshot()), IoError);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("flow.h5.assembling")));
}

}  // namespace
}  // namespace gridplus::output
