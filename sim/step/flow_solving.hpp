// Solves the power flows of a block's steps by the method of the model: AC or DC in lanes, or none.
//
// The AC flows of a block are solved in lanes (block_flows.hpp), all from the mean voltages of the block before. A flow
// that the lanes cannot solve is tried once more by the plain Newton from DC angles; what still fails gets its DC flow.
//
// Tap changers: every flow begins at the positions of the grid; one whose TapRegulator moves is solved again with the
// flows that share its new positions, which have a base of their own, until it rests.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sim/powerflow/reference/dc.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "sim/step/block_flows.hpp"
#include "sim/step/stage.hpp"
#include "sim/step/step_flow.hpp"

namespace gridplus {

class FlowSolving {
 public:
  FlowSolving(const Model& model, int threads);

  /// Something has switched.
  void prepare(const SimulationState& state, const Frame& frame);
  /// A new block, whose flows start from `start`.
  void begin(const powerflow::FlowState& start);
  /// Solves flows[s] for all s of `steps`, their tap changers brought to rest, and writes bus and branch quantities to
  /// the block.
  void solve(const SimulationState& state, Frame& frame, std::span<const std::size_t> steps, std::span<StepFlow> flows);

  /// The tap changers at the positions where every flow begins.
  [[nodiscard]] const powerflow::TapRegulator& regulator() const { return *regulator_; }

 private:
  /// One thread's solvers for single flows.
  struct Single {
    std::optional<powerflow::reference::NewtonSolver> newton;
    std::optional<powerflow::reference::DcSolver> dc;
    powerflow::FlowResult result;
    powerflow::FlowEvaluator::Scratch scratch;
  };
  using Positions = std::vector<std::int32_t>;

  [[nodiscard]] int threads() const { return static_cast<int>(single_.size()); }
  void solve_ac(std::span<const std::size_t> steps, std::span<StepFlow> flows);
  void solve_dc(const SimulationState& state, std::span<const std::size_t> steps, std::span<StepFlow> flows);
  void regulate(const SimulationState& state, Frame& frame, std::vector<std::size_t> moving, std::span<StepFlow> flows);
  void solve_at_positions(const SimulationState& state, std::span<const std::size_t> steps, std::span<StepFlow> flows);
  void complete_all(Frame& frame, std::span<const std::size_t> steps, std::span<StepFlow> flows);
  void complete(const Frame& frame, Single& single, StepFlow& flow, const powerflow::FlowQuantities& out) const;
  void complete_ac(const Frame& frame, Single& single, StepFlow& flow, const powerflow::FlowQuantities& out) const;
  [[nodiscard]] powerflow::SolveReport solve_none(StepFlow& flow, const powerflow::FlowQuantities& out) const;

  const Model& model_;
  std::optional<BlockFlows> lanes_;  ///< where the network is AC
  std::vector<Single> single_;       ///< per thread
  std::optional<powerflow::TapRegulator> regulator_;
  std::map<Positions, std::unique_ptr<powerflow::Admittance>> tapped_;
  std::map<std::vector<std::uint32_t>, std::unique_ptr<powerflow::LaneDcSolver>> dc_lanes_;  ///< by slack buses
};

}  // namespace gridplus
