#include "sim/step/prices.hpp"

#include <algorithm>

#include "sim/step/model.hpp"

namespace gridplus {

namespace {

/// The tariff of a step over the reference price; there is a retail price.
double tariff_ratio(const Model& model, std::int64_t step) {
  return model.profiles.value(model.retail_price.per_mwh, step) / model.retail_price.reference_per_mwh;
}

}  // namespace

double price_ratio(const Model& model, std::int64_t step) {
  return model.retail_price.given() ? std::max(tariff_ratio(model, step), RetailPrice::k_least_ratio) : 1.0;
}

double known_price_ratio(const Model& model, std::uint32_t e, std::int64_t step,
                         const CommunicationState& communication) {
  if (!model.retail_price.given() || e == comms::k_no_index) return price_ratio(model, step);
  const comms::TransportOptions& options = model.communication->transport;
  const double step_s = static_cast<double>(model.time.step_s());
  const std::int64_t last =
      std::min(step, comms::last_priced_step(communication.transport.price_step[e], options, step_s));
  if (static_cast<double>(step - last) * step_s > options.price_validity_s) return 1.0;
  const std::vector<double>& forged = communication.cyber.price_factor;
  const double told = tariff_ratio(model, std::max<std::int64_t>(last, 0)) * (forged.empty() ? 1.0 : forged[e]);
  return std::max(told, RetailPrice::k_least_ratio);
}

void fill_known_price_ratios(const Model& model, std::int64_t step, const CommunicationState& communication,
                             std::vector<double>& ratios) {
  ratios.clear();
  if (!model.retail_price.given() || model.communication == nullptr) return;
  for (const std::uint32_t e : model.communication->consumer_endpoint)
    ratios.push_back(known_price_ratio(model, e, step, communication));
}

}  // namespace gridplus
