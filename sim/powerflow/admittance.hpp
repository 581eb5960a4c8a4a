// Branch and bus admittances of a grid under one switching state, in per unit.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/powerflow/flow.hpp"

namespace gridplus::powerflow {

using Complex = std::complex<double>;

/// Two-port of one branch: [I_f; I_t] = [ff ft; tf tt] [V_f; V_t]. All zero where the branch is open.
struct BranchAdmittance {
  Complex ff, ft, tf, tt;
};

/// The bus admittance matrix in compressed rows (columns ascending, the diagonal always present) and what it is made
/// of. The pattern holds every branch in the grid, closed or open, so that switching changes values only.
struct Admittance {
  std::vector<BranchAdmittance> branch;
  std::vector<std::int32_t> row_start;  ///< bus_count + 1
  std::vector<std::int32_t> column;     ///< nnz
  std::vector<Complex> value;           ///< nnz
  std::vector<std::int32_t> diagonal;   ///< position of (i, i) in `value`

  [[nodiscard]] std::size_t bus_count() const { return diagonal.size(); }
};

/// Builds the admittances. `branch_closed`: one byte per branch.
[[nodiscard]] Admittance make_admittance(const Grid& grid, std::span<const std::uint8_t> branch_closed);

/// Bus injections and branch flows that follow from the voltages `state` (exact AC equations).
[[nodiscard]] FlowResult evaluate(const Grid& grid, const Admittance& admittance, const FlowState& state);
/// The same into existing memory, without allocation once `result` has its sizes.
void evaluate(const Grid& grid, const Admittance& admittance, const FlowState& state, FlowResult& result);

}  // namespace gridplus::powerflow
