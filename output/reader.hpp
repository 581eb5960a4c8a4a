// Opens results files: what they hold, and their values. Used by inspect, compare and tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/step/kpi.hpp"

namespace gridplus::output {

struct DatasetInfo {
  std::string name;
  std::string type;  ///< float32, float64, int8, int32, int64, text
  std::vector<std::uint64_t> shape;
  std::vector<std::string> dimensions;
  std::string units, long_name, flag_meanings;
  std::uint64_t raw_bytes = 0;     ///< cells times size; of texts their references
  std::uint64_t stored_bytes = 0;  ///< in the file
  std::vector<std::string> parts;  ///< other files that hold the values, as paths; empty: it holds them itself
  [[nodiscard]] bool text() const { return type == "text"; }
  [[nodiscard]] std::uint64_t cells() const;
  [[nodiscard]] bool over_time() const { return std::ranges::find(dimensions, "time") != dimensions.end(); }
};

struct GroupInfo {
  std::string name, long_name;
  std::vector<DatasetInfo> datasets;  ///< in the order in which they were made
  [[nodiscard]] const DatasetInfo* find(std::string_view dataset) const;
};

/// `count` neighbouring cells, from the `first` on, of the `outer` first dimensions of a dataset, row-major. All are in
/// the same row: only the last of these dimensions varies.
struct CellRange {
  std::size_t outer = 1;
  std::uint64_t first = 0, count = 0;
};

class ResultsReader {
 public:
  /// Throws IoError where `path` cannot be read, is no HDF5 file, holds no gridplus results, or is of a newer major
  /// version of the format than this program knows.
  explicit ResultsReader(std::string path);
  ~ResultsReader();
  ResultsReader(ResultsReader&&) noexcept;

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] std::uint64_t file_size() const;
  [[nodiscard]] const std::vector<GroupInfo>& groups() const;
  /// nullptr where there is none.
  [[nodiscard]] const GroupInfo* find(std::string_view group) const;

  /// Root attributes; none where there is none of that name and kind.
  [[nodiscard]] std::optional<std::string> text_attribute(const std::string& name) const;
  [[nodiscard]] std::optional<double> number_attribute(const std::string& name) const;
  /// [major, minor]
  [[nodiscard]] std::vector<std::int64_t> format_version() const;

  // The functions below throw IoError where there is no such dataset.

  /// All values, row-major, as numbers.
  [[nodiscard]] std::vector<double> read(const std::string& group, const std::string& dataset) const;
  /// The values of `count` rows (of the first dimension) from `first` on.
  [[nodiscard]] std::vector<double> read_rows(const std::string& group, const std::string& dataset, std::uint64_t first,
                                              std::uint64_t count) const;
  /// Everything in a range of cells.
  [[nodiscard]] std::vector<double> read_cells(const std::string& group, const std::string& dataset,
                                               const CellRange& range) const;
  /// The bytes of a chunk as they are stored; empty where nothing was written there.
  [[nodiscard]] std::vector<std::byte> read_chunk(const std::string& group, const std::string& dataset,
                                                  std::span<const std::uint64_t> offset) const;
  [[nodiscard]] std::vector<std::string> read_text(const std::string& group, const std::string& dataset) const;

  /// What the run said of itself at its end.
  [[nodiscard]] RunSummary summary() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridplus::output
