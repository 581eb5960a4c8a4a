#include "models/consumers/ev_fleet.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::blamed;
using test::number;
using test::prepared;
using Params = EvFleet::Params;

constexpr double k_tolerance = 1e-9;

/// One vehicle, every day the same: home from 18:00 to 07:00, 40 km at 0.15 kWh/km, no losses: 6 kWh at 7 kW.
Params steady(Charging charging = Charging::uncontrolled) {
  Params params;
  params.charging = charging;
  params.arrival_mean_h = 18.0;
  params.departure_mean_h = 7.0;
  params.arrival_sd_h = params.departure_sd_h = params.distance_sigma = 0.0;
  params.distance_median_km = 40.0;
  params.efficiency = 1.0;
  return params;
}

/// Runs from `start` on and calls each(hour since start, offer, response).
template <class Command, class Each>
EvFleet::State run(const Params& params, double step_h, double hours, Command command, Each each,
                   const char* start = "2021-06-01T12:00") {
  StepContext context;
  context.step_h = step_h;
  context.time = parse_time(start);
  context.seed = 11;
  EvFleet::State state = EvFleet::initial(params, context);
  const UtcSeconds begin = context.time.utc;
  const auto steps = std::llround(hours / step_h);
  for (std::int64_t k = 0; k < steps; ++k) {
    context.step = k;
    context.time.utc = begin + std::llround(static_cast<double>(k) * step_h * 3600.0);
    const ConsumerOffer offer = EvFleet::offer(params, state, context);
    each(static_cast<double>(k) * step_h, offer, EvFleet::step(params, state, {command(offer)}, context), state);
  }
  return state;
}
const auto as_asked = [](const ConsumerOffer& offer) { return offer.demand_mw; };
const auto nothing = [](const auto&...) {};

std::vector<double> demand_kw(const Params& params, double step_h, double hours) {
  std::vector<double> kw;
  run(params, step_h, hours, as_asked, [&](double, const ConsumerOffer&, const ConsumerResponse& done, const auto&) {
    kw.push_back(1e3 * done.served_mw);
  });
  return kw;
}

TEST(EvFleet, ChargesOnArrivalUntilFull) {
  const auto kw = demand_kw(prepared<EvFleet>(steady()), 0.5, 24);  // from noon
  for (std::size_t k = 0; k < kw.size(); ++k) EXPECT_NEAR(kw[k], k == 12 ? 7.0 : k == 13 ? 5.0 : 0.0, k_tolerance) << k;
}

TEST(EvFleet, TheTimerWaitsForTheValley) {
  const auto kw = demand_kw(prepared<EvFleet>(steady(Charging::timer)), 0.5, 24);
  for (std::size_t k = 0; k < kw.size(); ++k) EXPECT_NEAR(kw[k], k == 22 ? 7.0 : k == 23 ? 5.0 : 0.0, k_tolerance) << k;
}

TEST(EvFleet, ATimerWithinTheValleyChargesAtOnce) {
  auto params = steady(Charging::timer);
  params.valley_start_h = 12.0;
  params.valley_end_h = 20.0;
  const auto kw = demand_kw(prepared<EvFleet>(params), 0.5, 24);
  EXPECT_NEAR(kw[12], 7.0, k_tolerance);
}

TEST(EvFleet, RandomStartsStayInTheValleyAndFinishInIt) {
  auto params = steady(Charging::random_start);
  params.vehicles = 64;
  const auto kw = demand_kw(prepared<EvFleet>(params), 0.25, 24 * 4);
  double energy_kwh = 0.0;
  for (std::size_t k = 0; k < kw.size(); ++k) {
    const double hour = std::fmod(12.0 + 0.25 * static_cast<double>(k), 24.0);
    energy_kwh += 0.25 * kw[k];
    if (hour >= 7.0 && hour < 23.0) {
      EXPECT_EQ(kw[k], 0.0) << hour;
    }
    EXPECT_LT(kw[k], 0.5 * 64 * 7.0);
  }
  EXPECT_NEAR(energy_kwh, 4 * 64 * 6.0, 1e-6);
}

TEST(EvFleet, EnergyDoesNotDependOnTheStep) {
  auto params = steady(Charging::uncontrolled);
  params.vehicles = 64;
  params.distance_sigma = 0.88;
  params.arrival_sd_h = 1.0;
  params.departure_sd_h = 0.5;
  params = prepared<EvFleet>(params);
  const auto fine = demand_kw(params, 1.0 / 12, 72), coarse = demand_kw(params, 1.0, 72);
  for (std::size_t hour = 0; hour < coarse.size(); ++hour) {
    double mean = 0.0;
    for (std::size_t i = 0; i < 12; ++i) mean += fine[12 * hour + i] / 12;
    EXPECT_NEAR(mean, coarse[hour], 1e-6) << hour;
  }
}

TEST(EvFleet, CountsWhatIsMissingAtDeparture) {
  auto params = steady();
  params.charger_kw = 0.25;  // 13 h give 3.25 of 6 kWh a day
  params.vehicles = 1000;
  double due = 0.0, missed = 0.0;
  const auto sum = [&](double, const ConsumerOffer&, const ConsumerResponse& done, const auto&) {
    due += done.due_mwh, missed += done.missed_mwh;
  };
  const auto state = run(prepared<EvFleet>(params), 0.5, 24, as_asked, sum);
  // The run begins three trips and two nights after a full battery: 3 x 6 - 2 x 3.25 kWh were missing at 18:00.
  EXPECT_NEAR(due, 11.5, k_tolerance);
  EXPECT_NEAR(missed, 8.25, k_tolerance);
  EXPECT_NEAR(state.unmet_mwh, missed, k_tolerance);
}

TEST(EvFleet, CommandsDelayChargingButNotTheDeparture) {
  auto params = steady();
  params.controllable = true;
  params = prepared<EvFleet>(params);
  double missed = 0.0;
  std::vector<double> kw;
  run(
      params, 0.5, 24, [](const ConsumerOffer& offer) { return offer.demand_mw - offer.flexible_down_mw; },
      [&](double, const ConsumerOffer&, const ConsumerResponse& done, const auto&) {
        kw.push_back(1e3 * done.served_mw);
        missed += done.missed_mwh;
      });
  EXPECT_EQ(missed, 0.0);
  EXPECT_NEAR(kw[37], 7.0, k_tolerance);  // 06:30
  EXPECT_NEAR(kw[36], 5.0, k_tolerance);
  EXPECT_EQ(kw[12], 0.0);
}

TEST(EvFleet, IsPlannedToBeReadyBeforeItLeavesAndMayChargeUntilThen) {
  Params params = steady();
  params.controllable = true;
  params.ready_before_h = 4.0;
  const auto wait = [](const ConsumerOffer& offer) { return offer.demand_mw - offer.flexible_down_mw; };
  std::vector<double> hours_left;
  const auto see = [&](double, const ConsumerOffer& offer, const auto&...) { hours_left.push_back(offer.deadline_h); };
  const EvFleet::State state = run(prepared<EvFleet>(params), 1.0, 19, wait, see);  // from noon to the departure
  const auto left_at = [&](std::size_t hour) { return hours_left.at(hour - 12); };
  EXPECT_NEAR(left_at(18), 9.0, k_tolerance) << "home at 18:00, gone at 07:00";
  EXPECT_NEAR(left_at(26), 1.0, k_tolerance);
  EXPECT_NEAR(left_at(28), 0.0, k_tolerance) << "late, not in the past";
  EXPECT_NEAR(state.unmet_mwh, 0.0, k_tolerance) << "who is not ready in time still charges";
}

TEST(EvFleet, GivesBackDownToTheReserveAndLeavesFull) {
  auto params = steady();
  params.controllable = true;
  params.v2g_share = 1.0;
  params.battery_kwh = 20.0;
  params.efficiency = 0.9;
  params = prepared<EvFleet>(params);
  double lowest = 1.0, missed = 0.0, given_kwh = 0.0;
  run(
      params, 0.25, 19, [](const ConsumerOffer& offer) { return offer.demand_mw - offer.flexible_down_mw; },
      [&](double, const ConsumerOffer&, const ConsumerResponse& done, const EvFleet::State& state) {
        lowest = std::min(lowest, state.state_of_charge);
        given_kwh += 250.0 * std::max(0.0, -done.served_mw);
        missed += done.missed_mwh;
      });
  EXPECT_NEAR(lowest, 0.4, k_tolerance);
  EXPECT_NEAR(given_kwh, (14.0 - 8.0) * 0.9, 1e-6);
  EXPECT_EQ(missed, 0.0);
}

TEST(EvFleet, OtherFleetsDoNotChangeItsDraws) {
  Params params;
  params.vehicles = 10;
  params.random_key = 5;
  const auto first = demand_kw(prepared<EvFleet>(params), 0.5, 48);
  EXPECT_EQ(first, demand_kw(prepared<EvFleet>(params), 0.5, 48));
  params.random_key = 6;
  EXPECT_NE(first, demand_kw(prepared<EvFleet>(params), 0.5, 48));
}

TEST(EvFleet, LargeFleetsAreFollowedBySample) {
  auto params = steady();
  params.vehicles = 1'000'000;
  EXPECT_NEAR(demand_kw(prepared<EvFleet>(params), 0.5, 24)[12], 7e6, 1e-3);
}

TEST(EvFleet, WrongCombinationsAreNamed) {
  Params params;
  params.v2g_share = 0.5;
  EXPECT_EQ(blamed<EvFleet>(params), "v2g_share");
  params.controllable = true;
  params.target_soc = 0.3;
  EXPECT_EQ(blamed<EvFleet>(params), "v2g_reserve_soc");
  params = {};
  params.charging = Charging::timer;
  params.valley_end_h = params.valley_start_h;
  EXPECT_EQ(blamed<EvFleet>(params), "valley_end");
}

/// Any command in any state: done where it was offered, never more than the batteries hold, every kWh accounted.
TEST(EvFleet, EveryKilowattHourIsAccounted) {
  rc::check([] {
    Params params;
    params.vehicles = *rc::gen::inRange(1, 12);
    params.charging = *rc::gen::element(Charging::uncontrolled, Charging::timer, Charging::random_start);
    params.controllable = *rc::gen::arbitrary<bool>();
    params.battery_kwh = number(5, 80);
    params.target_soc = number(0.5, 1.0);
    params.efficiency = number(0.7, 1.0);
    params.charger_kw = number(1, 20);
    params.driving_share = number(0, 1);
    params.departure_sd_h = number(0, 12);
    if (params.controllable) params.v2g_share = number(0, 1);
    params.random_key = static_cast<std::uint32_t>(*rc::gen::inRange(0, 1000));
    params = prepared<EvFleet>(params);
    StepContext context;
    context.step_h = *rc::gen::element(1.0 / 12, 0.25, 1.0, 24.0);
    context.time = parse_time("2020-02-27T09:00");
    EvFleet::State state = EvFleet::initial(params, context);
    for (int k = 0; k < 40; ++k) {
      const ConsumerOffer offer = EvFleet::offer(params, state, context);
      RC_ASSERT(offer.flexible_down_mw >= 0.0);
      RC_ASSERT(offer.flexible_up_mw >= -1e-15);
      const double low = std::min(0.0, offer.demand_mw - offer.flexible_down_mw);
      const double high = offer.demand_mw + offer.flexible_up_mw;
      const double wild = test::wild_power_mw(0.01);
      const EvFleet::State before = state;
      const ConsumerResponse done = EvFleet::step(params, state, {wild}, context);
      RC_ASSERT(done.served_mw >= low - 1e-12 && done.served_mw <= high + 1e-12);
      if (wild >= low && wild <= high) RC_ASSERT(std::abs(done.served_mw - wild) <= 1e-12);
      double gained_kwh = 0.0;
      bool departed = false;
      for (std::size_t i = 0; i < params.followed; ++i) {
        departed = departed || state.vehicles[i].departure_day != before.vehicles[i].departure_day;
        gained_kwh += state.vehicles[i].energy_kwh - before.vehicles[i].energy_kwh;
        RC_ASSERT(state.vehicles[i].energy_kwh >= -1e-9);
        RC_ASSERT(state.vehicles[i].energy_kwh <= params.battery_kwh + 1e-9);
      }
      if (!departed && params.v2g_share == 0.0)
        RC_ASSERT(std::abs(gained_kwh - done.served_mw * 1e3 * context.step_h * params.efficiency) <= 1e-8);
      context.step = k + 1;
      context.time.utc += std::llround(context.step_h * 3600.0);
    }
  });
}

}  // namespace
}  // namespace gridplus::models
