// Writes Content to an HDF5 file that is netCDF-4 too: dimension scales, CF attributes, chunks that are compressed
// already. The HDF5 library stays behind this header.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "output/content.hpp"

namespace gridplus::output {

/// Cells of a chunk along every dimension of its dataset.
using ChunkShape = std::vector<std::uint64_t>;

/// A part of a virtual dataset that stands in another file. There it is an array of rows; here a row is a cell of the
/// dimensions before the last two (or the last, where rows have one dimension).
struct VirtualPart {
  std::string file;                  ///< seen from the folder of the virtual dataset
  std::uint64_t rows = 0;            ///< of the other dataset
  std::vector<std::uint64_t> taken;  ///< rows, ascending
  std::vector<std::uint64_t> cells;  ///< where each of them goes, row-major, ascending
};

/// How the cells of a dataset are kept.
struct Layout {
  ChunkShape chunk;  ///< empty: in one piece
  /// With parts the dataset is virtual; `inner` dimensions belong to a row, and the others have the cells.
  std::span<const VirtualPart> parts = {};
  std::size_t inner = 0;
};

class Hdf5File {
 public:
  /// Makes the file at `path`, replacing one that is there, with the root attributes and no groups. Throws IoError,
  /// as all functions do.
  Hdf5File(const std::string& path, std::span<const Attribute> attributes);
  ~Hdf5File();
  Hdf5File(Hdf5File&&) noexcept;

  /// Adds a group with its dimensions and datasets. Those with values are written, the others are filled by the
  /// functions below. layouts[i] is of the i-th dataset; those beyond the end of `layouts` are stored in one piece.
  void add(const Group& group, std::span<const Layout> layouts = {});

  /// Writes a whole chunk, shuffled and deflated, that begins at `offset`, which has an entry for every dimension.
  void write_chunk(const std::string& group, const std::string& dataset, std::span<const std::uint64_t> offset,
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
