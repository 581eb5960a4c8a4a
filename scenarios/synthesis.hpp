// Synthetic series: documented, seeded models of load and weather for scenarios without measured data. Equations,
// parameters and sources: docs/models/synthetic_series.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/calendar.hpp"
#include "sim/core/field.hpp"

namespace gridplus::scenario {

/// Where a series' randomness comes from: what is common to a region, and what is a site's own.
struct SeriesKeys {
  std::uint64_t seed = 0;
  std::uint32_t region = 0;
  std::uint32_t site = 0;
  std::uint32_t replicate = 0;
};

/// One model of series, described.
struct SyntheticModel {
  std::string_view type;
  std::string_view doc;
  std::string_view unit;  ///< of the values it makes
  std::span<const FieldInfo> fields;
  std::shared_ptr<void> (*make_params)() = nullptr;  ///< with the defaults
  std::vector<double> (*values)(const void* params, const SeriesKeys& keys, const TimeAxis& time) = nullptr;
};

/// All models of synthetic series.
[[nodiscard]] std::span<const SyntheticModel> synthetic_models();

/// A series that a scenario asks for.
struct SyntheticSeries {
  const SyntheticModel* model = nullptr;
  std::shared_ptr<const void> params;
  SeriesKeys keys;
};

/// The distribution function of the standard normal distribution.
[[nodiscard]] double normal_cdf(double x);

/// 32 bits of a text (FNV-1a), to key draws by names.
[[nodiscard]] std::uint32_t name_key(std::string_view name);

}  // namespace gridplus::scenario
