#include "models/common/battery_ageing.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus::models {
namespace {

constexpr double k_reference_k = 296.0;
constexpr double k_zero_celsius_k = 273.15;

}  // namespace

void CalendarAgeing::age(double& fade_squared, double soc, double temperature_c, double days) const {
  const double kelvin = temperature_c + k_zero_celsius_k;
  const double exponent = b_k * (1.0 / kelvin - 1.0 / k_reference_k) + c_k * (soc / kelvin - 1.0 / k_reference_k);
  fade_squared += a_per_sqrt_day * a_per_sqrt_day * std::exp(2.0 * exponent) * days;
}

double CalendarAgeing::capacity(double fade_squared) const {
  return std::max(0.0, q0 - std::sqrt(fade_squared));
}

CycleFade CycleFade::from(const Curve& cycle_life) {
  CycleFade result;
  result.count = cycle_life.count;
  for (std::uint32_t i = 0; i < cycle_life.count; ++i) {
    result.depth[i] = cycle_life.x[i];
    result.fade[i] = k_end_of_life_fade / cycle_life.y[i];
  }
  return result;
}

double CycleFade::per_cycle(double cycle_depth) const {
  if (cycle_depth <= depth[0] || count == 1) return fade[0] * cycle_depth / depth[0];
  std::uint32_t i = 0;
  while (i + 2 < count && cycle_depth > depth[i + 1]) ++i;
  return fade[i] + (fade[i + 1] - fade[i]) * (cycle_depth - depth[i]) / (depth[i + 1] - depth[i]);
}

double RainflowCounter::push(double soc, const CycleFade& fade) {
  if (count_ > 0 && soc == turning_[count_ - 1]) return 0.0;
  double lost = 0.0;
  if (count_ >= 2 && (soc > turning_[count_ - 1]) == (turning_[count_ - 1] > turning_[count_ - 2])) {
    turning_[count_ - 1] = soc;
  } else {
    if (count_ == k_depth) {
      lost += 0.5 * fade.per_cycle(std::abs(turning_[1] - turning_[0]));
      drop(0, 1);
    }
    turning_[count_++] = soc;
  }
  return lost + close_cycles(fade);
}

double RainflowCounter::close_cycles(const CycleFade& fade) {
  double lost = 0.0;
  while (count_ >= 3) {
    const double newest = std::abs(turning_[count_ - 1] - turning_[count_ - 2]);
    const double before = std::abs(turning_[count_ - 2] - turning_[count_ - 3]);
    if (newest < before) break;
    if (count_ == 3) {
      lost += 0.5 * fade.per_cycle(before);
      drop(0, 1);
    } else {
      lost += fade.per_cycle(before);
      drop(count_ - 3, 2);
    }
  }
  return lost;
}

void RainflowCounter::drop(std::uint32_t at, std::uint32_t number) {
  std::copy(turning_.begin() + at + number, turning_.begin() + count_, turning_.begin() + at);
  count_ -= number;
}

}  // namespace gridplus::models
