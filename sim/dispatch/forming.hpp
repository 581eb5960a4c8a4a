// Islands that grid-forming storage holds: who may hold one, and what it can give while it does.
//
// A storage that forms an island makes its voltage and frequency. It takes up whatever the others leave open, between
// its largest charge and its largest discharge, of which a margin is kept back for losses that the flow has yet to
// find. It can do so while it holds energy, or while free power (sun, wind) feeds the island.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/dispatch/dispatch.hpp"

namespace gridplus {

/// Share of the power served that storage keeps back, both ways, where losses are not known beforehand.
inline constexpr double k_forming_margin = 0.02;

/// Free power (curtailable resources) that could feed the island.
[[nodiscard]] double free_power_mw(std::span<const ProducerOffer> producers, std::span<const std::uint32_t> members);

/// Whether an island's grid-forming storage can hold it in this step.
[[nodiscard]] bool storage_can_form(std::span<const ProducerOffer> producers, std::span<const StorageOffer> storages,
                                    const IslandDevices& devices);

/// Whether anything can energise the island in this step: a producer that runs or may start, or storage.
[[nodiscard]] bool can_be_energised(std::span<const ProducerOffer> producers, std::span<const StorageOffer> storages,
                                    const IslandDevices& devices);

/// Narrows the power of the storage that forms an island by the margin kept back. `demand_mw`: of the island;
/// `loss_share`: 0 where the network has no losses, and then nothing is kept back.
void keep_margin(std::span<const ProducerOffer> producers, const IslandDevices& devices, double demand_mw,
                 double loss_share, std::span<StorageOffer> storages);

}  // namespace gridplus
