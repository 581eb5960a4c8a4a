// Control over a communication network: what a controller knows, what devices do without it.
//
// With a communication block the dispatch sees each device as it was last reported, and a device follows the last
// command that came through while that is valid, else its fallback. Without one, and with ideal communications, both
// are the present, and the answers are the same bit by bit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/comms/attacks.hpp"
#include "sim/comms/transport.hpp"
#include "sim/device/response.hpp"

namespace gridplus {

/// What a controller takes for the present value of a device that it has no fresh report of.
enum class StalePolicy : std::uint8_t {
  hold,               ///< the last value
  decay_to_forecast,  ///< w y_last + (1 - w) y_forecast, w = exp(-age/tau); forecast: last seen at that hour of the day
  conservative_bound,  ///< the largest demand, the least available power seen at any hour of the day
  exclude              ///< plans without producers and storage whose value is older than max_age; else the last value
};
inline constexpr std::array<std::string_view, 4> k_stale_policies = {"hold", "decay_to_forecast", "conservative_bound",
                                                                     "exclude"};

/// What a device does when it holds no valid command.
enum class Fallback : std::uint8_t {
  hold_last,         ///< what it was told last
  zero,              ///< nothing: off, idle, unserved
  default_schedule,  ///< what it would do by itself: full output of a free resource, own demand, idle storage
  local_droop,       ///< follows its bus's voltage: less output above 1.05 p.u., none at 1.10; storage evens it out
  local_tou_timer,   ///< storage: charges at night, discharges in the evening; else as default_schedule
  curtail_to,        ///< a share of what it could or would
  local_price        ///< storage and demand that can be moved: more while the price known is low, less while it is high
};
inline constexpr std::array<std::string_view, 7> k_fallbacks = {
    "hold_last", "zero", "default_schedule", "local_droop", "local_tou_timer", "curtail_to", "local_price"};

struct FallbackRule {
  Fallback rule = Fallback::default_schedule;
  double share = 1.0;  ///< of curtail_to
};

struct ControllerRule {
  StalePolicy policy = StalePolicy::hold;
  double forecast_tau_s = 3600.0;
};

struct CommunicationModel {
  comms::Network network;
  comms::NetworkNames names;
  comms::TransportOptions transport;
  std::vector<ControllerRule> controllers;
  std::vector<FallbackRule> fallback;  ///< per endpoint; of one that takes no commands: what it always goes by
  /// Endpoint of each device, comms::k_no_index: controlled without messages, as without communications.
  std::vector<std::uint32_t> producer_endpoint, storage_endpoint, consumer_endpoint;
  comms::AttackPlan attacks;
  double valley_from_h = 23.0, valley_to_h = 7.0, peak_from_h = 18.0, peak_to_h = 22.0;  ///< local_tou_timer

  /// Whether a device may look at the voltage of the step before: then every step waits for the power flow.
  [[nodiscard]] bool uses_voltage() const {
    for (const FallbackRule& rule : fallback)
      if (rule.rule == Fallback::local_droop) return true;
    return false;
  }
};

/// A report that is on its way for longer than a step.
template <class Offer>
struct LateOffer {
  std::int64_t generated = 0;
  std::uint64_t device = 0;
  Offer offer;
};

/// What controllers know of devices of one kind.
template <class Offer>
struct Knowledge {
  std::vector<Offer> last;             ///< as reported last
  std::vector<std::int64_t> reported;  ///< the step of that report; -1: none yet
  std::vector<LateOffer<Offer>> late;
  std::vector<double> at_hour;  ///< [device][hour of the day]: available power or demand seen last at that hour, or NaN
};

/// What is remembered of attacks. All empty while there are none.
struct CyberState {
  std::vector<std::int64_t> detected_step;  ///< per incident; may yet be later than the step at hand
  std::vector<double> replay_mw;            ///< measurements of the last steps, as a ring: [step][endpoint]
  std::vector<comms::Command> frozen;       ///< per endpoint: what a frozen controller sends
  std::vector<double> applied_mw;           ///< per endpoint: set point of the step before
  std::vector<std::int64_t> priced_step;    ///< per endpoint: when the price message it goes by was sent
  std::vector<double> price_factor;         ///< per endpoint: what that message made of the price
  std::vector<std::int64_t> outside_steps;  ///< per bus: steps in a row with its voltage outside the limits
  std::vector<std::int64_t> hold_until;     ///< per bus: devices are tripped, or keep to their envelope, until then
};

/// The part of a run's state that communications add.
struct CommunicationState {
  comms::TransportState transport;
  Knowledge<ProducerOffer> producers;
  Knowledge<StorageOffer> storages;
  Knowledge<ConsumerOffer> consumers;
  CyberState cyber;
};

}  // namespace gridplus
