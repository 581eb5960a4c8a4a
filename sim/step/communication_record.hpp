// What the results say of communications in a step, and what the key figures add up.
#pragma once

#include <span>

#include "sim/comms/transport.hpp"
#include "sim/step/block.hpp"
#include "sim/step/kpi_account.hpp"

namespace gridplus {

/// Fills the variables of nodes, links, classes and controllers for the step in `slot`. `fallback_mw`: per controller.
void record_communication(const comms::TransportState& messages, const comms::Transport& transport,
                          std::span<const double> fallback_mw, std::size_t slot, StepBlock& block);
void add_up(const comms::StepCount& count, double step_h, KpiAccount& kpis);

}  // namespace gridplus
