#include "sim/step/flow_writing.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus {

using powerflow::BusType;

namespace {

/// The bus that stands for `bus` in the power flow.
std::size_t merged_into(const Frame& frame, BusId bus) {
  return frame.topology.admittance.merged.into[bus.index()];
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
  write_reactive(frame, s, flow);
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
  for (std::size_t b = 0; b < vm_pu.size(); ++b) {
    const bool live = flow.bus.type[merged_into(frame, BusId(b))] != BusType::out;
    energised[b] = live ? 1.0 : 0.0;
    vm_pu[b] = live ? flow.state.vm_pu[b] : 0.0;
    va_deg[b] = live ? flow.state.va_deg[b] : 0.0;
    if (!live) p_mw[b] = q_mvar[b] = 0.0;
  }
}

/// What consumers draw at the voltages found. What they are not served keeps its value at 1 p.u.
void FlowWriting::write_consumers(Frame& frame, std::size_t s, const StepFlow& flow) const {
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
void FlowWriting::write_reactive(Frame& frame, std::size_t s, const StepFlow& flow) const {
  StepBlock& block = frame.block;
  const auto p_mw = block.of(ProducerVar::p_mw, s), q_mvar = block.of(ProducerVar::q_mvar, s);
  const auto online = block.of(ProducerVar::online, s);
  const powerflow::FlowInput input = flow.bus.input(false);
  const NetReactive net{block.of(BusVar::q_mvar, s), input};
  for (std::size_t p = 0; p < q_mvar.size(); ++p)
    q_mvar[p] = reactive_of(frame, net, flow, model_.producer_connection[p], p_mw[p], online[p] != 0.0);
}

/// Of one device: a device that holds a voltage has its part, by range, of what the bus needs.
double FlowWriting::reactive_of(const Frame& frame, const NetReactive& net, const StepFlow& flow,
                                const Connection& connection, double p_mw, bool online) {
  const std::size_t b = merged_into(frame, connection.bus);
  if (flow.bus.type[b] == BusType::out) return 0.0;
  if (!holds_voltage(connection, online)) return std::isnan(connection.vm_set_pu) ? connection.q_per_p * p_mw : 0.0;
  double net_mvar = net.injected_mvar[b];
  if (net.input.voltage_dependent())
    net_mvar -= powerflow::voltage_dependent_power(net.input, b, flow.state.vm_pu[b]).power_mva.imag();
  const double range = flow.bus.q_max_mvar[b] - flow.bus.q_min_mvar[b];
  const double own = connection.q_max_mvar - connection.q_min_mvar;
  if (!std::isfinite(range) || range <= 0.0) return (net_mvar - flow.bus.q_mvar[b]) / flow.bus.holders[b];
  return connection.q_min_mvar + (net_mvar - flow.bus.q_min_mvar[b]) * own / range;
}

/// What each bus of a merged group injects, from its devices, and with it the flows through the couplers.
void FlowWriting::recover_couplers(Frame& frame, std::size_t s, const StepFlow& flow, CouplerScratch& scratch) const {
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
  const powerflow::FlowInput input = flow.bus.input(false);
  const NetReactive net{block.of(BusVar::q_mvar, s), input};
  const auto storage_p = block.of(StorageVar::p_mw, s);
  for (std::size_t i = 0; i < storage_p.size(); ++i) {
    const Connection& connection = model_.storage_connection[i];
    add(connection.bus, storage_p[i], reactive_of(frame, net, flow, connection, storage_p[i], true));
  }
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
