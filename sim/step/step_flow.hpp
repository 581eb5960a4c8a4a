// The power flow of one step of a block: what is asked, and what came out.
#pragma once

#include <optional>
#include <vector>

#include "sim/powerflow/flow_evaluator.hpp"
#include "sim/powerflow/lane_dc.hpp"
#include "sim/powerflow/tap_regulator.hpp"
#include "sim/step/gather.hpp"

namespace gridplus {

struct StepFlow {
  BusInjections bus;
  Sharing sharing;
  powerflow::FlowState state;
  powerflow::SolveReport report;
  int iterations_before = 0;                          ///< at other tap positions
  std::optional<powerflow::TapRegulator> taps;        ///< where some tap changer controls something
  const powerflow::Admittance* admittance = nullptr;  ///< at its tap positions
  const powerflow::LaneDcSolver* dc = nullptr;        ///< that solved it
  std::vector<double> island_losses_mw, missing_mw;
};

/// The rows of the block that hold a step's bus and branch quantities.
[[nodiscard]] powerflow::FlowQuantities flow_quantities(StepBlock& block, std::size_t s);

/// Copies the quantities of a single flow to where they belong.
void write_result(const powerflow::FlowResult& result, const powerflow::FlowQuantities& out);

}  // namespace gridplus
