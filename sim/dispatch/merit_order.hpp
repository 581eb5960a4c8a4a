// Merit order: the cheapest units first, without look-ahead. Per island and step:
//
// 1. Demand that can wait is laid into the valley of the net load expected (flexible_demand.hpp); storage takes its
//    power from a rule (storage_rule.hpp).
// 2. Commitment by priority list: producers in the order of their average cost at full output; one is kept or started
//    while the capacity of those before it is below what is needed with the reserve. A unit that would have to stay off
//    for `restart_h`, or whose start costs as much as idling for some hours, is kept for the highest net load expected
//    within that time, where what is expected is what was seen one window (a day) ago.
// 3. Every online unit gets its minimum; the rest is filled segment by segment in the order of marginal cost.
// 4. Too much power: free resources are curtailed (they come last to be filled at the price of zero), flexible demand
//    and then storage soak up what they can, then the dearest units stop, at the very last fixed output is cut. Too
//    little: demand that can wait waits, storage gives what it can, then demand is shed by tier (the largest number
//    first), within a tier by ascending id.
//
// Where no producer has to run, grid-forming storage can hold the island (forming.hpp). While none runs that could, it
// serves before units are started; once one is started, storage goes by its rule until no unit is needed.
//
// Ties are broken by id. The result depends on nothing but the input and the memory.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/dispatch/dispatch.hpp"

namespace gridplus {

class MeritOrder final : public Dispatcher {
 public:
  explicit MeritOrder(const DispatchOptions& options) : options_(options) {}
  void dispatch(const DispatchInput& input, DispatchMemory& memory, DispatchResult& result) override;

 private:
  /// A stretch of one unit's cost curve that can still be filled.
  struct Slice {
    double price = 0.0;
    double mw = 0.0;
    std::uint32_t producer = 0;
  };
  /// Sums over one island.
  struct Totals {
    double demand_mw = 0.0, need_mw = 0.0, free_mw = 0.0, net_load_mw = 0.0;
  };

  void dispatch_island(const DispatchInput& input, std::size_t island, IslandMemory& memory, DispatchResult& result);
  void dispatch_with_formers(const DispatchInput& input, std::size_t island, IslandMemory& memory,
                             DispatchResult& result);
  void black_out(const IslandDevices& devices, DispatchResult& result) const;
  [[nodiscard]] Totals sum_up(const DispatchInput& input, std::size_t island, const DispatchResult& result) const;
  [[nodiscard]] double plan_storage(const DispatchInput& input, const IslandDevices& devices, const Totals& totals,
                                    const IslandMemory& memory, DispatchResult& result);
  [[nodiscard]] double serve_from_storage(const DispatchInput& input, const IslandDevices& devices, double wanted_mw,
                                          DispatchResult& result);
  /// Keeps or starts the best unit that can form the island's reference, if none runs and storage does not hold it.
  void ensure_reference(const DispatchInput& input, const IslandDevices& devices, DispatchResult& result) const;
  [[nodiscard]] bool storage_may_move() const { return options_.storage_rule != StorageRule::none || storage_holds_; }
  void commit(const DispatchInput& input, const IslandDevices& devices, double need_mw, const Totals& totals,
              const IslandMemory& memory, DispatchResult& result);
  [[nodiscard]] double required_mw(const ProducerOffer& offer, double need_mw, const Totals& totals,
                                   const IslandMemory& memory, double step_h) const;
  /// Fills up to `need_mw`; returns what stays open (positive: short; negative: too much) and sets the price.
  double fill(const DispatchInput& input, const IslandDevices& devices, double need_mw, double& price,
              DispatchResult& result);
  void stop_dearest(const DispatchInput& input, const IslandDevices& devices, double surplus_mw,
                    DispatchResult& result) const;
  static void cut_fixed(const IslandDevices& devices, double surplus_mw, DispatchResult& result);
  /// Moves flexible demand by up to `wanted_mw` of need; returns by how much it moved.
  static double shift_flexible(const DispatchInput& input, const IslandDevices& devices, double wanted_mw,
                               DispatchResult& result);
  static double shift_storage(const DispatchInput& input, const IslandDevices& devices, double wanted_mw,
                              DispatchResult& result);
  void shed(const DispatchInput& input, const IslandDevices& devices, double short_mw, double& price,
            DispatchResult& result);
  static void name_curtailment(const DispatchInput& input, const IslandDevices& devices, DispatchResult& result);

  DispatchOptions options_;
  std::vector<std::uint32_t> order_;
  std::vector<Slice> slices_;
  std::vector<StorageOffer> narrowed_;  ///< storage with the margin of those that form kept back
  bool storage_holds_ = false;          ///< the island at hand can be held by storage
  bool storage_first_ = false;          ///< and is: no unit that could hold it runs
  double storage_room_mw_ = 0.0;        ///< what storage that serves first could give beyond its plan
};

}  // namespace gridplus
