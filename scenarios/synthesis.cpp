#include "scenarios/synthesis.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "scenarios/synthetic_series.hpp"

namespace gridplus::scenario {

std::uint32_t name_key(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

double yearly(const CivilTime& local, double day) {
  return std::cos(2.0 * std::numbers::pi * (local.day_of_year - day) / 365.25);
}

double daily(const CivilTime& local, double hour, double times_a_day) {
  const double now = local.hour + local.minute / 60.0 + local.second / 3600.0;
  return std::cos(2.0 * std::numbers::pi * times_a_day * (now - hour) / 24.0);
}

AutoregressiveNoise::AutoregressiveNoise(const SeriesKeys& keys, std::string_view purpose, double memory_h,
                                         double shared, const TimeAxis& time) {
  const std::uint32_t salt = name_key(purpose);
  first_hour_ = time.start().utc / 3600 - 1;
  const auto hours = static_cast<std::size_t>(time.duration_h()) + 4;
  const double keep = std::exp(-1.0 / memory_h), fresh = std::sqrt(1.0 - keep * keep);
  const auto warm_up = static_cast<std::int64_t>(8.0 * memory_h) + 1;
  const auto draw = [&](std::uint32_t entity, std::int64_t hour) {
    return normal(
        {keys.seed, keys.replicate, RandomStream::synthetic_profile, entity ^ salt, static_cast<std::uint64_t>(hour)});
  };
  const double of_region = std::sqrt(shared), of_site = std::sqrt(1.0 - shared);
  // Draws of the region must differ from those of a site that happens to bear its name.
  const std::uint32_t region = keys.region * 2654435761U + 1U, site = keys.site;
  double z_region = draw(region, first_hour_ - warm_up), z_site = draw(site, first_hour_ - warm_up);
  nodes_.resize(hours);
  for (std::int64_t hour = first_hour_ - warm_up + 1; hour < first_hour_ + static_cast<std::int64_t>(hours); ++hour) {
    z_region = keep * z_region + fresh * draw(region, hour);
    z_site = keep * z_site + fresh * draw(site, hour);
    if (hour >= first_hour_)
      nodes_[static_cast<std::size_t>(hour - first_hour_)] = of_region * z_region + of_site * z_site;
  }
}

double AutoregressiveNoise::at(UtcSeconds utc) const {
  const UtcSeconds since = utc - first_hour_ * 3600;
  const auto node = static_cast<std::size_t>(since / 3600);
  const double share = static_cast<double>(since % 3600) / 3600.0;
  return nodes_[node] + share * (nodes_[node + 1] - nodes_[node]);
}

std::vector<double> sample_steps(const TimeAxis& time, const std::function<double(ZonedTime)>& value) {
  constexpr std::int64_t k_longest_sample_s = 1800;
  const std::int64_t samples = (time.step_s() + k_longest_sample_s - 1) / k_longest_sample_s;
  std::vector<double> out(static_cast<std::size_t>(time.steps()));
  for (std::int64_t step = 0; step < time.steps(); ++step) {
    double sum = 0.0;
    const ZonedTime begin = time.at(step);
    for (std::int64_t i = 0; i < samples; ++i)
      sum += value({begin.utc + (2 * i + 1) * time.step_s() / (2 * samples), begin.offset_s});
    out[static_cast<std::size_t>(step)] = sum / static_cast<double>(samples);
  }
  return out;
}

std::span<const SyntheticModel> synthetic_models() {
  static const std::vector<SyntheticModel> models = {synthetic_load(), synthetic_temperature(), synthetic_irradiance(),
                                                     synthetic_wind_speed(), synthetic_inflow()};
  return models;
}

}  // namespace gridplus::scenario
