#include "output/rounding.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace gridplus::output {
namespace {

RC_GTEST_PROP(Rounding, ToAResolutionMissesByHalfOfItAtMost, ()) {
  const double value = static_cast<double>(*rc::gen::inRange(-1'000'000'000, 1'000'000'000)) / 997.0;
  for (const double resolution : {0x1p-30, 0x1p-20, 0x1p-10}) {
    const double rounded = round_to_resolution(value, resolution);
    RC_ASSERT(std::abs(rounded - value) <= resolution / 2.0);
    RC_ASSERT(rounded == std::nearbyint(value / resolution) * resolution);
    RC_ASSERT(round_to_resolution(rounded, resolution) == rounded);
  }
}

RC_GTEST_PROP(Rounding, ToBitsMissesByHalfAUnitOfTheLastKeptBitAtMost, ()) {
  const auto value = static_cast<float>(*rc::gen::inRange(-1'000'000'000, 1'000'000'000)) / 997.0f;
  for (const int bits : {8, 16, 18}) {
    const float rounded = round_to_bits(value, bits);
    RC_ASSERT(std::abs(rounded - value) <= std::abs(value) * std::ldexp(1.0f, -bits));
    RC_ASSERT(round_to_bits(rounded, bits) == rounded);
  }
}

TEST(Rounding, LeavesWhatHasNoDigitsToDrop) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(round_to_resolution(std::nan(""), 0x1p-20)));
  EXPECT_EQ(round_to_resolution(-infinity, 0x1p-20), -infinity);
  EXPECT_EQ(round_to_resolution(1e300, 0x1p-20), 1e300);
  EXPECT_TRUE(std::isnan(round_to_bits(std::nanf(""), 16)));
  EXPECT_EQ(round_to_bits(-std::numeric_limits<float>::infinity(), 16), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(round_to_bits(0.1f, 24), 0.1f);
}

TEST(Rounding, GivesNoNegativeZero) {
  EXPECT_FALSE(std::signbit(round_to_resolution(-0.0, 0x1p-20)));
  EXPECT_FALSE(std::signbit(round_to_resolution(-1e-12, 0x1p-20)));
}

TEST(Rounding, UnbiasedSoThatSumsOverAYearStayTrue) {
  constexpr double k_fidelity = 1e-6;  // relative, of annual sums
  double sum = 0.0, rounded_sum = 0.0;
  for (int i = 0; i < 8784; ++i) {
    const double value = 100.0 + 50.0 * std::sin(0.1 * i);
    sum += value;
    rounded_sum += static_cast<double>(round_to_bits(static_cast<float>(value), 16));
  }
  EXPECT_NEAR(rounded_sum / sum, 1.0, k_fidelity);
}

TEST(EncodeChunk, PutsBytePlanesOneAfterTheOther) {
  Stream stream;
  stream.type = CellType::int32;
  const std::array<double, 4> values = {1.0, 2.0, 258.0, -1.0};
  std::vector<std::byte> scratch, bytes;
  encode_chunk(stream, {values.data(), 2, 2, 2}, 2, 2, scratch, bytes);
  const std::array<int, 16> expected = {1, 2, 2, 255, 0, 0, 1, 255, 0, 0, 0, 255, 0, 0, 0, 255};
  ASSERT_EQ(bytes.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(static_cast<int>(bytes[i]), expected[i]) << i;
}

TEST(EncodeChunk, FillsWhatTheValuesDoNotCoverWithZeros) {
  Stream stream;
  stream.type = CellType::int8;
  const std::array<double, 6> values = {1, 2, 3, 4, 5, 6};
  std::vector<std::byte> scratch, bytes;
  encode_chunk(stream, {values.data() + 1, 2, 2, 3}, 3, 3, scratch, bytes);
  const std::array<int, 9> expected = {2, 3, 0, 5, 6, 0, 0, 0, 0};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(static_cast<int>(bytes[i]), expected[i]) << i;
}

TEST(EncodeChunk, HoldsWholeNumbersWithinTheirType) {
  Stream stream;
  stream.type = CellType::int8;
  const std::array<double, 3> values = {1000.0, -1000.0, std::nan("")};
  std::vector<std::byte> scratch, bytes;
  encode_chunk(stream, {values.data(), 1, 3, 3}, 1, 3, scratch, bytes);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[0]), 127);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[1]), -128);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[2]), 0);
}

}  // namespace
}  // namespace gridplus::output
