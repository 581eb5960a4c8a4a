#include "models/producers/reservoir_hydro.hpp"

#include "models/common/water_power.hpp"
#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

/// 100 MW at 100 m; a full reservoir runs it for about 245 h.
ReservoirHydro::Params plant() {
  ReservoirHydro::Params params;
  params.capacity_mw = 100;
  params.head_m = 100;
  params.storage_max_m3 = 110e6;
  params.storage_min_m3 = 10e6;
  params.inflow_m3_per_s = {20.0, {}};
  params.ecological_flow_m3_per_s = {5.0, {}};
  params.water_value_per_mwh = {30.0, {}};
  return params;
}

TEST(ReservoirHydro, StoresTheEnergyOfItsWater) {
  const auto params = prepared<ReservoirHydro>(plant());
  const auto state = ReservoirHydro::initial(params, context_of());
  EXPECT_EQ(state.volume_m3, 60e6);
  EXPECT_NEAR(state.energy_mwh, 50e6 * 1000 * 9.80665 * 100 * 0.9 / 3.6e9, 1e-6);
}

TEST(ReservoirHydro, ReleasesTheEcologicalFlowWhateverTheCommand) {
  const auto params = prepared<ReservoirHydro>(plant());
  auto state = ReservoirHydro::initial(params, context_of());
  const ProducerResponse response = ReservoirHydro::step(params, state, {false, 0}, context_of());
  EXPECT_NEAR(response.p_mw, 5 * mw_per_m3_per_s(100, 0.9), 1e-12);
  EXPECT_NEAR(state.turbined_m3_per_s, 5, 1e-12);
}

TEST(ReservoirHydro, TheEcologicalFlowPassesTurbinesOnOutage) {
  auto params = plant();
  params.availability = {0.0, {}};
  params = prepared<ReservoirHydro>(params);
  auto state = ReservoirHydro::initial(params, context_of());
  EXPECT_EQ(ReservoirHydro::step(params, state, {true, 100}, context_of()).p_mw, 0.0);
  EXPECT_EQ(state.bypass_m3_per_s, 5.0);
}

TEST(ReservoirHydro, SpillsWhatAFullReservoirCannotHoldAndOffersThatWaterFirst) {
  auto params = plant();
  params.initial_fill = 1.0;
  params = prepared<ReservoirHydro>(params);
  auto state = ReservoirHydro::initial(params, context_of());
  const ProducerOffer offer = ReservoirHydro::offer(params, state, context_of());
  ASSERT_EQ(offer.segment_count, 2u);
  EXPECT_NEAR(offer.segments[0].to_mw, 20 * mw_per_m3_per_s(100, 0.9), 1e-9);
  EXPECT_EQ(offer.segments[0].marginal_per_mwh, 0.0);
  EXPECT_EQ(offer.segments[1].marginal_per_mwh, 30.0);
  (void)ReservoirHydro::step(params, state, {true, 0}, context_of());
  EXPECT_NEAR(state.spill_m3_per_s, 15.0, 1e-9);
  EXPECT_EQ(state.volume_m3, 110e6);
}

TEST(ReservoirHydro, GivesNoMoreThanItsWaterWhenNearlyEmpty) {
  auto params = plant();
  params.initial_fill = 0.0;
  params = prepared<ReservoirHydro>(params);
  auto state = ReservoirHydro::initial(params, context_of());
  EXPECT_NEAR(ReservoirHydro::step(params, state, {true, 100}, context_of()).p_mw, 20 * mw_per_m3_per_s(100, 0.9),
              1e-9);
  EXPECT_NEAR(state.volume_m3, 10e6, 1e-3);
}

TEST(ReservoirHydro, WaterIsDearerInAnEmptyReservoir) {
  auto params = plant();
  params.water_value_by_fill = {2, {0, 1}, {2, 0.5}};
  const auto price_at = [&](double fill) {
    params.initial_fill = fill;
    const auto ready = prepared<ReservoirHydro>(params);
    return ReservoirHydro::offer(ready, ReservoirHydro::initial(ready, context_of()), context_of())
        .full_load_cost_per_mwh;
  };
  EXPECT_DOUBLE_EQ(price_at(0.0), 60.0);
  EXPECT_DOUBLE_EQ(price_at(0.5), 37.5);
  EXPECT_DOUBLE_EQ(price_at(1.0), 15.0);
}

TEST(ReservoirHydro, TheValueOfWaterIsNoCost) {
  auto params = plant();
  params.variable_cost_per_mwh = 2;
  EXPECT_DOUBLE_EQ(ReservoirHydro::cost(params, 50, context_of()).cost_per_h, 100);
}

TEST(ReservoirHydro, LessHeadMeansLessPower) {
  auto params = plant();
  params.head_at_empty_m = 60;
  params.capacity_mw = 1e6;  // water is the limit
  params.initial_fill = 0.0;
  params = prepared<ReservoirHydro>(params);
  const auto state = ReservoirHydro::initial(params, context_of());
  EXPECT_NEAR(ReservoirHydro::offer(params, state, context_of()).max_mw, 20 * mw_per_m3_per_s(60, 0.9), 1e-9);
}

TEST(ReservoirHydro, BlamesTheFieldThatDoesNotFit) {
  auto params = plant();
  params.storage_min_m3 = 200e6;
  EXPECT_EQ(test::blamed<ReservoirHydro>(params), "storage_min");
  params = plant();
  params.head_at_empty_m = 101;
  EXPECT_EQ(test::blamed<ReservoirHydro>(params), "head_at_empty");
  params = plant();
  params.water_value_by_fill = {2, {0, 1}, {1, -1}};
  EXPECT_EQ(test::blamed<ReservoirHydro>(params), "water_value_by_fill");
}

TEST(ReservoirHydro, DeliversWhatItOffersAndAccountsForEveryDrop) {
  EXPECT_TRUE(rc::check([] {
    ProfileTable profiles(30);
    std::vector<double> inflows;
    for (int k = 0; k < 30; ++k) inflows.push_back(number(0.0, 400.0));
    auto params = plant();
    params.capacity_mw = number(0.0, 300.0);
    params.head_at_empty_m = number(40.0, 100.0);
    params.storage_max_m3 = number(10.1e6, 60e6);
    params.initial_fill = number(0.0, 1.0);
    params.inflow_m3_per_s = {1.0, profiles.add("inflow", inflows)};
    params.ecological_flow_m3_per_s = {number(0.0, 50.0), {}};
    params.availability = {number(0.0, 1.0), {}};
    params.variable_cost_per_mwh = number(0.0, 5.0);
    params = prepared<ReservoirHydro>(params);
    StepContext context = context_of(test::step_length_h(), &profiles);
    auto state = ReservoirHydro::initial(params, context);
    for (; context.step < 30; ++context.step) {
      const auto before = state;
      const ProducerCommand wild{*rc::gen::arbitrary<bool>(), test::wild_power_mw(300)};
      (void)test::expect_delivers<ReservoirHydro>(params, state, wild, context);
      RC_ASSERT(state.volume_m3 >= params.storage_min_m3);
      RC_ASSERT(state.volume_m3 <= params.storage_max_m3);
      RC_ASSERT(state.spill_m3_per_s >= 0.0);
      const double inflow = inflows[static_cast<std::size_t>(context.step)];
      const double net = inflow - state.turbined_m3_per_s - state.bypass_m3_per_s - state.spill_m3_per_s;
      const double residual_m3 = before.volume_m3 + net * context.step_h * 3600 - state.volume_m3;
      RC_ASSERT(std::abs(residual_m3) <= 1e-9 * (before.volume_m3 + inflow * context.step_h * 3600));
      const double usable = (before.volume_m3 - params.storage_min_m3) / (context.step_h * 3600) + inflow;
      const double due = std::min(params.ecological_flow_m3_per_s.scale, usable);
      RC_ASSERT(state.turbined_m3_per_s + state.bypass_m3_per_s >= due - 1e-9);
    }
  }));
}

}  // namespace
}  // namespace gridplus::models
