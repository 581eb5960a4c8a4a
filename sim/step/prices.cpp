#include "sim/step/prices.hpp"

#include <algorithm>

#include "sim/step/model.hpp"

namespace gridplus {

double price_ratio(const Model& model, std::int64_t step) {
  const RetailPrice& price = model.retail_price;
  if (!price.given()) return 1.0;
  return std::max(model.profiles.value(price.per_mwh, step) / price.reference_per_mwh, RetailPrice::k_least_ratio);
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
  const double ratio = price_ratio(model, std::max<std::int64_t>(last, 0)) * (forged.empty() ? 1.0 : forged[e]);
  return std::max(ratio, RetailPrice::k_least_ratio);
}

std::vector<double> known_price_ratios(const Model& model, std::int64_t step, const CommunicationState& communication) {
  if (!model.retail_price.given() || model.communication == nullptr) return {};
  std::vector<double> ratios;
  ratios.reserve(model.consumer_count());
  for (const std::uint32_t e : model.communication->consumer_endpoint)
    ratios.push_back(known_price_ratio(model, e, step, communication));
  return ratios;
}

}  // namespace gridplus
