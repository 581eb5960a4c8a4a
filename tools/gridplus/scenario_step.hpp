// Which step of a scenario a person means.
#pragma once

#include <cstdint>
#include <string>

#include "sim/step/model.hpp"

namespace gridplus::tools {

/// The step of the time `text` given by --at; the first if it is empty. Throws InputError for what is no time of the
/// run.
[[nodiscard]] std::int64_t step_at(const Model& model, const std::string& text);

}  // namespace gridplus::tools
