// Values changed from outside: `--set path=value`.
#pragma once

#include <string>

#include "scenarios/document.hpp"

namespace gridplus::scenario {

/// Changes one value of `root`. `set` is `path=value`: keys divided by dots, entries of a list named by their `name` or
/// by their position from 0 (`producers.farm.capacity`, `producers[0].capacity`); the value is YAML. The last key may
/// be new. `source` is the file that messages and relative names of the value see. Adds what is wrong to `problems`.
void apply_override(Node& root, const std::string& set, const SourceFile& source, Diagnostics& problems);

/// The place of `root` that a path leads to, made if only its last key is new; nullptr if it leads nowhere, which is
/// reported at `written`, the text of a file that names the path.
[[nodiscard]] Node* find_place(Node& root, const std::string& path, const Node& written, Diagnostics& problems);

}  // namespace gridplus::scenario
