// Whether a solved power flow keeps the limits of branches and buses, in a few figures.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/powerflow/admittance.hpp"

namespace gridplus::powerflow {

struct SecurityLimits {
  std::vector<double> rating_mva;            ///< per branch; infinite: unlimited
  std::vector<double> vm_min_pu, vm_max_pu;  ///< per bus
};

/// The limits that the grid itself gives.
[[nodiscard]] SecurityLimits limits_of(const Grid& grid);

/// Buses that couplers join have one voltage, which must keep to the bands of them all: the first of them gets what
/// their bands have in common (its own band, if they have nothing).
[[nodiscard]] SecurityLimits merged_limits(const SecurityLimits& limits, const MergedBuses& merged);

/// Limits count as broken only beyond these, so that a voltage held at the end of its band is not a violation.
inline constexpr double k_loading_tolerance = 1e-6;  ///< of the rating
inline constexpr double k_voltage_tolerance_pu = 1e-6;

/// The performance indices are those of G. C. Ejebe, B. F. Wollenberg: Automatic contingency selection. IEEE
/// Transactions on Power Apparatus and Systems PAS-98(1), 1979, with exponent 2n = 4 and unit weights,
///
///   overload index = sum of 1/4 (S / S_max)^4,   voltage index = sum of 1/4 ((|V| - V_mid) / (half the band))^4
///
/// summed over what violates its limit only, as many lightly loaded branches would hide a heavy overload (masking: T.
/// A. Mikolinnas, B. F. Wollenberg: An advanced contingency selection algorithm. PAS-100(2), 1981).
struct SecurityFigures {
  static constexpr std::uint32_t k_none = 0xffffffffU;

  double largest_loading_percent = 0.0;  ///< of the branches with a rating
  std::uint32_t worst_branch = k_none;   ///< where that is
  std::uint32_t overloads = 0;           ///< branches above their rating
  double overload_index = 0.0;
  double lowest_vm_pu = 0.0, highest_vm_pu = 0.0;
  std::uint32_t lowest_bus = k_none, highest_bus = k_none;
  std::uint32_t voltage_violations = 0;  ///< buses outside their band
  double voltage_index = 0.0;

  /// What contingencies are ranked by.
  [[nodiscard]] double severity() const { return overload_index + voltage_index; }
};

/// One limit that is broken.
struct Violation {
  enum class Kind : std::uint8_t { overload, low_voltage, high_voltage } kind = Kind::overload;
  std::uint32_t element = 0;        ///< branch or bus
  double value = 0.0, limit = 0.0;  ///< MVA, or p.u.
};

/// Looks at every branch that is closed in `admittance` and every bus with a voltage. Buses joined by couplers count as
/// one, the first of them; couplers, whose flows follow from more than voltages, do not count. `violations`: null, or
/// gets each violation, branches first.
[[nodiscard]] SecurityFigures assess_security(const Grid& grid, const Admittance& admittance, const FlowState& state,
                                              const SecurityLimits& limits,
                                              std::vector<Violation>* violations = nullptr);

}  // namespace gridplus::powerflow
