// The power flows of a block of steps.
//
// Dispatch met demand and expected losses; the flow finds the true losses. What an island is missing is shared among
// its balancing units within their headroom: first in proportion to the room both ways, and where that breaks a limit,
// once more in proportion to the room in the direction that is needed. The units' set points of the next step do not
// know of it (as automatic generation control is reset by the next dispatch), so that all flows of a block can be
// solved together. See docs/adr/ and docs/models/power_flow.md.
//
// Every flow of a block starts from the same voltages, the last ones of the block before: a step's answer depends on
// the step index and the model, never on the number of threads.

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/core/parallel.hpp"
#include "sim/powerflow/reference/dc.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

using powerflow::BusType;
using powerflow::FlowState;
using powerflow::SolveReport;

class NetworkStage final : public Stage {
 public:
  NetworkStage(const Model& model, int threads) : model_(model), workers_(static_cast<std::size_t>(threads)) {}
  [[nodiscard]] std::string_view label() const override { return "network"; }
  [[nodiscard]] std::string_view description() const override {
    return "solves the power flow of every island; balancing units take up what the losses leave open";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::block; }

  void run(SimulationState& state, Frame& frame) override {
    if (frame.topology_changed)
      for (Worker& worker : workers_) worker.prepare(model_, state, frame.topology);
    frame.topology_changed = false;
    events_.assign(frame.block.count, {});
    parallel_for(frame.block.count, static_cast<int>(workers_.size()), 1, [&](std::size_t s, int worker) {
      solve_step(state, frame, s, workers_[static_cast<std::size_t>(worker)]);
    });
    for (auto& list : events_)
      for (Event& event : list) frame.block.events.push_back(std::move(event));
    remember_start(state, frame.block);
  }

 private:
  /// Scratch memory of one thread.
  struct Worker {
    std::optional<powerflow::reference::NewtonSolver> newton;
    std::optional<powerflow::reference::DcSolver> dc;
    BusInjections bus;
    Sharing sharing;
    FlowState flow;
    powerflow::FlowResult result;
    std::vector<double> island_losses_mw, missing_mw;

    void prepare(const Model& model, const SimulationState& state, const Topology& topology) {
      newton.emplace(model.grid, topology.admittance);
      dc.emplace(model.grid, state.branch_closed);
    }
  };

  void solve_step(const SimulationState& state, Frame& frame, std::size_t s, Worker& worker) {
    gather(model_, frame.topology, frame.block, s, frame.row(frame.link_mw, s), worker.bus);
    const Headroom headroom{frame.row(frame.balancing_up_mw, s), frame.row(frame.balancing_down_mw, s),
                            frame.row(frame.balancing, s)};
    share_out(model_, frame.topology, headroom, {}, worker.sharing);
    SolveReport report = solve_flow(state, frame, worker);
    if (limit_broken(frame.topology, headroom, worker)) {
      share_out(model_, frame.topology, headroom, worker.missing_mw, worker.sharing);
      report = solve_flow(state, frame, worker);
      if (limit_broken(frame.topology, headroom, worker))
        note(frame, s, "balancing_exhausted", largest(worker.missing_mw),
             "no unit has the headroom to take up the losses; a limit is exceeded by what is missing");
    }
    if (!report.converged())
      note(frame, s, "not_converged", report.max_mismatch_pu,
           std::string(powerflow::to_string(report.status)) +
               " from the last block's voltages and from DC angles; the dispatch may ask for more than the network can "
               "carry, and the step is reported with its DC power flow");
    write(frame, s, worker, report);
  }

  /// Solves into worker.flow and worker.result, and finds what each island is missing.
  SolveReport solve_flow(const SimulationState& state, const Frame& frame, Worker& worker) const {
    worker.bus.participation.assign(model_.grid.bus_count(), 0.0);
    if (model_.network.distributed_slack)
      for (std::size_t p = 0; p < model_.producer_count(); ++p)
        worker.bus.participation[model_.producer_connection[p].bus.index()] += worker.sharing[p];
    else
      take_by_slack_bus(frame, worker);
    SolveReport report;
    switch (model_.network.method) {
      case NetworkMethod::ac:
        report = solve_ac(state, frame, worker);
        break;
      case NetworkMethod::dc:
        report = solve_dc(worker);
        break;
      case NetworkMethod::none:
        report = solve_none(worker);
        break;
    }
    find_missing(frame, worker);
    return report;
  }

  /// Single slack: the producers at the slack bus share what is missing.
  void take_by_slack_bus(const Frame& frame, Worker& worker) const {
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i) {
      const std::uint32_t bus = worker.bus.slack_bus[i];
      if (bus == Islands::k_none) continue;
      double total = 0.0;
      for (const std::uint32_t p : frame.topology.devices[i].producers) {
        if (model_.producer_connection[p].bus.index() != bus) worker.sharing[p] = 0.0;
        total += worker.sharing[p];
      }
      for (const std::uint32_t p : frame.topology.devices[i].producers) {
        if (total > 0.0)
          worker.sharing[p] /= total;
        else if (p == frame.topology.devices[i].slack_order.front())
          worker.sharing[p] = 1.0;
      }
      worker.bus.participation[bus] = 1.0;
    }
  }

  SolveReport solve_ac(const SimulationState& state, const Frame& frame, Worker& worker) const {
    worker.flow = state.flow_start;
    const powerflow::FlowInput input = worker.bus.input(model_.network.flow.enforce_q_limits, true);
    SolveReport report = worker.newton->solve(input, model_.network.flow, worker.flow);
    if (!report.converged()) {
      solve_dc(worker);  // 1 p.u. and the angles of the DC flow
      const int before = report.iterations;
      report = worker.newton->solve(input, model_.network.flow, worker.flow);
      report.iterations += before;
    }
    if (report.converged()) {
      powerflow::evaluate(model_.grid, frame.topology.admittance, worker.flow, worker.result);
      return report;
    }
    solve_dc(worker);
    return report;
  }

  SolveReport solve_dc(Worker& worker) const {
    return worker.dc->solve(worker.bus.input(false, true), worker.flow, worker.result);
  }

  SolveReport solve_none(Worker& worker) const {
    const std::size_t buses = model_.grid.bus_count(), branches = model_.grid.branch_count();
    worker.flow.vm_pu.assign(buses, 1.0);
    worker.flow.va_deg.assign(buses, 0.0);
    worker.result.p_mw = worker.bus.p_mw;
    worker.result.q_mvar = worker.bus.q_mvar;
    for (auto* values : {&worker.result.p_from_mw, &worker.result.q_from_mvar, &worker.result.p_to_mw,
                         &worker.result.q_to_mvar, &worker.result.loading_percent, &worker.result.losses_mw})
      values->assign(branches, 0.0);
    return {powerflow::SolveStatus::converged, 0, 0.0};
  }

  /// What each island lacks: losses of its branches and shunts less what its devices inject.
  void find_missing(const Frame& frame, Worker& worker) const {
    const auto& island_of = frame.topology.islands.of_bus;
    worker.island_losses_mw.assign(frame.topology.devices.size(), 0.0);
    for (std::size_t l = 0; l < model_.grid.branch_count(); ++l) {
      const std::uint32_t island = island_of[model_.grid.branch().from[l].index()];
      if (island != Islands::k_none) worker.island_losses_mw[island] += worker.result.losses_mw[l];
    }
    worker.missing_mw = worker.island_losses_mw;
    for (std::size_t b = 0; b < model_.grid.bus_count(); ++b) {
      if (island_of[b] == Islands::k_none) continue;
      const double vm_pu = worker.flow.vm_pu[b];
      const double shunt_mw = model_.grid.bus().gs_mw[b] * vm_pu * vm_pu;
      worker.island_losses_mw[island_of[b]] += shunt_mw;
      worker.missing_mw[island_of[b]] += shunt_mw - worker.bus.p_mw[b];
    }
    for (std::size_t i = 0; i < worker.missing_mw.size(); ++i)
      if (worker.bus.slack_bus[i] == Islands::k_none) worker.missing_mw[i] = worker.island_losses_mw[i] = 0.0;
  }

  /// Whether some unit would leave its headroom.
  [[nodiscard]] static bool limit_broken(const Topology& topology, const Headroom& headroom, const Worker& worker) {
    constexpr double k_tolerance_mw = 1e-6;
    for (std::size_t i = 0; i < topology.devices.size(); ++i)
      for (const std::uint32_t p : topology.devices[i].producers) {
        const double mw = worker.sharing[p] * worker.missing_mw[i];
        if (mw > headroom.up_mw[p] + k_tolerance_mw || mw < -headroom.down_mw[p] - k_tolerance_mw) return true;
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

  void write(Frame& frame, std::size_t s, Worker& worker, const SolveReport& report) const {
    StepBlock& block = frame.block;
    const auto p_mw = block.of(ProducerVar::p_mw, s);
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i) {
      const bool dead = worker.bus.slack_bus[i] == Islands::k_none;
      for (const std::uint32_t p : frame.topology.devices[i].producers)
        p_mw[p] = dead ? 0.0 : p_mw[p] + worker.sharing[p] * worker.missing_mw[i];
    }
    write_buses(frame, s, worker);
    write_reactive(frame, s, worker);
    const auto copy = [&](BranchVar variable, const std::vector<double>& values) {
      std::copy(values.begin(), values.end(), block.of(variable, s).begin());
    };
    copy(BranchVar::p_from_mw, worker.result.p_from_mw);
    copy(BranchVar::q_from_mvar, worker.result.q_from_mvar);
    copy(BranchVar::p_to_mw, worker.result.p_to_mw);
    copy(BranchVar::q_to_mvar, worker.result.q_to_mvar);
    copy(BranchVar::loading_percent, worker.result.loading_percent);
    copy(BranchVar::losses_mw, worker.result.losses_mw);
    double losses = 0.0;
    for (const double mw : worker.island_losses_mw) losses += mw;
    for (std::size_t l = 0; l < model_.dc_links.size(); ++l) {
      const LinkEnds ends = link_ends(model_.dc_links[l], frame.row(frame.link_mw, s)[l]);
      losses -= ends.from_mw + ends.to_mw;
    }
    block.of(StepVar::losses_mw, s) = losses;
    block.of(StepVar::converged, s) = report.converged() ? 1.0 : 0.0;
    block.of(StepVar::iterations, s) = report.iterations;
    block.of(StepVar::max_mismatch_pu, s) = report.max_mismatch_pu;
  }

  void write_buses(Frame& frame, std::size_t s, const Worker& worker) const {
    StepBlock& block = frame.block;
    const auto vm_pu = block.of(BusVar::vm_pu, s), va_deg = block.of(BusVar::va_deg, s);
    const auto p_mw = block.of(BusVar::p_mw, s), q_mvar = block.of(BusVar::q_mvar, s);
    const auto energised = block.of(BusVar::energised, s);
    for (std::size_t b = 0; b < vm_pu.size(); ++b) {
      const bool live = worker.bus.type[b] != BusType::out;
      energised[b] = live ? 1.0 : 0.0;
      vm_pu[b] = live ? worker.flow.vm_pu[b] : 0.0;
      va_deg[b] = live ? worker.flow.va_deg[b] : 0.0;
      p_mw[b] = live ? worker.result.p_mw[b] : 0.0;
      q_mvar[b] = live ? worker.result.q_mvar[b] : 0.0;
    }
  }

  /// Reactive power of producers: what their power factor says, or their part, by range, of what the bus they hold
  /// needs.
  void write_reactive(Frame& frame, std::size_t s, const Worker& worker) const {
    StepBlock& block = frame.block;
    const auto p_mw = block.of(ProducerVar::p_mw, s), q_mvar = block.of(ProducerVar::q_mvar, s);
    const auto online = block.of(ProducerVar::online, s);
    for (std::size_t p = 0; p < q_mvar.size(); ++p) {
      const Connection& connection = model_.producer_connection[p];
      const std::size_t b = connection.bus.index();
      if (worker.bus.type[b] == BusType::out) {
        q_mvar[p] = 0.0;
      } else if (!holds_voltage(connection, online[p] != 0.0)) {
        q_mvar[p] = std::isnan(connection.vm_set_pu) ? connection.q_per_p * p_mw[p] : 0.0;
      } else {
        const double range = worker.bus.q_max_mvar[b] - worker.bus.q_min_mvar[b];
        const double own = connection.q_max_mvar - connection.q_min_mvar;
        const bool by_range = std::isfinite(range) && range > 0.0;
        q_mvar[p] = by_range
                        ? connection.q_min_mvar + (worker.result.q_mvar[b] - worker.bus.q_min_mvar[b]) * own / range
                        : (worker.result.q_mvar[b] - worker.bus.q_mvar[b]) / worker.bus.holders[b];
      }
    }
  }

  void remember_start(SimulationState& state, const StepBlock& block) const {
    const std::size_t last = block.count - 1;
    if (model_.network.method != NetworkMethod::ac || block.of(StepVar::converged, last) == 0.0) return;
    const auto vm_pu = block.of(BusVar::vm_pu, last), va_deg = block.of(BusVar::va_deg, last);
    // A solution at a collapsed voltage would lead the next flows to its own branch of the equations.
    constexpr double k_lowest_start_pu = 0.8;
    for (const double vm : vm_pu)
      if (vm > 0.0 && vm < k_lowest_start_pu) return;
    state.flow_start.vm_pu.assign(vm_pu.begin(), vm_pu.end());
    state.flow_start.va_deg.assign(va_deg.begin(), va_deg.end());
  }

  const Model& model_;
  std::vector<Worker> workers_;
  std::vector<std::vector<Event>> events_;  ///< per step of the block
};

}  // namespace

std::unique_ptr<Stage> make_network_stage(const Model& model, int threads) {
  return std::make_unique<NetworkStage>(model, threads);
}

}  // namespace gridplus
