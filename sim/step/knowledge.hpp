// What a controller takes for the present offer of a device, from what was last reported.
#pragma once

#include <cstdint>

#include "sim/step/communication.hpp"

namespace gridplus {

/// The quantity of an offer that changes by itself, and the offer with another value of it. Storage has none: what it
/// holds changes by command.
[[nodiscard]] double measured_mw(const ProducerOffer& offer);
[[nodiscard]] double measured_mw(const ConsumerOffer& offer);
void set_measured(ProducerOffer& offer, double available_mw);
void set_measured(ConsumerOffer& offer, double demand_mw);

/// When and by what rule a controller looks at a device that has not reported.
struct Look {
  StalePolicy policy = StalePolicy::hold;
  double age_s = 0.0, tau_s = 3600.0;
  int hour = 0;  ///< of the local day
};

/// The last offer as `look.policy` corrects it; `at_hour` holds the 24 values that were seen last at each hour, or NaN.
[[nodiscard]] ProducerOffer estimate(const ProducerOffer& last, std::span<const double> at_hour, const Look& look);
[[nodiscard]] StorageOffer estimate(const StorageOffer& last, std::span<const double> at_hour, const Look& look);
[[nodiscard]] ConsumerOffer estimate(const ConsumerOffer& last, std::span<const double> at_hour, const Look& look);

}  // namespace gridplus
