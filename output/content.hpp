// What a results file holds, as plain data: groups of named, unit-bearing arrays over named dimensions. Made from a
// model by schema.hpp, from a run's end by summary_groups.hpp, from a power flow by power_flow_file.hpp; written by
// hdf5_file.hpp. docs/output-format.md specifies the names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gridplus::output {

inline constexpr std::string_view k_format_name = "gridplus-results";
inline constexpr int k_format_major = 1;  ///< raised when a reader of the older version would misread the file
inline constexpr int k_format_minor = 0;  ///< raised when something is added

enum class CellType : std::uint8_t { float32, float64, int8, int32, int64, text };

/// Bytes of one cell in the file; a text cell is a reference to the text.
[[nodiscard]] constexpr std::size_t size_of(CellType type) {
  switch (type) {
    case CellType::int8:
      return 1;
    case CellType::float32:
    case CellType::int32:
      return 4;
    case CellType::float64:
    case CellType::int64:
      return 8;
    case CellType::text:
      return 16;
  }
  return 0;
}

struct Attribute {
  std::string name;
  std::variant<std::string, double, std::int64_t, std::vector<std::int64_t>> value;
};

/// Values in row-major order; none where they come later, in chunks (Schema::streams) or as events.
using Values = std::variant<std::monostate, std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>>;

/// One array. Without dimensions it is a scalar; where its name is that of its dimension it is the coordinate.
struct Dataset {
  std::string name;
  CellType type = CellType::float64;
  std::vector<std::string> dimensions;
  std::string units = "1";
  std::string long_name;
  std::vector<Attribute> attributes;
  Values values;
  /// What a cell reads that nothing was written to; also the attribute `_FillValue`.
  std::optional<double> fill;
};

struct Dimension {
  std::string name;
  std::uint64_t size = 0;
};

/// A self-contained group: every dimension is its own, and has a coordinate in it.
struct Group {
  std::string name;
  std::string long_name;
  std::vector<Dimension> dimensions;
  std::vector<Dataset> datasets;
};

struct Content {
  std::vector<Attribute> attributes;
  std::vector<Group> groups;
};

/// Adds the attributes that name the values 0, 1, ... of a flag: `meanings` are words divided by spaces (CF 3.5).
void add_flag_meanings(Dataset& dataset, std::string_view meanings);

/// Datasets of the common kinds.
[[nodiscard]] Dataset text_column(std::string name, std::string dimension, std::string long_name,
                                  std::vector<std::string> values);
[[nodiscard]] Dataset number_column(std::string name, std::string dimension, std::string units, std::string long_name,
                                    std::vector<double> values);
[[nodiscard]] Dataset flag_column(std::string name, std::string dimension, std::string long_name,
                                  std::string_view meanings, std::vector<std::int64_t> values);
/// Seconds since 1970 in UTC with the attributes of a CF time; `dimension` is `time` for a coordinate.
[[nodiscard]] Dataset time_column(std::string dimension, std::string long_name, Values seconds);

/// What every file says of its origin: format, program, creation.
[[nodiscard]] std::vector<Attribute> origin_attributes();

}  // namespace gridplus::output
