// Deadlines of messages that a step is too long for.
#pragma once

#include <vector>

#include "sim/comms/network.hpp"
#include "sim/comms/transport.hpp"

namespace gridplus::comms {

/// The classes in use whose deadline is shorter than a tenth of the step: their on-time ratios hold, but what lateness
/// does to control is not resolved below a step.
[[nodiscard]] std::vector<MessageClass> unresolved_deadlines(const Network& network, const TransportOptions& options,
                                                             double step_s);

}  // namespace gridplus::comms
