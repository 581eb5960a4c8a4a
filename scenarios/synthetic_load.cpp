#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "scenarios/synthetic_series.hpp"

namespace gridplus::scenario {

namespace {

/// Relative load: season, week, day, weather, noise. Harmonics and degree terms as in regression models of load
/// (docs/models/synthetic_series.md).
struct LoadParams {
  double season_swing = 0.06, season_day = 15.0;
  double half_year_swing = 0.06, half_year_day = 20.0;
  double day_swing = 0.14, day_hour = 15.0;
  double half_day_swing = 0.06, half_day_hour = 9.5;
  double saturday = 0.95, sunday = 0.90;
  double heating_per_k = 0.0, cooling_per_k = 0.0;
  double heating_below_c = 15.0, cooling_above_c = 23.0;
  double temperature_mean_c = 14.0, temperature_swing_k = 12.0, temperature_sd_k = 3.0;
  double noise = 0.02, noise_memory_h = 24.0, shared = 0.5;

  static constexpr auto fields = std::make_tuple(
      field(&LoadParams::season_swing, "season_swing", "1", "half the difference between the high and the low season")
          .between(0, 0.6),
      field(&LoadParams::season_day, "season_day", "1", "day of year of the high season").between(1, 366),
      field(&LoadParams::half_year_swing, "half_year_swing", "1",
            "second harmonic of the year: high in winter and in summer")
          .between(0, 0.4),
      field(&LoadParams::half_year_day, "half_year_day", "1", "day of year of one of its two highs").between(1, 366),
      field(&LoadParams::day_swing, "day_swing", "1", "first harmonic of the day").between(0, 0.6),
      field(&LoadParams::day_hour, "day_hour", "h", "local hour of its high").between(0, 24),
      field(&LoadParams::half_day_swing, "half_day_swing", "1",
            "second harmonic of the day: a morning and an evening peak")
          .between(0, 0.4),
      field(&LoadParams::half_day_hour, "half_day_hour", "h", "local hour of one of its two highs").between(0, 24),
      field(&LoadParams::saturday, "saturday", "1", "Saturday's load over a working day's").between(0.1, 2),
      field(&LoadParams::sunday, "sunday", "1", "Sunday's load over a working day's").between(0.1, 2),
      field(&LoadParams::heating_per_k, "heating", "1/K", "rise of load per kelvin below heating_below")
          .between(0, 0.2),
      field(&LoadParams::cooling_per_k, "cooling", "1/K", "rise of load per kelvin above cooling_above")
          .between(0, 0.2),
      field(&LoadParams::heating_below_c, "heating_below", "degC", "outdoor temperature below which is heated"),
      field(&LoadParams::cooling_above_c, "cooling_above", "degC", "outdoor temperature above which is cooled"),
      field(&LoadParams::temperature_mean_c, "temperature_mean", "degC", "of the year, for heating and cooling"),
      field(&LoadParams::temperature_swing_k, "temperature_swing", "K", "half the difference between July and January")
          .between(-40, 40),
      field(&LoadParams::temperature_sd_k, "temperature_sd", "K", "standard deviation of the weather's departure")
          .between(0, 20),
      field(&LoadParams::noise, "noise", "1", "standard deviation of the logarithm of what else varies")
          .between(0, 0.5),
      field(&LoadParams::noise_memory_h, "noise_memory", "h", "time in which its correlation falls to 1/e")
          .between(0.5, 1000),
      field(&LoadParams::shared, "shared", "1", "share of the noise's variance common to the region").between(0, 1));
};

/// What of the expected load follows from the day of the year.
struct DayOfYear {
  double season = 1.0, temperature_c = 0.0;

  DayOfYear(const LoadParams& p, const CivilTime& local) {
    const double half_year = yearly(local, p.half_year_day);
    season =
        1.0 + p.season_swing * yearly(local, p.season_day) + p.half_year_swing * (2.0 * half_year * half_year - 1.0);
    constexpr double k_hottest_day = 200.0;
    temperature_c = p.temperature_mean_c + p.temperature_swing_k * yearly(local, k_hottest_day);
  }
};

/// What of it follows from the time of the day.
struct TimeOfDay {
  double day = 1.0, temperature_k = 0.0;

  TimeOfDay(const LoadParams& p, const CivilTime& local)
      : day(1.0 + p.day_swing * daily(local, p.day_hour) + p.half_day_swing * daily(local, p.half_day_hour, 2.0)) {
    constexpr double k_daily_swing_k = 4.0, k_hottest_hour = 15.0;
    temperature_k = k_daily_swing_k * daily(local, k_hottest_hour);
  }
};

/// The load without noise, for an outdoor temperature that departs by `departure_k` from its mean course.
double expected(const LoadParams& p, const DayOfYear& date, const TimeOfDay& time, int weekday, double departure_k) {
  const double week = weekday == 6 ? p.saturday : weekday == 7 ? p.sunday : 1.0;
  const double temperature_c = date.temperature_c + time.temperature_k + departure_k;
  const double weather = 1.0 + p.heating_per_k * std::max(0.0, p.heating_below_c - temperature_c) +
                         p.cooling_per_k * std::max(0.0, temperature_c - p.cooling_above_c);
  return std::max(0.0, date.season) * std::max(0.0, time.day) * week * weather;
}

/// The largest expected hourly load of a year.
double expected_peak(const LoadParams& p) {
  CivilTime local;
  std::vector<TimeOfDay> hours;
  for (local.hour = 0; local.hour < 24; ++local.hour) hours.emplace_back(p, local);
  double peak = 0.0;
  for (local.day_of_year = 1; local.day_of_year <= 366; ++local.day_of_year) {
    const DayOfYear date(p, local);
    for (int weekday = 5; weekday <= 7; ++weekday)
      for (const TimeOfDay& hour : hours) peak = std::max(peak, expected(p, date, hour, weekday, 0.0));
  }
  return peak;
}

/// Works out what days and times of the day have in common once.
class Expectation {
 public:
  explicit Expectation(const LoadParams& p) : p_(p) {}

  double at(const CivilTime& local, double departure_k) {
    if (!date_ || local.day_of_year != day_of_year_) {
      date_.emplace(p_, local);
      day_of_year_ = local.day_of_year;
    }
    const int second = local.hour * 3600 + local.minute * 60 + local.second;
    auto time = times_.find(second);
    if (time == times_.end()) time = times_.emplace(second, TimeOfDay(p_, local)).first;
    return expected(p_, *date_, time->second, local.weekday, departure_k);
  }

 private:
  const LoadParams& p_;
  std::optional<DayOfYear> date_;
  int day_of_year_ = 0;
  std::unordered_map<int, TimeOfDay> times_;  ///< by second of the day
};

std::vector<double> load_values(const void* params, const SeriesKeys& keys, const TimeAxis& time) {
  const auto& p = *static_cast<const LoadParams*>(params);
  const AutoregressiveNoise noise(keys, "load", p.noise_memory_h, p.shared, time);
  constexpr double k_weather_memory_h = 72.0, k_weather_shared = 0.9;
  std::optional<AutoregressiveNoise> weather;
  if (p.heating_per_k != 0.0 || p.cooling_per_k != 0.0)
    weather.emplace(keys, "temperature", k_weather_memory_h, k_weather_shared, time);
  Expectation expectation(p);
  const double peak = expected_peak(p);
  const double bias = 0.5 * p.noise * p.noise;  // the mean of exp(noise z - bias) is 1
  return sample_steps(time, [&](ZonedTime t) {
    const double base = expectation.at(civil(t), weather ? p.temperature_sd_k * weather->at(t.utc) : 0.0);
    return base / peak * std::exp(p.noise * noise.at(t.utc) - bias);
  });
}

}  // namespace

SyntheticModel synthetic_load() {
  return describe_series<LoadParams>(
      "load", "1", "demand relative to its expected peak of the year: season, week, day, temperature, noise",
      load_values);
}

}  // namespace gridplus::scenario
