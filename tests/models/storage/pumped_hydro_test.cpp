#include "models/storage/pumped_hydro.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

PumpedHydro::Params plant() {
  PumpedHydro::Params params;
  params.capacity_mw = 300;
  params.energy_capacity_mwh = 2400;
  params.changeover_h = 0;
  return params;
}

TEST(PumpedHydro, ARoundTripLosesWhatItsEfficiencySays) {
  const auto params = prepared<PumpedHydro>(plant());
  auto state = PumpedHydro::initial(params, context_of());
  const double start_mwh = state.energy_mwh;
  (void)PumpedHydro::step(params, state, {-200}, context_of());
  (void)PumpedHydro::step(params, state, {200 * 0.8}, context_of());
  EXPECT_NEAR(state.energy_mwh, start_mwh, 1e-9);
}

TEST(PumpedHydro, AFixedSpeedPumpRunsFullyOrNotAtAll) {
  auto params = plant();
  params.min_pump_load_mw = 300;
  params = prepared<PumpedHydro>(params);
  auto state = PumpedHydro::initial(params, context_of());
  EXPECT_EQ(PumpedHydro::offer(params, state, context_of()).min_charge_mw, 300);
  EXPECT_EQ(PumpedHydro::step(params, state, {-299}, context_of()).p_mw, 0.0);
  EXPECT_EQ(state.mode, PumpedHydroMode::idle);
  EXPECT_EQ(PumpedHydro::step(params, state, {-300}, context_of()).p_mw, -300.0);
  EXPECT_EQ(state.mode, PumpedHydroMode::pumping);
}

TEST(PumpedHydro, DoesNotPumpWhereTooLittleRoomIsLeft) {
  auto params = plant();
  params.min_pump_load_mw = 100;
  params.initial_level = 0.99;
  params = prepared<PumpedHydro>(params);
  EXPECT_EQ(PumpedHydro::offer(params, PumpedHydro::initial(params, context_of()), context_of()).max_charge_mw, 0.0);
}

TEST(PumpedHydro, ChangingOverTakesTimeFromTheStep) {
  auto params = plant();
  params.changeover_h = 0.25;
  params = prepared<PumpedHydro>(params);
  auto state = PumpedHydro::initial(params, context_of());
  EXPECT_EQ(PumpedHydro::offer(params, state, context_of()).max_discharge_mw, 300);
  (void)PumpedHydro::step(params, state, {-300}, context_of());
  EXPECT_EQ(PumpedHydro::offer(params, state, context_of()).max_discharge_mw, 225);
  (void)PumpedHydro::step(params, state, {300}, context_of());
  EXPECT_EQ(PumpedHydro::offer(params, state, context_of()).max_discharge_mw, 300);
  EXPECT_EQ(PumpedHydro::offer(params, state, context_of()).max_charge_mw, 225);
}

TEST(PumpedHydro, BlamesTheFieldThatDoesNotFit) {
  auto params = plant();
  params.min_turbine_load_mw = 400;
  EXPECT_EQ(test::blamed<PumpedHydro>(params), "min_turbine_load");
  params = plant();
  params.pump_capacity_mw = 100;
  params.min_pump_load_mw = 200;
  EXPECT_EQ(test::blamed<PumpedHydro>(params), "min_pump_load");
  params = plant();
  params.pump_efficiency = 0.7;
  EXPECT_EQ(test::blamed<PumpedHydro>(params), "pump_efficiency");
}

TEST(PumpedHydro, DeliversWhatItOffersAndItsEnergyCloses) {
  EXPECT_TRUE(rc::check([] {
    PumpedHydro::Params params;
    params.capacity_mw = number(0.0, 500.0);
    if (*rc::gen::arbitrary<bool>()) params.pump_capacity_mw = number(0.0, 500.0);
    params.energy_capacity_mwh = number(1.0, 5000.0);
    params.round_trip_efficiency = number(0.3, 0.9);
    params.min_turbine_load_mw = params.capacity_mw * number(0.0, 1.0);
    params.min_pump_load_mw = value_or(params.pump_capacity_mw, params.capacity_mw) * number(0.0, 1.0);
    params.changeover_h = number(0.0, 1.0);
    params.loss_per_month = number(0.0, 0.5);
    params.initial_level = number(0.0, 1.0);
    params.availability = {number(0.0, 1.0), {}};
    params = prepared<PumpedHydro>(params);
    const StepContext context = context_of(test::step_length_h());
    const double keeps = std::pow(1 - params.loss_per_month, context.step_h / 730);
    auto state = PumpedHydro::initial(params, context);
    for (int k = 0; k < 30; ++k) {
      const double wild_mw = *rc::gen::element(-1.0, 1.0) * test::wild_power_mw(500);
      const auto before = PumpedHydro::offer(params, state, context);
      const auto response = test::expect_stores<PumpedHydro>(params, state, wild_mw, context, keeps);
      if (response.p_mw > 0) RC_ASSERT(response.p_mw >= before.min_discharge_mw);
      if (response.p_mw < 0) RC_ASSERT(-response.p_mw >= before.min_charge_mw);
    }
  }));
}

}  // namespace
}  // namespace gridplus::models
