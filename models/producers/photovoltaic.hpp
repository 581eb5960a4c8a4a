// Photovoltaic plant by the PVWatts chain. Equations and sources: docs/models/photovoltaic.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

struct Photovoltaic {
  static constexpr std::string_view type = "photovoltaic";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc =
      "A photovoltaic plant: module, losses and inverter from irradiance and temperature (PVWatts), or a given "
      "available power.";

  struct Params {
    double capacity_mw = 0.0;
    double dc_ac_ratio = 1.2;
    Series irradiance_w_per_m2{k_not_given, {}};
    Series temperature_c{20.0, {}};
    double temperature_coefficient_per_k = -0.0037;
    double noct_c = 45.0;
    double losses = 0.1408;
    double inverter_efficiency = 0.96;
    double degradation_per_year = 0.005;
    double age_years = 0.0;
    Series available_mw{k_not_given, {}};
    Series availability{1.0, {}};
    bool curtailable = true;
    double variable_cost_per_mwh = 0.0;

    double dc_mw_per_w_m2 = 0.0;  ///< made by prepare(): DC power per irradiance at 25 degC, losses taken off
    double heating_k_per_w_m2 = 0.0;
    double inverter_dc_mw = 0.0;
  };
  struct State {};

  static constexpr auto fields = std::make_tuple(
      field(&Params::capacity_mw, "capacity", "MW", "rating of the inverters, at the grid").required().above(0),
      field(&Params::dc_ac_ratio, "dc_ac_ratio", "1", "nameplate of the modules over that of the inverters")
          .above(0)
          .at_most(5),
      field(&Params::irradiance_w_per_m2, "irradiance", "W/m2", "in the plane of the modules").at_least(0),
      field(&Params::temperature_c, "temperature", "degC", "of the air").between(-90, 70),
      field(&Params::temperature_coefficient_per_k, "temperature_coefficient", "1/K",
            "relative change of power with cell temperature")
          .between(-0.02, 0.01),
      field(&Params::noct_c, "noct", "degC", "nominal operating cell temperature, at 800 W/m2 and 20 degC")
          .between(20, 80),
      field(&Params::losses, "losses", "1", "of the DC side: soiling, shading, mismatch, wiring and so on")
          .between(0, 0.99),
      field(&Params::inverter_efficiency, "inverter_efficiency", "1", "nominal, at full load").above(0).at_most(1),
      field(&Params::degradation_per_year, "degradation", "1/yr", "share of output lost per year of age")
          .between(0, 0.1),
      field(&Params::age_years, "age", "yr", "of the modules").between(0, 100),
      field(&Params::available_mw, "available", "MW", "available power at the grid, in place of irradiance")
          .at_least(0),
      field(&Params::availability, "availability", "1", "share of the plant not on outage").between(0, 1),
      field(&Params::curtailable, "curtailable", "1", "may give less than what is available; else all of it is taken"),
      field(&Params::variable_cost_per_mwh, "variable_cost", "currency/MWh",
            "cost per energy; negative where a premium is paid"));
  static constexpr auto state_fields = std::make_tuple();

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params&, const StepContext&) { return {}; }
  static ProducerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ProducerResponse step(const Params& params, State& state, const ProducerCommand& command,
                               const StepContext& context);
  static ProducerCost cost(const Params& params, double p_mw, const StepContext& context);
  static Carrier carrier(const Params&) { return Carrier::solar; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }

  /// Power of the modules, losses taken off, before the inverter.
  static double dc_power_mw(const Params& params, double irradiance_w_per_m2, double temperature_c);
  /// Power of the inverter for a DC power.
  static double ac_power_mw(const Params& params, double dc_mw);
};

}  // namespace gridplus::models
