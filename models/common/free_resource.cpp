#include "models/common/free_resource.hpp"

#include <algorithm>

namespace gridplus::models {

ProducerOffer offer(const FreeResource& resource) {
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

ProducerResponse step(const FreeResource& resource, const ProducerCommand& command) {
  ProducerResponse response;
  response.available_mw = resource.available_mw;
  response.online = true;
  response.p_mw = resource.available_mw;
  if (resource.curtailable) {
    response.p_mw = command.online ? std::clamp(command.p_mw, 0.0, resource.available_mw) : 0.0;
    response.balancing_up_mw = resource.available_mw - response.p_mw;
    response.balancing_down_mw = response.p_mw;
  }
  return response;
}

}  // namespace gridplus::models
