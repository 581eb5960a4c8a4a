// The State of a run: all that changes while it runs. A value: a copy is a checkpoint.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/device/bank.hpp"
#include "sim/dispatch/dispatch.hpp"
#include "sim/powerflow/flow.hpp"
#include "sim/step/checkpoint.hpp"
#include "sim/step/communication.hpp"
#include "sim/step/kpi_account.hpp"
#include "sim/step/microgrids.hpp"
#include "sim/step/outages.hpp"
#include "sim/step/set_points.hpp"

namespace gridplus {

struct SimulationState {
  std::int64_t next_step = 0;
  std::vector<BankState> producers, storages, consumers;  ///< per bank
  std::vector<std::uint8_t> branch_closed;                ///< per branch
  std::vector<std::uint8_t> producer_out, storage_out;    ///< per device: on outage
  OutageState outages;                                    ///< what failed by chance
  MicrogridState microgrids;
  std::uint8_t storage_forms = 0;  ///< in the step before, some storage held an island
  DispatchMemory dispatch;
  double loss_share = 0.0;           ///< losses over served demand, of the last finished block
  powerflow::FlowState flow_start;   ///< voltages that the flows of the next block start from
  CommunicationState communication;  ///< empty without a communication block
  OutsideState outside;              ///< set points that devices hold from outside
  KpiAccount kpis;
};

/// The state as bytes and back. Throws IoError if the bytes do not fit.
[[nodiscard]] Checkpoint save(const SimulationState& state);
[[nodiscard]] SimulationState load(const Checkpoint& checkpoint);

}  // namespace gridplus
