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
  std::vector<Watts> capacities;  ///< of the units whose capacity varies
  std::vector<std::uint32_t> steps;
};

/// Units by whether their capacity varies with time.
struct Division {
  explicit Division(const AdequacyModel& model) {
    for (const Unit& unit : model.units) (unit.capacity_by_step.empty() ? constant : varying).push_back(&unit);
  }
  std::vector<const Unit*> constant, varying;
};

std::vector<Epoch> epochs_of(const AdequacyModel& model, const std::vector<const Unit*>& varying) {
  std::map<std::vector<Watts>, std::size_t> known;
  std::vector<Epoch> epochs;
  for (std::size_t k = 0; k < model.steps(); ++k) {
    std::vector<Watts> capacities;
    for (const Unit* unit : varying) capacities.push_back(unit->at(k));
    const auto [found, added] = known.emplace(std::move(capacities), epochs.size());
    if (added) epochs.push_back({found->first, {}});
    epochs[found->second].steps.push_back(static_cast<std::uint32_t>(k));
  }
  return epochs;
}

/// Exact where the tables then are not too long. Many tables are made shorter, so that all of them together take
/// seconds.
Watts increment_for(const AdequacyModel& model, const std::vector<Epoch>& epochs, const Division& units) {
  constexpr Watts k_most_entries = 200'000, k_fewest_entries = 5'000, k_entries_of_all = 200'000'000;
  std::vector<Watts> capacities;
  for (const Unit* unit : units.constant) capacities.push_back(unit->capacity);
  for (const Epoch& epoch : epochs)
    capacities.insert(capacities.end(), epoch.capacities.begin(), epoch.capacities.end());
  Watts installed = 0;
  for (const Unit& unit : model.units) installed += unit.capacity;
  const Watts each = k_entries_of_all / static_cast<Watts>(epochs.size());
  return choose_increment(capacities, installed, std::clamp(each, k_fewest_entries, k_most_entries));
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
  const Division units(model);
  const std::vector<Epoch> epochs = epochs_of(model, units.varying);
  const Watts increment = options.increment > 0 ? options.increment : increment_for(model, epochs, units);
  std::vector<TableUnit> constant;
  for (const Unit* unit : units.constant) constant.push_back({unit->capacity, unit->outage});
  const CapacityTable base(constant, increment);
  StepValues values;
  for (auto* column : {&values.lolp, &values.unserved_mw, &values.frequency_per_h, &values.rise})
    column->assign(model.steps(), 0.0);
  std::vector<std::vector<double>> level_lolp(levels.all().size(), std::vector<double>(model.steps()));
  AdequacyResult result;
  parallel_for(epochs.size(), execution.threads, 1, [&](std::size_t e, int) {
    std::vector<TableUnit> varying;
    for (std::size_t i = 0; i < units.varying.size(); ++i)
      varying.push_back({epochs[e].capacities[i], units.varying[i]->outage});
    const CapacityTable table = base.with(varying);
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
