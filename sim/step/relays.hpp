// What no controller plans for: frequency relays of an island whose devices do other than the decision of the step.
#pragma once

#include "sim/step/stage.hpp"

namespace gridplus {

/// Corrects the decision for island `island`: without a unit to form it, it goes dark; where less is generated than
/// used and all units together lack the room, relays shed by priority, as the dispatch would.
void balance_by_relays(std::size_t island, double step_h, SimulationState& state, Frame& frame);

}  // namespace gridplus
