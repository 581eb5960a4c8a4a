// The time series of RTS-GMLC: which file and column belongs to which object, read and brought to one time axis.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/importers/scenario_text.hpp"
#include "scenarios/importers/source_table.hpp"
#include "sim/core/calendar.hpp"

namespace gridplus::foreign::rts_gmlc {

/// Local time of the data: Mountain Standard Time, that of Arizona, all year. The source names no zone.
inline constexpr std::int32_t k_utc_offset_s = -7 * 3600;

/// What timeseries_pointers.csv says of one object and parameter.
struct Pointer {
  std::string category, object, parameter, file;
  std::size_t row = 0;  ///< of the pointer table
};

/// One series file as it will be written.
struct SeriesFile {
  std::string name;  ///< such as `hydro.csv`
  std::vector<SeriesColumn> columns;
  std::int64_t step_s = 3600;
  ZonedTime start;
  bool interpolated = false;  ///< made from the day-ahead series for want of a real-time one

  [[nodiscard]] bool has(std::string_view column) const;
};

/// The pointers of one simulation (`DAY_AHEAD` or `REAL_TIME`) and the files they lead to.
class SeriesSet {
 public:
  /// Reads the pointer table and every file that units, areas and stores point to. Files of reserves are not read.
  SeriesSet(const SourceFolder& folder, std::string_view source_data, std::string_view simulation,
            Diagnostics& problems);

  [[nodiscard]] const std::vector<Pointer>& pointers() const { return pointers_; }
  /// The pointer of an object's parameter, or nullptr.
  [[nodiscard]] const Pointer* find(std::string_view object, std::string_view parameter) const;
  /// The file a pointer leads to. Null where it is missing (then a problem was noted).
  [[nodiscard]] const SeriesFile* file(const Pointer& pointer) const;
  [[nodiscard]] const std::map<std::string, SeriesFile>& files() const { return files_; }
  [[nodiscard]] const SourceTable& table() const { return table_; }
  [[nodiscard]] std::int64_t step_s() const { return step_s_; }
  /// Begin and number of steps, the same for all files (else a problem was noted).
  [[nodiscard]] ZonedTime start() const { return start_; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }

 private:
  void read_pointed(const SourceFolder& folder, const Pointer& pointer, Diagnostics& problems);
  [[nodiscard]] std::optional<SeriesFile> read_file(const SourceFolder& folder, std::string_view pointed,
                                                    std::int64_t step_s, Diagnostics& problems) const;

  SourceTable table_;
  std::vector<Pointer> pointers_;
  std::vector<Pointer> day_ahead_;                           ///< where real-time files are missing
  std::map<std::string, SeriesFile> files_;                  ///< by the pointer's path
  std::map<std::string, std::string, std::less<>> missing_;  ///< paths already reported
  std::int64_t step_s_ = 3600;
  std::int64_t day_ahead_step_s_ = 3600;
  ZonedTime start_;
  std::int64_t steps_ = 0;
};

/// Means over steps of `coarse_s` to means over steps of `fine_s`, on straight lines between the middles of the coarse
/// steps. Their sum stays that of the coarse series but for the two ends; values outside are those of the ends.
[[nodiscard]] std::vector<double> interpolate_means(const std::vector<double>& coarse, std::int64_t coarse_s,
                                                    std::int64_t fine_s);

}  // namespace gridplus::foreign::rts_gmlc
