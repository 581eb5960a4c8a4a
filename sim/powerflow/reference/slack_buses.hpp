// The slack bus of each island, with a check of what a power flow asks of its bus types.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/grid/islands.hpp"
#include "sim/powerflow/flow.hpp"

namespace gridplus::powerflow::reference {

struct SlackBuses {
  static constexpr std::uint32_t k_none = 0xffffffffU;
  std::vector<std::uint32_t> of_island;  ///< slack bus of each island; k_none where all its buses are out
  bool complete = true;                  ///< false: some island with live buses has no slack bus
};

/// Throws InvariantError if an island has two slack buses, is only partly out, or a bus out of service has a role.
[[nodiscard]] SlackBuses find_slack_buses(const Islands& islands, std::span<const BusType> type);

}  // namespace gridplus::powerflow::reference
