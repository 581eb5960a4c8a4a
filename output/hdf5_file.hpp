// Writes Content to an HDF5 file that is netCDF-4 too: dimension scales, CF attributes, chunks that are compressed
// already. The HDF5 library stays behind this header.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "output/content.hpp"

namespace gridplus::output {

/// Chunks of a dataset; rows 0: stored in one piece. A dataset with one dimension has no columns.
struct ChunkShape {
  std::uint64_t rows = 0, columns = 0;
};

class Hdf5File {
 public:
  /// Makes the file at `path`, replacing one that is there, with the root attributes and no groups. Throws IoError,
  /// as all functions do.
  Hdf5File(const std::string& path, std::span<const Attribute> attributes);
  ~Hdf5File();
  Hdf5File(Hdf5File&&) noexcept;

  /// Adds a group with its dimensions and datasets. Those with values are written, the others are filled by the
  /// functions below. shapes[i] is for the i-th dataset; those beyond the end of `shapes` are stored in one piece.
  void add(const Group& group, std::span<const ChunkShape> shapes = {});

  /// Writes a whole chunk, shuffled and deflated, that begins at the given row and column.
  void write_chunk(const std::string& group, const std::string& dataset, std::uint64_t row, std::uint64_t column,
                   std::span<const std::byte> bytes);

  /// Writes values from `offset` on into a dataset with one dimension.
  void write_part(const std::string& group, const Dataset& dataset, std::uint64_t offset, const Values& values);

  /// Closes the file; to be called at the end, for errors of the last writes appear here.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridplus::output
