// The base of the network without injections: what flows of any size have in common.
#pragma once

#include <memory>

#include "sim/powerflow/lane_solver.hpp"

namespace gridplus::powerflow {

/// At the solution of the network without injections at the voltages held; where it has none that is near normal, at 1
/// p.u. and the voltages held, all angles 0. `roles`: its types, set points and slack angles are read; `options`: how
/// that flow is solved (reactive limits are not kept).
[[nodiscard]] std::shared_ptr<const LaneBase> make_idle_base(const Admittance& admittance, double base_mva,
                                                             const FlowInput& roles, FlowOptions options = {},
                                                             const LaneKernels& kernels = lane_kernels());

}  // namespace gridplus::powerflow
