// Full Newton in lanes: up to 8 flows side by side, each with its own Jacobian, bus types, reactive limits and
// distributed slack. What the chord iterations of LaneSolver cannot solve, or may not, comes here.
//
// First plain Newton from the base state, as the scalar solver does it. A flow that fails is tried once more with step
// control: a step whose sum of squared mismatches does not fall is shortened to the minimum of the parabola through
// what is known of the sum along the step (Iwamoto and Tamura 1981 take the exact quartic; here the angles make it a
// model anyway), and the flow is given up when short steps do not help either.
//
// A solution whose Jacobian has other negative pivots than that of the start is on another branch of the equations
// (solution_branch.hpp): no success, but a failed attempt.
//
// Reactive limits and distributed slack follow the rules of reference/newton.hpp.
#pragma once

#include <array>
#include <complex>
#include <limits>
#include <span>
#include <vector>

#include "sim/powerflow/lane_base.hpp"
#include "sim/powerflow/lane_memory.hpp"

namespace gridplus::powerflow {

/// A flow that the shared couplings count at `row` but that is not there in the grid of one lane, because a branch is
/// open: own |w_row|^2 + other w_row conj(w_column), w = 1 + u.
struct RemovedFlow {
  std::int32_t row = 0, column = 0;  ///< positions
  Complex own, other;

  /// The flow, of a state as a function of the position.
  template <class StateOf>
  [[nodiscard]] Complex at(const StateOf& w) const {
    const Complex w_row = w(row);
    return own * std::norm(w_row) + other * w_row * std::conj(w(column));
  }
};

/// One flow on its way through a lane.
struct LaneTask {
  const FlowInput* flow = nullptr;
  FlowState* state = nullptr;  ///< sized
  SolveReport* report = nullptr;
  bool from_state = false;  ///< the Newton starts from `state`, not from the base
  std::span<const RemovedFlow> removed = {};
};

/// What the angle of a slack bus of a flow is beyond that of the base, in degrees; 0 within rounding.
[[nodiscard]] double turn_of(const LaneBase& base, const FlowInput& flow, std::int32_t slack_position);

/// Scratch of one thread. `base` and `kernels` must outlive it.
class LaneNewton {
 public:
  LaneNewton(const LaneBase& base, const NewtonKernels& kernels);
  /// Another base of the same pattern.
  void move_to(const LaneBase& base);

  /// Solves at most k_newton_lanes flows.
  void solve(std::span<const LaneTask> tasks, const FlowOptions& options);

 private:
  /// Per unit.
  struct DependentPower {
    std::complex<double> power, slope;
  };
  enum class Limit : std::uint8_t { none, at_min, at_max };
  enum class Phase : std::uint8_t { plain, controlled, done };

  struct Lane {
    Phase phase = Phase::done;
    bool changed = false;  ///< roles or state are new: the mismatch must be taken again
    int iterations = 0;    ///< of this round
    int total_iterations = 0;
    int round = 0;
    int rejected = 0;       ///< in a row
    int first_pivots = -1;  ///< negative pivots of the first Jacobian, which is on the base's branch; -1: none yet
    bool factored = false;  ///< its own Jacobian has been
    bool looks = false;     ///< the Jacobian at the solution is asked for, to see on which branch it lies
    bool looked = false;
    double length = 0.0;   ///< of the last step
    double square = 0.0;   ///< sum of squared mismatches before it
    double one_ago = 0.0;  ///< sums after the last two iterations of this round, and the least
    double two_ago = 0.0;
    double least = std::numeric_limits<double>::infinity();
  };

  /// Place of a number of a position in rows of lanes.
  static std::size_t slot(std::int32_t position, std::size_t part, std::size_t lane) {
    return (2 * static_cast<std::size_t>(position) + part) * k_newton_lanes + lane;
  }

  void load(std::size_t lane, const LaneTask& task);
  void load_dependent(std::size_t lane, const FlowInput& flow);
  [[nodiscard]] DependentPower dependent(std::size_t lane, std::int32_t position) const;
  void begin(std::size_t lane, const LaneTask& task, Phase phase);
  void set_roles(std::size_t lane, const FlowInput& flow);
  void list_removed(std::span<const LaneTask> tasks);
  void take_mismatch(const NewtonLanes& lanes);
  void make_patches();
  void set_target(std::size_t lane, const FlowInput& flow, std::int32_t position);
  void judge(std::size_t lane, const LaneTask& task, const FlowOptions& options);
  void fail(std::size_t lane, const LaneTask& task, SolveStatus status);
  void note_factor(std::size_t lane);
  [[nodiscard]] int count_pivots(std::size_t lane) const;
  [[nodiscard]] bool on_other_branch(std::size_t lane) const;
  bool switch_limits(std::size_t lane, const FlowInput& flow, const FlowOptions& options);
  void distribute(std::size_t lane, std::int32_t rows);
  void add_missing(std::size_t lane, double share);
  [[nodiscard]] bool solution_is_finite(std::size_t lane) const;
  void write_state(std::size_t lane, FlowState& state) const;
  [[nodiscard]] bool collapsed(std::size_t lane) const;
  [[nodiscard]] double vm_pu(std::size_t lane, std::int32_t position) const;
  [[nodiscard]] bool any_live() const;

  const LaneBase* base_;
  const NewtonKernels& kernels_;
  NewtonView view_;
  LaneVector<double> state_, saved_, change_, residual_, x_, border_, alpha_, dependent_, upper_, inverse_, work_;
  std::vector<double*> place_;
  std::vector<std::uint8_t> p_counts_, v_free_;
  std::vector<Limit> limit_;             ///< positions x lanes
  std::vector<std::uint16_t> switches_;  ///< positions x lanes
  std::vector<double> missing_;          ///< last step of the missing power, islands x lanes
  std::array<Lane, k_newton_lanes> lane_;
  alignas(64) std::array<double, k_newton_lanes> norm_{}, square_{}, length_{};
  /// A removed flow of a lane; `change` is what the lane wants there while the flow is added to it.
  struct RemovedInLane {
    std::size_t lane = 0;
    RemovedFlow flow;
    Complex change;
  };
  [[nodiscard]] Complex voltage(std::size_t lane, std::int32_t position) const;
  std::vector<RemovedInLane> removed_;  ///< ascending by row
  std::vector<NewtonPatch> patches_;
  std::int32_t factored_rows_ = 0;  ///< of the last factors
  bool shares_ = false;             ///< some lane has a distributed slack
  bool depends_ = false;            ///< some lane has voltage-dependent injections
};

}  // namespace gridplus::powerflow
