// The design of a study as a text, so that its shards can be merged without the scenario.
#pragma once

#include <string>

#include "sim/study/design.hpp"

namespace gridplus::output {

[[nodiscard]] std::string design_to_text(const study::Design& design);
/// Throws IoError where the text is none of ours.
[[nodiscard]] study::Design design_from_text(const std::string& text);

}  // namespace gridplus::output
