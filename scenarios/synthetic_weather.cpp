#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>

#include "scenarios/synthetic_series.hpp"

namespace gridplus::scenario {

namespace {

constexpr double k_radian = std::numbers::pi / 180.0;

struct TemperatureParams {
  double mean_c = 14.0, season_swing_k = 12.0, season_day = 200.0, day_swing_k = 4.0, day_hour = 15.0, sd_k = 3.0,
         memory_h = 72.0, shared = 0.9;

  static constexpr auto fields = std::make_tuple(
      field(&TemperatureParams::mean_c, "mean", "degC", "of the year"),
      field(&TemperatureParams::season_swing_k, "season_swing", "K", "half the difference between summer and winter")
          .between(0, 40),
      field(&TemperatureParams::season_day, "season_day", "1", "day of year when it is warmest").between(1, 366),
      field(&TemperatureParams::day_swing_k, "day_swing", "K", "half the difference between day and night")
          .between(0, 20),
      field(&TemperatureParams::day_hour, "day_hour", "h", "local hour when it is warmest").between(0, 24),
      field(&TemperatureParams::sd_k, "sd", "K", "standard deviation of the weather's departure").between(0, 20),
      field(&TemperatureParams::memory_h, "memory", "h", "time in which its correlation falls to 1/e").between(1, 1000),
      field(&TemperatureParams::shared, "shared", "1", "share of the departure's variance common to the region")
          .between(0, 1));
};

std::vector<double> temperature_values(const void* params, const SeriesKeys& keys, const TimeAxis& time) {
  const auto& p = *static_cast<const TemperatureParams*>(params);
  const AutoregressiveNoise weather(keys, "temperature", p.memory_h, p.shared, time);
  return sample_steps(time, [&](ZonedTime t) {
    const CivilTime local = civil(t);
    return p.mean_c + p.season_swing_k * yearly(local, p.season_day) + p.day_swing_k * daily(local, p.day_hour) +
           p.sd_k * weather.at(t.utc);
  });
}

struct IrradianceParams {
  double latitude_deg = 30.0, longitude_deg = 120.0, clearness_mean = 0.7, clearness_sd = 0.25, memory_h = 8.0,
         shared = 0.7;

  static constexpr auto fields = std::make_tuple(
      field(&IrradianceParams::latitude_deg, "latitude", "deg", "north positive").required().between(-90, 90),
      field(&IrradianceParams::longitude_deg, "longitude", "deg", "east positive").required().between(-180, 180),
      field(&IrradianceParams::clearness_mean, "clearness", "1", "median of irradiance over that of a clear sky")
          .between(0.05, 0.98),
      field(&IrradianceParams::clearness_sd, "clearness_spread", "1", "how far clearness departs from its median")
          .between(0, 0.5),
      field(&IrradianceParams::memory_h, "memory", "h", "time in which the clouds' correlation falls to 1/e")
          .between(0.5, 1000),
      field(&IrradianceParams::shared, "shared", "1", "share of the clouds' variance common to the region")
          .between(0, 1));
};

/// Cosine of the sun's zenith angle: declination by Cooper (1969), equation of time by Spencer (1971).
double cos_zenith(ZonedTime t, double latitude_deg, double longitude_deg) {
  const CivilTime utc = civil({t.utc, 0});
  const double n = utc.day_of_year;
  const double declination = 23.45 * k_radian * std::sin(2.0 * std::numbers::pi * (284.0 + n) / 365.0);
  const double b = 2.0 * std::numbers::pi * (n - 1.0) / 365.0;
  const double equation_min = 229.18 * (0.000075 + 0.001868 * std::cos(b) - 0.032077 * std::sin(b) -
                                        0.014615 * std::cos(2.0 * b) - 0.04089 * std::sin(2.0 * b));
  const double utc_h = utc.hour + utc.minute / 60.0 + utc.second / 3600.0;
  const double solar_h = utc_h + longitude_deg / 15.0 + equation_min / 60.0;
  const double hour_angle = 15.0 * k_radian * (solar_h - 12.0);
  const double latitude = latitude_deg * k_radian;
  return std::sin(latitude) * std::sin(declination) + std::cos(latitude) * std::cos(declination) * std::cos(hour_angle);
}

/// Global irradiance on the horizontal under a clear sky, W/m2 (Haurwitz 1945).
double clear_sky(double cosine) {
  return cosine <= 0.0 ? 0.0 : 1098.0 * cosine * std::exp(-0.057 / cosine);
}

std::vector<double> irradiance_values(const void* params, const SeriesKeys& keys, const TimeAxis& time) {
  const auto& p = *static_cast<const IrradianceParams*>(params);
  const AutoregressiveNoise clouds(keys, "clouds", p.memory_h, p.shared, time);
  // Clearness is a logistic function of a normal process, so that it stays between 0 and 1 with the median asked for.
  const double centre = std::log(p.clearness_mean / (1.0 - p.clearness_mean));
  const double slope = p.clearness_sd / (p.clearness_mean * (1.0 - p.clearness_mean));
  return sample_steps(time, [&](ZonedTime t) {
    const double sky = clear_sky(cos_zenith(t, p.latitude_deg, p.longitude_deg));
    if (sky == 0.0) return 0.0;
    return sky / (1.0 + std::exp(-(centre + slope * clouds.at(t.utc))));
  });
}

struct WindParams {
  double mean_mps = 7.0, shape = 2.0, season_swing = 0.15, season_day = 15.0, day_swing = 0.08, day_hour = 2.0,
         memory_h = 18.0, shared = 0.6;

  static constexpr auto fields = std::make_tuple(
      field(&WindParams::mean_mps, "mean", "m/s", "mean of the year at the height of measurement").between(0.5, 20),
      field(&WindParams::shape, "shape", "1", "of the Weibull distribution; 2 is Rayleigh's").between(1, 5),
      field(&WindParams::season_swing, "season_swing", "1", "half the difference between the windy and the calm season")
          .between(0, 0.8),
      field(&WindParams::season_day, "season_day", "1", "day of year of the windy season").between(1, 366),
      field(&WindParams::day_swing, "day_swing", "1", "half the difference between the windy and the calm time of day")
          .between(0, 0.8),
      field(&WindParams::day_hour, "day_hour", "h", "local hour when it is windiest").between(0, 24),
      field(&WindParams::memory_h, "memory", "h", "time in which the correlation falls to 1/e").between(1, 1000),
      field(&WindParams::shared, "shared", "1", "share of the variance common to the region").between(0, 1));
};

std::vector<double> wind_values(const void* params, const SeriesKeys& keys, const TimeAxis& time) {
  const auto& p = *static_cast<const WindParams*>(params);
  const AutoregressiveNoise wind(keys, "wind", p.memory_h, p.shared, time);
  const double scale_mps = p.mean_mps / std::tgamma(1.0 + 1.0 / p.shape);
  return sample_steps(time, [&](ZonedTime t) {
    const CivilTime local = civil(t);
    const double calm = std::max(normal_cdf(-wind.at(t.utc)), 1e-15);  // 1 - quantile
    const double weibull = scale_mps * std::pow(-std::log(calm), 1.0 / p.shape);
    return weibull *
           std::max(0.0, 1.0 + p.season_swing * yearly(local, p.season_day) + p.day_swing * daily(local, p.day_hour));
  });
}

struct InflowParams {
  double season_swing = 0.8, season_day = 200.0, spread = 0.3, memory_h = 240.0, shared = 0.8;

  static constexpr auto fields = std::make_tuple(
      field(&InflowParams::season_swing, "season_swing", "1",
            "half the difference of the logarithm between wet and dry season")
          .between(0, 3),
      field(&InflowParams::season_day, "season_day", "1", "day of year of the wet season").between(1, 366),
      field(&InflowParams::spread, "spread", "1", "standard deviation of the logarithm around the season's mean")
          .between(0, 2),
      field(&InflowParams::memory_h, "memory", "h", "time in which its correlation falls to 1/e").between(1, 2000),
      field(&InflowParams::shared, "shared", "1", "share of the variance common to the region").between(0, 1));
};

std::vector<double> inflow_values(const void* params, const SeriesKeys& keys, const TimeAxis& time) {
  const auto& p = *static_cast<const InflowParams*>(params);
  const AutoregressiveNoise rain(keys, "inflow", p.memory_h, p.shared, time);
  // Over a year the mean of exp(s cos) is the Bessel function I0(s); of exp(spread z) it is exp(spread^2 / 2).
  const double bias = std::log(std::cyl_bessel_i(0.0, p.season_swing)) + 0.5 * p.spread * p.spread;
  return sample_steps(time, [&](ZonedTime t) {
    return std::exp(p.season_swing * yearly(civil(t), p.season_day) + p.spread * rain.at(t.utc) - bias);
  });
}

}  // namespace

SyntheticModel synthetic_temperature() {
  return describe_series<TemperatureParams>("temperature", "degC", "outdoor temperature: season, day, weather",
                                            temperature_values);
}
SyntheticModel synthetic_irradiance() {
  return describe_series<IrradianceParams>("solar_irradiance", "W/m2",
                                           "global irradiance on the horizontal: the sun's course under passing clouds",
                                           irradiance_values);
}
SyntheticModel synthetic_wind_speed() {
  return describe_series<WindParams>("wind_speed", "m/s", "wind speed of a Weibull distribution: season, day, weather",
                                     wind_values);
}
SyntheticModel synthetic_inflow() {
  return describe_series<InflowParams>("hydro_inflow", "1",
                                       "water inflow relative to its mean of the year: season, rain", inflow_values);
}

}  // namespace gridplus::scenario
