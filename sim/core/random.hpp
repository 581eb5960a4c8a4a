// Counter-based random numbers (Philox 4x32-10, Salmon et al., SC'11): a draw is a pure function of its key, so that
// results do not depend on threads, order, or on what else is drawn.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace gridplus {

/// What a family of draws is for. The number is part of the key: never change one, only add.
enum class RandomStream : std::uint32_t {
  scenario_distribution = 1,  ///< parameters given as distributions
  synthetic_profile = 2,      ///< made load and weather
  outage = 3,
  communication = 4,
  cyber = 5,
  device = 6,
  study_design = 16
};

/// The full key of one draw.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint32_t replicate = 0;
  RandomStream stream{};
  std::uint32_t entity = 0;
  std::uint64_t step = 0;
};

/// Uniform in (0, 1): never 0 or 1. `draw` numbers several draws under one key.
[[nodiscard]] double uniform(const RandomKey& key, std::uint32_t draw = 0);
/// Four of them at the price of one; the first is uniform(key, draw), the others belong to nobody else.
[[nodiscard]] std::array<double, 4> four_uniforms(const RandomKey& key, std::uint32_t draw = 0);
/// Standard normal, by inversion of the distribution function (Acklam's rational approximation with one Halley step).
[[nodiscard]] double normal(const RandomKey& key, std::uint32_t draw = 0);
/// The quantile of the standard normal distribution; `p` in (0, 1).
[[nodiscard]] double normal_quantile(double p);
/// The same with a relative error of up to 1.2e-9 and at a fraction of the cost.
[[nodiscard]] double quick_normal_quantile(double p);

/// uniform() of the entities from key.entity on: out[i] is that of entity key.entity + i.
void uniforms(RandomKey key, std::uint32_t draw, std::span<double> out);

}  // namespace gridplus
