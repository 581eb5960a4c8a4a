// A building as two heat capacities, air and mass (the equivalent thermal parameters of GridLAB-D), solved exactly
// under constant inputs. Equations: docs/models/household.md.
#pragma once

#include <array>

namespace gridplus::models {

struct TwoMassTemperatures {
  double air_c = 20.0, mass_c = 20.0;
};

/// Heat flows into a building during a stretch of time, and the weather.
struct TwoMassInputs {
  double outdoor_c = 0.0;
  double to_air_kw = 0.0, to_mass_kw = 0.0;
};

class TwoMass {
 public:
  TwoMass() = default;
  /// Conductances in kW/K (envelope; air to mass), capacities in kWh/K; all above 0.
  TwoMass(double envelope_kw_per_k, double coupling_kw_per_k, double air_kwh_per_k, double mass_kwh_per_k);

  /// Rates of the two modes in 1/h, both below 0, the faster one first.
  [[nodiscard]] std::array<double, 2> rates_per_h() const { return rate_; }
  [[nodiscard]] TwoMassTemperatures steady(const TwoMassInputs& inputs) const;
  /// Temperatures `hours` later: the matrix exponential, whatever the length.
  [[nodiscard]] TwoMassTemperatures after(const TwoMassTemperatures& now, const TwoMassInputs& inputs,
                                          double hours) const;
  /// When the air first reaches `air_c` within (0, hours]; `hours` if it does not. The air must not be there now.
  [[nodiscard]] double time_to(double air_c, const TwoMassTemperatures& now, const TwoMassInputs& inputs,
                               double hours) const;

 private:
  double envelope_ = 1.0, coupling_ = 1.0, air_ = 1.0, mass_ = 1.0;
  std::array<double, 2> rate_{-1.0, -0.5};
};

}  // namespace gridplus::models
