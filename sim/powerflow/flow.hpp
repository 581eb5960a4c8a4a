// What every power-flow solver here takes and gives. Units outside the solvers: MW, MVAr, degrees, per-unit voltage.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sim/grid/grid.hpp"

namespace gridplus::powerflow {

/// Which equations of the network are solved.
enum class Equations : std::uint8_t {
  ac,      ///< the exact ones
  linear,  ///< to first order about the network without injections (LaneSolver::solve_linear)
  dc       ///< active power and angles alone (LaneDcSolver)
};
/// `ac`, `linear`, `dc`.
[[nodiscard]] std::string_view to_string(Equations equations);

/// Role of a bus in one power flow.
enum class BusType : std::uint8_t {
  pq,     ///< P and Q given
  pv,     ///< P and |V| given
  slack,  ///< |V| and angle given; takes up what is missing
  out     ///< not energised: no equation, voltage reported as 0
};

/// One power flow to solve: injections per bus (generation minus demand, shunts not included).
/// All spans have one entry per bus. Within an island exactly one bus is `slack`.
struct FlowInput {
  std::span<const double> p_mw;
  std::span<const double> q_mvar;
  std::span<const BusType> type;
  std::span<const double> vm_set_pu;   ///< read at pv and slack buses
  std::span<const double> va_set_deg;  ///< read at slack buses; empty means 0
  /// Distributed slack: share of each bus in what its island is missing, >= 0, summing to 1 per island. Empty: the
  /// slack bus takes all. With shares the slack bus keeps its angle only as the reference.
  std::span<const double> participation;
  /// Reactive limits per bus of pv and slack buses, on the injection without its voltage-dependent part; empty: none.
  std::span<const double> q_min_mvar, q_max_mvar;
  /// Voltage-dependent injections, given at 1 p.u.: bus i injects p + p_current |V_i| + p_impedance |V_i|^2, and Q
  /// likewise. All four or none; empty: the injections do not depend on the voltage.
  std::span<const double> p_current_mw, q_current_mvar, p_impedance_mw, q_impedance_mvar;

  [[nodiscard]] bool voltage_dependent() const { return !p_current_mw.empty(); }
};

/// What depends on the voltage at one bus, at its voltage: the power, and its derivative by ln |V|.
struct VoltageDependentPower {
  std::complex<double> power_mva, slope_mva;
};
/// Of bus `i` at `vm_pu`; zero where nothing depends on the voltage.
[[nodiscard]] VoltageDependentPower voltage_dependent_power(const FlowInput& input, std::size_t i, double vm_pu);

/// Throws InvariantError unless every span of `input` has an entry for each of `buses` buses or may be empty and is.
void check_sizes(const FlowInput& input, std::size_t buses);

enum class SolveStatus : std::uint8_t {
  converged,
  iteration_limit,  ///< mismatch still above tolerance after the last iteration
  singular,         ///< the Jacobian could not be factored
  diverged,         ///< a non-finite number appeared, or the mismatch exploded
  no_slack,         ///< an island with demand has no bus that can hold the balance
  other_branch      ///< a solution, but not the one that is led to from the grid without load (solution_branch.hpp)
};
[[nodiscard]] std::string_view to_string(SolveStatus status);

/// How a solve went. Converged means: the exact AC mismatch recomputed from the result is below the tolerance.
struct SolveReport {
  SolveStatus status = SolveStatus::diverged;
  int iterations = 0;
  double max_mismatch_pu = 0.0;
  [[nodiscard]] bool converged() const { return status == SolveStatus::converged; }
};

struct FlowOptions {
  double tolerance_pu = 1e-8;  ///< largest |P| or |Q| mismatch of any bus, in per unit of base_mva
  int max_iterations = 30;
  bool enforce_q_limits = false;
};

/// Voltages of a solved (or failed) flow, one per bus.
struct FlowState {
  std::vector<double> vm_pu;
  std::vector<double> va_deg;
};

/// Bus and branch quantities that follow from the voltages.
struct FlowResult {
  std::vector<std::complex<double>> voltage_pu;                    ///< per bus, rectangular
  std::vector<double> p_mw, q_mvar;                                ///< net injection per bus
  std::vector<double> p_from_mw, q_from_mvar, p_to_mw, q_to_mvar;  ///< into the branch at each end
  std::vector<double> i_from_ka, i_to_ka;                          ///< current at each end
  std::vector<double> loading_percent;  ///< larger end's MVA over the rating; 0 where the rating is infinite
  std::vector<double> losses_mw;        ///< p_from + p_to; 0 for an open branch
};

}  // namespace gridplus::powerflow
