// From computed values to the bytes of a chunk: rounding, conversion to the file's type, byte shuffle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "output/schema.hpp"

namespace gridplus::output {

/// `value` rounded to the nearest multiple of `resolution`, a power of two; ties to even. Never gives a negative zero.
[[nodiscard]] double round_to_resolution(double value, double resolution);

/// `value` rounded to `bits` significant bits, 2 to 24; ties to even. NaN and infinity stay what they are.
[[nodiscard]] float round_to_bits(float value, int bits);

/// Values of one chunk, [rows][columns], out of a wider array.
struct ChunkValues {
  const double* first = nullptr;
  std::size_t rows = 0, columns = 0;
  std::size_t row_stride = 0;
};

/// Fills `bytes` with the cells of a chunk of chunk_rows x chunk_columns in the type of `stream`, its byte planes one
/// after the other (the shuffle filter of HDF5); cells that `values` does not cover are zero. `scratch` keeps memory
/// from call to call.
void encode_chunk(const Stream& stream, const ChunkValues& values, std::size_t chunk_rows, std::size_t chunk_columns,
                  std::vector<std::byte>& scratch, std::vector<std::byte>& bytes);

}  // namespace gridplus::output
