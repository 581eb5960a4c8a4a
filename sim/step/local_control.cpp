#include "sim/step/local_control.hpp"

#include <algorithm>

#include "sim/step/exchange.hpp"

namespace gridplus {

namespace {

/// A span of hours that may run over midnight.
bool within(double hour, double from_h, double to_h) {
  return from_h <= to_h ? hour >= from_h && hour < to_h : hour >= from_h || hour < to_h;
}

/// Prices this far from the reference price are low and high.
constexpr double k_price_band = 0.1;

bool low_price(const LocalSight& sight) {
  return sight.price_ratio <= 1.0 - k_price_band;
}

bool high_price(const LocalSight& sight) {
  return sight.price_ratio >= 1.0 + k_price_band;
}

}  // namespace

ProducerCommand producer_fallback(const ProducerOffer& offer, const FallbackRule& rule, const comms::HeldCommand& held,
                                  const LocalSight& sight) {
  const ProducerCommand schedule = {offer.online, offer.curtailable ? offer.max_mw : offer.min_mw};
  switch (rule.rule) {
    case Fallback::hold_last:
      if (held.issued_step == comms::HeldCommand::k_never || held.command.on < 0) return schedule;
      return {held.command.on == 1, held.command.value == k_any ? offer.max_mw : held.command.value};
    case Fallback::zero:
      return {};
    case Fallback::local_droop: {
      constexpr double k_begin_pu = 1.05, k_end_pu = 1.10;
      const double share = std::clamp((k_end_pu - sight.vm_pu) / (k_end_pu - k_begin_pu), 0.0, 1.0);
      return {offer.online, std::min(schedule.p_mw, share * offer.max_mw)};
    }
    case Fallback::curtail_to:
      return {offer.online, rule.share * offer.max_mw};
    case Fallback::default_schedule:
    case Fallback::local_tou_timer:
    case Fallback::local_price:
      break;
  }
  return schedule;
}

double storage_fallback_mw(const StorageOffer& offer, const FallbackRule& rule, const comms::HeldCommand& held,
                           const LocalSight& sight, const CommunicationModel& plan) {
  switch (rule.rule) {
    case Fallback::hold_last:
      return held.issued_step == comms::HeldCommand::k_never || held.command.on < 0 ? 0.0 : held.command.value;
    case Fallback::local_droop: {
      constexpr double k_band_pu = 0.05;
      const double share = std::clamp((1.0 - sight.vm_pu) / k_band_pu, -1.0, 1.0);
      return share >= 0.0 ? share * offer.max_discharge_mw : share * offer.max_charge_mw;
    }
    case Fallback::local_tou_timer: {
      const double hour = sight.now.hour + sight.now.minute / 60.0;
      if (within(hour, plan.valley_from_h, plan.valley_to_h)) return -offer.max_charge_mw;
      return within(hour, plan.peak_from_h, plan.peak_to_h) ? offer.max_discharge_mw : 0.0;
    }
    case Fallback::local_price:
      if (low_price(sight)) return -offer.max_charge_mw;
      return high_price(sight) ? offer.max_discharge_mw : 0.0;
    case Fallback::zero:
    case Fallback::default_schedule:
    case Fallback::curtail_to:
      break;
  }
  return 0.0;
}

double consumer_fallback_mw(const ConsumerOffer& offer, const FallbackRule& rule, const comms::HeldCommand& held,
                            const LocalSight& sight) {
  switch (rule.rule) {
    case Fallback::hold_last:
      return held.issued_step == comms::HeldCommand::k_never ? offer.demand_mw : followed_mw(offer, held.command);
    case Fallback::zero:
      return 0.0;
    case Fallback::curtail_to:
      return rule.share * offer.demand_mw;
    case Fallback::local_price:
      if (low_price(sight)) return offer.demand_mw + offer.flexible_up_mw;
      return high_price(sight) ? offer.demand_mw - offer.flexible_down_mw : offer.demand_mw;
    case Fallback::default_schedule:
    case Fallback::local_droop:
    case Fallback::local_tou_timer:
      break;
  }
  return offer.demand_mw;
}

comms::Command consumer_command(const ConsumerOffer& seen, double served_mw) {
  if (served_mw == seen.demand_mw) return {1.0, 1};
  const bool movable = seen.flexible_down_mw > 0.0 || seen.flexible_up_mw > 0.0;
  if (movable || seen.demand_mw == 0.0) return {served_mw, comms::Command::k_power};
  return {served_mw / seen.demand_mw, 1};
}

double followed_mw(const ConsumerOffer& offer, const comms::Command& command) {
  if (command.on != comms::Command::k_power) return command.value * offer.demand_mw;
  const double least_mw = std::min(0.0, offer.demand_mw - offer.flexible_down_mw);
  return std::clamp(command.value, least_mw, offer.demand_mw + offer.flexible_up_mw);
}

}  // namespace gridplus
