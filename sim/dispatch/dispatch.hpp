// What a dispatcher is given and what it decides, for one step and all islands.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/core/id.hpp"
#include "sim/device/response.hpp"

namespace gridplus {

enum class DispatchMethod : std::uint8_t { merit_order };

/// How storage decides without look-ahead; see docs/models/dispatch.md.
enum class StorageRule : std::uint8_t {
  none,      ///< storage stays idle
  net_load,  ///< charges below, discharges above thresholds of the net load of the last days
  price      ///< charges and discharges by the marginal price against what it last paid
};

struct DispatchOptions {
  DispatchMethod method = DispatchMethod::merit_order;
  StorageRule storage_rule = StorageRule::net_load;
  double reserve_share = 0.03;     ///< headroom kept online, as a share of the island's demand
  double loss_share = 0.02;        ///< expected losses as a share of demand, taken up when committing
  double storage_window_h = 24.0;  ///< memory of the storage rules
};

/// Everything in a step's dispatch; spans have one entry per device. Islands are given per device.
struct DispatchInput {
  double step_h = 1.0;
  std::uint32_t island_count = 0;
  std::span<const ProducerOffer> producers;
  std::span<const StorageOffer> storages;
  std::span<const ConsumerOffer> consumers;
  std::span<const std::uint32_t> producer_island, storage_island, consumer_island;  ///< Islands::k_none: disconnected
};

/// Why a free resource is not used fully; the values of ProducerVar::curtailment_reason.
enum class Curtailment : std::uint8_t { none, surplus, minimum_generation, ramp, network };

struct DispatchResult {
  std::vector<ProducerCommand> producers;
  std::vector<StorageCommand> storages;
  std::vector<ConsumerCommand> consumers;
  std::vector<Curtailment> curtailment;  ///< per producer
  std::vector<double> price_per_mwh;     ///< per island: cost of one more MWh
};

}  // namespace gridplus
