// Demand that can wait: laid into the valley of the net load that is expected until its deadline, as water fills a
// valley. Equations in docs/models/dispatch.md.
#pragma once

#include <span>
#include <vector>

#include "sim/dispatch/dispatch.hpp"

namespace gridplus {

/// All flexible consumers of an island taken together; the others do not count.
struct FlexibleDemand {
  double demand_mw = 0.0;                                ///< by their own schedules
  double least_mw = 0.0, most_mw = 0.0;                  ///< possible in this step
  double planned_least_mw = 0.0, planned_most_mw = 0.0;  ///< in the steps to come
  double energy_mwh = 0.0;                               ///< to be taken by the deadline
  double deadline_h = 0.0;                               ///< mean, weighted by power

  [[nodiscard]] bool can_move() const { return most_mw > least_mw; }
};

[[nodiscard]] FlexibleDemand gather_flexible(std::span<const ConsumerOffer> consumers,
                                             std::span<const std::uint32_t> members);

/// Their power in this step: the water level W over the firm net load, at which
/// sum over the steps to the deadline of clamp(W - L_k, least, most) dt, with the limits of each step, is the energy
/// still needed. The coming steps are
/// expected as they were one window ago; their own schedules hold until a window is known, and where they have no
/// energy to plan.
[[nodiscard]] double flexible_power(double firm_load_mw, const IslandMemory& memory, const FlexibleDemand& flexible,
                                    double step_h);

/// Splits `total_mw`: every flexible consumer at the same place between its least and its most.
void set_flexible(std::span<const ConsumerOffer> consumers, std::span<const std::uint32_t> members, double total_mw,
                  const FlexibleDemand& flexible, std::span<ConsumerCommand> commands);

}  // namespace gridplus
