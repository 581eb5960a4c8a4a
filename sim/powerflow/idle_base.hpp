// The base of the network without injections: what flows of any size have in common.
#pragma once

#include <memory>
#include <span>

#include "sim/powerflow/lane_solver.hpp"

namespace gridplus::powerflow {

/// At the solution of the network without injections at the voltages held, with the angles of its slack buses 0; where
/// it has none that is near normal, at 1 p.u. and the voltages held. `type`: roles of the buses; `vm_set_pu`: read
/// where a voltage is held; `options`: how that flow is solved (reactive limits are not kept).
[[nodiscard]] std::shared_ptr<const LaneBase> make_idle_base(const Admittance& admittance, double base_mva,
                                                             std::span<const BusType> type,
                                                             std::span<const double> vm_set_pu,
                                                             FlowOptions options = {},
                                                             const LaneKernels& kernels = lane_kernels());

}  // namespace gridplus::powerflow
