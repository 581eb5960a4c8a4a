// A scenario as an adequacy study sees it: its model, and what its block `study.adequacy` asks for.
#pragma once

#include "scenarios/load.hpp"
#include "sim/study/adequacy/options.hpp"

namespace gridplus {

struct AdequacyCase {
  std::unique_ptr<Model> model;
  adequacy::Options options;
  adequacy::ReductionOptions reduction;  ///< for adequacy::reduce()
};

/// As load_scenario(), with its errors.
[[nodiscard]] AdequacyCase load_adequacy(const std::filesystem::path& file, const LoadOptions& options = {});
/// As load_scenario_text().
[[nodiscard]] AdequacyCase load_adequacy_text(std::vector<std::pair<std::string, std::string>> files,
                                              const LoadOptions& options = {});

}  // namespace gridplus
