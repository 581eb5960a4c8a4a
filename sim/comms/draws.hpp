// The keys of random draws in the communication network.
#pragma once

#include <cstdint>

#include "sim/core/random.hpp"

namespace gridplus::comms {

/// What a draw is for, beside the class of a message; part of its key.
enum class Draw : std::uint32_t { process = 100, initial_process, hop_initial, hop_time, phase, coverage, cohort };

struct DrawSource {
  std::uint64_t seed = 0;
  std::uint32_t replicate = 0;

  [[nodiscard]] RandomKey key(std::int64_t step, Draw draw) const {
    // Processes and endpoints number their entities alike; a shift of the step's high bits keeps them apart.
    const auto high = static_cast<std::uint64_t>(draw) << 48U;
    return {seed, replicate, RandomStream::communication, 0, high | static_cast<std::uint64_t>(step)};
  }
};

}  // namespace gridplus::comms
