#include "scenarios/resample.hpp"

#include <algorithm>

namespace gridplus::scenario {

Resampler::Resampler(const TimeAxis& time, UtcSeconds first, std::int64_t row_s, Interpolation interpolation)
    : time_(time),
      next_(first),
      row_s_(row_s),
      linear_(interpolation == Interpolation::linear && row_s > time.step_s()),
      steps_(static_cast<std::size_t>(time.steps()), 0.0) {}

void Resampler::add(double value) {
  if (linear_)
    add_points(next_, value);
  else
    add_average(next_, value);
  previous_ = value;
  any_ = true;
  next_ += row_s_;
}

/// Adds the share of the row in the time of every step it touches.
void Resampler::add_average(UtcSeconds begin, double value) {
  const UtcSeconds start = time_.start().utc;
  const std::int64_t step_s = time_.step_s();
  const UtcSeconds from = std::max(begin, start);
  const UtcSeconds to = std::min(begin + row_s_, start + step_s * time_.steps());
  if (from >= to) return;
  for (std::int64_t step = (from - start) / step_s; step <= (to - 1 - start) / step_s; ++step) {
    const UtcSeconds overlap = std::min(to, start + (step + 1) * step_s) - std::max(from, start + step * step_s);
    steps_[static_cast<std::size_t>(step)] += value * (static_cast<double>(overlap) / static_cast<double>(step_s));
  }
}

/// Gives every step whose middle lies between the last row's begin and this one's its value on the line between them.
void Resampler::add_points(UtcSeconds begin, double value) {
  const double middle_0 = static_cast<double>(time_.start().utc) + 0.5 * static_cast<double>(time_.step_s());
  for (; point_step_ < time_.steps(); ++point_step_) {
    const double middle = middle_0 + static_cast<double>(point_step_) * static_cast<double>(time_.step_s());
    if (middle > static_cast<double>(begin)) return;
    const double share = any_ ? (static_cast<double>(begin) - middle) / static_cast<double>(row_s_) : 0.0;
    steps_[static_cast<std::size_t>(point_step_)] = value + share * (previous_ - value);
  }
}

std::vector<double> Resampler::finish() {
  if (linear_ && any_)
    for (; point_step_ < time_.steps(); ++point_step_) steps_[static_cast<std::size_t>(point_step_)] = previous_;
  return std::move(steps_);
}

namespace {

/// The same month, day and time of day in the year that begins at `first`.
UtcSeconds into_year(ZonedTime time, ZonedTime first) {
  CivilTime local = civil({time.utc, first.offset_s});
  local.year = civil(first).year;
  if (local.month == 2 && local.day == 29 && !is_leap_year(local.year)) local.day = 28;
  return from_civil(local, first.offset_s).utc;
}

bool covers_a_year(ZonedTime first, std::int64_t duration_s) {
  const CivilTime begin = civil(first);
  const std::int64_t year_s = std::int64_t{is_leap_year(begin.year) ? 366 : 365} * 86400;
  return begin.day_of_year == 1 && begin.hour == 0 && begin.minute == 0 && begin.second == 0 && duration_s == year_s;
}

}  // namespace

std::vector<double> repeat_rows(const std::vector<double>& rows, ZonedTime first, std::int64_t row_s,
                                const TimeAxis& time) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const std::int64_t period_s = count * row_s;
  const bool by_date = covers_a_year(first, period_s);
  std::vector<double> out(static_cast<std::size_t>(time.steps()), 0.0);
  for (std::int64_t step = 0; step < time.steps(); ++step) {
    const UtcSeconds begin = by_date ? into_year(time.at(step), first) : time.at(step).utc;
    std::int64_t position = (begin - first.utc) % period_s;
    if (position < 0) position += period_s;
    double sum = 0.0;
    for (std::int64_t left = time.step_s(); left > 0;) {
      const std::int64_t row = position / row_s;
      const std::int64_t part = std::min(left, (row + 1) * row_s - position);
      sum += rows[static_cast<std::size_t>(row)] * (static_cast<double>(part) / static_cast<double>(time.step_s()));
      left -= part;
      position = (position + part) % period_s;
    }
    out[static_cast<std::size_t>(step)] = sum;
  }
  return out;
}

}  // namespace gridplus::scenario
