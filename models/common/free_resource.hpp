// What producers without fuel or store have in common: the sun, the wind or a river gives a power, which is either all
// taken or may be cut back.
#pragma once

#include "sim/device/response.hpp"

namespace gridplus::models {

/// The output that a resource allows now.
struct FreeResource {
  double available_mw = 0.0;  ///< >= 0
  bool curtailable = true;    ///< else all of it is taken, whatever the command
  double cost_per_mwh = 0.0;  ///< of output; negative where a premium is paid for it
};

/// One price segment from 0 to what is available. Such a unit is always online: its converter stands by at zero output.
[[nodiscard]] ProducerOffer offer(const FreeResource& resource);

/// Output follows the command between zero and what is available; a must-take unit gives what is available.
[[nodiscard]] ProducerResponse step(const FreeResource& resource, const ProducerCommand& command);

}  // namespace gridplus::models
