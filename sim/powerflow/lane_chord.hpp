// Chord iterations in lanes: up to 16 flows side by side with the factor of the base state. See docs/powerflow.md.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/powerflow/lane_dependent.hpp"
#include "sim/powerflow/lane_newton.hpp"

namespace gridplus::powerflow {

/// What flows solved in one group must have in common, so that none depends on its company.
struct ChordKind {
  bool shares = false;     ///< distributed slack
  bool moved = false;      ///< other set points than the base: starts from the base with these, in double
  bool dependent = false;  ///< injections that follow the voltage
  friend auto operator<=>(const ChordKind&, const ChordKind&) = default;
};

/// Flows of the base's bus types may be solved by chord iterations, if the base has a factor. Throws InvariantError
/// where the slack or dead buses are not those of the base.
[[nodiscard]] std::optional<ChordKind> chord_kind(const LaneBase& base, const FlowInput& flow);

/// Scratch of one thread. `base` and `kernels` must outlive it.
class LaneChord {
 public:
  LaneChord(const LaneBase& base, const LaneKernels& kernels);
  /// Another base of the same pattern and as many PV buses.
  void move_to(const LaneBase& base) { base_ = &base; }

  /// Solves at most k_group_lanes flows of one kind from the base state. What it gives up is reported as not converged.
  /// A flow that converges beyond a reactive limit that it shall keep is not converged either: its task says that
  /// the Newton goes on from the state.
  void solve(std::span<LaneTask> tasks, ChordKind kind, const FlowOptions& options);

  /// Solves the equations to first order about the base state (see LaneSolver::solve_linear).
  void solve_linear(std::span<LaneTask> tasks, ChordKind kind);

 private:
  void load(std::span<const LaneTask> tasks, ChordKind kind);
  void load_set_points(std::size_t lane, const FlowInput& flow);
  void load_shares(std::span<const LaneTask> tasks);
  void hand_out(std::span<const std::uint32_t> moves, const double* state);
  void begin(ChordKind kind, std::span<const std::uint32_t> moves);
  void iterate(std::span<LaneTask> tasks, ChordKind kind, const FlowOptions& options);
  void begin_linear(ChordKind kind);
  void find_linear(ChordKind kind);
  void write(std::span<LaneTask> tasks, ChordKind kind);
  void check_limits(std::span<LaneTask> tasks, const FlowOptions& options);
  [[nodiscard]] SlackView slack();

  const LaneBase* base_;
  const LaneKernels& kernels_;
  LaneVector<double> change_, state_, ratio_, gain_, alpha_, missing_, q_pu_;
  LaneVector<float> x_;
  DependentLanes dependent_;
  std::vector<std::int32_t> sharing_;  ///< positions with a share in any lane
  std::vector<double> turn_deg_;       ///< islands x lanes: what the flow's slack angle is beyond the base's
  std::vector<double> spare_;          ///< results of lanes without a flow
};

}  // namespace gridplus::powerflow
