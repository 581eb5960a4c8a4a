// Dates and times with a fixed offset from UTC, leap years, and the axis of steps that a run walks along.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gridplus {

/// Seconds since 1970-01-01T00:00:00Z (no leap seconds, as POSIX and CF count).
using UtcSeconds = std::int64_t;

/// A time in UTC and the offset that local clocks show.
struct ZonedTime {
  UtcSeconds utc = 0;
  std::int32_t offset_s = 0;  ///< local = UTC + offset
};

/// A local calendar date and time of day.
struct CivilTime {
  int year = 1970, month = 1, day = 1;  ///< month and day count from 1
  int hour = 0, minute = 0, second = 0;
  int day_of_year = 1;  ///< from 1
  int weekday = 1;      ///< 1 = Monday ... 7 = Sunday (ISO 8601)
};

/// Parses `2018-01-01`, `2018-01-01T00:00`, with seconds and with `Z` or `+08:00` (ISO 8601). Where the text has no
/// offset, `default_offset_s` holds. Throws std::invalid_argument that says what is wrong.
[[nodiscard]] ZonedTime parse_time(std::string_view text, std::int32_t default_offset_s = 0);

/// `2018-01-01T00:00:00+08:00`; `Z` for a zero offset.
[[nodiscard]] std::string format_time(ZonedTime time);
/// `2018-01-01 00:00` in local time, for people.
[[nodiscard]] std::string format_local(ZonedTime time);

[[nodiscard]] CivilTime civil(ZonedTime time);
/// The instant of a local date and time of day under `offset_s`. The date must exist.
[[nodiscard]] ZonedTime from_civil(const CivilTime& local, std::int32_t offset_s);
[[nodiscard]] bool is_leap_year(int year);
[[nodiscard]] int days_in_month(int year, int month);

/// The steps of a run: step k covers [start + k step, start + (k + 1) step).
class TimeAxis {
 public:
  TimeAxis() = default;
  /// `step_s` > 0 and `steps` >= 0.
  TimeAxis(ZonedTime start, std::int64_t step_s, std::int64_t steps) : start_(start), step_s_(step_s), steps_(steps) {}

  [[nodiscard]] ZonedTime start() const { return start_; }
  [[nodiscard]] std::int64_t step_s() const { return step_s_; }
  [[nodiscard]] double step_h() const { return static_cast<double>(step_s_) / 3600.0; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] double duration_h() const { return step_h() * static_cast<double>(steps_); }
  /// Begin of step `k`.
  [[nodiscard]] ZonedTime at(std::int64_t k) const { return {start_.utc + k * step_s_, start_.offset_s}; }
  /// The first step that begins at or after `utc`, clamped to [0, steps()].
  [[nodiscard]] std::int64_t first_step_from(UtcSeconds utc) const;

 private:
  ZonedTime start_;
  std::int64_t step_s_ = 3600;
  std::int64_t steps_ = 0;
};

}  // namespace gridplus
