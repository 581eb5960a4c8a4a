// What follows from the voltages of many flows on one grid: evaluate() of admittance.hpp, its plain twin, in SIMD
// vectors over buses and branches. Results are the same to rounding, and bitwise the same for one instruction set.
#pragma once

#include <span>
#include <vector>

#include "sim/powerflow/admittance.hpp"
#include "sim/powerflow/lane_kernels.hpp"

namespace gridplus::powerflow {

struct BranchView;
struct EvaluatorKernels;

/// Where the quantities of a flow are written, as in FlowResult: one number per bus, then one per branch.
struct FlowQuantities {
  std::span<double> p_mw, q_mvar;
  std::span<double> p_from_mw, q_from_mvar, p_to_mw, q_to_mvar, loading_percent, losses_mw, i_from_ka, i_to_ka;
};

/// Immutable but for the scratch memory that each thread brings along.
class FlowEvaluator {
 public:
  /// Copies what it needs of the grid in the switching state of `admittance`.
  FlowEvaluator(const Grid& grid, const Admittance& admittance, const LaneKernels& kernels = lane_kernels());

  struct Scratch {
    std::vector<double> vm_pu, va_deg, e, f;
  };

  /// Bus injections and branch flows at the voltages `state`. Every span of `out` has its full size.
  void evaluate(const FlowState& state, Scratch& scratch, const FlowQuantities& out) const;

 private:
  [[nodiscard]] BranchView branches() const;

  const EvaluatorKernels* kernels_;
  std::size_t buses_, branches_;
  std::vector<std::int64_t> from_, to_;
  std::vector<double> two_port_[8];  ///< ff, ft, tf, tt: re, im
  std::vector<double> percent_per_mva_, from_ka_per_mva_, to_ka_per_mva_;
  std::vector<std::int32_t> row_start_, column_;
  std::vector<double> value_;
};

}  // namespace gridplus::powerflow
