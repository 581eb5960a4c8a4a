// Ctrl-C and SIGTERM: a run ends at the next block, with a checkpoint.
#pragma once

namespace gridplus::tools {

/// From now on SIGINT and SIGTERM only set a flag; a second one ends the program at once.
void watch_for_interrupt();
[[nodiscard]] bool interrupted();

}  // namespace gridplus::tools
