// The power flows of a block of steps.
//
// Dispatch met demand and expected losses; the flow finds the true losses. What an island is missing is shared among
// its balancing units within their headroom: first in proportion to the room both ways, and where that breaks a limit,
// once more in proportion to the room in the direction that is needed. The units' set points of the next step do not
// know of it (as automatic generation control is reset by the next dispatch), so that all flows of a block can be
// solved together. See docs/adr/ and docs/models/power_flow.md.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "sim/core/parallel.hpp"
#include "sim/step/flow_solving.hpp"
#include "sim/step/flow_writing.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

using powerflow::FlowState;
using powerflow::SolveReport;

class FlowStage final : public NetworkStage {
 public:
  FlowStage(const Model& model, int threads, bool step_by_step)
      : model_(model),
        threads_(worthwhile_threads(model, threads)),
        solving_(model, threads_, step_by_step),
        writing_(model, threads_) {}
  [[nodiscard]] std::string_view label() const override { return "network"; }
  [[nodiscard]] std::string_view description() const override {
    return "solves the power flow of every island; balancing units take up what the losses leave open";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::block; }

  void run(SimulationState& state, Frame& frame) override {
    begin(state, frame);
    do {
      asked_.clear();
      ask(state, frame, asked_);
      if (!asked_.empty()) own_bases_.solve(asked_, threads_);
    } while (!go_on(state, frame));
  }

  void begin(SimulationState& state, Frame& frame) override {
    if (frame.topology_changed) {
      solving_.prepare(state, frame);
      writing_.prepare(frame.topology);
      gather_.emplace(model_, frame.topology);
    }
    frame.topology_changed = false;
    solving_.begin(state.flow_start);
    events_.assign(frame.block.count, {});
    flows_.resize(std::max(flows_.size(), frame.block.count));
    steps_.resize(frame.block.count);
    std::iota(steps_.begin(), steps_.end(), std::size_t{0});
    for_each(steps_, [&](std::size_t s, int) {
      gather_->fill(frame.block, s, frame.row(frame.link_mw, s), frame.zip, flows_[s].bus);
      share(frame, s, {});
    });
    solving_.want(frame, steps_, flows_);
    shared_anew_ = false;
  }

  void ask(const SimulationState& state, const Frame& frame, std::vector<AskedFlow>& asked) override {
    solving_.ask_others(state, frame, flows_, asked);
  }

  bool go_on(SimulationState& state, Frame& frame) override {
    if (!solving_.go_on(state, frame, flows_)) return false;
    for_each(steps_,
             [&](std::size_t s, int) { find_missing(frame, flows_[s], frame.block.of(BranchVar::losses_mw, s)); });
    std::erase_if(steps_, [&](std::size_t s) { return !limit_broken(frame, s); });
    if (!shared_anew_ && !steps_.empty()) {
      shared_anew_ = true;
      for_each(steps_, [&](std::size_t s, int) { share(frame, s, flows_[s].missing_mw); });
      solving_.want(frame, steps_, flows_);
      return false;
    }
    for (const std::size_t s : steps_)
      note(frame, s, "balancing_exhausted", largest(flows_[s].missing_mw),
           "no unit has the headroom to take up the losses; a limit is exceeded by what is missing");
    finish(state, frame);
    return true;
  }

 private:
  /// Waking a thread takes some tens of microseconds, several times a block. The stage needs some tens of nanoseconds
  /// for a bus, branch or device and step: below a thousand of them one thread is faster than several.
  static int worthwhile_threads(const Model& model, int threads) {
    constexpr std::size_t k_least_elements = 1000;
    const std::size_t elements = model.grid.bus_count() + model.grid.branch_count() + model.producer_count() +
                                 model.storage_count() + model.consumer_count();
    return elements < k_least_elements ? 1 : threads;
  }

  /// Calls fn(step, thread) for steps on all threads.
  template <class Fn>
  void for_each(std::span<const std::size_t> steps, Fn fn) const {
    parallel_for(steps.size(), threads_, 1, [&](std::size_t i, int worker) { fn(steps[i], worker); });
  }

  static Headroom headroom(Frame& frame, std::size_t s) {
    return {frame.row(frame.balancing_up_mw, s), frame.row(frame.balancing_down_mw, s),
            frame.row(frame.balancing, s),       frame.row(frame.storage_up_mw, s),
            frame.row(frame.storage_down_mw, s), frame.block.of(StorageVar::forming, s)};
  }

  void finish(SimulationState& state, Frame& frame) {
    steps_.resize(frame.block.count);
    std::iota(steps_.begin(), steps_.end(), std::size_t{0});
    for (const std::size_t s : steps_) note_failure(frame, s);
    for_each(steps_,
             [&](std::size_t s, int worker) { writing_.write(frame, s, flows_[s], solving_.regulator(), worker); });
    for (auto& list : events_)
      for (Event& event : list) frame.block.events.push_back(std::move(event));
    remember_start(state, frame.block);
  }

  /// Decides who takes up what is missing, and tells the flow.
  void share(Frame& frame, std::size_t s, std::span<const double> missing_mw) {
    StepFlow& flow = flows_[s];
    share_out(model_, frame.topology, headroom(frame, s), missing_mw, flow.sharing);
    flow.bus.participation.assign(model_.grid.bus_count(), 0.0);
    const auto& producer_bus = frame.topology.producer_ties.merged_bus;
    if (model_.network.distributed_slack)
      for (std::size_t p = 0; p < producer_bus.size(); ++p) flow.bus.participation[producer_bus[p]] += flow.sharing[p];
    else
      take_by_slack_bus(frame, s, flow);
    for (const IslandDevices& devices : frame.topology.devices)
      for (const std::uint32_t f : devices.formers)
        flow.bus.participation[frame.topology.storage_ties.merged_bus[f]] += flow.sharing[producer_bus.size() + f];
  }

  /// Single slack: the producers at the slack bus share what is missing.
  void take_by_slack_bus(const Frame& frame, std::size_t s, StepFlow& flow) const {
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i) {
      const std::uint32_t bus = flow.bus.slack_bus[i];
      if (bus == Islands::k_none) continue;
      double total = 0.0;
      for (const std::uint32_t p : frame.topology.devices[i].producers) {
        if (frame.topology.producer_ties.merged_bus[p] != bus) flow.sharing[p] = 0.0;
        total += flow.sharing[p];
      }
      const IslandDevices& devices = frame.topology.devices[i];
      const auto forms = [&](std::uint32_t f) { return frame.block.of(StorageVar::forming, s)[f] != 0.0; };
      if (std::any_of(devices.formers.begin(), devices.formers.end(), forms)) {
        take_by_forming_storage(frame, devices, bus, flow);
        continue;
      }
      for (const std::uint32_t p : devices.producers) {
        if (total > 0.0)
          flow.sharing[p] /= total;
        else if (p == devices.slack_order.front())
          flow.sharing[p] = 1.0;
      }
      flow.bus.participation[bus] = 1.0;
    }
  }

  /// Single slack in an island that storage forms: the storage at the slack bus takes it all.
  void take_by_forming_storage(const Frame& frame, const IslandDevices& devices, std::uint32_t bus,
                               StepFlow& flow) const {
    for (const std::uint32_t p : devices.producers) flow.sharing[p] = 0.0;
    bool taken = false;
    for (const std::uint32_t f : devices.formers) {
      const bool takes = !taken && frame.topology.storage_ties.merged_bus[f] == bus;
      flow.sharing[model_.producer_count() + f] = takes ? 1.0 : 0.0;
      taken = taken || takes;
    }
  }

  /// Calls add(island, losses, lacking) for every branch and bus of an island.
  template <class Add>
  void add_up(const Frame& frame, const StepFlow& flow, std::span<const double> losses_mw, const Add& add) const {
    const auto& island_of = frame.topology.islands.of_bus;
    const auto& from = model_.grid.branch().from;
    for (std::size_t l = 0; l < from.size(); ++l)
      if (const std::uint32_t island = island_of[from[l].index()]; island != Islands::k_none)
        add(island, losses_mw[l], losses_mw[l]);
    const powerflow::FlowInput input = flow.bus.input(false);
    const bool dependent = input.voltage_dependent();
    for (std::size_t b = 0; b < model_.grid.bus_count(); ++b) {
      if (island_of[b] == Islands::k_none) continue;
      const double vm_pu = flow.state.vm_pu[b];
      const double shunt_mw = model_.grid.bus().gs_mw[b] * vm_pu * vm_pu;
      double injected_mw = flow.bus.p_mw[b];
      if (dependent) injected_mw += powerflow::voltage_dependent_power(input, b, vm_pu).power_mva.real();
      add(island_of[b], shunt_mw, shunt_mw - injected_mw);
    }
  }

  /// What each island lacks: losses of its branches and shunts less what its devices inject.
  void find_missing(const Frame& frame, StepFlow& flow, std::span<const double> losses_mw) const {
    const std::size_t islands = frame.topology.devices.size();
    flow.island_losses_mw.assign(islands, 0.0);
    flow.missing_mw.assign(islands, 0.0);
    if (islands == 1) {  // the sums stay in registers
      double lost_mw = 0.0, lacking_mw = 0.0;
      add_up(frame, flow, losses_mw, [&](std::uint32_t, double lost, double lacking) {
        lost_mw += lost;
        lacking_mw += lacking;
      });
      flow.island_losses_mw[0] = lost_mw;
      flow.missing_mw[0] = lacking_mw;
    } else {
      add_up(frame, flow, losses_mw, [&](std::uint32_t island, double lost, double lacking) {
        flow.island_losses_mw[island] += lost;
        flow.missing_mw[island] += lacking;
      });
    }
    for (std::size_t i = 0; i < islands; ++i)
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
    for (std::size_t i = 0; i < frame.topology.devices.size(); ++i)
      for (const std::uint32_t f : frame.topology.devices[i].formers) {
        const double mw = flows_[s].sharing[model_.producer_count() + f] * flows_[s].missing_mw[i];
        if (mw > room.storage_up_mw[f] + k_tolerance_mw || mw < -room.storage_down_mw[f] - k_tolerance_mw) return true;
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
         fmt::format(
             "no solution from the voltages of other steps or from DC angles (the last try: {}); the dispatch may "
             "ask for more than the network can carry, and the step is reported with its DC power flow",
             powerflow::to_string(report.status)));
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
  int threads_;
  std::optional<Gather> gather_;
  FlowSolving solving_;
  FlowWriting writing_;
  std::vector<StepFlow> flows_;     ///< per step of the block
  std::vector<std::size_t> steps_;  ///< whose flows are being solved
  bool shared_anew_ = false;        ///< they are by the headroom in the direction that is needed
  SharedBases own_bases_;           ///< used where nobody else solves what is asked
  std::vector<AskedFlow> asked_;
  FlowState mean_;
  std::vector<double> alive_steps_;         ///< per bus: steps behind the mean
  std::vector<std::vector<Event>> events_;  ///< per step of the block
};

}  // namespace

std::unique_ptr<NetworkStage> make_network_stage(const Model& model, int threads, bool step_by_step) {
  return std::make_unique<FlowStage>(model, threads, step_by_step);
}

}  // namespace gridplus
