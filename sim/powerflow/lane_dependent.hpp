// Voltage-dependent injections of a group of lanes: what is wanted of a bus is p + m c + m^2 z with m = |1 + u|.
//
// The chord iterations want a number per bus and lane; this brings it to the present voltages before every mismatch, at
// the few buses that have such injections. Groups of constant power have none of it.
#pragma once

#include <span>
#include <vector>

#include "sim/powerflow/lane_memory.hpp"
#include "sim/powerflow/lane_newton.hpp"

namespace gridplus::powerflow {

class DependentLanes {
 public:
  /// Takes the injections of at most k_group_lanes flows; lanes without a flow get a copy of the last one.
  void load(const LaneBase& base, std::span<const LaneTask> tasks);

  /// Adds what is wanted at the base's voltages to `change`, and to the right-hand side of the first step.
  void begin(const LaneBase& base, double* change, float* residual);
  /// Brings `change` from the voltages of the last call to those of `state`. A lane that has not moved keeps its bits.
  void follow(const double* state, double* change);

 private:
  std::vector<std::int32_t> position_;  ///< with such an injection in any lane, ascending
  LaneVector<double> part_;             ///< per position rows of lanes: c re, c im, z re, z im, wanted re, wanted im
};

}  // namespace gridplus::powerflow
