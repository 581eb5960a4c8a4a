// Random numbers for many entities at once, by vector instructions.
#pragma once

#include <array>
#include <cstdint>

#include "sim/core/random.hpp"
#include "sim/core/vector_set.hpp"

namespace gridplus {

/// 128 random bits for each of many entities: `word[w][i]` is the w-th 32 bits of `entity[i]`. For draws that need no
/// more than 2^-32 of a probability; many at once by vector instructions.
struct RandomWords {
  static constexpr std::size_t k_size = 128;
  std::array<std::uint32_t, k_size> entity{};
  std::array<std::array<std::uint32_t, k_size>, 4> word{};
};
/// Fills the words of all k_size entities, whatever is wanted of them: Philox 4x32-10 of entity, draw and step, its
/// 64-bit key drawn from seed, replicate and stream; key.entity is not looked at. Other draws than the functions above
/// give, and the same on every machine.
void draw_words(const RandomKey& key, std::uint32_t draw, RandomWords& words, VectorSet set = vector_set());
/// The words of one entity: the plain twin, by Random123.
[[nodiscard]] std::array<std::uint32_t, 4> four_words(const RandomKey& key, std::uint32_t draw, std::uint32_t entity);

/// A number in (0, 1) of 32 random bits.
[[nodiscard]] constexpr double uniform_of_bits(std::uint32_t bits) {
  return (static_cast<double>(bits) + 0.5) * 0x1.0p-32;
}

}  // namespace gridplus
