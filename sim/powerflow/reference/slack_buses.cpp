#include "sim/powerflow/reference/slack_buses.hpp"

#include <fmt/format.h>

namespace gridplus::powerflow::reference {

SlackBuses find_slack_buses(const Islands& islands, std::span<const BusType> type) {
  enum class Life : std::uint8_t { unknown, live, out };
  SlackBuses slack;
  slack.of_island.assign(islands.count, SlackBuses::k_none);
  std::vector<Life> life(islands.count, Life::unknown);
  for (std::size_t i = 0; i < type.size(); ++i) {
    const std::uint32_t island = islands.of_bus[i];
    const bool out = type[i] == BusType::out;
    if (island == Islands::k_none) {
      ensure(out, "a bus out of service takes part in a power flow");
      continue;
    }
    const Life own = out ? Life::out : Life::live;
    if (life[island] == Life::unknown) life[island] = own;
    if (life[island] != own) {
      throw InvariantError(fmt::format("bus {} is {} while others of its island are not", i, out ? "out" : "live"));
    }
    if (type[i] != BusType::slack) continue;
    if (slack.of_island[island] != SlackBuses::k_none) {
      throw InvariantError(
          fmt::format("buses {} and {} are slack buses of the same island", slack.of_island[island], i));
    }
    slack.of_island[island] = static_cast<std::uint32_t>(i);
  }
  for (std::uint32_t k = 0; k < islands.count; ++k) {
    if (life[k] == Life::live && slack.of_island[k] == SlackBuses::k_none) slack.complete = false;
  }
  return slack;
}

}  // namespace gridplus::powerflow::reference
