// zlib streams with libdeflate; the compressed form of every chunk, readable by any HDF5.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

struct libdeflate_compressor;

namespace gridplus::output {

/// One thread's compressor. `level` 1 (fast) to 12 (small).
class Compressor {
 public:
  explicit Compressor(int level);
  /// `bytes` as a zlib stream.
  [[nodiscard]] std::vector<std::byte> compress(std::span<const std::byte> bytes);

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const;
  };
  std::unique_ptr<libdeflate_compressor, Free> compressor_;
  std::vector<std::byte> scratch_;
};

/// The `size` bytes that `stream` holds. Throws IoError if it does not.
[[nodiscard]] std::vector<std::byte> decompress(std::span<const std::byte> stream, std::size_t size);

}  // namespace gridplus::output
