#include "sim/step/flow_writing.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus {

using powerflow::BusType;

namespace {

/// A device that holds a voltage has its part, by range, of what the bus needs.
double reactive_part(const VoltageHolder& holder, double net_mvar, const BusInjections& bus) {
  const std::size_t b = holder.merged_bus;
  const double range = bus.q_max_mvar[b] - bus.q_min_mvar[b];
  const double own = holder.q_max_mvar - holder.q_min_mvar;
  if (!std::isfinite(range) || range <= 0.0) return (net_mvar - bus.q_mvar[b]) / bus.holders[b];
  return holder.q_min_mvar + (net_mvar - bus.q_min_mvar[b]) * own / range;
}

/// Reactive power of devices under flow `flow`: what their power factor says, or their part of what the bus they hold
/// needs. `injected_mvar`: by the buses; runs(device): whether it is online.
template <class Runs>
void find_reactive(const DeviceTies& ties, const StepFlow& flow, std::span<const double> injected_mvar,
                   std::span<const double> p_mw, const Runs& runs, std::span<double> q_mvar) {
  const powerflow::FlowInput input = flow.bus.input(false);
  const bool dependent = input.voltage_dependent();
  std::fill(q_mvar.begin(), q_mvar.end(), 0.0);
  for (const PowerFactorDevice& device : ties.power_factor)
    if (flow.bus.type[device.merged_bus] != BusType::out) q_mvar[device.device] = device.q_per_p * p_mw[device.device];
  for (const VoltageHolder& holder : ties.holders) {
    const std::size_t b = holder.merged_bus;
    if (flow.bus.type[b] == BusType::out || !(holder.offline || runs(holder.device))) continue;
    double net_mvar = injected_mvar[b];
    if (dependent) net_mvar -= powerflow::voltage_dependent_power(input, b, flow.state.vm_pu[b]).power_mva.imag();
    q_mvar[holder.device] = reactive_part(holder, net_mvar, flow.bus);
  }
}

}  // namespace

FlowWriting::FlowWriting(const Model& model, int threads)
    : model_(model), couplers_(static_cast<std::size_t>(threads)) {}

void FlowWriting::prepare(const Topology& topology) {
  for (CouplerScratch& scratch : couplers_) scratch.couplers.emplace(model_.grid, topology.admittance.merged);
}

void FlowWriting::write(Frame& frame, std::size_t s, const StepFlow& flow, const powerflow::TapRegulator& first_taps,
                        int worker) {
  StepBlock& block = frame.block;
  const auto p_mw = block.of(ProducerVar::p_mw, s);
  for (std::size_t i = 0; i < frame.topology.devices.size(); ++i) {
    const bool dead = flow.bus.slack_bus[i] == Islands::k_none;
    for (const std::uint32_t p : frame.topology.devices[i].producers)
      p_mw[p] = dead ? 0.0 : p_mw[p] + flow.sharing[p] * flow.missing_mw[i];
    for (const std::uint32_t f : frame.topology.devices[i].formers)
      block.of(StorageVar::p_mw, s)[f] += dead ? 0.0 : flow.sharing[p_mw.size() + f] * flow.missing_mw[i];
  }
  write_consumers(frame, s, flow);
  const auto online = block.of(ProducerVar::online, s);
  find_reactive(
      frame.topology.producer_ties, flow, block.of(BusVar::q_mvar, s), p_mw,
      [&](std::uint32_t p) { return online[p] != 0.0; }, block.of(ProducerVar::q_mvar, s));
  if (frame.topology.admittance.merged.any())
    recover_couplers(frame, s, flow, couplers_[static_cast<std::size_t>(worker)]);
  write_buses(frame, s, flow);
  write_taps(frame, s, flow, first_taps);
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

void FlowWriting::write_buses(Frame& frame, std::size_t s, const StepFlow& flow) const {
  StepBlock& block = frame.block;
  const auto vm_pu = block.of(BusVar::vm_pu, s), va_deg = block.of(BusVar::va_deg, s);
  const auto p_mw = block.of(BusVar::p_mw, s), q_mvar = block.of(BusVar::q_mvar, s);
  const auto energised = block.of(BusVar::energised, s);
  const auto& merged_into = frame.topology.admittance.merged.into;
  for (std::size_t b = 0; b < vm_pu.size(); ++b) {
    const bool live = flow.bus.type[merged_into[b]] != BusType::out;
    energised[b] = live ? 1.0 : 0.0;
    vm_pu[b] = live ? flow.state.vm_pu[b] : 0.0;
    va_deg[b] = live ? flow.state.va_deg[b] : 0.0;
    if (!live) p_mw[b] = q_mvar[b] = 0.0;
  }
}

/// What consumers draw at the voltages found. What they are not served keeps its value at 1 p.u.
void FlowWriting::write_consumers(Frame& frame, std::size_t s, const StepFlow& flow) const {
  if (flow.bus.p_current_mw.empty()) return;
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

/// What each bus of a merged group injects, from its devices, and with it the flows through the couplers.
void FlowWriting::recover_couplers(Frame& frame, std::size_t s, const StepFlow& flow, CouplerScratch& scratch) const {
  StepBlock& block = frame.block;
  const MergedBuses& merged = frame.topology.admittance.merged;
  const bool reactive = model_.network.has_voltages() && flow.report.converged();
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
  std::vector<double> storage_q(storage_p.size());
  find_reactive(
      frame.topology.storage_ties, flow, block.of(BusVar::q_mvar, s), storage_p, [](std::uint32_t) { return true; },
      storage_q);
  for (std::size_t i = 0; i < storage_p.size(); ++i) add(model_.storage_connection[i].bus, storage_p[i], storage_q[i]);
  const auto served = block.of(ConsumerVar::served_mw, s), drawn = block.of(ConsumerVar::q_mvar, s);
  for (std::size_t c = 0; c < served.size(); ++c) add(model_.consumer_bus[c], -served[c], -drawn[c]);
  const auto link_mw = frame.link_mw.size() / frame.block.capacity;
  for (std::size_t l = 0; l < link_mw; ++l) {
    const LinkEnds ends = link_ends(model_.dc_links[l], frame.link_mw[s * link_mw + l]);
    add(model_.dc_links[l].from, ends.from_mw, 0.0);
    add(model_.dc_links[l].to, ends.to_mw, 0.0);
  }
  const powerflow::FlowQuantities out = flow_quantities(block, s);
  for (const std::uint32_t k : merged.couplers)
    for (const BusId bus : {model_.grid.branch().from[k], model_.grid.branch().to[k]}) {
      out.p_mw[bus.index()] = p_mw[bus.index()];
      out.q_mvar[bus.index()] = reactive ? q_mvar[bus.index()] : 0.0;
    }
  if (model_.network.method == NetworkMethod::none) return;
  powerflow::FlowResult& result = scratch.result;
  result.p_mw.assign(out.p_mw.begin(), out.p_mw.end());
  result.q_mvar.assign(out.q_mvar.begin(), out.q_mvar.end());
  result.p_from_mw.assign(out.p_from_mw.begin(), out.p_from_mw.end());
  result.q_from_mvar.assign(out.q_from_mvar.begin(), out.q_from_mvar.end());
  result.p_to_mw.assign(out.p_to_mw.begin(), out.p_to_mw.end());
  result.q_to_mvar.assign(out.q_to_mvar.begin(), out.q_to_mvar.end());
  result.loading_percent.assign(out.loading_percent.begin(), out.loading_percent.end());
  result.losses_mw.assign(out.losses_mw.begin(), out.losses_mw.end());
  result.i_from_ka.assign(out.i_from_ka.begin(), out.i_from_ka.end());
  result.i_to_ka.assign(out.i_to_ka.begin(), out.i_to_ka.end());
  scratch.couplers->recover(flow.state, result, reactive);
  write_result(result, out);
}

void FlowWriting::write_taps(Frame& frame, std::size_t s, const StepFlow& flow,
                             const powerflow::TapRegulator& first_taps) const {
  const auto position = frame.block.of(BranchVar::tap_position, s), state = frame.block.of(BranchVar::tap_state, s);
  const auto changers = model_.grid.tap_changers();
  const powerflow::TapRegulator& taps = flow.taps ? *flow.taps : first_taps;
  for (std::size_t i = 0; i < changers.size(); ++i) {
    position[changers[i].branch.index()] = taps.positions()[i];
    state[changers[i].branch.index()] = static_cast<double>(taps.states()[i]);
  }
}

}  // namespace gridplus
