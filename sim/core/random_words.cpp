// Philox 4x32-10 over many counters at once (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC'11), in a loop that compilers make vectors of. A test compares it with Random123.
#include <Random123/philox.h>

#include "sim/core/random_words.hpp"

namespace gridplus {

namespace {

struct Common {
  std::uint32_t draw, step_low, step_high, key_0, key_1;
};

[[gnu::always_inline]] inline void fill(const Common& in, RandomWords& words) {
  constexpr std::uint64_t k_multiplier_0 = 0xD2511F53U, k_multiplier_1 = 0xCD9E8D57U;
  constexpr std::uint32_t k_weyl_0 = 0x9E3779B9U, k_weyl_1 = 0xBB67AE85U;
  for (std::size_t i = 0; i < RandomWords::k_size; ++i) {
    std::uint32_t c0 = words.entity[i], c1 = in.draw, c2 = in.step_low, c3 = in.step_high;
    std::uint32_t k0 = in.key_0, k1 = in.key_1;
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t a = k_multiplier_0 * c0, b = k_multiplier_1 * c2;
      c0 = static_cast<std::uint32_t>(b >> 32U) ^ c1 ^ k0;
      c2 = static_cast<std::uint32_t>(a >> 32U) ^ c3 ^ k1;
      c1 = static_cast<std::uint32_t>(b);
      c3 = static_cast<std::uint32_t>(a);
      k0 += k_weyl_0;
      k1 += k_weyl_1;
    }
    words.word[0][i] = c0;
    words.word[1][i] = c1;
    words.word[2][i] = c2;
    words.word[3][i] = c3;
  }
}

std::uint64_t small_key(const RandomKey& key) {
  const std::uint64_t high = (std::uint64_t{key.replicate} << 32U) | static_cast<std::uint32_t>(key.stream);
  return r123::Philox4x64{}({{0, 0, 0, 2}}, {{key.seed, high}})[0];
}

}  // namespace

void draw_words(const RandomKey& key, std::uint32_t draw, RandomWords& words, VectorSet set) {
  const std::uint64_t mixed = small_key(key);
  const Common in{draw, static_cast<std::uint32_t>(key.step), static_cast<std::uint32_t>(key.step >> 32U),
                  static_cast<std::uint32_t>(mixed), static_cast<std::uint32_t>(mixed >> 32U)};
  in_vectors<fill>(set, in, words);
}

std::array<std::uint32_t, 4> four_words(const RandomKey& key, std::uint32_t draw, std::uint32_t entity) {
  const std::uint64_t mixed = small_key(key);
  const r123::Philox4x32::ctr_type words = r123::Philox4x32{}(
      {{entity, draw, static_cast<std::uint32_t>(key.step), static_cast<std::uint32_t>(key.step >> 32U)}},
      {{static_cast<std::uint32_t>(mixed), static_cast<std::uint32_t>(mixed >> 32U)}});
  return {words[0], words[1], words[2], words[3]};
}

}  // namespace gridplus
