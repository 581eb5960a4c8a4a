// Evenly spaced rows to the steps of a run.
#pragma once

#include <cstdint>
#include <vector>

#include "scenarios/profile_request.hpp"
#include "sim/core/calendar.hpp"

namespace gridplus::scenario {

/// Takes the rows of one column in order and fills the steps they cover, in memory of the steps alone.
class Resampler {
 public:
  /// Row k covers [first + k row_s, first + (k + 1) row_s).
  Resampler(const TimeAxis& time, UtcSeconds first, std::int64_t row_s, Interpolation interpolation);
  void add(double value);
  /// The values of the steps after the last row. Steps that no row covers hold 0.
  [[nodiscard]] std::vector<double> finish();

 private:
  void add_average(UtcSeconds begin, double value);
  void add_points(UtcSeconds begin, double value);

  TimeAxis time_;
  UtcSeconds next_;
  std::int64_t row_s_;
  bool linear_;
  bool any_ = false;
  double previous_ = 0.0;
  std::int64_t point_step_ = 0;  ///< linear: the next step without a value
  std::vector<double> steps_;
};

/// `rows` from `first`, repeated for ever: by month, day and time of day where they cover a calendar year (29 February
/// takes the day before), else one after the other.
[[nodiscard]] std::vector<double> repeat_rows(const std::vector<double>& rows, ZonedTime first, std::int64_t row_s,
                                              const TimeAxis& time);

}  // namespace gridplus::scenario
