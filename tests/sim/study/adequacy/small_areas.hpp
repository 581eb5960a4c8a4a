// Small systems for tests of adequacy, and answers found another way: every state of every part, and minimum cuts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/study/adequacy/model.hpp"

namespace gridplus::test {

using adequacy::AdequacyModel;
using adequacy::to_watts;
using adequacy::Watts;

/// Areas with the demand given for each step, in MW; hours from Monday 2018-01-01.
inline AdequacyModel areas_with(const std::vector<std::vector<double>>& demand_mw) {
  AdequacyModel model;
  model.time = TimeAxis(parse_time("2018-01-01T00:00Z"), 3600, static_cast<std::int64_t>(demand_mw[0].size()));
  model.seed = 5;
  for (std::size_t a = 0; a < demand_mw.size(); ++a) {
    adequacy::Area area{"area_" + std::to_string(a + 1), {}, std::vector<Watts>(demand_mw[a].size())};
    for (const double mw : demand_mw[a]) area.demand.push_back(to_watts(mw));
    model.areas.push_back(std::move(area));
  }
  return model;
}

inline void add_unit(AdequacyModel& model, std::uint32_t area, double mw, double mttf_h, double mttr_h) {
  model.units.push_back({"unit_" + std::to_string(model.units.size() + 1),
                         area,
                         to_watts(mw),
                         {},
                         ForcedOutage::from_times(mttf_h, mttr_h)});
}

inline void add_link(AdequacyModel& model, std::uint32_t from, std::uint32_t to, double mw, double back_mw,
                     ForcedOutage outage = {}) {
  std::string name = model.areas[from].name;
  name.append("-").append(model.areas[to].name);
  model.links.push_back({std::move(name), from, to, to_watts(mw), to_watts(back_mw), outage});
}

/// The least demand that must go unserved, by the theorem of Ford and Fulkerson: over all sets of areas, what the set
/// lacks less what can be carried into it.
inline double least_unserved_mw(const AdequacyModel& model, const std::vector<double>& balance_mw,
                                const std::vector<bool>& link_up) {
  double most = 0.0;
  for (std::uint32_t set = 0; set < (1u << model.areas.size()); ++set) {
    const auto inside = [&](std::uint32_t area) { return ((set >> area) & 1u) != 0; };
    double lacking = 0.0;
    for (std::uint32_t a = 0; a < model.areas.size(); ++a)
      if (inside(a)) lacking -= balance_mw[a];
    for (std::size_t i = 0; i < model.links.size(); ++i) {
      if (!link_up[i]) continue;
      const adequacy::Link& link = model.links[i];
      if (inside(link.to) && !inside(link.from)) lacking -= adequacy::to_mw(link.forward);
      if (inside(link.from) && !inside(link.to)) lacking -= adequacy::to_mw(link.backward);
    }
    most = std::max(most, lacking);
  }
  return most;
}

struct ExactIndices {
  double lole_h = 0.0, eens_mwh = 0.0, lolf = 0.0;
};

/// Every state of every part in every step. A failure counts as an interruption where it turns enough into too little;
/// so does a step that demands more than the one before.
inline ExactIndices by_enumeration(const AdequacyModel& model) {
  ExactIndices out;
  const std::size_t parts = model.component_count(), units = model.units.size();
  std::vector<std::vector<bool>> short_at(std::size_t{1} << parts, std::vector<bool>(model.steps()));
  std::vector<double> probability(short_at.size(), 1.0);
  for (std::size_t state = 0; state < short_at.size(); ++state) {
    for (std::size_t c = 0; c < parts; ++c) {
      const double u = model.outage_of(c).unavailability;
      probability[state] *= ((state >> c) & 1u) != 0 ? u : 1.0 - u;
    }
    for (std::size_t k = 0; k < model.steps(); ++k) {
      std::vector<double> balance_mw;
      for (const adequacy::Area& area : model.areas)
        balance_mw.push_back(adequacy::to_mw(area.firm[k] - area.demand[k]));
      for (std::size_t i = 0; i < units; ++i)
        if (((state >> i) & 1u) == 0) balance_mw[model.units[i].area] += adequacy::to_mw(model.units[i].at(k));
      std::vector<bool> link_up;
      for (std::size_t c = units + model.storage.size(); c < parts; ++c) link_up.push_back(((state >> c) & 1u) == 0);
      const double unserved_mw = least_unserved_mw(model, balance_mw, link_up);
      short_at[state][k] = unserved_mw > 1e-7;
      if (!short_at[state][k]) continue;
      out.lole_h += probability[state] * model.time.step_h();
      out.eens_mwh += probability[state] * unserved_mw * model.time.step_h();
      if (k == 0 || !short_at[state][k - 1]) out.lolf += probability[state];
    }
  }
  for (std::size_t state = 0; state < short_at.size(); ++state)
    for (std::size_t c = 0; c < parts; ++c) {
      if (((state >> c) & 1u) != 0 || !model.outage_of(c).fails()) continue;
      const std::size_t failed = state | (std::size_t{1} << c);
      for (std::size_t k = 0; k < model.steps(); ++k)
        if (!short_at[state][k] && short_at[failed][k])
          out.lolf += probability[state] / model.outage_of(c).mttf_h * model.time.step_h();
    }
  return out;
}

/// Demand that rises and falls over two days.
inline std::vector<double> swinging(double mean_mw, double swing_mw, std::size_t steps = 48) {
  std::vector<double> out;
  for (std::size_t k = 0; k < steps; ++k)
    out.push_back(std::round(mean_mw - swing_mw * std::cos(2.0 * 3.14159265358979 * static_cast<double>(k) / 24.0)));
  return out;
}

/// Two areas that share reserves over a link that fails.
inline AdequacyModel two_areas() {
  AdequacyModel model = areas_with({swinging(70, 20), swinging(50, 25)});
  for (const double mw : {40.0, 30.0, 30.0}) add_unit(model, 0, mw, 180, 20);
  for (const double mw : {50.0, 35.0}) add_unit(model, 1, mw, 140, 20);
  add_link(model, 0, 1, 25, 15, ForcedOutage::from_times(190, 10));
  return model;
}

/// Three areas in a row: the middle one passes on what the first can spare.
inline AdequacyModel three_areas() {
  AdequacyModel model = areas_with({swinging(40, 10), swinging(60, 20), swinging(45, 15)});
  for (const double mw : {45.0, 45.0}) add_unit(model, 0, mw, 150, 30);
  for (const double mw : {40.0, 40.0}) add_unit(model, 1, mw, 200, 25);
  for (const double mw : {35.0, 25.0}) add_unit(model, 2, mw, 120, 15);
  add_link(model, 0, 1, 30, 30);
  add_link(model, 1, 2, 20, 12);
  return model;
}

}  // namespace gridplus::test
