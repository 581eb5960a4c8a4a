// Uniform numbers one after the other under one key, drawn four at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/core/random.hpp"

namespace gridplus::adequacy {

class NumberStream {
 public:
  explicit NumberStream(const RandomKey& key) : key_(key), block_(four_uniforms(key_, 0)) {}
  double next() {
    if (used_ == block_.size()) {
      block_ = four_uniforms(key_, ++draw_);
      used_ = 0;
    }
    return block_[used_++];
  }

 private:
  RandomKey key_;
  std::uint32_t draw_ = 0;
  std::array<double, 4> block_;
  std::size_t used_ = 0;
};

/// The draws of one entity in one sample; `phase` tells several uses apart.
[[nodiscard]] inline RandomKey outage_key(std::uint64_t seed, std::int64_t sample, std::uint32_t entity,
                                          std::uint64_t phase = 0) {
  return {seed, static_cast<std::uint32_t>(sample), RandomStream::outage, entity, phase};
}

}  // namespace gridplus::adequacy
