// Results of a run that ended before its last step.
#pragma once

#include <cstdint>

#include "output/schema.hpp"

namespace gridplus::output {

/// The same for the first `steps` steps only; chunks stay as they are.
[[nodiscard]] Schema shortened(Schema schema, std::int64_t steps);

}  // namespace gridplus::output
