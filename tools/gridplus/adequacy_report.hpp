// What `gridplus adequacy` prints: the indices for people and as JSON.
#pragma once

#include <string>

#include "sim/step/model.hpp"
#include "sim/study/adequacy/options.hpp"

namespace gridplus::tools {

struct AdequacyReport {
  const Model& model;
  const adequacy::AdequacyModel& system;
  const adequacy::Options& options;
  const adequacy::AdequacyResult& result;
  std::string source;   ///< the scenario as it was named
  std::string results;  ///< the results file; may be empty
  double wall_s = 0.0;
};

[[nodiscard]] std::string adequacy_text(const AdequacyReport& report);
[[nodiscard]] std::string adequacy_json(const AdequacyReport& report);

}  // namespace gridplus::tools
