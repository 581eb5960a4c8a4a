// AC power flows of any number of runs, exact or linear, solved together where they have a base in common.
//
// Where each step waits for the network, a block has one flow: a base of the run's own last voltages would cost a
// factor for every flow, and its lanes would stand empty. The bases here follow from what every split of the work
// knows: the network, its switching state and tap positions, the roles of the buses and the voltages that they hold.
// The base state is that of the network without injections. Runs with such a base in common share it, and a flow's
// answer is bitwise the same alone and in any company. See docs/adr/0010-members-in-lockstep.md.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/powerflow/lane_solver.hpp"
#include "sim/step/gather.hpp"

namespace gridplus {

/// One flow to solve: what is asked, and where the answer goes.
struct AskedFlow {
  const Grid* grid = nullptr;
  std::span<const std::uint8_t> branch_closed;
  std::span<const std::int32_t> tap_positions;              ///< empty: those of the grid
  const powerflow::Admittance* first_admittance = nullptr;  ///< at the positions of the grid
  const powerflow::FlowOptions* options = nullptr;
  powerflow::Equations equations = powerflow::Equations::ac;  ///< or linear
  const BusInjections* bus = nullptr;
  powerflow::FlowState* state = nullptr;
  powerflow::SolveReport* report = nullptr;
  /// Set to the admittances of the flow: `first_admittance`, or those at its positions, which live on until bases are
  /// dropped in a later solve().
  const powerflow::Admittance** admittance = nullptr;
};

/// Used by one thread.
class SharedBases {
 public:
  SharedBases();
  ~SharedBases();
  SharedBases(const SharedBases&) = delete;
  SharedBases& operator=(const SharedBases&) = delete;

  /// Solves all flows, on so many threads. Throws InvariantError where one of them is malformed.
  void solve(std::span<const AskedFlow> flows, int threads = 1);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry;

  [[nodiscard]] Entry& entry_of(const AskedFlow& flow);
  [[nodiscard]] std::unique_ptr<Entry> make_entry(const AskedFlow& flow) const;
  void solve_with(Entry& entry, std::span<const AskedFlow> flows, int threads);
  void drop_oldest();

  const powerflow::LaneKernels& kernels_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::size_t solves_ = 0;
  std::string key_;
  std::vector<Entry*> used_;  ///< of each flow
  std::vector<std::size_t> together_;
  std::vector<powerflow::FlowInput> inputs_;
  std::vector<powerflow::FlowState> states_;
  std::vector<powerflow::SolveReport> reports_;
};

}  // namespace gridplus
