#include "sim/dispatch/flexible_demand.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus {

namespace {

bool is_flexible(const ConsumerOffer& offer) {
  return offer.flexible_down_mw > 0.0 || offer.flexible_up_mw > 0.0;
}

double least_mw(const ConsumerOffer& offer) {
  return offer.demand_mw - offer.flexible_down_mw;
}

/// Loads of this step and the next ones: known now, then as they were one window ago.
std::vector<double> expected_loads(double now_mw, const IslandMemory& memory, std::size_t steps) {
  const std::size_t samples = memory.firm_load_mw.size();
  std::vector<double> loads{now_mw};
  for (std::size_t k = 1; k < std::min(steps, samples); ++k)
    loads.push_back(memory.firm_load_mw[(memory.next + k) % samples]);
  return loads;
}

}  // namespace

FlexibleDemand gather_flexible(std::span<const ConsumerOffer> consumers, std::span<const std::uint32_t> members) {
  FlexibleDemand all;
  for (const std::uint32_t c : members) {
    const ConsumerOffer& offer = consumers[c];
    if (!is_flexible(offer)) continue;
    all.demand_mw += offer.demand_mw;
    all.least_mw += least_mw(offer);
    all.most_mw += offer.demand_mw + offer.flexible_up_mw;
    all.energy_mwh += offer.flexible_energy_mwh;
    all.planned_least_mw += offer.planned_least_mw;
    all.planned_most_mw += offer.planned_most_mw;
    all.deadline_h += offer.planned_most_mw * offer.deadline_h;
  }
  if (all.planned_most_mw > 0.0) all.deadline_h /= all.planned_most_mw;
  return all;
}

double flexible_power(double firm_load_mw, const IslandMemory& memory, const FlexibleDemand& flexible, double step_h) {
  const bool known = memory.filled > 0 && memory.filled == memory.firm_load_mw.size();
  const bool to_plan = flexible.energy_mwh > 0.0 || flexible.planned_least_mw < 0.0;
  if (!known || !to_plan || !flexible.can_move()) return flexible.demand_mw;
  const auto steps = static_cast<std::size_t>(std::max(1.0, std::floor(flexible.deadline_h / step_h)));
  const std::vector<double> loads = expected_loads(firm_load_mw, memory, steps);
  const auto power = [&](double level_mw, std::size_t k) {
    return k == 0 ? std::clamp(level_mw - loads[k], flexible.least_mw, flexible.most_mw)
                  : std::clamp(level_mw - loads[k], flexible.planned_least_mw, flexible.planned_most_mw);
  };
  const auto [lowest, highest] = std::minmax_element(loads.begin(), loads.end());
  double low = *lowest + std::min(flexible.least_mw, flexible.planned_least_mw);
  double high = *highest + std::max(flexible.most_mw, flexible.planned_most_mw);
  constexpr int k_halvings = 50;
  for (int i = 0; i < k_halvings; ++i) {
    const double level = 0.5 * (low + high);
    double energy_mwh = 0.0;
    for (std::size_t k = 0; k < loads.size(); ++k) energy_mwh += power(level, k) * step_h;
    (energy_mwh < flexible.energy_mwh ? low : high) = level;
  }
  return power(0.5 * (low + high), 0);
}

void set_flexible(std::span<const ConsumerOffer> consumers, std::span<const std::uint32_t> members, double total_mw,
                  const FlexibleDemand& flexible, std::span<ConsumerCommand> commands) {
  if (!flexible.can_move() || total_mw == flexible.demand_mw) return;
  const double place = (total_mw - flexible.least_mw) / (flexible.most_mw - flexible.least_mw);
  for (const std::uint32_t c : members) {
    const ConsumerOffer& offer = consumers[c];
    if (is_flexible(offer))
      commands[c].served_mw = least_mw(offer) + place * (offer.flexible_down_mw + offer.flexible_up_mw);
  }
}

}  // namespace gridplus
