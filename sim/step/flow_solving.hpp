// Solves the power flows of a block's steps by the method of the model: AC, linear or DC in lanes, or none.
//
// The AC flows of a block are solved in lanes (block_flows.hpp), all from the mean voltages of the block before. Where
// every step waits for its flow they are asked of others, who solve them with those of other runs (shared_bases.hpp),
// and so are linear flows, whose base is that of the network without injections. An AC
// flow that the lanes cannot solve is tried once more by the plain Newton from DC angles; what still fails, or ends on
// another branch of the equations (powerflow/solution_branch.hpp), gets its DC flow.
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
#include "sim/step/shared_bases.hpp"
#include "sim/step/stage.hpp"
#include "sim/step/step_flow.hpp"

namespace gridplus {

class FlowSolving {
 public:
  /// `shared`: AC flows are solved by others, as linear ones always are.
  FlowSolving(const Model& model, int threads, bool shared);

  /// Something has switched.
  void prepare(const SimulationState& state, const Frame& frame);
  /// A new block, whose flows start from `start`.
  void begin(const powerflow::FlowState& start);
  /// flows[s] shall be solved for all s of `steps`: ask_others() and go_on() by turns until it is done.
  void want(const Frame& frame, std::span<const std::size_t> steps, std::span<StepFlow> flows);
  /// Lists what others have to solve before go_on().
  void ask_others(const SimulationState& state, const Frame& frame, std::span<StepFlow> flows,
                  std::vector<AskedFlow>& asked) const;
  /// Solves what others do not, writes bus and branch quantities to the block, and moves tap changers. Returns whether
  /// all rest; else those that have moved are to be solved again.
  [[nodiscard]] bool go_on(const SimulationState& state, Frame& frame, std::span<StepFlow> flows);

  /// The tap changers at the positions where every flow begins.
  [[nodiscard]] const powerflow::TapRegulator& regulator() const { return *regulator_; }

 private:
  /// One thread's solvers for single flows, made where one is needed: most runs need none.
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
  void solve_at_positions(const SimulationState& state, std::span<const std::size_t> steps, std::span<StepFlow> flows);
  void complete_all(const SimulationState& state, Frame& frame, std::span<const std::size_t> steps,
                    std::span<StepFlow> flows);
  void complete(const SimulationState& state, const Frame& frame, Single& single, StepFlow& flow,
                const powerflow::FlowQuantities& out) const;
  void complete_ac(const SimulationState& state, const Frame& frame, Single& single, StepFlow& flow,
                   const powerflow::FlowQuantities& out) const;
  void try_alone(const SimulationState& state, const Frame& frame, Single& single, StepFlow& flow,
                 const powerflow::FlowQuantities& out) const;
  void solve_dc_alone(const SimulationState& state, Single& single, StepFlow& flow,
                      const powerflow::FlowQuantities& out) const;
  [[nodiscard]] powerflow::SolveReport solve_none(StepFlow& flow, const powerflow::FlowQuantities& out) const;

  const Model& model_;
  bool shared_;
  std::optional<BlockFlows> lanes_;  ///< where flows have voltages
  std::vector<Single> single_;       ///< per thread
  std::optional<powerflow::TapRegulator> regulator_;
  std::vector<std::size_t> wanted_;  ///< steps whose flows are to be solved
  bool moved_ = false;               ///< at tap positions other than the first ones
  std::map<Positions, std::unique_ptr<powerflow::Admittance>> tapped_;
  std::map<std::vector<std::uint32_t>, std::unique_ptr<powerflow::LaneDcSolver>> dc_lanes_;  ///< by slack buses
};

}  // namespace gridplus
