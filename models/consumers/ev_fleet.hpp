// Electric vehicles that charge where they are parked. Equations and sources: docs/models/ev_fleet.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

/// When a vehicle charges that nobody commands.
enum class Charging : std::uint8_t { uncontrolled, timer, random_start };
inline constexpr std::array<std::string_view, 3> k_charging_names = {"uncontrolled", "timer", "random_start"};

struct EvFleet {
  static constexpr std::string_view type = "ev_fleet";
  static constexpr DeviceKind kind = DeviceKind::consumer;
  static constexpr std::string_view doc =
      "Electric vehicles with daily trips: charging at once, by tariff timer, spread over the valley or by command, "
      "and "
      "vehicle-to-grid.";

  /// Vehicles followed one by one; in a larger fleet each of them stands for several.
  static constexpr std::size_t k_most_followed = 64;

  struct Params {
    std::int64_t vehicles = 1;
    Charging charging = Charging::uncontrolled;
    bool controllable = false;
    double valley_start_h = 23.0, valley_end_h = 7.0;
    double charger_kw = 7.0;
    double efficiency = 0.94;
    double battery_kwh = 60.0;
    double target_soc = 1.0;
    double ready_before_h = 0.0;
    double v2g_share = 0.0;
    double v2g_reserve_soc = 0.4;
    double arrival_mean_h = 17.6, arrival_sd_h = 3.4;
    double departure_mean_h = 7.5, departure_sd_h = 1.0;
    double distance_median_km = 24.5325;  // exp(3.20)
    double distance_sigma = 0.88;
    double consumption_kwh_per_km = 0.15;
    double driving_share = 1.0;
    double power_factor = 1.0;
    std::int32_t priority = 3;
    double value_of_lost_load_per_mwh = 1000.0;

    std::uint32_t random_key = 0;  ///< filled from the device's name
    std::size_t followed = 1;      ///< made by prepare()
    double mvar_per_mw = 0.0;      ///< made by prepare()
  };

  /// One vehicle between two departures. Times are local hours since 1970-01-01T00:00.
  struct Vehicle {
    double energy_kwh = 0.0;            ///< in the battery
    double plug_in_h = 0.0;             ///< of the session that runs or comes next
    double plug_out_h = 0.0;            ///< its end: the departure
    double start_h = 0.0;               ///< when the vehicle begins to charge by its own schedule
    double missing_at_start_kwh = 0.0;  ///< up to the target, when it was plugged in
    double rank = 0.0;                  ///< in (0, 1): vehicles below v2g_share can give back
    std::int64_t departure_day = 0;     ///< the day of plug_out_h, counted from 1970-01-01
  };
  struct State {
    std::array<Vehicle, k_most_followed> vehicles{};
    double plugged_share = 0.0;    ///< of the vehicles, at the end of the step
    double state_of_charge = 0.0;  ///< mean of the vehicles
    double unmet_mwh = 0.0;        ///< missing at departures since the start
    double en_route_mwh = 0.0;     ///< charged elsewhere during trips longer than the battery lasts
  };

  static constexpr auto fields = std::make_tuple(
      field(&Params::vehicles, "vehicles", "1", "number of vehicles").between(1, 10'000'000),
      field(&Params::charging, "charging", "1",
            "when a vehicle charges by itself: at once, from the start of the valley, or at a random time within the "
            "valley")
          .one_of(k_charging_names),
      field(&Params::controllable, "controllable", "1",
            "follows commands of the dispatch within what each departure allows; without a command as `charging`"),
      field(&Params::valley_start_h, "valley_start", "h", "time of day at which the cheap hours begin").between(0, 24),
      field(&Params::valley_end_h, "valley_end", "h", "time of day at which the cheap hours end").between(0, 24),
      field(&Params::charger_kw, "charger", "kW", "power of a vehicle's charger, at the grid").above(0).at_most(2000),
      field(&Params::efficiency, "efficiency", "1", "one way, between grid and battery").above(0).at_most(1),
      field(&Params::battery_kwh, "battery", "kWh", "usable energy of a vehicle's battery").above(0).at_most(2000),
      field(&Params::target_soc, "target_soc", "1", "state of charge wanted at departure").above(0).at_most(1),
      field(&Params::ready_before_h, "ready_before", "h",
            "dispatch plans to be done this long before a departure; charging may still go on until then")
          .between(0, 24),
      field(&Params::v2g_share, "v2g_share", "1", "share of the vehicles that can give back; needs controllable")
          .between(0, 1),
      field(&Params::v2g_reserve_soc, "v2g_reserve_soc", "1", "state of charge below which nothing is given back")
          .between(0, 1),
      field(&Params::arrival_mean_h, "arrival_mean", "h", "mean time of day of the last arrival").between(0, 24),
      field(&Params::arrival_sd_h, "arrival_sd", "h", "its standard deviation").between(0, 12),
      field(&Params::departure_mean_h, "departure_mean", "h", "mean time of day of the first departure").between(0, 24),
      field(&Params::departure_sd_h, "departure_sd", "h", "its standard deviation").between(0, 12),
      field(&Params::distance_median_km, "distance_median", "km", "median of the distance of a day").at_least(0),
      field(&Params::distance_sigma, "distance_sigma", "1", "standard deviation of the logarithm of the distance")
          .between(0, 3),
      field(&Params::consumption_kwh_per_km, "consumption", "kWh/km", "from the battery per distance").at_least(0),
      field(&Params::driving_share, "driving_share", "1", "chance that a vehicle drives on a day").between(0, 1),
      field(&Params::power_factor, "power_factor", "1", "active over apparent power of the chargers")
          .above(0)
          .at_most(1),
      field(&Params::priority, "priority", "1", "tier of supply: 1 is shed last, larger numbers earlier")
          .between(1, 100),
      field(&Params::value_of_lost_load_per_mwh, "value_of_lost_load", "currency/MWh", "harm of demand not served")
          .at_least(0));
  static constexpr auto state_fields = std::make_tuple(
      field(&State::plugged_share, "plugged_share", "1", "share of the vehicles plugged in at the end of the step"),
      field(&State::state_of_charge, "state_of_charge", "1", "mean of all vehicles at the end of the step"),
      field(&State::unmet_mwh, "unmet_energy", "MWh", "missing in batteries at departures since the start of the run"),
      field(&State::en_route_mwh, "en_route_energy", "MWh",
            "charged elsewhere on trips longer than the battery lasts, since the start of the run"));

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params& params, const StepContext& context);
  static ConsumerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ConsumerResponse step(const Params& params, State& state, const ConsumerCommand& command,
                               const StepContext& context);
};

}  // namespace gridplus::models
