// What follows from the switching state: islands, who lives in which, the admittances, and how devices are tied to the
// buses. Made anew only when something has switched.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/dispatch/dispatch.hpp"
#include "sim/grid/islands.hpp"
#include "sim/powerflow/admittance.hpp"
#include "sim/step/device_ties.hpp"

namespace gridplus {

struct Model;
struct SimulationState;

struct Topology {
  Islands islands;
  std::vector<IslandDevices> devices;  ///< per island
  powerflow::Admittance admittance;
  DeviceTies producer_ties, storage_ties;
};

[[nodiscard]] Topology make_topology(const Model& model, const SimulationState& state);

/// Hands each new island the dispatch memory of the old island that most of it comes from, if it holds more than half
/// of that island's buses; the others start without memory.
[[nodiscard]] DispatchMemory carry_over(const DispatchMemory& memory, const Islands& before, const Islands& after);

}  // namespace gridplus
