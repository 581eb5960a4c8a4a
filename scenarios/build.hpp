// From a Spec to the immutable Model that the engine runs.
#pragma once

#include <memory>
#include <span>

#include "scenarios/spec.hpp"

namespace gridplus {
struct Model;
struct RecordOptions;
}  // namespace gridplus

namespace gridplus::scenario {

/// Builds the model: the grid in per unit, the banks, the connections, the series, the planned outages. Checks what
/// spans several entries: names used twice, buses that do not exist, who may hold an island together. Throws InputError
/// with everything that is wrong, `problems` included.
[[nodiscard]] std::unique_ptr<Model> build(const Spec& spec, std::span<const ModelInfo> models,
                                           const csv::Limits& profile_limits, Diagnostics& problems,
                                           const Sharing& sharing = {});

/// What a block `record` asks for in a run of that step.
[[nodiscard]] RecordOptions record_options(const RecordSpec& spec, double step_h);

}  // namespace gridplus::scenario
