// The retail price, and what devices know of it.
//
// A price message carries the tariff of the steps after it, until the next message is due. Who misses that goes on with
// the last price of the message before, and after `price_validity_s` by no price: as at the reference price.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/step/communication.hpp"

namespace gridplus {

struct Model;

/// The retail price of a step over the reference price, at least RetailPrice::k_least_ratio; 1 without a retail price.
[[nodiscard]] double price_ratio(const Model& model, std::int64_t step);

/// The same as endpoint `e` knows it in `step`.
[[nodiscard]] double known_price_ratio(const Model& model, std::uint32_t e, std::int64_t step,
                                       const CommunicationState& communication);

/// Fills `ratios` with that of every consumer; empty where all know the present price.
void fill_known_price_ratios(const Model& model, std::int64_t step, const CommunicationState& communication,
                             std::vector<double>& ratios);

}  // namespace gridplus
