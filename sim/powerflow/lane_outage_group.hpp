// One group of outages in the lanes of the chord iterations. Private to lane_outage.cpp.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "sim/powerflow/lane_outage.hpp"

namespace gridplus::powerflow {

/// One outage on its way through a lane.
struct OutageTask {
  const Outage* outage = nullptr;
  OutageResult* result = nullptr;
  FlowState* state = nullptr;  ///< null: voltages are not asked for
};

/// The flows that the couplings count and that an outage takes away. None at lost buses: those are a shadow.
void removed_flows(const OutageBase& base, const Outage& outage, std::vector<RemovedFlow>& flows);

/// Memory of one thread for k_group_lanes outages.
class OutageGroup {
 public:
  OutageGroup(const OutageBase& base, const OutageKernels& kernels);

  /// Chord iterations until every lane has converged or is given up; figures and voltages of those that converged.
  void solve(std::span<const OutageTask> tasks, const FlowOptions& options);

 private:
  /// What one lane does otherwise than the base.
  struct Lane {
    std::vector<RemovedFlow> removed;
    std::vector<std::int32_t> removed_slot;  ///< of each: its touched row, -1 at a slack bus
    LaneCorrection correction;
    std::int32_t released = -1;  ///< position of the PV bus that is PQ here
    Complex target;              ///< its wanted injection, per unit
    bool regular = true;
    double first = 0.0, one_ago = 0.0, two_ago = 0.0;  ///< mismatches
  };

  void load(std::span<const OutageTask> tasks);
  void load_lane(std::size_t l, const Outage& outage);
  void enter_changes(std::size_t l, const Outage& outage);
  void make_correction(Lane& lane);
  void add_removed_terms(const Lane& lane);
  void add_released_terms(const Lane& lane);
  [[nodiscard]] std::size_t term(std::vector<LaneCorrection::Column>& columns, Unknown unknown, std::size_t from) const;
  [[nodiscard]] bool is_free(const Lane& lane, std::int32_t position) const;
  [[nodiscard]] std::int32_t slot_of(std::int32_t position) const;
  [[nodiscard]] Complex voltage(std::size_t l, std::int32_t position) const;
  void want_removed_flows(std::size_t l);
  void take_released_mismatch(std::size_t l);
  void judge(std::size_t l, const OutageTask& task, const FlowOptions& options, int iteration);
  void step(std::span<const OutageTask> tasks, std::size_t live);
  void assess(std::span<const OutageTask> tasks);
  void leave_out(std::size_t l, const Outage& outage);
  void write_state(std::size_t l, const OutageTask& task) const;

  const OutageBase& base_;
  const OutageKernels& kernels_;
  LaneVector<double> state_, extra_;
  LaneVector<float> x_;
  std::vector<std::int32_t> touched_;  ///< positions
  std::vector<double> fixed_;          ///< per touched row: the part of `extra_` that does not depend on the state
  std::array<Lane, k_group_lanes> lane_;
  alignas(64) std::array<double, k_group_lanes> norm_{};
  alignas(64) std::array<std::uint32_t, k_group_lanes> moves_{};
  std::vector<LaneCorrection::Column> c_, r_;
  std::vector<double> middle_;  ///< D while it is made, k_most_terms a row
  CorrectionScratch correction_;
  std::vector<LeftOut> branches_out_, buses_out_;
  SecurityLanes found_;
};

}  // namespace gridplus::powerflow
