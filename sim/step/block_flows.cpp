#include "sim/step/block_flows.hpp"

#include <cmath>

#include "sim/powerflow/solution_branch.hpp"

namespace gridplus {

using powerflow::BusType;
using powerflow::FlowState;

BlockFlows::BlockFlows(const Grid& grid, const powerflow::FlowOptions& options)
    : grid_(grid), options_(options), kernels_(powerflow::lane_kernels()) {}

void BlockFlows::prepare(const Topology& topology) {
  topology_ = &topology;
  shared_.clear();
  evaluator_ = std::make_unique<powerflow::FlowEvaluator>(grid_, topology.admittance, kernels_);
}

void BlockFlows::begin(const FlowState& start) {
  start_ = start;
  for (auto& [slack_bus, shared] : shared_) shared.fresh = false;
}

/// The start with the voltages that `bus` holds and with angles that count from its slack buses: then the flows of the
/// block, which mostly hold the same, are the fast ones.
FlowState BlockFlows::base_state(const BusInjections& bus) const {
  FlowState base = start_;
  for (std::size_t b = 0; b < base.vm_pu.size(); ++b) {
    const bool held = bus.type[b] == BusType::pv || bus.type[b] == BusType::slack;
    if (held) base.vm_pu[b] = bus.vm_set_pu[b];
    if (base.vm_pu[b] <= 0.0) base.vm_pu[b] = 1.0;  // a bus that had no voltage in the block before
    const std::uint32_t island = topology_->islands.of_bus[b];
    if (island == Islands::k_none || bus.slack_bus[island] == Islands::k_none) continue;
    base.va_deg[b] = std::remainder(start_.va_deg[b] - start_.va_deg[bus.slack_bus[island]], 360.0);
  }
  return base;
}

/// Flows end on the branch of the equations that their base lies on. Where that is not the one which grids are run on,
/// the grid without load is the base.
std::shared_ptr<const powerflow::LaneBase> BlockFlows::make_base(const Shared& shared, const BusInjections& bus) const {
  const powerflow::FlowInput input = bus.input(false);
  const auto base_at = [&](const FlowState& state) {
    return std::make_shared<const powerflow::LaneBase>(shared.pattern, topology_->admittance, grid_.base_mva(),
                                                       bus.type, state, powerflow::voltage_slopes_mva(input, state));
  };
  const FlowState state = base_state(bus);
  auto base = base_at(state);
  if (base->negative_pivots() == 0) return base;
  powerflow::SolutionBranch branch(grid_, topology_->admittance);
  return branch.is_another(input, state) ? base_at(branch.without_load(input)) : base;
}

powerflow::LaneSolver& BlockFlows::lanes_for(const BusInjections& bus) {
  Shared& shared = shared_[bus.slack_bus];
  if (!shared.fresh) {
    const auto& admittance = topology_->admittance;
    if (!shared.pattern)
      shared.pattern = std::make_shared<powerflow::LanePattern>(powerflow::make_lane_pattern(admittance, bus.type));
    const auto base = make_base(shared, bus);
    if (shared.lanes)
      shared.lanes->move_to(base);
    else
      shared.lanes = std::make_unique<powerflow::LaneSolver>(base, kernels_);
    shared.fresh = true;
  }
  return *shared.lanes;
}

void BlockFlows::solve(std::span<const BlockFlow> flows, int threads) {
  std::map<std::vector<std::uint32_t>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < flows.size(); ++i) groups[flows[i].bus->slack_bus].push_back(i);
  for (const auto& [slack_bus, members] : groups) {
    powerflow::LaneSolver& lanes = lanes_for(*flows[members.front()].bus);
    inputs_.clear();
    states_.resize(members.size());
    reports_.resize(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      inputs_.push_back(flows[members[i]].bus->input(options_.enforce_q_limits));
      std::swap(states_[i], *flows[members[i]].state);
    }
    lanes.solve(inputs_, options_, states_, reports_, threads);
    for (std::size_t i = 0; i < members.size(); ++i) {
      std::swap(states_[i], *flows[members[i]].state);
      *flows[members[i]].report = reports_[i];
    }
  }
}

}  // namespace gridplus
