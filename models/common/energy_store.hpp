// A store of energy behind a converter, as batteries and pumped hydro plants share it (docs/models/battery.md):
//
//   E' = k E + eta_c P_c dt - P_d dt / eta_d,   P_c P_d = 0,   k = (1 - s)^dt
#pragma once

#include <algorithm>
#include <cmath>

namespace gridplus::models {

/// The store's parameters in one step.
struct EnergyStore {
  double energy_min_mwh = 0.0, energy_max_mwh = 0.0;
  double charge_mw = 0.0, discharge_mw = 0.0;  ///< limits of the converter, at the grid
  double charge_efficiency = 1.0, discharge_efficiency = 1.0;
  double kept = 1.0;  ///< share of the energy that is still there after the step, standing losses only
  double step_h = 1.0;

  /// Largest mean power of the step that the store can take, holding `energy_mwh` before it.
  [[nodiscard]] double max_charge_mw(double energy_mwh) const {
    return std::clamp((energy_max_mwh - kept * energy_mwh) / (charge_efficiency * step_h), 0.0, charge_mw);
  }
  /// Largest mean power of the step that the store can give.
  [[nodiscard]] double max_discharge_mw(double energy_mwh) const {
    return std::clamp((kept * energy_mwh - energy_min_mwh) * discharge_efficiency / step_h, 0.0, discharge_mw);
  }
  /// Energy after the step at `p_mw` (discharge positive), which must be within the two limits.
  [[nodiscard]] double energy_after_mwh(double energy_mwh, double p_mw) const {
    const double at_store_mw = p_mw < 0.0 ? p_mw * charge_efficiency : p_mw / discharge_efficiency;
    const double after_mwh = kept * energy_mwh - at_store_mw * step_h;
    if (p_mw < 0.0) return std::min(after_mwh, energy_max_mwh);  // what rounding may overshoot
    if (p_mw > 0.0) return std::max(after_mwh, energy_min_mwh);
    return after_mwh;
  }
};

/// Rate of standing loss where `per_month` of the energy is lost in a month of 730 h.
[[nodiscard]] inline double standing_loss_per_h(double per_month) {
  return -std::log1p(-per_month) / 730.0;
}

/// Share of the energy kept over `step_h` at a rate of standing loss.
[[nodiscard]] inline double share_kept(double loss_per_h, double step_h) {
  return loss_per_h == 0.0 ? 1.0 : std::exp(-loss_per_h * step_h);
}

}  // namespace gridplus::models
