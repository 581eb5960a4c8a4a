// The AC power flows of a block of steps, solved in lanes.
//
// All flows of a block start from the same voltages, with one base for each set of slack buses: a step's answer depends
// on the step index and the model, never on the number of threads.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "sim/powerflow/flow_evaluator.hpp"
#include "sim/powerflow/lane_solver.hpp"
#include "sim/step/gather.hpp"

namespace gridplus {

/// One flow to solve: what is asked, and where the answer goes.
struct BlockFlow {
  const BusInjections* bus = nullptr;
  powerflow::FlowState* state = nullptr;
  powerflow::SolveReport* report = nullptr;
};

class BlockFlows {
 public:
  BlockFlows(const Grid& grid, const powerflow::FlowOptions& options);

  /// Something has switched. `topology` must outlive the flows solved on it.
  void prepare(const Topology& topology);
  /// A new block, whose flows start from `start`.
  void begin(const powerflow::FlowState& start);
  void solve(std::span<const BlockFlow> flows, int threads);

  /// Bus and branch quantities of flows under the switching state at hand.
  [[nodiscard]] const powerflow::FlowEvaluator& evaluator() const { return *evaluator_; }

 private:
  /// What flows with the same slack buses share for as long as nothing switches. `fresh`: the base is this block's.
  struct Shared {
    std::shared_ptr<const powerflow::LanePattern> pattern;
    std::unique_ptr<powerflow::LaneSolver> lanes;
    bool fresh = false;
  };

  [[nodiscard]] powerflow::FlowState base_state(const BusInjections& bus) const;
  [[nodiscard]] std::shared_ptr<const powerflow::LaneBase> make_base(const Shared& shared,
                                                                     const BusInjections& bus) const;
  [[nodiscard]] powerflow::LaneSolver& lanes_for(const BusInjections& bus);

  const Grid& grid_;
  powerflow::FlowOptions options_;
  const powerflow::LaneKernels& kernels_;
  const Topology* topology_ = nullptr;
  std::unique_ptr<powerflow::FlowEvaluator> evaluator_;
  powerflow::FlowState start_;
  std::map<std::vector<std::uint32_t>, Shared> shared_;  ///< by slack buses
  std::vector<double> distance_mw_;                      ///< per flow: of its injections from the base's
  std::vector<powerflow::FlowInput> inputs_;
  std::vector<powerflow::FlowState> states_;
  std::vector<powerflow::SolveReport> reports_;
};

}  // namespace gridplus
