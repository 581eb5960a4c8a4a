#include "sim/step/knowledge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gridplus {

namespace {

/// Output that follows a resource: what is available may be other than at the last report.
bool follows_resource(const ProducerOffer& offer) {
  return offer.curtailable || offer.max_mw == offer.min_mw;
}

/// The value that `look` takes for the present one. Extreme of what was seen: the largest demand, the least output.
double estimate_mw(double last_mw, std::span<const double> at_hour, const Look& look, bool demand) {
  if (look.policy == StalePolicy::decay_to_forecast) {
    const double forecast_mw = at_hour[static_cast<std::size_t>(look.hour)];
    if (std::isnan(forecast_mw)) return last_mw;
    const double w = std::exp(-look.age_s / look.tau_s);
    return w * last_mw + (1.0 - w) * forecast_mw;
  }
  if (look.policy != StalePolicy::conservative_bound) return last_mw;
  double bound_mw = last_mw;
  for (const double seen_mw : at_hour) {
    if (std::isnan(seen_mw)) continue;
    bound_mw = demand ? std::max(bound_mw, seen_mw) : std::min(bound_mw, seen_mw);
  }
  return bound_mw;
}

}  // namespace

double measured_mw(const ProducerOffer& offer) {
  return follows_resource(offer) ? offer.available_mw : std::numeric_limits<double>::quiet_NaN();
}

double measured_mw(const ConsumerOffer& offer) {
  return offer.demand_mw;
}

void set_measured(ProducerOffer& offer, double available_mw) {
  const bool fixed = !offer.curtailable;
  offer.available_mw = available_mw;
  offer.max_mw = available_mw;
  offer.min_mw = fixed ? available_mw : std::min(offer.min_mw, available_mw);
  for (std::uint32_t i = 0; i < offer.segment_count; ++i)
    offer.segments[i].to_mw =
        i + 1 == offer.segment_count ? available_mw : std::min(offer.segments[i].to_mw, available_mw);
}

void set_measured(ConsumerOffer& offer, double demand_mw) {
  offer.q_mvar = offer.demand_mw == 0.0 ? offer.q_mvar : offer.q_mvar * demand_mw / offer.demand_mw;
  offer.demand_mw = demand_mw;
}

ProducerOffer estimate(const ProducerOffer& last, std::span<const double> at_hour, const Look& look) {
  ProducerOffer offer = last;
  if (follows_resource(last)) set_measured(offer, estimate_mw(last.available_mw, at_hour, look, false));
  return offer;
}

StorageOffer estimate(const StorageOffer& last, std::span<const double>, const Look&) {
  return last;
}

ConsumerOffer estimate(const ConsumerOffer& last, std::span<const double> at_hour, const Look& look) {
  ConsumerOffer offer = last;
  set_measured(offer, estimate_mw(last.demand_mw, at_hour, look, true));
  return offer;
}

}  // namespace gridplus
