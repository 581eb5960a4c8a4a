// Branch and bus admittances of a grid under one switching state, in per unit.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/grid/merged_buses.hpp"
#include "sim/powerflow/flow.hpp"

namespace gridplus::powerflow {

using Complex = std::complex<double>;

/// Two-port of one branch: [I_f; I_t] = [ff ft; tf tt] [V_f; V_t]. All zero where the branch is open or a coupler.
struct BranchAdmittance {
  Complex ff, ft, tf, tt;
};

/// The bus admittance matrix in compressed rows (columns ascending, the diagonal always present) and what it is made
/// of. The pattern holds every branch in the grid, closed or open, so that switching changes values only.
///
/// Buses joined by closed couplers have one row, that of the first of them; the rows of the others are empty, and a
/// flow has them `out` and their injections at the first (fold in sim/grid/merged_buses.hpp, fold_types below).
struct Admittance {
  MergedBuses merged;
  std::vector<BranchAdmittance> branch;
  std::vector<std::int32_t> row_start;  ///< bus_count + 1
  std::vector<std::int32_t> column;     ///< nnz
  std::vector<Complex> value;           ///< nnz
  std::vector<std::int32_t> diagonal;   ///< position of (i, i) in `value`

  [[nodiscard]] std::size_t bus_count() const { return diagonal.size(); }
};

/// Builds the admittances. `branch_closed`: one byte per branch. `tap_positions`: of each of the grid's tap changers;
/// empty: those that the grid begins with.
[[nodiscard]] Admittance make_admittance(const Grid& grid, std::span<const std::uint8_t> branch_closed,
                                         std::span<const std::int32_t> tap_positions = {});

/// The role of each group of merged buses at its first bus, `out` at the others. The strongest role wins; the set
/// points are those of the group's slack bus, or of its first pv bus. `vm_set_pu` and `va_set_deg` may be empty.
void fold_roles(const MergedBuses& merged, std::span<BusType> type, std::span<double> vm_set_pu,
                std::span<double> va_set_deg);

/// Bus injections and branch flows that follow from the voltages `state` (exact AC equations). Merged buses have the
/// voltage of their first, which has the injection of the whole group; couplers carry nothing here: see CouplerFlows.
[[nodiscard]] FlowResult evaluate(const Grid& grid, const Admittance& admittance, const FlowState& state);
/// The same into existing memory, without allocation once `result` has its sizes.
void evaluate(const Grid& grid, const Admittance& admittance, const FlowState& state, FlowResult& result);

}  // namespace gridplus::powerflow
