#include "models/producers/photovoltaic.hpp"

#include <algorithm>
#include <cmath>

#include "models/common/free_resource.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = Photovoltaic::Params;

// PVWatts version 5 (NREL/TP-6A20-62641): the inverter's efficiency over its load.
constexpr double k_reference_efficiency = 0.9637;
constexpr double k_linear = -0.0162, k_inverse = -0.0059, k_constant = 0.9858;
/// Below this load the inverter does not run; the fit diverges there.
constexpr double k_lowest_load = 0.01;

constexpr double k_standard_irradiance_w_per_m2 = 1000.0, k_standard_temperature_c = 25.0;
constexpr double k_noct_irradiance_w_per_m2 = 800.0, k_noct_air_c = 20.0;

FreeResource resource(const Params& params, const StepContext& context) {
  const double output_mw =
      given(params.available_mw)
          ? std::clamp(context.value(params.available_mw), 0.0, params.capacity_mw)
          : Photovoltaic::ac_power_mw(params,
                                      Photovoltaic::dc_power_mw(params, context.value(params.irradiance_w_per_m2),
                                                                context.value(params.temperature_c)));
  const double share = std::clamp(context.value(params.availability), 0.0, 1.0);
  return {output_mw * share, params.curtailable, params.variable_cost_per_mwh};
}

}  // namespace

void Photovoltaic::prepare(Params& params, ParamIssues& issues) {
  if (given(params.irradiance_w_per_m2) == given(params.available_mw))
    issues.push_back({"irradiance",
                      given(params.available_mw) ? "given beside available, which says the same"
                                                 : "neither irradiance nor available is given",
                      "irradiance (with temperature), or available"});
  const double health = std::pow(1.0 - params.degradation_per_year, params.age_years);
  params.dc_mw_per_w_m2 =
      params.capacity_mw * params.dc_ac_ratio * health * (1.0 - params.losses) / k_standard_irradiance_w_per_m2;
  params.heating_k_per_w_m2 = (params.noct_c - k_noct_air_c) / k_noct_irradiance_w_per_m2;
  params.inverter_dc_mw = params.capacity_mw / params.inverter_efficiency;
}

double Photovoltaic::dc_power_mw(const Params& params, double irradiance_w_per_m2, double temperature_c) {
  const double irradiance = std::max(irradiance_w_per_m2, 0.0);
  const double cell_c = temperature_c + params.heating_k_per_w_m2 * irradiance;
  const double warmth = 1.0 + params.temperature_coefficient_per_k * (cell_c - k_standard_temperature_c);
  return params.dc_mw_per_w_m2 * irradiance * std::max(warmth, 0.0);
}

double Photovoltaic::ac_power_mw(const Params& params, double dc_mw) {
  const double load = dc_mw / params.inverter_dc_mw;
  if (load < k_lowest_load) return 0.0;
  const double efficiency =
      params.inverter_efficiency / k_reference_efficiency * (k_linear * load + k_inverse / load + k_constant);
  return std::clamp(efficiency * dc_mw, 0.0, params.capacity_mw);
}

ProducerOffer Photovoltaic::offer(const Params& params, const State&, const StepContext& context) {
  return models::offer(resource(params, context));
}

ProducerResponse Photovoltaic::step(const Params& params, State&, const ProducerCommand& command,
                                    const StepContext& context) {
  return models::step(resource(params, context), command);
}

ProducerCost Photovoltaic::cost(const Params& params, double p_mw, const StepContext&) {
  return {p_mw * params.variable_cost_per_mwh, 0.0, 0.0};
}

template ModelInfo model_info<Photovoltaic>();

}  // namespace gridplus::models
