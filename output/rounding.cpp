#include "output/rounding.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace gridplus::output {

double round_to_resolution(double value, double resolution) {
  // Adding 1.5 * 2^52 leaves no bits for a fraction: the addition itself rounds, without a call.
  constexpr double k_no_fraction = 0x1.8p52;
  constexpr double k_largest = 0x1p51;
  const double scaled = value / resolution;
  const double rounded = (scaled + k_no_fraction) - k_no_fraction;
  return std::abs(scaled) < k_largest ? rounded * resolution : value;
}

float round_to_bits(float value, int bits) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  constexpr std::uint32_t k_exponent = 0x7f800000u;
  if ((word & k_exponent) == k_exponent || bits >= 24) return value;
  const int dropped = 24 - bits;
  const std::uint32_t half = (1u << (dropped - 1)) - 1u + ((word >> dropped) & 1u);
  return std::bit_cast<float>((word + half) & ~((1u << dropped) - 1u));
}

namespace {

template <class T>
T to_integer(double value) {
  if (std::isnan(value)) return 0;
  constexpr double low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  return static_cast<T>(value < low ? low : value > high ? high : value);
}

/// Of a whole chunk.
struct CellShape {
  std::size_t rows = 0, columns = 0;
};

/// Cells in the file's type, zero where `values` has none. Adding zero turns a negative zero into a plain one.
template <class T, class Convert>
void convert(const ChunkValues& values, const CellShape& shape, T* cells, Convert to_cell) {
  for (std::size_t row = 0; row < values.rows; ++row) {
    const double* from = values.first + row * values.row_stride;
    T* to = cells + row * shape.columns;
    for (std::size_t column = 0; column < values.columns; ++column) to[column] = to_cell(from[column]);
    std::fill(to + values.columns, to + shape.columns, T{});
  }
  std::fill(cells + values.rows * shape.columns, cells + shape.rows * shape.columns, T{});
}

void convert_floats(const Stream& stream, const ChunkValues& values, const CellShape& shape, float* cells) {
  if (stream.resolution > 0.0)
    convert(values, shape, cells,
            [&](double x) { return static_cast<float>(round_to_resolution(x, stream.resolution)); });
  else if (stream.significant_bits > 0)
    convert(values, shape, cells,
            [&](double x) { return round_to_bits(static_cast<float>(x + 0.0), stream.significant_bits); });
  else
    convert(values, shape, cells, [](double x) { return static_cast<float>(x + 0.0); });
}

void convert_doubles(const Stream& stream, const ChunkValues& values, const CellShape& shape, double* cells) {
  if (stream.resolution > 0.0)
    convert(values, shape, cells, [&](double x) { return round_to_resolution(x, stream.resolution); });
  else
    convert(values, shape, cells, [](double x) { return x + 0.0; });
}

template <std::size_t Size>
void shuffle(const std::byte* cells, std::size_t count, std::byte* planes) {
  for (std::size_t plane = 0; plane < Size; ++plane)
    for (std::size_t i = 0; i < count; ++i) planes[plane * count + i] = cells[i * Size + plane];
}

}  // namespace

void encode_chunk(const Stream& stream, const ChunkValues& values, std::size_t chunk_rows, std::size_t chunk_columns,
                  std::vector<std::byte>& scratch, std::vector<std::byte>& bytes) {
  const std::size_t count = chunk_rows * chunk_columns, size = size_of(stream.type);
  const CellShape shape{chunk_rows, chunk_columns};
  scratch.resize(count * size);
  bytes.resize(count * size);
  void* cells = scratch.data();
  switch (stream.type) {
    case CellType::float32:
      convert_floats(stream, values, shape, static_cast<float*>(cells));
      break;
    case CellType::float64:
      convert_doubles(stream, values, shape, static_cast<double*>(cells));
      break;
    case CellType::int8:
      convert(values, shape, static_cast<std::int8_t*>(cells), to_integer<std::int8_t>);
      break;
    case CellType::int32:
      convert(values, shape, static_cast<std::int32_t*>(cells), to_integer<std::int32_t>);
      break;
    case CellType::int64:
    case CellType::text:
      ensure(false, "a variable over time is a float, an int8 or an int32");
  }
  switch (size) {
    case 1:
      std::memcpy(bytes.data(), scratch.data(), count);
      break;
    case 4:
      shuffle<4>(scratch.data(), count, bytes.data());
      break;
    default:
      shuffle<8>(scratch.data(), count, bytes.data());
  }
}

}  // namespace gridplus::output
