// Contingency analysis: what happens to a solved grid when a branch, a unit or two branches fail.
//
// A case is listed into contingencies, each with what it does to the network equations (powerflow::Outage). An outage
// that splits an island is found first, by the graph's bridges: the larger part that some unit can hold lives on, the
// rest is lost with its demand and generation. All contingencies then are full AC power flows in lanes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/powerflow/lane_outage.hpp"

namespace gridplus::study {

/// A running unit that can fail.
struct ContingencyUnit {
  std::string name;
  std::uint32_t bus = 0;
  double p_mw = 0.0, q_mvar = 0.0;  ///< in the base case
  double q_min_mvar = 0.0, q_max_mvar = 0.0;
  bool holds_voltage = false;  ///< its bus is PV or slack because of it and units like it
};

/// A power flow with all that an outage of it can change. What buses joined by couplers have may be given bus by bus,
/// so that a coupler can open between them.
struct ContingencyCase {
  Grid grid;
  GridNames names;
  std::vector<std::uint8_t> branch_closed;
  std::vector<std::int32_t> tap_positions;  ///< of the grid's tap changers; empty: those that the grid begins with
  std::vector<double> p_mw, q_mvar;         ///< injections per bus
  std::vector<powerflow::BusType> type;
  std::vector<double> vm_set_pu, va_set_deg;
  std::vector<double> participation;           ///< empty: the slack bus takes what is missing
  std::vector<double> q_min_mvar, q_max_mvar;  ///< of the injection; empty: none
  /// Injections that follow the voltage, at 1 p.u., per bus; empty: none (see FlowInput).
  std::vector<double> p_current_mw, q_current_mvar, p_impedance_mw, q_impedance_mvar;
  std::vector<double> demand_mw;       ///< per bus
  std::vector<ContingencyUnit> units;  ///< their outputs are parts of the injections
  powerflow::SecurityLimits limits;
  powerflow::FlowState state;  ///< where the base flow starts, then its solution

  [[nodiscard]] powerflow::FlowInput input() const;
  /// With more branches open.
  [[nodiscard]] powerflow::Admittance admittance(std::span<const std::uint32_t> open = {}) const;
  /// The flow as the solvers take it, with buses joined by couplers put together.
  [[nodiscard]] powerflow::StoredFlow merged_flow() const;
};

/// Solves the base flow from `data.state`, and leaves the solution there. What slack buses and buses with a share take
/// up is added to their injections and their first unit's output. A solution on another branch of the equations is
/// none.
[[nodiscard]] powerflow::SolveReport solve_base(ContingencyCase& data, const powerflow::FlowOptions& options);

enum class ContingencyKind : std::uint8_t { branch, generator, branch_pair };
[[nodiscard]] std::string_view to_string(ContingencyKind kind);

struct Contingency {
  ContingencyKind kind = ContingencyKind::branch;
  std::vector<std::uint32_t> elements;  ///< branches, or a unit
  powerflow::Outage outage;
  double unserved_mw = 0.0;         ///< demand without voltage
  double lost_generation_mw = 0.0;  ///< output of the failed unit, or of units without voltage
  /// False: nothing holds a voltage any more where it happened; there is no flow to solve, and all demand is unserved.
  bool main_island_lives = true;
};

/// Names of what is out, joined by " + ".
[[nodiscard]] std::string name_of(const ContingencyCase& data, const Contingency& contingency);

/// Finds what outages do to a case. `data`, with its base solved, must outlive it.
class ContingencyLister {
 public:
  explicit ContingencyLister(const ContingencyCase& data);

  /// One per closed branch between live buses.
  [[nodiscard]] std::vector<Contingency> branches() const;
  /// One per unit.
  [[nodiscard]] std::vector<Contingency> generators() const;
  /// The outage of two branches.
  [[nodiscard]] Contingency pair(std::uint32_t first, std::uint32_t second) const;

 private:
  [[nodiscard]] std::vector<std::uint32_t> reached(std::uint32_t from, std::span<const std::uint32_t> open) const;
  [[nodiscard]] std::uint32_t new_slack(std::span<const std::uint32_t> part, std::uint32_t but) const;
  void split(Contingency& contingency, std::vector<std::uint32_t> without_slack) const;
  void lose(Contingency& contingency, std::vector<std::uint32_t> buses) const;
  [[nodiscard]] Contingency generator(std::uint32_t unit) const;
  [[nodiscard]] std::size_t holders_with(std::uint32_t bus) const;
  void grow_trees();

  const ContingencyCase& data_;
  MergedBuses merged_;
  powerflow::StoredFlow flow_;                            ///< with buses joined by couplers put together
  std::vector<std::vector<std::uint32_t>> incident_;      ///< live branches at each bus
  std::vector<std::vector<std::uint32_t>> units_at_bus_;  ///< that hold its voltage
  // Depth-first trees from the slack buses: the buses below one stand behind it in `order_`.
  std::vector<std::uint32_t> order_, place_, below_, parent_branch_;
  std::vector<std::uint32_t> slack_of_bus_;
};

/// Solves contingencies of one case. Results are the same for every thread count.
[[nodiscard]] std::vector<powerflow::OutageResult> analyse(
    const ContingencyCase& data, std::span<const Contingency> contingencies, const powerflow::FlowOptions& options,
    int threads = 1, powerflow::OutageStart start = powerflow::OutageStart::chord);

/// Indices from worst to least: those without a solution, then by severity, unserved power, largest loading.
[[nodiscard]] std::vector<std::size_t> rank(std::span<const Contingency> contingencies,
                                            std::span<const powerflow::OutageResult> results);

}  // namespace gridplus::study
