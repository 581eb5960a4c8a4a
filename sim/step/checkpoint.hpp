// A run's state as bytes: what --resume continues from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gridplus {

/// The state of a run before step `next_step`, in the byte order of the machine and the layout of this program version.
struct Checkpoint {
  std::int64_t next_step = 0;
  std::vector<std::byte> state;
};

}  // namespace gridplus
