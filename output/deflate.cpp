#include "output/deflate.hpp"

#include <libdeflate.h>

#include <new>

#include "sim/core/error.hpp"

namespace gridplus::output {

void Compressor::Free::operator()(libdeflate_compressor* compressor) const {
  libdeflate_free_compressor(compressor);
}

Compressor::Compressor(int level) : compressor_(libdeflate_alloc_compressor(level)) {
  if (!compressor_) throw std::bad_alloc();
}

std::vector<std::byte> Compressor::compress(std::span<const std::byte> bytes) {
  const std::size_t bound = libdeflate_zlib_compress_bound(compressor_.get(), bytes.size());
  if (scratch_.size() < bound) scratch_.resize(bound);
  const std::size_t size =
      libdeflate_zlib_compress(compressor_.get(), bytes.data(), bytes.size(), scratch_.data(), scratch_.size());
  ensure(size > 0, "a buffer of the bound's size is too small to compress into");
  return {scratch_.begin(), scratch_.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::vector<std::byte> decompress(std::span<const std::byte> stream, std::size_t size) {
  std::vector<std::byte> out(size);
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  if (libdeflate_zlib_decompress(decompressor.get(), stream.data(), stream.size(), out.data(), size, nullptr) !=
      LIBDEFLATE_SUCCESS)
    throw IoError("a compressed record of the spool cannot be read");
  return out;
}

}  // namespace gridplus::output
