// How devices are tied to the buses, in arrays that the power flow of every step runs through.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/grid/merged_buses.hpp"

namespace gridplus {

struct Connection;

/// A device that holds the voltage of its bus.
struct VoltageHolder {
  std::uint32_t device = 0;
  std::uint32_t bus = 0;         ///< its own
  std::uint32_t merged_bus = 0;  ///< that stands for it in the power flow
  bool offline = false;          ///< holds it too while it does not run
  double vm_set_pu = 1.0, q_min_mvar = 0.0, q_max_mvar = 0.0;
};

/// A device that holds no voltage and injects reactive power with its active power.
struct PowerFactorDevice {
  std::uint32_t device = 0;
  std::uint32_t bus = 0;         ///< its own
  std::uint32_t merged_bus = 0;  ///< that stands for it in the power flow
  double q_per_p = 0.0;          ///< MVAr per MW, not 0
};

/// Of all producers, or of all storage.
struct DeviceTies {
  std::vector<std::uint32_t> bus;         ///< per device: its own
  std::vector<std::uint32_t> merged_bus;  ///< per device: that stands for it in the power flow
  std::vector<VoltageHolder> holders;     ///< by device
  std::vector<PowerFactorDevice> power_factor;
};

[[nodiscard]] DeviceTies make_ties(std::span<const Connection> connections, const MergedBuses& merged);

}  // namespace gridplus
