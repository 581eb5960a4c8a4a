// A dwelling with a thermostat. Equations and sources: docs/models/household.md.
#pragma once

#include "models/common/optional.hpp"
#include "models/common/two_mass.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

/// What the heating and cooling unit does.
enum class Hvac : std::uint8_t { off, heating, cooling };
inline constexpr std::array<std::string_view, 3> k_hvac_names = {"off", "heating", "cooling"};

struct Household {
  static constexpr std::string_view type = "household";
  static constexpr DeviceKind kind = DeviceKind::consumer;
  static constexpr std::string_view doc =
      "A dwelling: appliances, and a heat pump on a thermostat that keeps the air of a two-mass building in its band.";

  struct Params {
    Series appliances_mw;
    Series outdoor_c;
    Series gains_kw{0.0, {}};
    double gains_to_mass = 0.5;
    double heating_setpoint_c = 20.0;
    double cooling_setpoint_c = k_not_given;
    double deadband_k = 1.0;
    double hvac_kw = 2.5;
    double heating_cop = 3.0, cooling_cop = 3.0;
    double lockout_h = 0.05;
    double envelope_kw_per_k = 0.25;
    double coupling_kw_per_k = 1.75;
    double air_kwh_per_k = 0.4;
    double mass_kwh_per_k = 7.5;
    bool controllable = false;
    double comfort_k = 1.5;
    double power_factor = 1.0;
    std::int32_t priority = 2;
    double value_of_lost_load_per_mwh = 10000.0;

    std::uint32_t random_key = 0;  ///< filled from the device's name
    TwoMass building;              ///< made by prepare()
    double mvar_per_mw = 0.0;      ///< made by prepare()
  };
  struct State {
    TwoMassTemperatures temperature;
    double air_c = 20.0;   ///< as in `temperature`, for the results
    double mass_c = 20.0;  ///< the same
    Hvac hvac = Hvac::off;
    double locked_h = 0.0;  ///< how long the unit may not start yet
    double on_share = 0.0;  ///< of the step
  };

  static constexpr auto fields = std::make_tuple(
      field(&Params::appliances_mw, "appliances", "MW", "demand of everything but heating and cooling").required(),
      field(&Params::outdoor_c, "outdoor_temperature", "degC", "of the air outside").required(),
      field(&Params::gains_kw, "gains", "kW", "heat from people, appliances and the sun"),
      field(&Params::gains_to_mass, "gains_to_mass", "1", "share of the gains that warms walls and furniture first")
          .between(0, 1),
      field(&Params::heating_setpoint_c, "heating_setpoint", "degC", "middle of the band that heating keeps"),
      field(&Params::cooling_setpoint_c, "cooling_setpoint", "degC",
            "middle of the band that cooling keeps; no cooling if not given"),
      field(&Params::deadband_k, "deadband", "K", "width of the thermostat's band").between(0.1, 20),
      field(&Params::hvac_kw, "hvac", "kW", "electric power of heating and cooling while they run, fan included")
          .at_least(0)
          .at_most(1000),
      field(&Params::heating_cop, "heating_cop", "1", "heat given over electricity").above(0).at_most(20),
      field(&Params::cooling_cop, "cooling_cop", "1", "heat taken away over electricity").above(0).at_most(20),
      field(&Params::lockout_h, "lockout", "h", "between a stop of the compressor and its next start")
          .between(1.0 / 120.0, 1),
      field(&Params::envelope_kw_per_k, "envelope", "kW/K", "heat lost to the outside per kelvin")
          .above(0)
          .at_most(1000),
      field(&Params::coupling_kw_per_k, "coupling", "kW/K", "heat between air and mass per kelvin")
          .above(0)
          .at_most(10000),
      field(&Params::air_kwh_per_k, "air_capacity", "kWh/K", "heat held by the air").above(0).at_most(10000),
      field(&Params::mass_kwh_per_k, "mass_capacity", "kWh/K", "heat held by walls and furniture")
          .above(0)
          .at_most(100000),
      field(&Params::controllable, "controllable", "1",
            "heating and cooling wait on command while the air is within `comfort` of the set point"),
      field(&Params::comfort_k, "comfort", "K", "largest distance from the set point while waiting").between(0, 20),
      field(&Params::power_factor, "power_factor", "1", "active over apparent power").above(0).at_most(1),
      field(&Params::priority, "priority", "1", "tier of supply: 1 is shed last, larger numbers earlier")
          .between(1, 100),
      field(&Params::value_of_lost_load_per_mwh, "value_of_lost_load", "currency/MWh", "harm of demand not served")
          .at_least(0));
  static constexpr auto state_fields = std::make_tuple(
      field(&State::air_c, "air_temperature", "degC", "of the air inside, at the end of the step"),
      field(&State::mass_c, "mass_temperature", "degC", "of walls and furniture, at the end of the step"),
      field(&State::hvac, "hvac_mode", "1", "what the unit does at the end of the step").one_of(k_hvac_names),
      field(&State::on_share, "on_share", "1", "share of the step in which the unit ran"));

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params& params, const StepContext& context);
  static ConsumerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ConsumerResponse step(const Params& params, State& state, const ConsumerCommand& command,
                               const StepContext& context);
};

}  // namespace gridplus::models
