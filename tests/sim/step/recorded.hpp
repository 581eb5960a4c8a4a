// What a run leaves, in a form that tests compare.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string_view>
#include <vector>

#include "sim/step/simulation.hpp"

namespace gridplus::test {

/// Everything a run records, in one vector, for bitwise comparison.
inline std::vector<double> record(Simulation& simulation, const std::function<void(const StepBlock&)>& look = {}) {
  std::vector<double> all;
  while (!simulation.done()) {
    const StepBlock& block = simulation.advance();
    if (look) look(block);
    for (const GroupBlock* group :
         {&block.bus, &block.branch, &block.producer, &block.consumer, &block.storage, &block.step})
      for (std::size_t v = 0; v < group->variables().size(); ++v) {
        const auto values = group->steps_of(v, block.count);
        all.insert(all.end(), values.begin(), values.end());
      }
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
