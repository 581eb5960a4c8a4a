// Power of falling water, P = rho g eta Q H (docs/models/reservoir_hydro.md).
#pragma once

namespace gridplus::models {

inline constexpr double k_water_density_kg_per_m3 = 1000.0;
inline constexpr double k_gravity_m_per_s2 = 9.80665;  ///< standard gravity (CGPM 1901)
inline constexpr double k_seconds_per_hour = 3600.0;

/// MW from one m3/s under `head_m`.
[[nodiscard]] constexpr double mw_per_m3_per_s(double head_m, double efficiency) {
  return k_water_density_kg_per_m3 * k_gravity_m_per_s2 * efficiency * head_m * 1e-6;
}

}  // namespace gridplus::models
