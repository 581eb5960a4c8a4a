// How lithium-ion cells lose capacity with time and with cycles: the calendar and cycle model of NREL's System Advisor
// Model (SAM, lib_battery_lifetime_calendar_cycle). Equations: docs/models/battery.md.
#pragma once

#include <array>
#include <cstdint>

#include "sim/core/field.hpp"

namespace gridplus::models {

/// Capacity lost when the cycle life is over: the life counts cycles until 80 %.
inline constexpr double k_end_of_life_fade = 0.2;

/// Calendar fade: remaining capacity q = q0 - dq with dq = k sqrt(days) under constant conditions,
/// k = a exp(b (1/T - 1/296)) exp(c (SoC/T - 1/296)), T in kelvin.
struct CalendarAgeing {
  double q0 = 1.02;
  double a_per_sqrt_day = 2.66e-3;
  double b_k = -7280.0;
  double c_k = 930.0;

  /// Adds the fade of `days` to the square of the fade so far: d(dq^2) = k^2 dt, which is the square-root law whatever
  /// the length of the steps.
  void age(double& fade_squared, double soc, double temperature_c, double days) const;
  /// Remaining capacity, relative to nominal; above 1 for a new cell.
  [[nodiscard]] double capacity(double fade_squared) const;
};

/// Capacity lost per full cycle over its depth, from the cycles that leave 80 % of the capacity.
struct CycleFade {
  std::uint32_t count = 0;
  std::array<double, Curve::k_max_points> depth{};
  std::array<double, Curve::k_max_points> fade{};

  /// `cycle_life`: depth of discharge (0..1, ascending) to cycles until 80 %.
  static CycleFade from(const Curve& cycle_life);
  /// Linear between the points, through the origin below the first, continued above the last.
  [[nodiscard]] double per_cycle(double cycle_depth) const;
};

/// Rainflow counting (ASTM E1049) of the state of charge as it comes, in bounded memory: the oldest range counts as a
/// half cycle where more than k_depth turning points are open.
class RainflowCounter {
 public:
  static constexpr std::uint32_t k_depth = 16;
  /// Takes the next state of charge; returns the fade of the cycles that it closes.
  double push(double soc, const CycleFade& fade);

 private:
  double close_cycles(const CycleFade& fade);
  void drop(std::uint32_t at, std::uint32_t number);
  std::array<double, k_depth> turning_{};
  std::uint32_t count_ = 0;
};

}  // namespace gridplus::models
