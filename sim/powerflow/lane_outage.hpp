// Power flows that differ from a solved base by outages, side by side in lanes.
//
// All lanes share the base's couplings, its factor and its injections. An opened branch i-j is one more injection at i
// and j, the flow that the intact grid's equations count there and that is not there any more:
//
//   S_i = (shared) - F_i(w),   F_i = A^ij_ii |w_i|^2 + A^ij_ij w_i conj(w_j),   w = 1 + u,  A^ij_ii = V_i conj(y_ff
//   V_i), ...
//
// so that the mismatch of the outaged grid is exact in every iteration. The shared factor is corrected per lane for the
// rows and columns of i and j (lane_correction.hpp). A PV bus that has lost its units gets its second equation and
// unknown back in the same way. A part of the grid that an outage cuts off is held alive as a shadow: the bus where it
// hung no longer sees it, while it still sees that bus, so that its equations stay regular and the main part is exact.
//
// Fallback per outage: chord iterations, then the full Newton in lanes, then the scalar Newton of the outaged grid;
// what that cannot solve ends with a status. An answer depends on its outage and the base alone.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/powerflow/lane_correction.hpp"
#include "sim/powerflow/lane_newton.hpp"
#include "sim/powerflow/lane_outage_kernels.hpp"
#include "sim/powerflow/security.hpp"

namespace gridplus::powerflow {

/// What is different from the base flow. Buses and branches by their indices in the grid; a bus that couplers join to
/// others may stand for all of them.
struct Outage {
  static constexpr std::uint32_t k_none = 0xffffffffU;

  struct Change {
    std::uint32_t bus = 0;
    double p_mw = 0.0, q_mvar = 0.0;
    double q_min_mvar = 0.0, q_max_mvar = 0.0;  ///< added to the reactive limits of the injection
  };

  std::vector<std::uint32_t> open;  ///< branches that are out; closed in the base
  std::vector<std::uint32_t> lost;  ///< buses that are left without voltage, ascending; closed under connection
  std::vector<Change> change;       ///< added to the base flow's injections
  /// PV or slack buses that hold no voltage any more, with the injections of all buses that couplers join to them.
  std::vector<Change> released;
  std::uint32_t new_slack = k_none;  ///< takes the place of a slack bus that is lost or released
};

/// Who solved an outage.
enum class OutageMethod : std::uint8_t { chord, newton, reference };
[[nodiscard]] std::string_view to_string(OutageMethod method);

struct OutageResult {
  SolveReport report;
  OutageMethod method = OutageMethod::chord;
  SecurityFigures figures;  ///< meaningful where the report says converged
};

/// Which way to take first: the figures of docs/powerflow.md come from comparing them.
enum class OutageStart : std::uint8_t { chord, newton, reference };

/// A FlowInput with the memory for it.
struct StoredFlow {
  std::vector<double> p_mw, q_mvar, vm_set_pu, va_set_deg, participation, q_min_mvar, q_max_mvar;
  std::vector<double> p_current_mw, q_current_mvar, p_impedance_mw, q_impedance_mvar;
  std::vector<BusType> type;

  explicit StoredFlow(const FlowInput& flow);
  [[nodiscard]] FlowInput input() const;
  /// Gives the first of buses joined by couplers what all of them have; the others are out.
  void merge(const MergedBuses& merged);
};

/// The solved flow that outages start from. Immutable; shared by all threads. `grid` must outlive it.
class OutageBase {
 public:
  /// `flow` and `state`: the base flow and its solution, better than the tolerance asked of outages. Buses joined by
  /// couplers may each have their own injections and roles there; they are put together here.
  /// `tap_positions`: of the grid's tap changers, which do not move in an outage; empty: those that the grid begins
  /// with.
  OutageBase(const Grid& grid, std::span<const std::uint8_t> branch_closed, const FlowInput& flow,
             const FlowState& state, SecurityLimits limits, std::span<const std::int32_t> tap_positions = {});

  [[nodiscard]] const Grid& grid() const { return grid_; }
  [[nodiscard]] const Admittance& admittance() const { return admittance_; }
  /// With more branches open.
  [[nodiscard]] Admittance admittance_without(std::span<const std::uint32_t> open) const;
  [[nodiscard]] std::span<const std::uint8_t> branch_closed() const { return closed_; }
  [[nodiscard]] const LaneBase& lanes() const { return lanes_; }
  [[nodiscard]] const PathFactor& factor() const { return factor_; }
  [[nodiscard]] const SecurityLimits& limits() const { return limits_; }
  [[nodiscard]] const FlowState& state() const { return state_; }
  /// With the couplers' buses put together, and as it was given.
  [[nodiscard]] const StoredFlow& flow() const { return flow_; }
  [[nodiscard]] const StoredFlow& given_flow() const { return given_flow_; }
  /// The bus that stands for `bus` in the power flow; its position, -1 where it has no voltage.
  [[nodiscard]] std::uint32_t first_of(std::uint32_t bus) const { return admittance_.merged.into[bus]; }
  [[nodiscard]] std::int32_t position(std::uint32_t bus) const { return lanes_.pattern().position[first_of(bus)]; }
  [[nodiscard]] SecurityView security() const;
  /// Place of each branch in security(), -1 for branches that are not in it; and back.
  [[nodiscard]] std::span<const std::int32_t> rated_place() const { return rated_place_; }
  [[nodiscard]] std::span<const std::uint32_t> rated_branch() const { return rated_branch_; }
  /// Branches at each bus.
  [[nodiscard]] const IndexRows& incident() const { return incident_; }
  /// Wanted minus base injections per position: re, im.
  [[nodiscard]] std::span<const double> change() const { return change_; }

 private:
  void find_incident();
  void list_rated_branches();

  const Grid& grid_;
  std::vector<std::uint8_t> closed_;
  std::vector<std::int32_t> tap_positions_;
  Admittance admittance_;
  StoredFlow given_flow_, flow_;
  FlowState state_;
  SecurityLimits limits_;
  LaneBase lanes_;
  PathFactor factor_;
  IndexRows incident_;
  std::vector<double> change_, security_flow_, vm_min_pu_, vm_max_pu_;
  std::vector<std::int32_t> security_from_, security_to_, rated_place_;
  std::vector<std::uint32_t> rated_branch_;
};

/// Solves lists of outages. Keeps scratch memory for every thread; one solve() at a time.
class LaneOutageSolver {
 public:
  explicit LaneOutageSolver(std::shared_ptr<const OutageBase> base, const LaneKernels& kernels = lane_kernels());
  ~LaneOutageSolver();
  LaneOutageSolver(LaneOutageSolver&&) noexcept;

  /// `results`: one per outage. `states`: none, or one per outage for the voltages, 0 at lost buses.
  /// Flows with participation factors, limits to enforce or voltage-dependent injections go to the full Newton at once.
  void solve(std::span<const Outage> outages, const FlowOptions& options, std::span<OutageResult> results,
             std::span<FlowState> states = {}, int threads = 1, OutageStart start = OutageStart::chord);

 private:
  struct Group;
  struct Scratch;
  [[nodiscard]] bool chord_may_solve(const Outage& outage, const FlowOptions& options) const;
  [[nodiscard]] bool parts_merged_buses(const Outage& outage) const;

  std::shared_ptr<const OutageBase> base_;
  const LaneKernels* kernels_;
  std::vector<std::unique_ptr<Scratch>> scratch_;  ///< per thread
};

}  // namespace gridplus::powerflow
