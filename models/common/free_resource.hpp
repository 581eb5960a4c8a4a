// What producers without fuel or store have in common: the sun, the wind or a river gives a power, which is either all
// taken or may be cut back.
#pragma once

#include <algorithm>

#include "sim/device/response.hpp"

namespace gridplus::models {

/// The output that a resource allows now.
struct FreeResource {
  double available_mw = 0.0;  ///< >= 0
  bool curtailable = true;    ///< else all of it is taken, whatever the command
  double cost_per_mwh = 0.0;  ///< of output; negative where a premium is paid for it
};

/// One price segment from 0 to what is available. Such a unit is always online: its converter stands by at zero output.
[[nodiscard]] inline ProducerOffer offer(const FreeResource& resource) {
  ProducerOffer offer;
  offer.available_mw = resource.available_mw;
  offer.min_mw = resource.curtailable ? 0.0 : resource.available_mw;
  offer.max_mw = resource.available_mw;
  offer.may_start = false;
  offer.may_stop = false;
  offer.curtailable = resource.curtailable;
  offer.full_load_cost_per_mwh = resource.cost_per_mwh;
  offer.segment_count = 1;
  offer.segments[0] = {resource.available_mw, resource.cost_per_mwh};
  return offer;
}

/// Output follows the command between zero and what is available; a must-take unit gives what is available.
[[nodiscard]] inline ProducerResponse step(const FreeResource& resource, const ProducerCommand& command) {
  ProducerResponse response;
  response.available_mw = resource.available_mw;
  response.online = true;
  response.p_mw = resource.available_mw;
  if (resource.curtailable) {
    response.p_mw = command.online ? std::clamp(command.p_mw, 0.0, resource.available_mw) : 0.0;
    // Who is told to be off lends no room either.
    response.balancing_up_mw = command.online ? resource.available_mw - response.p_mw : 0.0;
    response.balancing_down_mw = response.p_mw;
  }
  return response;
}

}  // namespace gridplus::models
