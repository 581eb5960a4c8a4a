#include "models/consumers/ev_fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/model_info.hpp"
#include "sim/core/random.hpp"

namespace gridplus::models {
namespace {

using Params = EvFleet::Params;
using State = EvFleet::State;
using Vehicle = EvFleet::Vehicle;

constexpr double k_day_h = 24.0;
constexpr double k_kwh_per_mwh = 1000.0;
constexpr double k_shortest_trip_h = 0.5;
constexpr double k_small_kwh = 1e-9;

double local_h(ZonedTime time) {
  return static_cast<double>(time.utc + time.offset_s) / 3600.0;
}

/// The draws of one vehicle on one day (counted from 1970-01-01, local).
class Day {
 public:
  Day(const Params& params, const StepContext& context, std::size_t vehicle, std::int64_t day)
      : params_(params),
        key_{context.seed, context.replicate, RandomStream::device, params.random_key,
             (static_cast<std::uint64_t>(day) << 8) | vehicle},
        midnight_h_(k_day_h * static_cast<double>(day)) {}

  [[nodiscard]] bool drives() const { return params_.driving_share >= 1.0 || uniform(key_, 3) < params_.driving_share; }
  [[nodiscard]] double departure_h() const {
    return midnight_h_ + params_.departure_mean_h + params_.departure_sd_h * normal(key_, 0);
  }
  [[nodiscard]] double arrival_h() const {
    return midnight_h_ + params_.arrival_mean_h + params_.arrival_sd_h * normal(key_, 1);
  }
  [[nodiscard]] double distance_km() const {
    return params_.distance_median_km * std::exp(params_.distance_sigma * normal(key_, 2));
  }
  /// Uniform in (0, 1): where in the valley a random start lies.
  [[nodiscard]] double place() const { return uniform(key_, 4); }

 private:
  const Params& params_;
  RandomKey key_;
  double midnight_h_;
};

double wanted_kwh(const Params& params) {
  return params.target_soc * params.battery_kwh;
}

/// What the grid must still give until the target is reached.
double need_kwh(const Params& params, const Vehicle& vehicle) {
  return std::max(0.0, wanted_kwh(params) - vehicle.energy_kwh) / params.efficiency;
}

/// The first begin of the valley at or after `at_h`; `at_h` itself inside the valley.
double valley_begin_h(const Params& params, double at_h) {
  const double length_h = std::fmod(params.valley_end_h - params.valley_start_h + k_day_h, k_day_h);
  const double since_h = at_h - params.valley_start_h;
  const double into_h = since_h - k_day_h * std::floor(since_h / k_day_h);
  return into_h < length_h ? at_h : at_h - into_h + k_day_h;
}

double own_start_h(const Params& params, const Vehicle& vehicle, const Day& day) {
  if (params.charging == Charging::uncontrolled) return vehicle.plug_in_h;
  const double begin_h = valley_begin_h(params, vehicle.plug_in_h);
  if (params.charging == Charging::timer) return begin_h;
  const double until_h =
      params.valley_end_h - k_day_h * std::floor((params.valley_end_h - begin_h) / k_day_h);  // next end after begin
  const double last_h = std::min(until_h, vehicle.plug_out_h) - need_kwh(params, vehicle) / params.charger_kw;
  return begin_h + day.place() * std::max(0.0, last_h - begin_h);
}

/// The trip of `day`, then the session after it until the next day on which the vehicle drives. A vehicle is not
/// plugged in before `earliest_h`.
void drive(const Params& params, const StepContext& context, std::size_t place, std::int64_t day, double earliest_h,
           Vehicle& vehicle, State& state, double weight) {
  const Day today(params, context, place, day);
  vehicle.energy_kwh -= params.consumption_kwh_per_km * today.distance_km();
  if (vehicle.energy_kwh < 0.0) {
    state.en_route_mwh -= weight * vehicle.energy_kwh / k_kwh_per_mwh;
    vehicle.energy_kwh = 0.0;
  }
  vehicle.plug_in_h = std::max({today.arrival_h(), today.departure_h() + k_shortest_trip_h, earliest_h});
  constexpr std::int64_t k_longest_stay = 366;
  std::int64_t next = day + 1;
  while (next < day + k_longest_stay && !Day(params, context, place, next).drives()) ++next;
  vehicle.departure_day = next;
  vehicle.plug_out_h = std::max(vehicle.plug_in_h, Day(params, context, place, next).departure_h());
  vehicle.missing_at_start_kwh = std::max(0.0, wanted_kwh(params) - vehicle.energy_kwh);
  vehicle.start_h = own_start_h(params, vehicle, today);
}

/// Energy at the grid that a vehicle may take in a step: as little as its departure allows, by its own schedule, as
/// much as it can. Negative: it gives back.
struct Range {
  double least_kwh = 0.0, own_kwh = 0.0, most_kwh = 0.0;
};

Range range(const Params& params, const Vehicle& vehicle, double from_h, double to_h) {
  const double begin_h = std::max(vehicle.plug_in_h, from_h), end_h = std::min(vehicle.plug_out_h, to_h);
  if (end_h <= begin_h) return {};
  const double need = need_kwh(params, vehicle), power = params.charger_kw;
  const double possible = power * (end_h - begin_h), later = power * (vehicle.plug_out_h - end_h);
  Range out;
  out.most_kwh = std::min(need, possible);
  out.own_kwh = std::min(out.most_kwh, power * std::max(0.0, end_h - std::max(begin_h, vehicle.start_h)));
  if (!params.controllable) {
    out.least_kwh = out.most_kwh = out.own_kwh;
    return out;
  }
  out.least_kwh = std::min(out.most_kwh, std::max(0.0, need - later));
  out.own_kwh = std::max(out.own_kwh, out.least_kwh);  // the departure does not wait
  if (vehicle.rank < params.v2g_share && need < later) {
    const double above_reserve = (vehicle.energy_kwh - params.v2g_reserve_soc * params.battery_kwh) * params.efficiency;
    const double regained = (later - need) * params.efficiency * params.efficiency;
    out.least_kwh = -std::clamp(std::min(above_reserve, regained), 0.0, possible);
  }
  return out;
}

void charge(const Params& params, Vehicle& vehicle, double grid_kwh) {
  vehicle.energy_kwh += grid_kwh > 0.0 ? grid_kwh * params.efficiency : grid_kwh / params.efficiency;
}

/// What the vehicle has taken by its own schedule when it is `now_h`, since it was plugged in.
double own_kwh(const Params& params, const Vehicle& vehicle, double now_h) {
  const double charging_h = std::min(vehicle.plug_out_h, now_h) - std::max(vehicle.plug_in_h, vehicle.start_h);
  return std::min(need_kwh(params, vehicle), params.charger_kw * std::max(0.0, charging_h));
}

/// Vehicles are many where the fleet is large: `weight` real ones stand behind each that is followed.
double weight_of(const Params& params) {
  return static_cast<double>(params.vehicles) / static_cast<double>(params.followed);
}

struct Step {
  double from_h = 0.0, to_h = 0.0;
};
Step step_of(const StepContext& context) {
  const double from_h = local_h(context.time);
  return {from_h, from_h + context.step_h};
}

std::array<Range, EvFleet::k_most_followed> ranges(const Params& params, const State& state, const Step& step,
                                                   Range& sum) {
  std::array<Range, EvFleet::k_most_followed> all;
  sum = {};
  for (std::size_t i = 0; i < params.followed; ++i) {
    all[i] = range(params, state.vehicles[i], step.from_h, step.to_h);
    sum.least_kwh += all[i].least_kwh;
    sum.own_kwh += all[i].own_kwh;
    sum.most_kwh += all[i].most_kwh;
  }
  return all;
}

/// What each vehicle takes so that all of them take `total_kwh`: everyone moves in the same proportion from its own
/// schedule towards its least or its most; below the least, what must be charged is cut in proportion.
template <class Take>
void share_out(const std::array<Range, EvFleet::k_most_followed>& all, std::size_t count, const Range& sum,
               double total_kwh, Take take) {
  const auto part = [](double value, double whole) { return whole > k_small_kwh ? value / whole : 0.0; };
  const double up = part(total_kwh - sum.own_kwh, sum.most_kwh - sum.own_kwh);
  const double down = std::min(1.0, part(sum.own_kwh - total_kwh, sum.own_kwh - sum.least_kwh));
  const double kept = sum.least_kwh > k_small_kwh ? std::clamp(total_kwh / sum.least_kwh, 0.0, 1.0) : 1.0;
  for (std::size_t i = 0; i < count; ++i) {
    const Range& r = all[i];
    if (total_kwh == 0.0)
      take(i, 0.0);  // no vehicle feeds another behind a command for nothing, or a dead bus
    else if (total_kwh >= sum.own_kwh)
      take(i, r.own_kwh + std::min(1.0, up) * (r.most_kwh - r.own_kwh));
    else if (total_kwh >= sum.least_kwh)
      take(i, r.own_kwh - down * (r.own_kwh - r.least_kwh));
    else
      take(i, kept * r.least_kwh);
  }
}

/// Departures of a step and what they miss; the trips and the sessions that follow.
void depart(const Params& params, State& state, const StepContext& context, const Step& step,
            ConsumerResponse& response) {
  const double weight = weight_of(params);
  for (std::size_t i = 0; i < params.followed; ++i) {
    Vehicle& vehicle = state.vehicles[i];
    while (vehicle.plug_out_h <= step.to_h) {
      const double missing = std::max(0.0, wanted_kwh(params) - vehicle.energy_kwh);
      response.due_mwh += weight * vehicle.missing_at_start_kwh / k_kwh_per_mwh;
      if (missing > k_small_kwh) response.missed_mwh += weight * missing / k_kwh_per_mwh;
      drive(params, context, i, vehicle.departure_day, step.to_h, vehicle, state, weight);
    }
  }
  state.unmet_mwh += response.missed_mwh;
}

/// What the plugged vehicles need until they are to be ready, and what their chargers can do.
void plan(const Params& params, const State& state, const Step& step, ConsumerOffer& offer) {
  double need = 0.0, time_h = 0.0, plugged = 0.0, giving = 0.0;
  for (std::size_t i = 0; i < params.followed; ++i) {
    const Vehicle& vehicle = state.vehicles[i];
    if (vehicle.plug_in_h >= step.to_h) continue;
    need += need_kwh(params, vehicle);
    time_h += std::max(0.0, vehicle.plug_out_h - params.ready_before_h - step.from_h);
    plugged += 1.0;
    giving += vehicle.rank < params.v2g_share ? 1.0 : 0.0;
  }
  const double to_mw = weight_of(params) / k_kwh_per_mwh;
  offer.flexible_energy_mwh = need * to_mw;
  offer.deadline_h = plugged > 0.0 ? time_h / plugged : 0.0;
  offer.planned_most_mw = plugged * params.charger_kw * to_mw;
  offer.planned_least_mw = -giving * params.charger_kw * to_mw;
}

void observe(const Params& params, State& state, double at_h) {
  double plugged = 0.0, energy_kwh = 0.0;
  for (std::size_t i = 0; i < params.followed; ++i) {
    plugged += state.vehicles[i].plug_in_h <= at_h ? 1.0 : 0.0;
    energy_kwh += state.vehicles[i].energy_kwh;
  }
  const auto count = static_cast<double>(params.followed);
  state.plugged_share = plugged / count;
  state.state_of_charge = energy_kwh / (count * params.battery_kwh);
}

}  // namespace

void EvFleet::prepare(Params& params, ParamIssues& issues) {
  if (params.v2g_share > 0.0 && !params.controllable)
    issues.push_back({"v2g_share", "vehicles give back only on command", "0, or with 'controllable: true'"});
  if (params.v2g_share > 0.0 && params.v2g_reserve_soc > params.target_soc)
    issues.push_back({"v2g_reserve_soc",
                      fmt::format("{} is above target_soc, which is {}", params.v2g_reserve_soc, params.target_soc),
                      fmt::format("0 to {}", params.target_soc)});
  if (params.charging != Charging::uncontrolled && params.valley_start_h == params.valley_end_h)
    issues.push_back({"valley_end", "the valley begins and ends at the same time of day", "another time of day"});
  params.followed = static_cast<std::size_t>(std::clamp<std::int64_t>(params.vehicles, 1, k_most_followed));
  params.mvar_per_mw = std::tan(std::acos(params.power_factor));
}

State EvFleet::initial(const Params& params, const StepContext& context) {
  State state;
  const double now_h = local_h(context.time);
  const double shift = uniform({context.seed, context.replicate, RandomStream::device, params.random_key, 0});
  for (std::size_t i = 0; i < params.followed; ++i) {
    // Two days back the vehicle left with what it wants; since then it has charged by its own schedule.
    Vehicle& vehicle = state.vehicles[i];
    vehicle.energy_kwh = wanted_kwh(params);
    vehicle.rank = (static_cast<double>(i) + shift) / static_cast<double>(params.followed);
    std::int64_t day = static_cast<std::int64_t>(std::floor(now_h / k_day_h)) - 2;
    for (;;) {
      drive(params, context, i, day, 0.0, vehicle, state, 0.0);
      charge(params, vehicle, own_kwh(params, vehicle, now_h));
      if (vehicle.plug_out_h > now_h) break;
      day = vehicle.departure_day;
    }
  }
  observe(params, state, now_h);
  return state;
}

ConsumerOffer EvFleet::offer(const Params& params, const State& state, const StepContext& context) {
  const Step step = step_of(context);
  Range sum;
  (void)ranges(params, state, step, sum);
  const double to_mw = weight_of(params) / (k_kwh_per_mwh * context.step_h);
  ConsumerOffer offer;
  offer.demand_mw = sum.own_kwh * to_mw;
  offer.q_mvar = offer.demand_mw * params.mvar_per_mw;
  offer.priority = params.priority;
  offer.value_of_lost_load_per_mwh = params.value_of_lost_load_per_mwh;
  if (!params.controllable) return offer;
  offer.flexible_down_mw = (sum.own_kwh - sum.least_kwh) * to_mw;
  offer.flexible_up_mw = (sum.most_kwh - sum.own_kwh) * to_mw;
  plan(params, state, step, offer);
  return offer;
}

ConsumerResponse EvFleet::step(const Params& params, State& state, const ConsumerCommand& command,
                               const StepContext& context) {
  const Step step = step_of(context);
  Range sum;
  const auto all = ranges(params, state, step, sum);
  const double weight = weight_of(params);
  const double lowest_kwh = std::min(0.0, sum.least_kwh);
  const double asked_kwh = command.served_mw * context.step_h * k_kwh_per_mwh / weight;
  const double total_kwh = std::clamp(asked_kwh, lowest_kwh, sum.most_kwh);
  double taken_kwh = 0.0;
  share_out(all, params.followed, sum, total_kwh, [&](std::size_t i, double kwh) {
    charge(params, state.vehicles[i], kwh);
    taken_kwh += kwh;
  });
  ConsumerResponse response;
  response.served_mw = taken_kwh * weight / (k_kwh_per_mwh * context.step_h);
  // What was commanded within the limits is what was done; the sum over vehicles differs by rounding only.
  if (total_kwh == asked_kwh) response.served_mw = command.served_mw;
  response.q_mvar = std::abs(response.served_mw) * params.mvar_per_mw;
  depart(params, state, context, step, response);
  observe(params, state, step.to_h);
  return response;
}

template ModelInfo model_info<EvFleet>();

}  // namespace gridplus::models
