// What a run leaves, in a form that tests compare.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string_view>
#include <vector>

#include "sim/step/simulation.hpp"

namespace gridplus::test {

/// Adds what a block records of devices and grid; with `communications` also of those.
inline void append(const StepBlock& block, std::vector<double>& all, bool communications = false) {
  std::vector<const GroupBlock*> groups = {&block.bus,      &block.branch,  &block.producer,
                                           &block.consumer, &block.storage, &block.step};
  if (communications)
    groups.insert(groups.end(), {&block.node, &block.link, &block.endpoint_class, &block.controller, &block.attack});
  for (const GroupBlock* group : groups)
    for (std::size_t v = 0; v < group->variables().size(); ++v) {
      const auto values = group->steps_of(v, block.count);
      all.insert(all.end(), values.begin(), values.end());
    }
}

/// Everything a run records, in one vector, for bitwise comparison.
inline std::vector<double> record(Simulation& simulation, const std::function<void(const StepBlock&)>& look = {}) {
  std::vector<double> all;
  while (!simulation.done()) {
    const StepBlock& block = simulation.advance();
    if (look) look(block);
    append(block, all);
  }
  return all;
}

/// A key figure by its name.
inline double figure(const RunSummary& summary, std::string_view name) {
  for (const Kpi& kpi : summary.kpis)
    if (kpi.name == name) return kpi.value;
  ADD_FAILURE() << "no figure " << name;
  return 0.0;
}

}  // namespace gridplus::test
