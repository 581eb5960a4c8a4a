// What a dispatcher is given and what it decides, for one step and all islands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// The devices of one island, in ascending order of their ids.
struct IslandDevices {
  std::vector<std::uint32_t> producers, storages, consumers;
  /// Producers that may form the island's reference, best first. Without one that runs everything in it is dead.
  std::vector<std::uint32_t> slack_order;
  /// Grid-forming storage: holds the island where no producer of `slack_order` runs, best first.
  std::vector<std::uint32_t> formers;
  bool held_dark = false;    ///< in this step nobody may energise it: a unit makes ready to start
  bool local_start = false;  ///< its units start by themselves where no command comes (an islanded microgrid)
};

/// Everything that one step's dispatch may look at; the spans have one entry per device.
struct DispatchInput {
  double step_h = 1.0;
  double loss_share = 0.0;  ///< expected losses over demand
  std::span<const ProducerOffer> producers;
  std::span<const StorageOffer> storages;
  std::span<const ConsumerOffer> consumers;
  std::span<const IslandDevices> islands;
  std::span<const double> island_import_mw;  ///< per island: power that DC links bring (negative: take away)
};

/// What a dispatcher remembers of an island: net load (demand and losses less free power) and price of the last
/// `samples` steps, as rings. `next` is where the coming step goes, which is also the oldest entry once full.
struct IslandMemory {
  std::vector<double> net_load_mw, price_per_mwh;
  std::vector<double> firm_load_mw;  ///< the net load without the demand that can wait
  std::size_t next = 0, filled = 0;

  void remember(std::size_t samples, double net_load, double price, double firm_load);
  /// The net load seen one window ago for the step `ahead` steps from now (1 = next step); `fallback` if not known.
  [[nodiscard]] double expected_net_load(std::size_t ahead, double fallback) const;
};

struct DispatchMemory {
  std::vector<IslandMemory> islands;
};

/// Why a free resource is not used fully; the values of ProducerVar::curtailment_reason.
enum class Curtailment : std::uint8_t { none, surplus, minimum_generation, ramp, network };

struct DispatchResult {
  std::vector<ProducerCommand> producers;
  std::vector<StorageCommand> storages;
  std::vector<ConsumerCommand> consumers;
  std::vector<Curtailment> curtailment;  ///< per producer
  std::vector<std::uint8_t> forming;     ///< per storage: holds its island, and takes up what is missing
  std::vector<double> price_per_mwh;     ///< per island: cost of one more MWh
};

/// Decides set points for a step. One instance serves one thread: it keeps scratch memory between steps, but no state
/// that would change an answer; what it remembers is in DispatchMemory.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  virtual void dispatch(const DispatchInput& input, DispatchMemory& memory, DispatchResult& result) = 0;
};

/// The dispatcher that `options` ask for.
[[nodiscard]] std::unique_ptr<Dispatcher> make_dispatcher(const DispatchOptions& options);

}  // namespace gridplus
