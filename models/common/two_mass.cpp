// With x = (air, mass) and constant inputs, x' = A x + b has the solution x(t) = x_s + e^{A t} (x(0) - x_s), where
//
//   A = [[-(U + H)/Ca, H/Ca], [H/Cm, -H/Cm]],   air_s = To + (Qa + Qm)/U,   mass_s = air_s + Qm/H
//
// The off-diagonal elements are positive: two different real rates r1 < r2 < 0, and by Sylvester's formula
//
//   e^{A t} = (e^{r1 t} (A - r2 I) - e^{r2 t} (A - r1 I)) / (r1 - r2)
//
// so that the air is air_s + c1 e^{r1 t} + c2 e^{r2 t}: it turns at most once.
#include "models/common/two_mass.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus::models {

namespace {

/// The root of `f` between `low` and `high`, where it has different signs (regula falsi, Illinois).
template <class F>
double root(F f, double low, double high) {
  double f_low = f(low), f_high = f(high);
  constexpr int k_most = 100;
  for (int i = 0; i < k_most && high - low > 1e-14 * (1.0 + high); ++i) {
    const double at = (low * f_high - high * f_low) / (f_high - f_low);
    const double value = f(at);
    if (value == 0.0) return at;
    if ((value < 0.0) == (f_high < 0.0)) {
      high = at, f_high = value;
      f_low *= 0.5;
    } else {
      low = at, f_low = value;
      f_high *= 0.5;
    }
    if (!(std::min(std::abs(f_low), std::abs(f_high)) > 1e-13)) break;
  }
  return high;
}

}  // namespace

TwoMass::TwoMass(double envelope_kw_per_k, double coupling_kw_per_k, double air_kwh_per_k, double mass_kwh_per_k)
    : envelope_(envelope_kw_per_k), coupling_(coupling_kw_per_k), air_(air_kwh_per_k), mass_(mass_kwh_per_k) {
  const double half_trace = -0.5 * ((envelope_ + coupling_) / air_ + coupling_ / mass_);
  const double determinant = envelope_ * coupling_ / (air_ * mass_);
  const double root_of = std::sqrt(half_trace * half_trace - determinant);
  rate_[0] = half_trace - root_of;
  rate_[1] = determinant / rate_[0];
}

TwoMassTemperatures TwoMass::steady(const TwoMassInputs& inputs) const {
  const double air_c = inputs.outdoor_c + (inputs.to_air_kw + inputs.to_mass_kw) / envelope_;
  return {air_c, air_c + inputs.to_mass_kw / coupling_};
}

TwoMassTemperatures TwoMass::after(const TwoMassTemperatures& now, const TwoMassInputs& inputs, double hours) const {
  const TwoMassTemperatures end = steady(inputs);
  const double air = now.air_c - end.air_c, mass = now.mass_c - end.mass_c;
  const double a_air = (-(envelope_ + coupling_) * air + coupling_ * mass) / air_;  // A (x - x_s)
  const double a_mass = coupling_ * (air - mass) / mass_;
  const double e1 = std::exp(rate_[0] * hours), e2 = std::exp(rate_[1] * hours), gap = rate_[0] - rate_[1];
  return {end.air_c + (e1 * (a_air - rate_[1] * air) - e2 * (a_air - rate_[0] * air)) / gap,
          end.mass_c + (e1 * (a_mass - rate_[1] * mass) - e2 * (a_mass - rate_[0] * mass)) / gap};
}

double TwoMass::time_to(double air_c, const TwoMassTemperatures& now, const TwoMassInputs& inputs, double hours) const {
  const TwoMassTemperatures end = steady(inputs);
  const double air = now.air_c - end.air_c, mass = now.mass_c - end.mass_c;
  const double a_air = (-(envelope_ + coupling_) * air + coupling_ * mass) / air_, gap = rate_[0] - rate_[1];
  const double c1 = (a_air - rate_[1] * air) / gap, c2 = -(a_air - rate_[0] * air) / gap;
  const auto off = [&](double t) {
    return end.air_c - air_c + c1 * std::exp(rate_[0] * t) + c2 * std::exp(rate_[1] * t);
  };
  const auto crosses = [&](double low, double high) { return (off(low) < 0.0) != (off(high) < 0.0); };
  // c1 r1 e^{r1 t} + c2 r2 e^{r2 t} = 0 where the air turns.
  const double ratio = -c2 * rate_[1] / (c1 * rate_[0]);
  const double turn_h = ratio > 0.0 ? std::log(ratio) / gap : hours;
  if (turn_h > 0.0 && turn_h < hours) {
    if (crosses(0.0, turn_h)) return root(off, 0.0, turn_h);
    return crosses(turn_h, hours) ? root(off, turn_h, hours) : hours;
  }
  return crosses(0.0, hours) ? root(off, 0.0, hours) : hours;
}

}  // namespace gridplus::models
