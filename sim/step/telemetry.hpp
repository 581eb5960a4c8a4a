// Whether failures are seen: by the communication nodes near what has failed, while a controller hears of them.
#pragma once

#include <cstdint>
#include <vector>

namespace gridplus {

struct Model;
struct SimulationState;

/// Per failure group: whether nothing reports on it. Its watchers are the nodes at the buses of its members and the
/// parents of endpoints there; without any it is not blind, for somebody looks at it in another way. Nodes and links
/// as the step before left them. Empty without communications.
[[nodiscard]] std::vector<std::uint8_t> blind_groups(const Model& model, const SimulationState& state);

}  // namespace gridplus
