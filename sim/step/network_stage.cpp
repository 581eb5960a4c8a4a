// The power flows of a block of steps.
//
// Dispatch met demand and expected losses; the flow finds the true losses. What an island is missing is shared among
// its balancing units within their headroom: first in proportion to the room both ways, and where that breaks a limit,
// once more in proportion to the room in the direction that is needed. The units' set points of the next step do not
// know of it (as automatic generation control is reset by the next dispatch), so that all flows of a block can be
// solved together. See docs/adr/ and docs/models/power_flow.md.
//
// The AC flows of a block are solved in lanes (block_flows.hpp), all from the mean voltages of the block before. A flow
// that the lanes cannot solve is tried once more by the plain Newton from DC angles.
//
// Tap changers: every flow begins at the positions of the grid; one whose TapRegulator moves is solved again with the
// flows that share its new positions, which have a base of their own, until it rests.

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include "sim/core/parallel.hpp"
#include "sim/powerflow/coupler_flows.hpp"
#include "sim/powerflow/lane_dc.hpp"
#include "sim/powerflow/reference/dc.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "sim/powerflow/tap_regulator.hpp"
#include "sim/step/block_flows.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

using powerflow::BusType;
using powerflow::FlowQuantities;
using powerflow::FlowState;
using powerflow::SolveReport;

class NetworkStage final : public Stage {
 public:
  NetworkStage(const Model& model, int threads) : model_(model), solvers_(static_cast<std::size_t>(threads)) {
    if (model.network.method == NetworkMethod::ac) lanes_.emplace(model.grid, model.network.flow);
  }
  [[nodiscard]] std::string_view label() const override { return "network"; }
  [[nodiscard]] std::string_view description() const override {
    return "solves the power flow of every island; balancing units take up what the losses leave open";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::block; }

  void run(SimulationState& state, Frame& frame) override {
    if (frame.topology_changed) {
      for (Solvers& solvers : solvers_) solvers.prepare(model_, state, frame.topology);
      if (lanes_) lanes_->prepare(frame.topology);
      dc_lanes_.clear();
      tapped_.clear();
      regulator_.emplace(model_.grid, state.branch_closed);
    }
    frame.topology_changed = false;
    if (lanes_) lanes_->begin(state.flow_start);
    events_.assign(frame.block.count, {});
    flows_.resize(std::max(flows_.size(), frame.block.count));
    std::vector<std::size_t> all(frame.block.count);
    std::iota(all.begin(), all.end(), std::size_t{0});
    for_each(all, [&](std::size_t s, Solvers&) {
      gather(model_, frame.topology, frame.block, s, frame.row(frame.link_mw, s), frame.zip, flows_[s].bus);
      share(frame, s, {});
    });
    solve(state, frame, all);
    std::vector<std::size_t> again;
    for (const std::size_t s : all)
      if (limit_broken(frame, s)) again.push_back(s);
    for_each(again, [&](std::size_t s, Solvers&) { share(frame, s, flows_[s].missing_mw); });
    solve(state, frame, again);
    for (const std::size_t s : again)
      if (limit_broken(frame, s))
        note(frame, s, "balancing_exhausted", largest(flows_[s].missing_mw),
             "no unit has the headroom to take up the losses; a limit is exceeded by what is missing");
    for (const std::size_t s : all) note_failure(frame, s);
    for_each(all, [&](std::size_t s, Solvers& solvers) { write(frame, s, solvers, flows_[s]); });
    for (auto& list : events_)
      for (Event& event : list) frame.block.events.push_back(std::move(event));
    remember_start(state, frame.block);
  }

 private:
  /// One thread's solvers for single flows.
  struct Solvers {
    std::optional<powerflow::reference::NewtonSolver> newton;
    std::optional<powerflow::reference::DcSolver> dc;
    std::optional<powerflow::CouplerFlows> couplers;
    powerflow::FlowResult result;  ///< of a single flow
    powerflow::FlowEvaluator::Scratch scratch;

    void prepare(const Model& model, const SimulationState& state, const Topology& topology) {
      newton.emplace(model.grid, topology.admittance);
      dc.emplace(model.grid, state.branch_closed);
      couplers.emplace(model.grid, topology.admittance.merged);
    }
  };

  using Positions = std::vector<std::int32_t>;
  /// Flows of tap positions other than the first ones: admittances are kept for positions that come back.
  static constexpr std::size_t k_most_kept = 256;

  /// One step of the block: what is asked, and what came out.
  struct StepFlow {
    BusInjections bus;
    Sharing sharing;
    FlowState state;
    SolveReport report;
    std::optional<powerflow::TapRegulator> taps;        ///< where some tap changer controls something
    const powerflow::Admittance* admittance = nullptr;  ///< at its tap positions
    const powerflow::LaneDcSolver* dc = nullptr;
    std::vector<double> island_losses_mw, missing_mw;
  };

  /// Calls fn(step, solvers of the thread) for steps on all threads.
  template <class Fn>
  void for_each(std::span<const std::size_t> steps, Fn fn) {
    parallel_for(steps.size(), static_cast<int>(solvers_.size()), 1,
                 [&](std::size_t i, int worker) { fn(steps[i], solvers_[static_cast<std::size_t>(worker)]); });
  }

  static Headroom headroom(Frame& frame, std::size_t s) {
    return {frame.row(frame.balancing_up_mw, s), frame.row(frame.balancing_down_mw, s), frame.row(frame.balancing, s)};
  }

  /// Decides who takes up what is missing, and tells the flow.
  void share(Frame& frame, std::size_t s, std::span<const double> missing_mw) {
    StepFlow& flow = flows_[s];
    share_out(model_, frame.topology, headroom(frame, s), missing_mw, flow.sharing);
    flow.bus.participation.assign(model_.grid.bus_count(), 0.0);
    if (model_.network.distributed_slack)
      for (std::size_t p = 0; p < model_.producer_count(); ++p)
        flow.bus.participation[merged_into(frame, model_.producer_connection[p].bus)] += flow.sharing[p];
    else
      take_by_slack_bus(frame, flow);
  }

  /// The bus that stands for `bus` in the power flow.
  static std::size_t merged_into(const Frame& frame, BusId bus) {
    return frame.topology.admittance.merged.into[bus.index()];
  }

  /// Solves the flows of `steps`, their tap changers brought to rest, and finds what each island is missing.
  void solve(const SimulationState& state, Frame& frame, std::span<const std::size_t> steps) {
    const bool regulated = lanes_ && regulator_->active();
    for (const std::size_t s : steps) {
      flows_[s].admittance = &frame.topology.admittance;
      flows_[s].taps.reset();
      if (regulated) flows_[s].taps.emplace(*regulator_);
    }
    if (lanes_) solve_in_lanes(steps);
    if (model_.network.method == NetworkMethod::dc) solve_dc_in_lanes(state, steps);
    complete_all(frame, steps);
    if (regulated) regulate(state, frame, {steps.begin(), steps.end()});
    for_each(steps,
             [&](std::size_t s, Solvers&) { find_missing(frame, flows_[s], quantities(frame.block, s).losses_mw); });
  }

  void complete_all(Frame& frame, std::span<const std::size_t> steps) {
    for_each(steps,
             [&](std::size_t s, Solvers& solvers) { complete(frame, solvers, flows_[s], quantities(frame.block, s)); });
  }

  /// Moves tap changers and solves again until all rest.
  void regulate(const SimulationState& state, Frame& frame, std::vector<std::size_t> moving) {
    if (tapped_.size() > k_most_kept) tapped_.clear();
    while (true) {
      std::erase_if(moving, [&](std::size_t s) {
        StepFlow& flow = flows_[s];
        return !flow.report.converged() || !flow.taps->adjust(flow.state, quantities(frame.block, s).p_from_mw);
      });
      if (moving.empty()) return;
      solve_at_positions(state, moving);
      complete_all(frame, moving);
    }
  }

  /// AC flows side by side. Flows with the same slack buses and tap positions share a base.
  void solve_at_positions(const SimulationState& state, std::span<const std::size_t> steps) {
    using Key = std::pair<std::vector<std::uint32_t>, Positions>;
    std::map<Key, std::vector<std::size_t>> groups;
    for (const std::size_t s : steps) {
      const auto positions = flows_[s].taps->positions();
      groups[{flows_[s].bus.slack_bus, Positions(positions.begin(), positions.end())}].push_back(s);
    }
    FlowState start = state.flow_start;
    for (double& vm_pu : start.vm_pu)
      if (vm_pu <= 0.0) vm_pu = 1.0;  // a bus that had no voltage in the block before
    for (const auto& [key, members] : groups) {
      auto& admittance = tapped_[key.second];
      if (!admittance)
        admittance = std::make_unique<powerflow::Admittance>(
            powerflow::make_admittance(model_.grid, state.branch_closed, key.second));
      powerflow::LaneSolver lanes(std::make_shared<const powerflow::LaneBase>(*admittance, model_.grid.base_mva(),
                                                                              flows_[members.front()].bus.type, start));
      std::vector<powerflow::FlowInput> inputs;
      for (const std::size_t s : members) inputs.push_back(flows_[s].bus.input(model_.network.flow.enforce_q_limits));
      std::vector<FlowState> states(members.size());
      std::vector<SolveReport> reports(members.size());
      lanes.solve(inputs, model_.network.flow, states, reports, static_cast<int>(solvers_.size()));
      for (std::size_t i = 0; i < members.size(); ++i) {
        StepFlow& flow = flows_[members[i]];
        reports[i].iterations += flow.report.iterations;
        flow.admittance = admittance.get();
        flow.state = std::move(states[i]);
        flow.report = reports[i];
      }
    }
  }

  /// DC flows side by side. Flows with the same slack buses share a factor.
  void solve_dc_in_lanes(const SimulationState& state, std::span<const std::size_t> steps) {
    std::map<std::vector<std::uint32_t>, std::vector<std::size_t>> groups;
    for (const std::size_t s : steps) groups[flows_[s].bus.slack_bus].push_back(s);
    for (const auto& [slack_bus, members] : groups) {
      auto& solver = dc_lanes_[slack_bus];
      if (!solver)
        solver = std::make_unique<powerflow::LaneDcSolver>(model_.grid, state.branch_closed,
                                                           flows_[members.front()].bus.type);
      std::vector<powerflow::FlowInput> inputs;
      for (const std::size_t s : members) inputs.push_back(flows_[s].bus.input(false));
      std::vector<FlowState> states(members.size());
      std::vector<SolveReport> reports(members.size());
      solver->solve(inputs, states, reports, static_cast<int>(solvers_.size()));
      for (std::size_t i = 0; i < members.size(); ++i) {
        flows_[members[i]].state = std::move(states[i]);
        flows_[members[i]].report = reports[i];
        flows_[members[i]].dc = solver.get();
      }
    }
  }

  void solve_in_lanes(std::span<const std::size_t> steps) {
    std::vector<BlockFlow> flows;
    for (const std::size_t s : steps) flows.push_back({&flows_[s].bus, &flows_[s].state, &flows_[s].report});
    lanes_->solve(flows, static_cast<int>(solvers_.size()));
  }

  /// Bus and branch quantities of a solved step; a second try, then the DC flow, for one that failed; DC and lossless
  /// steps whole.
  void complete(const Frame& frame, Solvers& solvers, StepFlow& flow, const FlowQuantities& out) const {
    if (model_.network.method == NetworkMethod::none) {
      flow.report = solve_none(flow, out);
      return;
    }
    if (model_.network.method == NetworkMethod::dc) {
      if (flow.report.converged()) {
        flow.dc->evaluate(flow.state, solvers.result);
        write_result(solvers.result, out);
      } else {
        flow.report = solve_dc(solvers, flow, out);
      }
      return;
    }
    const bool first_positions = flow.admittance == &frame.topology.admittance;
    if (!flow.report.converged()) {
      solve_dc(solvers, flow, out);  // 1 p.u. and the angles of the DC flow
      const int before = flow.report.iterations;
      const powerflow::FlowInput input = flow.bus.input(model_.network.flow.enforce_q_limits);
      if (first_positions) {
        flow.report = solvers.newton->solve(input, model_.network.flow, flow.state);
      } else {
        powerflow::reference::NewtonSolver newton(model_.grid, *flow.admittance);
        flow.report = newton.solve(input, model_.network.flow, flow.state);
      }
      flow.report.iterations += before;
    }
    if (!flow.report.converged()) {
      solve_dc(solvers, flow, out);
      return;
    }
    if (flow.admittance->merged.any()) {
      spread(flow.admittance->merged, flow.state.vm_pu);
      spread(flow.admittance->merged, flow.state.va_deg);
    }
    if (first_positions) {
      lanes_->evaluator().evaluate(flow.state, solvers.scratch, out);
    } else {
      powerflow::evaluate(model_.grid, *flow.admittance, flow.state, solvers.result);
      write_result(solvers.result, out);
    }
  }

  /// Single slack: the producers at the slack bus share what is missing.
  void take_by_slack_bus(const Frame& frame, StepFlow& flow) const {
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i) {
      const std::uint32_t bus = flow.bus.slack_bus[i];
      if (bus == Islands::k_none) continue;
      double total = 0.0;
      for (const std::uint32_t p : frame.topology.devices[i].producers) {
        if (merged_into(frame, model_.producer_connection[p].bus) != bus) flow.sharing[p] = 0.0;
        total += flow.sharing[p];
      }
      for (const std::uint32_t p : frame.topology.devices[i].producers) {
        if (total > 0.0)
          flow.sharing[p] /= total;
        else if (p == frame.topology.devices[i].slack_order.front())
          flow.sharing[p] = 1.0;
      }
      flow.bus.participation[bus] = 1.0;
    }
  }

  static SolveReport solve_dc(Solvers& solvers, StepFlow& flow, const FlowQuantities& out) {
    powerflow::FlowResult& result = solvers.result;
    const SolveReport report = solvers.dc->solve(flow.bus.input(false), flow.state, result);
    write_result(result, out);
    return report;
  }

  static void write_result(const powerflow::FlowResult& result, const FlowQuantities& out) {
    const auto copy = [](const std::vector<double>& from, std::span<double> to) {
      std::copy(from.begin(), from.end(), to.begin());
    };
    copy(result.p_mw, out.p_mw);
    copy(result.q_mvar, out.q_mvar);
    copy(result.p_from_mw, out.p_from_mw);
    copy(result.q_from_mvar, out.q_from_mvar);
    copy(result.p_to_mw, out.p_to_mw);
    copy(result.q_to_mvar, out.q_to_mvar);
    copy(result.loading_percent, out.loading_percent);
    copy(result.losses_mw, out.losses_mw);
  }

  SolveReport solve_none(StepFlow& flow, const FlowQuantities& out) const {
    flow.state.vm_pu.assign(model_.grid.bus_count(), 1.0);
    flow.state.va_deg.assign(model_.grid.bus_count(), 0.0);
    std::copy(flow.bus.p_mw.begin(), flow.bus.p_mw.end(), out.p_mw.begin());
    std::copy(flow.bus.q_mvar.begin(), flow.bus.q_mvar.end(), out.q_mvar.begin());
    for (const auto& values :
         {out.p_from_mw, out.q_from_mvar, out.p_to_mw, out.q_to_mvar, out.loading_percent, out.losses_mw})
      std::fill(values.begin(), values.end(), 0.0);
    return {powerflow::SolveStatus::converged, 0, 0.0};
  }

  /// The rows of the block that hold a step's bus and branch quantities.
  static FlowQuantities quantities(StepBlock& block, std::size_t s) {
    return {block.of(BusVar::p_mw, s),
            block.of(BusVar::q_mvar, s),
            block.of(BranchVar::p_from_mw, s),
            block.of(BranchVar::q_from_mvar, s),
            block.of(BranchVar::p_to_mw, s),
            block.of(BranchVar::q_to_mvar, s),
            block.of(BranchVar::loading_percent, s),
            block.of(BranchVar::losses_mw, s)};
  }

  /// What each island lacks: losses of its branches and shunts less what its devices inject.
  void find_missing(const Frame& frame, StepFlow& flow, std::span<const double> losses_mw) const {
    const auto& island_of = frame.topology.islands.of_bus;
    flow.island_losses_mw.assign(frame.topology.devices.size(), 0.0);
    for (std::size_t l = 0; l < model_.grid.branch_count(); ++l) {
      const std::uint32_t island = island_of[model_.grid.branch().from[l].index()];
      if (island != Islands::k_none) flow.island_losses_mw[island] += losses_mw[l];
    }
    flow.missing_mw = flow.island_losses_mw;
    const powerflow::FlowInput input = flow.bus.input(false);
    for (std::size_t b = 0; b < model_.grid.bus_count(); ++b) {
      if (island_of[b] == Islands::k_none) continue;
      const double vm_pu = flow.state.vm_pu[b];
      const double shunt_mw = model_.grid.bus().gs_mw[b] * vm_pu * vm_pu;
      flow.island_losses_mw[island_of[b]] += shunt_mw;
      const double dependent_mw = powerflow::voltage_dependent_power(input, b, vm_pu).power_mva.real();
      flow.missing_mw[island_of[b]] += shunt_mw - flow.bus.p_mw[b] - dependent_mw;
    }
    for (std::size_t i = 0; i < flow.missing_mw.size(); ++i)
      if (flow.bus.slack_bus[i] == Islands::k_none) flow.missing_mw[i] = flow.island_losses_mw[i] = 0.0;
  }

  /// Whether some unit would leave its headroom in step `s`.
  [[nodiscard]] bool limit_broken(Frame& frame, std::size_t s) const {
    constexpr double k_tolerance_mw = 1e-6;
    const Headroom room = headroom(frame, s);
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i)
      for (const std::uint32_t p : frame.topology.devices[i].producers) {
        const double mw = flows_[s].sharing[p] * flows_[s].missing_mw[i];
        if (mw > room.up_mw[p] + k_tolerance_mw || mw < -room.down_mw[p] - k_tolerance_mw) return true;
      }
    return false;
  }

  static double largest(const std::vector<double>& values) {
    double worst = 0.0;
    for (const double value : values)
      if (std::abs(value) > std::abs(worst)) worst = value;
    return worst;
  }

  void note(const Frame& frame, std::size_t s, std::string kind, double value, std::string reason) {
    events_[s].push_back(
        {frame.block.first + static_cast<std::int64_t>(s), std::move(kind), "power flow", value, std::move(reason)});
  }

  void note_failure(const Frame& frame, std::size_t s) {
    const SolveReport& report = flows_[s].report;
    if (report.converged()) return;
    note(frame, s, "not_converged", report.max_mismatch_pu,
         std::string(powerflow::to_string(report.status)) +
             " from the last block's voltages and from DC angles; the dispatch may ask for more than the network can "
             "carry, and the step is reported with its DC power flow");
  }

  void write(Frame& frame, std::size_t s, Solvers& solvers, const StepFlow& flow) const {
    StepBlock& block = frame.block;
    const auto p_mw = block.of(ProducerVar::p_mw, s);
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i) {
      const bool dead = flow.bus.slack_bus[i] == Islands::k_none;
      for (const std::uint32_t p : frame.topology.devices[i].producers)
        p_mw[p] = dead ? 0.0 : p_mw[p] + flow.sharing[p] * flow.missing_mw[i];
    }
    write_consumers(frame, s, flow);
    write_reactive(frame, s, flow);
    if (solvers.couplers->any()) recover_couplers(frame, s, solvers, flow);
    write_buses(frame, s, flow);
    write_currents(block, s);
    write_taps(frame, s, flow);
    double losses = 0.0;
    for (const double mw : flow.island_losses_mw) losses += mw;
    for (std::size_t l = 0; l < model_.dc_links.size(); ++l) {
      const LinkEnds ends = link_ends(model_.dc_links[l], frame.row(frame.link_mw, s)[l]);
      losses -= ends.from_mw + ends.to_mw;
    }
    block.of(StepVar::losses_mw, s) = losses;
    block.of(StepVar::converged, s) = flow.report.converged() ? 1.0 : 0.0;
    block.of(StepVar::iterations, s) = flow.report.iterations;
    block.of(StepVar::max_mismatch_pu, s) = flow.report.max_mismatch_pu;
  }

  void write_buses(Frame& frame, std::size_t s, const StepFlow& flow) const {
    StepBlock& block = frame.block;
    const auto vm_pu = block.of(BusVar::vm_pu, s), va_deg = block.of(BusVar::va_deg, s);
    const auto p_mw = block.of(BusVar::p_mw, s), q_mvar = block.of(BusVar::q_mvar, s);
    const auto energised = block.of(BusVar::energised, s);
    for (std::size_t b = 0; b < vm_pu.size(); ++b) {
      const bool live = flow.bus.type[merged_into(frame, BusId(b))] != BusType::out;
      energised[b] = live ? 1.0 : 0.0;
      vm_pu[b] = live ? flow.state.vm_pu[b] : 0.0;
      va_deg[b] = live ? flow.state.va_deg[b] : 0.0;
      if (!live) p_mw[b] = q_mvar[b] = 0.0;
    }
  }

  /// What consumers draw at the voltages found. What they are not served keeps its value at 1 p.u.
  void write_consumers(Frame& frame, std::size_t s, const StepFlow& flow) const {
    StepBlock& block = frame.block;
    const auto demand = block.of(ConsumerVar::demand_mw, s), served = block.of(ConsumerVar::served_mw, s);
    const auto unserved = block.of(ConsumerVar::unserved_mw, s), q_mvar = block.of(ConsumerVar::q_mvar, s);
    for (std::size_t c = 0; c < served.size(); ++c) {
      const double vm = flow.state.vm_pu[model_.consumer_bus[c].index()];
      if (frame.zip[c].constant_power() || vm == 0.0) continue;
      served[c] *= frame.zip[c].p_factor(vm);
      q_mvar[c] *= frame.zip[c].q_factor(vm);
      demand[c] = served[c] + unserved[c];
    }
  }

  /// Reactive power of producers: what their power factor says, or their part of what the bus they hold needs.
  void write_reactive(Frame& frame, std::size_t s, const StepFlow& flow) const {
    StepBlock& block = frame.block;
    const auto p_mw = block.of(ProducerVar::p_mw, s), q_mvar = block.of(ProducerVar::q_mvar, s);
    const auto online = block.of(ProducerVar::online, s);
    for (std::size_t p = 0; p < q_mvar.size(); ++p)
      q_mvar[p] = reactive_of(frame, s, flow, model_.producer_connection[p], p_mw[p], online[p] != 0.0);
  }

  /// Of one device: a device that holds a voltage has its part, by range, of what the bus needs.
  [[nodiscard]] double reactive_of(const Frame& frame, std::size_t s, const StepFlow& flow,
                                   const Connection& connection, double p_mw, bool online) const {
    const std::size_t b = merged_into(frame, connection.bus);
    if (flow.bus.type[b] == BusType::out) return 0.0;
    if (!holds_voltage(connection, online)) return std::isnan(connection.vm_set_pu) ? connection.q_per_p * p_mw : 0.0;
    const double net_mvar =
        frame.block.of(BusVar::q_mvar, s)[b] -
        powerflow::voltage_dependent_power(flow.bus.input(false), b, flow.state.vm_pu[b]).power_mva.imag();
    const double range = flow.bus.q_max_mvar[b] - flow.bus.q_min_mvar[b];
    const double own = connection.q_max_mvar - connection.q_min_mvar;
    if (!std::isfinite(range) || range <= 0.0) return (net_mvar - flow.bus.q_mvar[b]) / flow.bus.holders[b];
    return connection.q_min_mvar + (net_mvar - flow.bus.q_min_mvar[b]) * own / range;
  }

  /// What each bus of a merged group injects, from its devices, and with it the flows through the couplers.
  void recover_couplers(Frame& frame, std::size_t s, Solvers& solvers, const StepFlow& flow) const {
    StepBlock& block = frame.block;
    const MergedBuses& merged = frame.topology.admittance.merged;
    const bool reactive = model_.network.method == NetworkMethod::ac && flow.report.converged();
    std::vector<double> p_mw(model_.grid.bus_count(), 0.0), q_mvar(model_.grid.bus_count(), 0.0);
    const auto add = [&](BusId bus, double mw, double mvar) {
      if (flow.bus.type[merged.into[bus.index()]] == BusType::out) return;
      p_mw[bus.index()] += mw;
      q_mvar[bus.index()] += mvar;
    };
    const auto producer_p = block.of(ProducerVar::p_mw, s), producer_q = block.of(ProducerVar::q_mvar, s);
    for (std::size_t p = 0; p < producer_p.size(); ++p)
      add(model_.producer_connection[p].bus, producer_p[p], producer_q[p]);
    const auto storage_p = block.of(StorageVar::p_mw, s);
    for (std::size_t i = 0; i < storage_p.size(); ++i) {
      const Connection& connection = model_.storage_connection[i];
      add(connection.bus, storage_p[i], reactive_of(frame, s, flow, connection, storage_p[i], true));
    }
    const auto served = block.of(ConsumerVar::served_mw, s), drawn = block.of(ConsumerVar::q_mvar, s);
    for (std::size_t c = 0; c < served.size(); ++c) add(model_.consumer_bus[c], -served[c], -drawn[c]);
    const auto link_mw = frame.link_mw.size() / frame.block.capacity;
    for (std::size_t l = 0; l < link_mw; ++l) {
      const LinkEnds ends = link_ends(model_.dc_links[l], frame.link_mw[s * link_mw + l]);
      add(model_.dc_links[l].from, ends.from_mw, 0.0);
      add(model_.dc_links[l].to, ends.to_mw, 0.0);
    }
    const FlowQuantities out = quantities(block, s);
    for (const std::uint32_t k : merged.couplers)
      for (const BusId bus : {model_.grid.branch().from[k], model_.grid.branch().to[k]}) {
        out.p_mw[bus.index()] = p_mw[bus.index()];
        out.q_mvar[bus.index()] = reactive ? q_mvar[bus.index()] : 0.0;
      }
    if (model_.network.method == NetworkMethod::none) return;
    powerflow::FlowResult& result = solvers.result;
    result.p_mw.assign(out.p_mw.begin(), out.p_mw.end());
    result.q_mvar.assign(out.q_mvar.begin(), out.q_mvar.end());
    result.p_from_mw.assign(out.p_from_mw.begin(), out.p_from_mw.end());
    result.q_from_mvar.assign(out.q_from_mvar.begin(), out.q_from_mvar.end());
    result.p_to_mw.assign(out.p_to_mw.begin(), out.p_to_mw.end());
    result.q_to_mvar.assign(out.q_to_mvar.begin(), out.q_to_mvar.end());
    result.loading_percent.assign(out.loading_percent.begin(), out.loading_percent.end());
    result.losses_mw.assign(out.losses_mw.begin(), out.losses_mw.end());
    for (auto* current : {&result.i_from_ka, &result.i_to_ka}) current->assign(out.losses_mw.size(), 0.0);
    solvers.couplers->recover(flow.state, result, reactive);
    write_result(result, out);
  }

  /// I = S / (sqrt(3) V) at both ends of every branch.
  void write_currents(StepBlock& block, std::size_t s) const {
    const auto vm_pu = block.of(BusVar::vm_pu, s);
    const auto end = [&](const std::vector<BusId>& buses, BranchVar p, BranchVar q, BranchVar i) {
      const auto p_mw = block.of(p, s), q_mvar = block.of(q, s), i_ka = block.of(i, s);
      for (std::size_t k = 0; k < i_ka.size(); ++k) {
        const double kv = vm_pu[buses[k].index()] * model_.grid.bus().vn_kv[buses[k].index()];
        const double mva = std::sqrt(p_mw[k] * p_mw[k] + q_mvar[k] * q_mvar[k]);
        i_ka[k] = kv > 0.0 ? mva / (std::numbers::sqrt3 * kv) : 0.0;
      }
    };
    end(model_.grid.branch().from, BranchVar::p_from_mw, BranchVar::q_from_mvar, BranchVar::i_from_ka);
    end(model_.grid.branch().to, BranchVar::p_to_mw, BranchVar::q_to_mvar, BranchVar::i_to_ka);
  }

  void write_taps(Frame& frame, std::size_t s, const StepFlow& flow) const {
    const auto position = frame.block.of(BranchVar::tap_position, s), state = frame.block.of(BranchVar::tap_state, s);
    const auto changers = model_.grid.tap_changers();
    const powerflow::TapRegulator& taps = flow.taps ? *flow.taps : *regulator_;
    for (std::size_t i = 0; i < changers.size(); ++i) {
      position[changers[i].branch.index()] = taps.positions()[i];
      state[changers[i].branch.index()] = static_cast<double>(taps.states()[i]);
    }
  }

  /// The next block starts from the mean voltages of this one, which are nearest to them all. A step in which a bus is
  /// dead says nothing of the bus's voltage.
  void remember_start(SimulationState& state, const StepBlock& block) {
    if (model_.network.method != NetworkMethod::ac) return;
    const std::size_t buses = model_.grid.bus_count();
    FlowState& start = state.flow_start;
    mean_.vm_pu.assign(buses, 0.0);
    mean_.va_deg.assign(buses, 0.0);
    alive_steps_.assign(buses, 0.0);
    for (std::size_t s = 0; s < block.count; ++s) {
      if (!may_lead(block, s)) continue;
      const auto vm_pu = block.of(BusVar::vm_pu, s), va_deg = block.of(BusVar::va_deg, s);
      for (std::size_t b = 0; b < buses; ++b) {
        if (vm_pu[b] <= 0.0) continue;
        mean_.vm_pu[b] += vm_pu[b];
        mean_.va_deg[b] += va_deg[b];
        alive_steps_[b] += 1.0;
      }
    }
    for (std::size_t b = 0; b < buses; ++b) {
      if (alive_steps_[b] == 0.0) continue;
      start.vm_pu[b] = mean_.vm_pu[b] / alive_steps_[b];
      start.va_deg[b] = mean_.va_deg[b] / alive_steps_[b];
    }
  }

  /// Whether later flows may start from a step's voltages. A solution at a collapsed voltage would lead them to its own
  /// branch of the equations, and angles near the turn have no mean.
  static bool may_lead(const StepBlock& block, std::size_t s) {
    constexpr double k_lowest_start_pu = 0.8;
    constexpr double k_largest_angle_deg = 150.0;
    if (block.of(StepVar::converged, s) == 0.0) return false;
    const auto vm_pu = block.of(BusVar::vm_pu, s), va_deg = block.of(BusVar::va_deg, s);
    for (std::size_t b = 0; b < vm_pu.size(); ++b)
      if ((vm_pu[b] > 0.0 && vm_pu[b] < k_lowest_start_pu) || std::abs(va_deg[b]) > k_largest_angle_deg) return false;
    return true;
  }

  const Model& model_;
  std::optional<BlockFlows> lanes_;  ///< where the network is AC
  std::vector<Solvers> solvers_;     ///< per thread
  std::vector<StepFlow> flows_;      ///< per step of the block
  FlowState mean_;
  std::vector<double> alive_steps_;                   ///< per bus: steps behind the mean
  std::optional<powerflow::TapRegulator> regulator_;  ///< at the positions where every flow begins
  std::map<Positions, std::unique_ptr<powerflow::Admittance>> tapped_;
  std::map<std::vector<std::uint32_t>, std::unique_ptr<powerflow::LaneDcSolver>> dc_lanes_;  ///< by slack buses
  std::vector<std::vector<Event>> events_;                                                   ///< per step of the block
};

}  // namespace

std::unique_ptr<Stage> make_network_stage(const Model& model, int threads) {
  return std::make_unique<NetworkStage>(model, threads);
}

}  // namespace gridplus
