// What devices do when they hold no valid command: the rules of fallback.
#pragma once

#include "sim/core/calendar.hpp"
#include "sim/step/communication.hpp"

namespace gridplus {

/// What a device can see by itself.
struct LocalSight {
  double vm_pu = 1.0;  ///< of its bus, in the step before
  CivilTime now;
};

[[nodiscard]] ProducerCommand producer_fallback(const ProducerOffer& offer, const FallbackRule& rule,
                                                const comms::HeldCommand& held, const LocalSight& sight);

/// Output, charging negative, MW. `plan`: hours of the timer.
[[nodiscard]] double storage_fallback_mw(const StorageOffer& offer, const FallbackRule& rule,
                                         const comms::HeldCommand& held, const LocalSight& sight,
                                         const CommunicationModel& plan);

/// The share of its demand that a consumer takes.
[[nodiscard]] double consumer_fallback_share(const FallbackRule& rule, const comms::HeldCommand& held);

}  // namespace gridplus
