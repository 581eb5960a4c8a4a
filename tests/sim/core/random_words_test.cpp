#include "sim/core/random_words.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gridplus {
namespace {

RandomWords some_entities() {
  RandomWords words;
  for (std::size_t i = 0; i < RandomWords::k_size; ++i) words.entity[i] = static_cast<std::uint32_t>(i * 2654435761U);
  return words;
}

TEST(RandomWords, AreThoseOfThePlainTwin) {
  const RandomKey key{0x123456789abcdefULL, 3, RandomStream::communication, 0, 0x987654321ULL};
  RandomWords words = some_entities();
  draw_words(key, 4, words);
  for (std::size_t i = 0; i < RandomWords::k_size; ++i) {
    const auto twin = four_words(key, 4, words.entity[i]);
    for (std::size_t w = 0; w < 4; ++w) ASSERT_EQ(words.word[w][i], twin[w]) << "entity " << words.entity[i];
  }
}

TEST(RandomWords, AreTheSameForEveryVectorSet) {
  const RandomKey key{7, 0, RandomStream::communication, 0, 12};
  RandomWords best = some_entities();
  draw_words(key, 0, best);
  for (const VectorSet set : {VectorSet::baseline, VectorSet::avx2, VectorSet::avx512}) {
    if (set > vector_set()) continue;
    RandomWords other = some_entities();
    draw_words(key, 0, other, set);
    EXPECT_EQ(other.word, best.word);
  }
}

TEST(RandomWords, EveryPartOfTheKeyMatters) {
  const RandomKey key{7, 1, RandomStream::communication, 0, 345};
  const auto first = four_words(key, 0, 5);
  EXPECT_NE(four_words({8, 1, RandomStream::communication, 0, 345}, 0, 5), first);
  EXPECT_NE(four_words({7, 2, RandomStream::communication, 0, 345}, 0, 5), first);
  EXPECT_NE(four_words({7, 1, RandomStream::cyber, 0, 345}, 0, 5), first);
  EXPECT_NE(four_words({7, 1, RandomStream::communication, 0, 346}, 0, 5), first);
  EXPECT_NE(four_words({7, 1, RandomStream::communication, 0, 345 + (std::uint64_t{1} << 40U)}, 0, 5), first);
  EXPECT_NE(four_words(key, 1, 5), first);
  EXPECT_NE(four_words(key, 0, 6), first);
}

TEST(RandomWords, FillTheUnitInterval) {
  // Over n draws the standard errors of mean and variance are 0.2887 / sqrt(n) and 0.0745 / sqrt(n): five are allowed.
  constexpr std::size_t k_batches = 1000;
  const double n = 4.0 * static_cast<double>(k_batches * RandomWords::k_size);
  double sum = 0.0, squares = 0.0;
  RandomWords words = some_entities();
  for (std::uint64_t step = 0; step < k_batches; ++step) {
    draw_words({1, 0, RandomStream::communication, 0, step}, 0, words);
    for (const auto& word : words.word)
      for (const std::uint32_t bits : word) {
        const double u = uniform_of_bits(bits);
        sum += u, squares += u * u;
      }
  }
  EXPECT_NEAR(sum / n, 0.5, 5 * 0.2887 / std::sqrt(n));
  EXPECT_NEAR(squares / n - sum * sum / n / n, 1.0 / 12.0, 5 * 0.0745 / std::sqrt(n));
}

}  // namespace
}  // namespace gridplus
