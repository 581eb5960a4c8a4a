#include "sim/core/calendar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>

namespace gridplus {

namespace {

namespace chr = std::chrono;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw std::invalid_argument(
      fmt::format("'{}' is not a time: {}; write it as 2018-01-01T00:00+08:00", text.substr(0, 60), why));
}

/// Takes exactly `count` digits from the front of `rest`.
int take_digits(std::string_view text, std::string_view& rest, std::size_t count, std::string_view what) {
  int value = 0;
  if (rest.size() < count) refuse(text, fmt::format("the {} is missing", what));
  for (std::size_t i = 0; i < count; ++i) {
    if (rest[i] < '0' || rest[i] > '9') refuse(text, fmt::format("the {} needs {} digits", what, count));
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(count);
  return value;
}

bool take(std::string_view& rest, char c) {
  if (rest.empty() || rest.front() != c) return false;
  rest.remove_prefix(1);
  return true;
}

std::int32_t take_offset(std::string_view text, std::string_view& rest, std::int32_t default_offset_s) {
  if (rest.empty()) return default_offset_s;
  if (take(rest, 'Z')) return 0;
  const int sign = rest.front() == '-' ? -1 : 1;
  if (!take(rest, '+') && !take(rest, '-'))
    refuse(text, "after the time of day comes nothing, Z, or an offset such as +08:00");
  const int hours = take_digits(text, rest, 2, "offset's hour");
  take(rest, ':');
  const int minutes = rest.empty() ? 0 : take_digits(text, rest, 2, "offset's minute");
  if (hours > 14 || minutes > 59) refuse(text, "an offset lies between -14:00 and +14:00");
  return sign * (hours * 3600 + minutes * 60);
}

}  // namespace

bool is_leap_year(int year) {
  return chr::year{year}.is_leap();
}

int days_in_month(int year, int month) {
  const chr::year_month_day_last last{chr::year{year} / chr::month{static_cast<unsigned>(month)} / chr::last};
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

ZonedTime from_civil(const CivilTime& local, std::int32_t offset_s) {
  const chr::year_month_day date{chr::year{local.year}, chr::month{static_cast<unsigned>(local.month)},
                                 chr::day{static_cast<unsigned>(local.day)}};
  const std::int64_t days = chr::sys_days{date}.time_since_epoch().count();
  return {days * 86400 + std::int64_t{local.hour} * 3600 + std::int64_t{local.minute} * 60 + local.second - offset_s,
          offset_s};
}

CivilTime civil(ZonedTime time) {
  const chr::sys_seconds local{chr::seconds{time.utc + time.offset_s}};
  const chr::sys_days day = chr::floor<chr::days>(local);
  const chr::year_month_day date{day};
  const chr::hh_mm_ss clock{local - day};
  CivilTime c;
  c.year = static_cast<int>(date.year());
  c.month = static_cast<int>(static_cast<unsigned>(date.month()));
  c.day = static_cast<int>(static_cast<unsigned>(date.day()));
  c.hour = static_cast<int>(clock.hours().count());
  c.minute = static_cast<int>(clock.minutes().count());
  c.second = static_cast<int>(clock.seconds().count());
  c.day_of_year = static_cast<int>((day - chr::sys_days{date.year() / chr::January / 1}).count()) + 1;
  c.weekday = static_cast<int>(chr::weekday{day}.iso_encoding());
  return c;
}

ZonedTime parse_time(std::string_view text, std::int32_t default_offset_s) {
  std::string_view rest = text;
  CivilTime c;
  c.year = take_digits(text, rest, 4, "year");
  if (!take(rest, '-')) refuse(text, "year, month and day are divided by '-'");
  c.month = take_digits(text, rest, 2, "month");
  if (!take(rest, '-')) refuse(text, "year, month and day are divided by '-'");
  c.day = take_digits(text, rest, 2, "day");
  if (c.month < 1 || c.month > 12) refuse(text, "there is no such month");
  if (c.day < 1 || c.day > days_in_month(c.year, c.month)) refuse(text, "there is no such day in that month");
  if (take(rest, 'T') || take(rest, ' ')) {
    c.hour = take_digits(text, rest, 2, "hour");
    if (!take(rest, ':')) refuse(text, "hour and minute are divided by ':'");
    c.minute = take_digits(text, rest, 2, "minute");
    if (take(rest, ':')) c.second = take_digits(text, rest, 2, "second");
    if (c.hour > 23 || c.minute > 59 || c.second > 59) refuse(text, "there is no such time of day");
  }
  const std::int32_t offset_s = take_offset(text, rest, default_offset_s);
  if (!rest.empty()) refuse(text, fmt::format("'{}' is left over at its end", rest));
  return from_civil(c, offset_s);
}

std::string format_time(ZonedTime time) {
  const CivilTime c = civil(time);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second);
  if (time.offset_s == 0) return out + "Z";
  const int minutes = std::abs(time.offset_s) / 60;
  return out + fmt::format("{}{:02}:{:02}", time.offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string format_local(ZonedTime time) {
  const CivilTime c = civil(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute);
}

std::int64_t TimeAxis::first_step_from(UtcSeconds utc) const {
  const std::int64_t elapsed = utc - start_.utc;
  if (elapsed <= 0) return 0;
  return std::min(steps_, (elapsed + step_s_ - 1) / step_s_);
}

}  // namespace gridplus
