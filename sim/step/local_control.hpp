// What devices do with the command they hold, and when they hold no valid one: the rules of fallback.
#pragma once

#include "sim/core/calendar.hpp"
#include "sim/step/communication.hpp"

namespace gridplus {

/// What a device can see by itself.
struct LocalSight {
  double vm_pu = 1.0;  ///< of its bus, in the step before
  CivilTime now;
  double price_ratio = 1.0;  ///< retail price over the reference price, as it knows it
};

[[nodiscard]] ProducerCommand producer_fallback(const ProducerOffer& offer, const FallbackRule& rule,
                                                const comms::HeldCommand& held, const LocalSight& sight);

/// Output, charging negative, MW. `plan`: hours of the timer.
[[nodiscard]] double storage_fallback_mw(const StorageOffer& offer, const FallbackRule& rule,
                                         const comms::HeldCommand& held, const LocalSight& sight,
                                         const CommunicationModel& plan);

/// What a consumer takes, MW.
[[nodiscard]] double consumer_fallback_mw(const ConsumerOffer& offer, const FallbackRule& rule,
                                          const comms::HeldCommand& held, const LocalSight& sight);

/// What a consumer is told that shall have `served_mw`: the share of its demand, or the power where it can be moved,
/// for then its own demand may be nothing.
[[nodiscard]] comms::Command consumer_command(const ConsumerOffer& seen, double served_mw);

/// What a consumer takes that follows `command`, MW: not more than it can.
[[nodiscard]] double followed_mw(const ConsumerOffer& offer, const comms::Command& command);

}  // namespace gridplus
