#include "models/consumers/household.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::blamed;
using test::context_of;
using test::number;
using test::prepared;
using Params = Household::Params;
using State = Household::State;

constexpr double k_tolerance = 1e-9;

Params winter(double outdoor_c = -2.0) {
  Params params;
  params.appliances_mw = {0.0003, {}};
  params.outdoor_c = {outdoor_c, {}};
  return params;
}

double mean_kw(const Params& params, double step_h, double hours, State* end = nullptr) {
  StepContext context = context_of(step_h);
  State state = Household::initial(params, context);
  double energy = 0.0;
  const auto steps = std::llround(hours / step_h);
  for (std::int64_t k = 0; k < steps; ++k) {
    const double demand = Household::offer(params, state, context).demand_mw;
    energy += Household::step(params, state, {demand}, context).served_mw * 1e3 * step_h;
  }
  if (end != nullptr) *end = state;
  return energy / hours;
}

TEST(Household, ThermostatKeepsTheBand) {
  const Params params = prepared<Household>(winter());
  StepContext context = context_of(1.0 / 60.0);
  State state = Household::initial(params, context);
  for (int minute = 0; minute < 48 * 60; ++minute) {
    const ConsumerOffer offer = Household::offer(params, state, context);
    Household::step(params, state, {offer.demand_mw}, context);
    if (minute < 60) continue;
    // Locked for 3 min after a stop, it may fall a little further.
    ASSERT_GT(state.air_c, 19.5 - 0.3);
    ASSERT_LT(state.air_c, 20.5 + 1e-6);
  }
}

TEST(Household, UsesWhatTheEnvelopeLoses) {
  const Params params = prepared<Household>(winter());
  // (20 + 2) K x 0.25 kW/K / COP 3 = 1.83 kW beside 0.3 kW of appliances; the air's mean lies near the set point.
  EXPECT_NEAR(mean_kw(params, 0.25, 24 * 20), 0.3 + 22 * 0.25 / 3, 0.05);
}

TEST(Household, TheStepDoesNotMatter) {
  const Params params = prepared<Household>(winter());
  State fine, coarse;
  const double fine_kw = mean_kw(params, 1.0 / 60.0, 48, &fine), coarse_kw = mean_kw(params, 1.0, 48, &coarse);
  EXPECT_NEAR(fine_kw, coarse_kw, 1e-6);
  EXPECT_NEAR(fine.air_c, coarse.air_c, 1e-6);
  EXPECT_NEAR(fine.mass_c, coarse.mass_c, 1e-6);
}

TEST(Household, CoolsInSummer) {
  auto params = winter(34.0);
  params.cooling_setpoint_c = 26.0;
  State end;
  EXPECT_NEAR(mean_kw(prepared<Household>(params), 0.25, 24 * 20, &end), 0.3 + 8 * 0.25 / 3, 0.05);
  EXPECT_NEAR(end.air_c, 26.0, 0.8);
}

TEST(Household, RunsThroughIfTheUnitIsTooSmall) {
  auto params = winter(-40.0);
  State end;
  EXPECT_NEAR(mean_kw(prepared<Household>(params), 1.0, 24 * 40, &end), 2.8, 0.05);
  EXPECT_NEAR(end.air_c, -40.0 + 7.5 / 0.25, 0.1);  // To + Q / Ua
}

TEST(Household, AReleasedPopulationReboundsTogether) {
  std::vector<Params> homes;
  std::vector<State> states;
  StepContext context = context_of(1.0 / 12);
  for (std::uint32_t i = 0; i < 200; ++i) {
    auto params = winter(0.0);
    params.controllable = true;
    params.comfort_k = 5.0;
    params.random_key = i;
    homes.push_back(prepared<Household>(params));
    states.push_back(Household::initial(homes.back(), context));
  }
  const auto step_all = [&](bool cut) {
    double kw = 0.0;
    for (std::size_t i = 0; i < homes.size(); ++i) {
      const ConsumerOffer offer = Household::offer(homes[i], states[i], context);
      const double mw = offer.demand_mw - (cut ? offer.flexible_down_mw : 0.0);
      kw += Household::step(homes[i], states[i], {mw}, context).served_mw * 1e3;
    }
    return kw / static_cast<double>(homes.size());
  };
  double before = 0.0, during = 0.0;
  for (int k = 0; k < 48; ++k) before = std::max(before, step_all(false));
  for (int k = 0; k < 3; ++k) during = std::max(during, step_all(true));
  const double after = step_all(false);
  EXPECT_LT(during, 0.35);         // appliances are left alone
  EXPECT_GT(after, 1.1 * before);  // all of them call at once
}

TEST(Household, WaitsOnlyWithinItsComfort) {
  auto params = winter();
  params.controllable = true;
  params.comfort_k = 1.0;
  params = prepared<Household>(params);
  StepContext context = context_of(0.25);
  State state = Household::initial(params, context);
  double lowest = 30.0;
  for (int k = 0; k < 96; ++k) {
    const ConsumerOffer offer = Household::offer(params, state, context);
    Household::step(params, state, {offer.demand_mw - offer.flexible_down_mw}, context);
    lowest = std::min(lowest, state.air_c);
  }
  EXPECT_LT(lowest, 19.0);
  EXPECT_GT(lowest, 19.0 - 2.5);  // it may begin a step within its comfort and leave it
}

TEST(Household, WrongCombinationsAreNamed) {
  auto params = winter();
  params.cooling_setpoint_c = 20.5;
  EXPECT_EQ(blamed<Household>(params), "cooling_setpoint");
}

TEST(Household, DoesWhatItOffersWhateverIsCommanded) {
  rc::check([] {
    auto params = winter(number(-25, 40));
    params.hvac_kw = number(0, 6);
    params.cooling_setpoint_c = *rc::gen::element(26.0, k_not_given);
    params.deadband_k = number(0.1, 3);
    params.air_kwh_per_k = number(0.05, 1);
    params.lockout_h = number(1.0 / 120, 0.2);
    params.controllable = *rc::gen::arbitrary<bool>();
    params.random_key = static_cast<std::uint32_t>(*rc::gen::inRange(0, 100));
    params = prepared<Household>(params);
    const StepContext context = context_of(*rc::gen::element(1.0 / 60, 0.25, 1.0));
    State state = Household::initial(params, context);
    for (int k = 0; k < 30; ++k) {
      const ConsumerOffer offer = Household::offer(params, state, context);
      RC_ASSERT(offer.demand_mw >= 0.0003 - 1e-15);
      RC_ASSERT(offer.demand_mw <= 0.0003 + 1e-3 * params.hvac_kw + 1e-12);
      const double wild = test::wild_power_mw(0.006);
      const ConsumerResponse done = Household::step(params, state, {wild}, context);
      RC_ASSERT(std::abs(done.served_mw - std::clamp(wild, 0.0, offer.demand_mw)) <= 1e-12);
      RC_ASSERT(std::isfinite(state.air_c) && std::isfinite(state.mass_c));
    }
  });
}

}  // namespace
}  // namespace gridplus::models
