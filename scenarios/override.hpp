// Values changed from outside: `--set path=value`.
#pragma once

#include <string>

#include "scenarios/document.hpp"

namespace gridplus::scenario {

/// Changes one value of `root`. `set` is `path=value`: keys divided by dots, entries of a list named by their `name` or
/// by their position from 0 (`producers.farm.capacity`, `producers[0].capacity`); the value is YAML. The last key may
/// be new. `source` is the file that messages and relative names of the value see. Adds what is wrong to `problems`.
void apply_override(Node& root, const std::string& set, const SourceFile& source, Diagnostics& problems);

}  // namespace gridplus::scenario
