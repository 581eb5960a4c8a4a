// What a person should know about a scenario before its results are read.
#pragma once

#include <string>

#include "sim/step/model.hpp"

namespace gridplus::tools {

/// Lines for standard error, each with its end; empty where there is nothing to say.
[[nodiscard]] std::string notes_on(const Model& model);

}  // namespace gridplus::tools
