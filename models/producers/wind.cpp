#include "models/producers/wind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/common/convex_curve.hpp"
#include "models/common/free_resource.hpp"
#include "models/model_info.hpp"

namespace gridplus::models {
namespace {

using Params = Wind::Params;
using State = Wind::State;
using SmoothCurve = Wind::SmoothCurve;

constexpr double k_standard_density_kg_per_m3 = 1.225;
/// Where neither availability nor available is given.
constexpr double k_typical_availability = 0.97;

/// Wind speed at the hub.
double hub_speed(const Params& params, const StepContext& context) {
  return params.hub_factor * std::max(context.value(params.speed_m_per_s), 0.0);
}

/// Storm shutdown with hysteresis, of the hub speed as it is. A farm with smoothing has it in its curve.
bool storm(const Params& params, const State& state, double hub_m_per_s) {
  if (params.smoothing > 0.0) return false;
  return hub_m_per_s >= (state.stopped_by_storm ? params.restart_m_per_s : params.cut_out_m_per_s);
}

/// The speed at standard density that gives the same power (IEC 61400-12-1, pitch-regulated machines).
double at_standard_density(const Params& params, const StepContext& context, double speed_m_per_s) {
  const double density = context.value(params.air_density_kg_per_m3);
  if (density == k_standard_density_kg_per_m3) return speed_m_per_s;
  return speed_m_per_s * std::cbrt(density / k_standard_density_kg_per_m3);
}

double smooth_share(const SmoothCurve& curve, double speed_m_per_s) {
  constexpr double per_m_per_s = (SmoothCurve::k_points - 1) / SmoothCurve::k_highest_m_per_s;
  const double position = std::min(speed_m_per_s * per_m_per_s, SmoothCurve::k_points - 1.0);
  const auto i = std::min(static_cast<std::size_t>(position), SmoothCurve::k_points - 2);
  return curve.share[i] + (position - static_cast<double>(i)) * (curve.share[i + 1] - curve.share[i]);
}

double share(const Params& params, const State& state, const StepContext& context) {
  const double hub_m_per_s = hub_speed(params, context);
  if (storm(params, state, hub_m_per_s)) return 0.0;
  const double corrected = at_standard_density(params, context, hub_m_per_s);
  return params.smoothing > 0.0 ? smooth_share(params.smooth, corrected) : Wind::turbine_share(params, corrected);
}

FreeResource resource(const Params& params, const State& state, const StepContext& context) {
  const bool measured = given(params.available_mw);
  const double in_service = given(params.availability) ? std::clamp(context.value(params.availability), 0.0, 1.0)
                            : measured                 ? 1.0
                                                       : k_typical_availability;
  const double output_mw = measured ? std::clamp(context.value(params.available_mw), 0.0, params.capacity_mw)
                                    : params.capacity_mw * share(params, state, context) * (1.0 - params.wake_loss);
  return {output_mw * in_service, params.curtailable, params.variable_cost_per_mwh};
}

/// Mean output of turbines whose speeds are spread by a normal distribution around the farm's: the convolution of
/// the turbine's curve, storm shutdown included, with a Gaussian of that width, cut at 4 standard deviations.
double convolve(const Params& params, double mean_m_per_s) {
  constexpr int k_half = 80;
  double weight_sum = 0.0, sum = 0.0;
  for (int k = -k_half; k <= k_half; ++k) {
    const double deviation = 4.0 * k / k_half;
    const double speed = mean_m_per_s * (1.0 + params.smoothing * deviation);
    const double weight = std::exp(-0.5 * deviation * deviation);
    weight_sum += weight;
    if (speed > 0.0 && speed < params.cut_out_m_per_s) sum += weight * Wind::turbine_share(params, speed);
  }
  return sum / weight_sum;
}

void check(const Params& params, ParamIssues& issues) {
  if (given(params.speed_m_per_s) == given(params.available_mw))
    issues.push_back({"speed",
                      given(params.available_mw) ? "given beside available, which says the same"
                                                 : "neither speed nor available is given",
                      "speed, or available"});
  const Curve& curve = params.power_curve;
  if (given(curve)) {
    const bool shares =
        std::all_of(curve.y.begin(), curve.y.begin() + curve.count, [](double y) { return y >= 0.0 && y <= 1.0; });
    if (curve.count < 2 || !ascending(curve) || !shares)
      issues.push_back({"power_curve", "the points are not ascending speeds with shares of the capacity in 0 to 1",
                        "two or more points such as [3.5, 0], [15, 1]"});
  } else if (!(params.cut_in_m_per_s < params.rated_m_per_s)) {
    issues.push_back(
        {"cut_in",
         fmt::format("{} m/s is not below rated, which is {} m/s", params.cut_in_m_per_s, params.rated_m_per_s),
         "a speed below rated"});
  }
  if (params.restart_m_per_s > params.cut_out_m_per_s)
    issues.push_back(
        {"restart",
         fmt::format("{} m/s is above cut_out, which is {} m/s", params.restart_m_per_s, params.cut_out_m_per_s),
         "a speed up to cut_out"});
}

}  // namespace

void Wind::prepare(Params& params, ParamIssues& issues) {
  check(params, issues);
  if (!issues.empty()) return;
  params.hub_factor = std::pow(params.hub_height_m / params.reference_height_m, params.shear_exponent);
  if (params.smoothing == 0.0) return;
  for (std::size_t i = 0; i < SmoothCurve::k_points; ++i)
    params.smooth.share[i] =
        convolve(params, SmoothCurve::k_highest_m_per_s * static_cast<double>(i) / (SmoothCurve::k_points - 1));
}

double Wind::turbine_share(const Params& params, double speed_m_per_s) {
  if (given(params.power_curve)) {
    const Curve& curve = params.power_curve;
    return speed_m_per_s < curve.x[0] ? 0.0 : interpolate_clamped(curve, speed_m_per_s);
  }
  if (speed_m_per_s <= params.cut_in_m_per_s) return 0.0;
  if (speed_m_per_s >= params.rated_m_per_s) return 1.0;
  const auto cube = [](double v) { return v * v * v; };
  return (cube(speed_m_per_s) - cube(params.cut_in_m_per_s)) /
         (cube(params.rated_m_per_s) - cube(params.cut_in_m_per_s));
}

State Wind::initial(const Params&, const StepContext&) {
  return {};
}

ProducerOffer Wind::offer(const Params& params, const State& state, const StepContext& context) {
  return models::offer(resource(params, state, context));
}

ProducerResponse Wind::step(const Params& params, State& state, const ProducerCommand& command,
                            const StepContext& context) {
  const ProducerResponse response = models::step(resource(params, state, context), command);
  if (!given(params.available_mw)) state.stopped_by_storm = storm(params, state, hub_speed(params, context));
  return response;
}

ProducerCost Wind::cost(const Params& params, double p_mw, const StepContext&) {
  return {p_mw * params.variable_cost_per_mwh, 0.0, 0.0};
}

template ModelInfo model_info<Wind>();

}  // namespace gridplus::models
