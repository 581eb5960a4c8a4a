#include "models/common/two_mass.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace gridplus::models {
namespace {

constexpr double k_tolerance_k = 1e-9;
constexpr double k_ua = 0.25, k_h = 1.75, k_ca = 0.4, k_cm = 7.5;
const TwoMass k_house(k_ua, k_h, k_ca, k_cm);

TEST(TwoMass, SettlesWhereTheEnvelopeLosesWhatIsPutIn) {
  const TwoMassInputs in{-5.0, 4.0, 1.0};
  const auto end = k_house.after({20.0, 20.0}, in, 1e4);
  EXPECT_NEAR(end.air_c, -5.0 + 5.0 / k_ua, k_tolerance_k);  // To + Q / Ua
  EXPECT_NEAR(end.mass_c, end.air_c + 1.0 / k_h, k_tolerance_k);
}

TEST(TwoMass, RatesAreTheEigenvaluesOfItsMatrix) {
  const double a = -(k_ua + k_h) / k_ca, b = k_h / k_ca, c = k_h / k_cm, d = -k_h / k_cm;
  for (const double rate : k_house.rates_per_h()) EXPECT_NEAR((a - rate) * (d - rate) - b * c, 0.0, 1e-12);
  EXPECT_NEAR(k_house.rates_per_h()[0] + k_house.rates_per_h()[1], a + d, 1e-12);
}

TEST(TwoMass, OneLongStepIsManyShortOnes) {
  const TwoMassInputs in{3.0, 6.0, 0.5};
  TwoMassTemperatures now{18.0, 21.0};
  for (int i = 0; i < 600; ++i) now = k_house.after(now, in, 0.01);
  const auto once = k_house.after({18.0, 21.0}, in, 6.0);
  EXPECT_NEAR(now.air_c, once.air_c, k_tolerance_k);
  EXPECT_NEAR(now.mass_c, once.mass_c, k_tolerance_k);
}

TEST(TwoMass, KeepsTheEnergyBalance) {
  // Heat held grows by what is put in less what the envelope lost; its loss integrates over many short steps.
  const TwoMassInputs in{0.0, 2.0, 1.0};
  TwoMassTemperatures now{20.0, 19.0};
  const double before = k_ca * now.air_c + k_cm * now.mass_c;
  double lost = 0.0;
  constexpr double k_step_h = 1e-4;
  for (int i = 0; i < 10'000; ++i) {
    const auto next = k_house.after(now, in, k_step_h);
    lost += k_ua * 0.5 * (now.air_c + next.air_c) * k_step_h;
    now = next;
  }
  EXPECT_NEAR(k_ca * now.air_c + k_cm * now.mass_c - before, 3.0 - lost, 1e-6);
}

RC_GTEST_PROP(TwoMass, FindsWhenATemperatureIsReached, ()) {
  const auto number = [](double low, double high) { return low + (high - low) * 1e-3 * *rc::gen::inRange(0, 1001); };
  const TwoMass house(number(0.05, 2), number(0.1, 5), number(0.05, 2), number(1, 20));
  const TwoMassTemperatures now{number(10, 30), number(10, 30)};
  const TwoMassInputs in{number(-20, 40), number(-10, 10), number(0, 3)};
  const double wanted = number(10, 30), hours = number(0.01, 12);
  RC_PRE(std::abs(wanted - now.air_c) > 1e-6);
  const double at = house.time_to(wanted, now, in, hours);
  RC_ASSERT(at > 0.0 && at <= hours);
  const auto side = [&](double t) { return house.after(now, in, t).air_c > wanted; };
  if (at < hours) RC_ASSERT(std::abs(house.after(now, in, at).air_c - wanted) < 1e-9);
  for (int i = 1; i < 200; ++i)  // never passed before
    if (const double t = at * i / 200.0; std::abs(house.after(now, in, t).air_c - wanted) > 1e-9)
      RC_ASSERT(side(t) == (now.air_c > wanted));
}

}  // namespace
}  // namespace gridplus::models
