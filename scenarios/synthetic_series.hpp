// What the models of synthetic series share, and the models themselves.
#pragma once

#include <functional>

#include "scenarios/synthesis.hpp"
#include "sim/core/random.hpp"

namespace gridplus::scenario {

/// cos(2 pi (day of year - day) / 365.25): 1 on `day`.
[[nodiscard]] double yearly(const CivilTime& local, double day);
/// cos(2 pi n (hour of day - hour) / 24) with n = times_a_day: 1 at `hour`.
[[nodiscard]] double daily(const CivilTime& local, double hour, double times_a_day = 1.0);

/// A standard normal AR(1) process on whole hours, linear between them: correlation exp(-lag / memory). A share of its
/// variance is common to all series of the region.
class AutoregressiveNoise {
 public:
  AutoregressiveNoise(const SeriesKeys& keys, std::string_view purpose, double memory_h, double shared,
                      const TimeAxis& time);
  [[nodiscard]] double at(UtcSeconds utc) const;

 private:
  std::int64_t first_hour_ = 0;
  std::vector<double> nodes_;
};

/// The mean of `value` over each step, by samples at most half an hour apart.
[[nodiscard]] std::vector<double> sample_steps(const TimeAxis& time, const std::function<double(ZonedTime)>& value);

/// The description of a model whose Params have `fields` and whose function is `values`.
template <class Params>
SyntheticModel describe_series(std::string_view type, std::string_view unit, std::string_view doc,
                               std::vector<double> (*values)(const void*, const SeriesKeys&, const TimeAxis&)) {
  return {type,
          doc,
          unit,
          erased_fields<Params, Params::fields>(),
          []() -> std::shared_ptr<void> { return std::make_shared<Params>(); },
          values};
}

[[nodiscard]] SyntheticModel synthetic_load();
[[nodiscard]] SyntheticModel synthetic_temperature();
[[nodiscard]] SyntheticModel synthetic_irradiance();
[[nodiscard]] SyntheticModel synthetic_wind_speed();
[[nodiscard]] SyntheticModel synthetic_inflow();

}  // namespace gridplus::scenario
