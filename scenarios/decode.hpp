// From the tree of a scenario to its Spec. Everything that is wrong is reported, not only the first.
#pragma once

#include <span>

#include "scenarios/spec.hpp"

namespace gridplus::scenario {

/// Decodes `root`, which must outlive the Spec. `default_name` stands where the scenario has none. The Spec is usable
/// only if no problem was added.
[[nodiscard]] Spec decode(const Node& root, std::span<const ModelInfo> models, const std::string& default_name,
                          const DecodeLimits& limits, Diagnostics& problems, const Sharing& sharing = {});

}  // namespace gridplus::scenario
