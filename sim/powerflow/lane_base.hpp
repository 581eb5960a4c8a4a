// What all lanes of a batch share: ordering, base state, and the factor of the Jacobian at the base state.
//
// With V_i = V0_i (1 + u_i) the injection of bus i is, exactly,
//
//   S_i = (1 + u_i) (S0_i + sum_j A_ij conj(u_j)),    A_ij = V0_i conj(Y_ij V0_j),    S0_i = sum_j A_ij
//
// and for 1 + u = exp(rho + j theta) its derivative at the base is dS_i = S0_i dz_i + sum_j A_ij conj(dz_j). In the
// order (theta, rho) the block of buses i and j is [[b, a], [-a, b]] with a + jb = A_ij; the diagonal block has
// [[-Q, P], [P, Q]] of S0_i = P + jQ added. A PV bus has the first equation and the first unknown only.
#pragma once

#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "sim/powerflow/lane_kernels.hpp"
#include "sim/powerflow/lane_newton_kernels.hpp"
#include "sim/powerflow/lane_pattern.hpp"

namespace gridplus::powerflow {

/// Per bus what its injection changes by with the logarithm of |V|, at `state`; empty where nothing follows the
/// voltage.
[[nodiscard]] std::vector<Complex> voltage_slopes_mva(const FlowInput& flow, const FlowState& state);

/// Immutable; shared by all threads.
class LaneBase {
 public:
  /// `type`: roles of the buses. `base`: voltages of a solved flow; vm_pu > 0 at energised buses.
  LaneBase(const Admittance& admittance, double base_mva, std::span<const BusType> type, const FlowState& base);
  /// The same with a pattern that is known already: that of these admittances and of the slack and dead buses of
  /// `type`. `slope_mva`: per bus what its injection changes by with the logarithm of |V| where part of it follows the
  /// voltage; empty where nothing does.
  LaneBase(std::shared_ptr<const LanePattern> pattern, const Admittance& admittance, double base_mva,
           std::span<const BusType> type, const FlowState& base, std::span<const Complex> slope_mva = {});

  [[nodiscard]] const LanePattern& pattern() const { return *pattern_; }
  [[nodiscard]] std::span<const BusType> type() const { return type_; }
  [[nodiscard]] double base_mva() const { return base_mva_; }
  /// False: the Jacobian at the base state is singular, and there is no factor.
  [[nodiscard]] bool factored() const { return factored_; }

  /// Base voltages and injections (re, im, per unit) per position.
  [[nodiscard]] std::span<const double> vm_pu() const { return vm_pu_; }
  [[nodiscard]] std::span<const double> va_deg() const { return va_deg_; }
  [[nodiscard]] std::span<const double> injection() const { return injection_; }
  /// Positions of pv and slack buses.
  [[nodiscard]] std::span<const std::int32_t> held() const { return held_; }
  /// Of the Jacobian at the base state: see solution_branch.hpp. Solutions on the base's branch have as many.
  [[nodiscard]] int negative_pivots() const { return std::reduce(negative_pivots_.begin(), negative_pivots_.end()); }
  /// The same of each island, in the order of the slack buses.
  [[nodiscard]] const std::vector<int>& negative_pivots_of_islands() const { return negative_pivots_; }
  /// Number of PV buses.
  [[nodiscard]] std::int32_t pv_count() const { return pv_count_; }

  [[nodiscard]] BusView buses() const;
  /// The slack bus of each position's island, counted from the first slack bus.
  [[nodiscard]] std::span<const std::int32_t> island() const { return island_; }

  /// The adjoint of the slack buses' P (see SlackView), two numbers per position with unknowns.
  [[nodiscard]] std::span<const double> adjoint() const { return adjoint_; }

  [[nodiscard]] NewtonView newton() const;
  [[nodiscard]] CouplingView coupling() const;
  [[nodiscard]] FactorView factor() const;

 private:
  void make_couplings(const Admittance& admittance);
  void find_islands();
  void factor_base(std::span<const Complex> slope_mva);

  std::shared_ptr<const LanePattern> pattern_;
  std::vector<BusType> type_;
  double base_mva_;
  bool factored_ = false;
  std::int32_t pv_count_ = 0;
  std::vector<int> negative_pivots_;  ///< per island
  std::vector<double> vm_pu_, va_deg_, injection_;
  std::vector<std::uint8_t> is_pv_;   ///< per position
  std::vector<std::int32_t> pv_row_;  ///< per position
  std::vector<std::int32_t> held_;
  std::vector<std::int32_t> island_;
  std::vector<double> coupling_, adjoint_;
  std::vector<float> coupling32_;
  std::vector<std::int32_t> lower_count_, lower_column_, upper_count_, upper_column_;
  std::vector<float> lower_value_, upper_value_;
};

}  // namespace gridplus::powerflow
