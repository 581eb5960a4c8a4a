// From devices to buses: the one place where demand is turned into negative injection.
#pragma once

#include <vector>

#include "sim/powerflow/flow.hpp"
#include "sim/step/block.hpp"
#include "sim/step/model.hpp"
#include "sim/step/topology.hpp"

namespace gridplus {

/// What the power flow of one step is asked to solve, per bus, with the memory for it. Of buses joined by closed
/// couplers the first has the figures of all, and the others are `out` (see powerflow::Admittance).
struct BusInjections {
  std::vector<double> p_mw, q_mvar, vm_set_pu, participation;
  std::vector<double> q_min_mvar, q_max_mvar;  ///< on the net injection
  /// What follows |V| and |V|^2, at 1 p.u.; all four empty where nothing does.
  std::vector<double> p_current_mw, q_current_mvar, p_impedance_mw, q_impedance_mvar;
  std::vector<std::uint32_t> holders;  ///< devices that hold the bus's voltage
  std::vector<powerflow::BusType> type;
  std::vector<std::uint32_t> slack_bus;  ///< per island; Islands::k_none where dead

  [[nodiscard]] powerflow::FlowInput input(bool q_limits) const;
};

/// How what an island is missing is shared among its producers, and after them all storage: one share each, summing to
/// 1 in each island where any can take a part. Storage has a part where it forms the island.
using Sharing = std::vector<double>;

/// Whether a device holds the voltage of its bus.
[[nodiscard]] bool holds_voltage(const Connection& connection, bool online);

/// Balancing headroom of producers, and of storage that forms an island, in one step, MW.
struct Headroom {
  std::span<const double> up_mw, down_mw;
  std::span<const std::uint8_t> balancing;  ///< dispatchable units; others help only when these cannot
  std::span<const double> storage_up_mw = {}, storage_down_mw = {}, forming = {};  ///< of storage; empty: none forms
};

/// Shares in proportion to the headroom in the direction that is needed, or, where `missing_mw` (per island) is empty
/// because it is not known yet, to the smaller of up and down. Dispatchable units come first; where their room is less
/// than what is missing everybody with room joins; where nobody has any, whoever runs at all.
void share_out(const Model& model, const Topology& topology, const Headroom& headroom,
               std::span<const double> missing_mw, Sharing& sharing);

/// Injections of a DC link at its two ends, MW. The receiving end gets what is left after the losses.
struct LinkEnds {
  double from_mw = 0.0, to_mw = 0.0;
};
[[nodiscard]] LinkEnds link_ends(const DcLink& link, double transfer_mw);

/// Fills BusInjections under one switching state. What is the same in all steps is kept.
class Gather {
 public:
  /// `model` and `topology` must outlive it.
  Gather(const Model& model, const Topology& topology);

  /// Fills `bus` from step `s` of `block`: injections of producers, storage, consumers and DC links, the voltages held,
  /// and the slack bus of each island. `zip`: how the consumers' demand follows the voltage.
  void fill(const StepBlock& block, std::size_t s, std::span<const double> link_mw, std::span<const ZipShares> zip,
            BusInjections& bus) const;

 private:
  void choose_slack(const StepBlock& block, std::size_t s, BusInjections& bus) const;
  void draw(const StepBlock& block, std::size_t s, std::span<const ZipShares> zip, BusInjections& bus) const;
  void link(std::span<const double> link_mw, BusInjections& bus) const;

  const Model& model_;
  const Topology& topology_;
  BusInjections first_;                   ///< roles and limits where the same devices hold a voltage in every step
  std::vector<VoltageHolder> sometimes_;  ///< devices at the other buses, of which some hold it only while they run
};

}  // namespace gridplus
