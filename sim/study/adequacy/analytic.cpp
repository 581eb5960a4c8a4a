// LOLP and expected unserved energy of a step follow from the capacity table at its demand. Of the frequency there are
// two parts: capacity lost while demand is held, and demand rising past what is available (the parts of the frequency
// balance of Billinton and Allan, section 3.3):
//
//   LOLF = sum_h F(h) dt + P(0) + sum_h max(0, P(h) - P(h - 1))
//
// where P(h) and F(h) are the loss probability and frequency of step h. What is short at the begin counts as begun
// there.
#include <algorithm>
#include <cmath>
#include <map>

#include "sim/core/parallel.hpp"
#include "sim/study/adequacy/capacity_table.hpp"
#include "sim/study/adequacy/load_levels.hpp"
#include "sim/study/adequacy/methods.hpp"

namespace gridplus::adequacy {

namespace {

/// Steps in which all units have the same capacity.
struct Epoch {
  std::vector<Watts> capacities;
  std::vector<std::uint32_t> steps;
};

std::vector<Epoch> epochs_of(const AdequacyModel& model) {
  std::map<std::vector<Watts>, std::size_t> known;
  std::vector<Epoch> epochs;
  std::vector<Watts> capacities(model.units.size());
  const bool constant = std::all_of(model.units.begin(), model.units.end(),
                                    [](const Unit& unit) { return unit.capacity_by_step.empty(); });
  for (std::size_t k = 0; k < model.steps(); ++k) {
    if (k == 0 || !constant)
      for (std::size_t i = 0; i < capacities.size(); ++i) capacities[i] = model.units[i].at(k);
    const auto [found, added] = known.emplace(capacities, epochs.size());
    if (added) epochs.push_back({capacities, {}});
    epochs[found->second].steps.push_back(static_cast<std::uint32_t>(k));
  }
  return epochs;
}

/// What the tables say of every step.
struct StepValues {
  std::vector<double> lolp, unserved_mw, frequency_per_h, rise;  ///< rise: see the head of this file
};

/// Loss probabilities by load level: the rise of demand is seen within a level.
void evaluate(const Epoch& epoch, const CapacityTable& table, const AdequacyModel& model, const LoadLevels& levels,
              StepValues& out, std::vector<std::vector<double>>& level_lolp) {
  for (const std::uint32_t k : epoch.steps) {
    Watts varying = 0;  // counted as firm by the load levels
    for (const Unit& unit : model.units)
      if (!unit.capacity_by_step.empty()) varying += unit.capacity_by_step[k];
    for (std::size_t l = 0; l < levels.all().size(); ++l) {
      const LoadLevel& level = levels.all()[l];
      const Watts demand = level.areas[0].by_step[k] + varying;
      level_lolp[l][k] = table.loss_probability(demand);
      out.lolp[k] += level.probability * level_lolp[l][k];
      out.unserved_mw[k] += level.probability * table.expected_unserved_mw(demand);
      out.frequency_per_h[k] += level.probability * table.loss_frequency_per_h(demand);
    }
  }
}

Estimate known(double value) {
  return {value, 0.0, value, value};
}

Indices sum(const AdequacyModel& model, const LoadLevels& levels, const StepValues& values) {
  const double step_h = model.time.step_h();
  double lolp = 0.0, unserved_mw = 0.0, events = 0.0, days = 0.0;
  for (std::size_t k = 0; k < model.steps(); ++k) {
    lolp += values.lolp[k];
    unserved_mw += values.unserved_mw[k];
    events += values.frequency_per_h[k] * step_h + values.rise[k];
  }
  for (const std::uint32_t peak : levels.daily_peaks()) days += values.lolp[peak];
  const double lole_h = lolp * step_h;
  return {known(lolp / static_cast<double>(model.steps())),
          known(lole_h),
          known(days),
          known(unserved_mw * step_h),
          known(events),
          known(lole_h / events)};
}

}  // namespace

AdequacyResult analytic(const AdequacyModel& model, const Options& options, const Execution& execution) {
  const LoadLevels levels(model, options.load_uncertainty);
  const std::vector<Epoch> epochs = epochs_of(model);
  std::vector<Watts> all;
  for (const Epoch& epoch : epochs) all.insert(all.end(), epoch.capacities.begin(), epoch.capacities.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  Watts increment = options.increment;
  if (increment == 0) {
    // The table's length goes with the installed capacity, the divisor with all capacities there are.
    Watts installed = 0;
    for (const Unit& unit : model.units) installed += unit.capacity;
    all.push_back(installed);
    increment = choose_increment(all);
  }
  StepValues values;
  for (auto* column : {&values.lolp, &values.unserved_mw, &values.frequency_per_h, &values.rise})
    column->assign(model.steps(), 0.0);
  std::vector<std::vector<double>> level_lolp(levels.all().size(), std::vector<double>(model.steps()));
  AdequacyResult result;
  parallel_for(epochs.size(), execution.threads, 1, [&](std::size_t e, int) {
    std::vector<TableUnit> units;
    for (std::size_t i = 0; i < model.units.size(); ++i)
      units.push_back({epochs[e].capacities[i], model.units[i].outage});
    const CapacityTable table(units, increment);
    evaluate(epochs[e], table, model, levels, values, level_lolp);
    constexpr double k_least_shown = 1e-16;
    if (e == 0) result.table = table.states(k_least_shown);
  });
  for (std::size_t l = 0; l < level_lolp.size(); ++l)
    for (std::size_t k = 0; k < model.steps(); ++k)
      values.rise[k] +=
          levels.all()[l].probability * std::max(0.0, level_lolp[l][k] - (k == 0 ? 0.0 : level_lolp[l][k - 1]));
  result.method = Method::analytic;
  result.system = sum(model, levels, values);
  result.system_profile = {values.lolp, values.unserved_mw};
  return result;
}

}  // namespace gridplus::adequacy
