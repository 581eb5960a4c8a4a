#include "models/storage/battery.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

Battery::Params battery() {
  Battery::Params params;
  params.capacity_mw = 50;
  params.energy_capacity_mwh = 150;
  params.self_discharge_per_month = 0;
  return params;
}

Battery::Params random_battery() {
  Battery::Params params;
  params.capacity_mw = number(0.0, 200.0);
  if (*rc::gen::arbitrary<bool>()) params.charge_capacity_mw = number(0.0, 200.0);
  params.energy_capacity_mwh = number(0.1, 1000.0);
  params.charge_efficiency = number(0.3, 1.0);
  params.discharge_efficiency = number(0.3, 1.0);
  params.self_discharge_per_month = number(0.0, 0.9);
  params.soc_min = number(0.0, 0.4);
  params.soc_max = number(0.6, 1.0);
  params.availability = {number(0.0, 1.0), {}};
  params.temperature_c = {number(-10.0, 60.0), {}};
  params.ageing = *rc::gen::element(Ageing::none, Ageing::calendar, Ageing::cycle, Ageing::both);
  params.replacement_cost_per_mwh = number(0.0, 3e5);
  return prepared<Battery>(params);
}

TEST(Battery, ARoundTripLosesTheProductOfItsEfficiencies) {
  const auto params = prepared<Battery>(battery());
  const StepContext context = context_of();
  auto state = Battery::initial(params, context);
  const double start_mwh = state.energy_mwh;
  const StorageResponse in = Battery::step(params, state, {-30}, context);
  EXPECT_NEAR(in.energy_mwh, start_mwh + 30 * 0.9193, 1e-12);
  const double out_mw = (in.energy_mwh - start_mwh) * 0.9193;
  const StorageResponse out = Battery::step(params, state, {out_mw}, context);
  EXPECT_NEAR(out.energy_mwh, start_mwh, 1e-9);
  EXPECT_NEAR(out_mw / 30, 0.845, 5e-4);  // LFP, AC to AC
  EXPECT_NEAR(in.losses_mwh + out.losses_mwh, 30 - out_mw, 1e-9);
}

TEST(Battery, SelfDischargeIsTheGivenShareOfAMonth) {
  auto params = battery();
  params.self_discharge_per_month = 0.03;
  params = prepared<Battery>(params);
  auto state = Battery::initial(params, context_of());
  for (int hour = 0; hour < 730; ++hour) (void)Battery::step(params, state, {0}, context_of());
  EXPECT_NEAR(state.energy_mwh, 75 * 0.97, 1e-9);
  auto coarse = Battery::initial(params, context_of());
  (void)Battery::step(params, coarse, {0}, context_of(730));
  EXPECT_NEAR(coarse.energy_mwh, state.energy_mwh, 1e-9);
}

TEST(Battery, StaysInItsWindow) {
  const auto params = prepared<Battery>(battery());
  auto state = Battery::initial(params, context_of());
  for (int i = 0; i < 10; ++i) (void)Battery::step(params, state, {-50}, context_of());
  EXPECT_NEAR(state.energy_mwh, 0.9 * 150, 1e-9);
  for (int i = 0; i < 10; ++i) (void)Battery::step(params, state, {50}, context_of());
  EXPECT_NEAR(state.energy_mwh, 0.1 * 150, 1e-9);
}

TEST(Battery, AgesByTheCalendarAsTheCheckValuesSay) {
  auto params = battery();
  params.ageing = Ageing::calendar;
  params.soc_max = 1.0;
  params.initial_soc = 0.9;
  params = prepared<Battery>(params);
  auto state = Battery::initial(params, context_of());
  for (int day = 0; day < 3650; ++day) {
    state.energy_mwh = 0.9 * 150 * state.health;  // held at 90 %
    (void)Battery::step(params, state, {0}, context_of(24));
  }
  EXPECT_NEAR(state.calendar_capacity, 0.8827, 1e-4);
  EXPECT_EQ(state.health, state.calendar_capacity);
}

TEST(Battery, AgesByCyclesAsTheTableSays) {
  auto params = battery();
  params.capacity_mw = 1000;
  params.ageing = Ageing::cycle;
  params.initial_soc = 0.1;
  params = prepared<Battery>(params);
  auto state = Battery::initial(params, context_of());
  for (int cycle = 0; cycle < 1000; ++cycle) {
    (void)Battery::step(params, state, {-1e6}, context_of());
    (void)Battery::step(params, state, {1e6}, context_of());
  }
  EXPECT_NEAR(state.health, 0.8, 1e-3);  // 1000 cycles of 80 %
}

TEST(Battery, WearOfItsCyclesPaysForNewCells) {
  auto params = battery();
  params.capacity_mw = 1000;
  params.replacement_cost_per_mwh = 200000;
  params.initial_soc = 0.1;
  params = prepared<Battery>(params);
  auto state = Battery::initial(params, context_of());
  double paid = 0.0;
  for (int cycle = 0; cycle < 1000; ++cycle) {
    (void)Battery::step(params, state, {-1e6}, context_of());
    paid += Battery::step(params, state, {1e6}, context_of()).wear_cost;
  }
  EXPECT_NEAR(paid, 200000 * 150, 1);  // a whole cycle life
}

TEST(Battery, BlamesTheFieldThatDoesNotFit) {
  auto params = battery();
  params.soc_min = 0.95;
  EXPECT_EQ(test::blamed<Battery>(params), "soc_min");
  params = battery();
  params.initial_soc = 0.95;
  EXPECT_EQ(test::blamed<Battery>(params), "initial_soc");
  params = battery();
  params.cycle_life = {2, {0.8, 0.2}, {1000, 5000}};
  EXPECT_EQ(test::blamed<Battery>(params), "cycle_life");
  params.cycle_life = {1, {0.8}, {0}};
  EXPECT_EQ(test::blamed<Battery>(params), "cycle_life");
}

TEST(Battery, DeliversWhatItOffersAndItsEnergyCloses) {
  EXPECT_TRUE(rc::check([] {
    const auto params = random_battery();
    const StepContext context = context_of(test::step_length_h());
    const double keeps = std::pow(1 - params.self_discharge_per_month, context.step_h / 730);
    auto state = Battery::initial(params, context);
    double health = 1.0;
    for (int k = 0; k < 30; ++k) {
      const auto response = test::expect_stores<Battery>(
          params, state, *rc::gen::element(-1.0, 1.0) * test::wild_power_mw(200), context, keeps);
      RC_ASSERT(response.state_of_charge >= 0.0);
      RC_ASSERT(response.state_of_charge <= params.soc_max + 1e-9);
      RC_ASSERT(response.state_of_health <= health && response.state_of_health >= 0.0);
      health = response.state_of_health;
    }
  }));
}

}  // namespace
}  // namespace gridplus::models
