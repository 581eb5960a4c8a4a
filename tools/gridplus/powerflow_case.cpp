#include "tools/gridplus/powerflow_case.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "output/power_flow_file.hpp"
#include "scenarios/importers/matpower_power_flow.hpp"
#include "scenarios/load.hpp"
#include "sim/grid/islands.hpp"
#include "sim/powerflow/tap_regulator.hpp"
#include "sim/step/simulation.hpp"
#include "tools/gridplus/scenario_step.hpp"

namespace gridplus::tools {

namespace {

FlowCase from_matpower(const FlowRequest& request) {
  const matpower::Case data = matpower::read_case(request.source);
  const matpower::PowerFlowStudy study = matpower::solve_power_flow(
      data, {request.equations, request.enforce_q_limits, request.tolerance_pu, request.max_iterations});
  FlowCase out;
  out.title = data.name;
  out.notes = study.snapshot.notes;
  if (study.snapshot.merged.any())
    out.notes.push_back(fmt::format("branches without impedance: {}; the buses that they join have one voltage",
                                    study.snapshot.merged.couplers.size()));
  if (study.start == matpower::Start::dc_angles)
    out.notes.emplace_back(
        "the flow did not converge from the case's own voltages; it was started from the angles of a DC power flow");
  for (std::size_t b = 0; b < study.q_limit.size(); ++b)
    if (study.q_limit[b] != powerflow::reference::QLimit::none)
      out.notes.push_back(fmt::format("bus {} is at its {} reactive limit", study.snapshot.names.bus[b],
                                      study.q_limit[b] == powerflow::reference::QLimit::at_max ? "upper" : "lower"));
  out.report = study.report;
  out.grid = study.snapshot.grid;
  out.names = study.snapshot.names;
  out.state = study.state;
  out.result = study.result;
  for (const std::uint32_t bus : study.snapshot.merged.into)
    out.energised.push_back(study.snapshot.type[bus] != powerflow::BusType::out);
  out.closed = study.snapshot.branch_closed;
  for (std::size_t g = 0; g < data.generators.size(); ++g) {
    out.producer.name.push_back(g < data.generator_names.size() ? data.generator_names[g]
                                                                : fmt::format("gen_{}", g + 1));
  }
  out.producer.bus = study.snapshot.generator_bus;
  out.producer.p_mw = study.generators.p_mw;
  out.producer.q_mvar = study.generators.q_mvar;
  out.producer.online = study.snapshot.generator_runs;
  out.generation_mw = study.totals.generation_mw;
  out.demand_mw = study.totals.demand_mw;
  out.losses_mw = study.totals.losses_mw + study.totals.shunt_mw;
  out.unserved_mw = study.totals.unserved_mw;
  return out;
}

std::vector<double> values(std::span<const double> row) {
  return {row.begin(), row.end()};
}
std::vector<std::uint8_t> flags(std::span<const double> row) {
  std::vector<std::uint8_t> out;
  for (const double value : row) out.push_back(value != 0.0 ? 1 : 0);
  return out;
}

NetworkMethod method_of(powerflow::Equations equations) {
  switch (equations) {
    case powerflow::Equations::ac:
      return NetworkMethod::ac;
    case powerflow::Equations::linear:
      return NetworkMethod::linear;
    case powerflow::Equations::dc:
      break;
  }
  return NetworkMethod::dc;
}

FlowCase from_scenario(const FlowRequest& request) {
  const std::unique_ptr<Model> model =
      load_scenario(request.source, {.sets = request.sets, .data_root = request.data_root});
  model->network.method = method_of(request.equations);
  model->network.flow = {request.tolerance_pu, request.max_iterations, request.enforce_q_limits};
  const std::int64_t step = step_at(*model, request.at);
  Simulation simulation(*model, 1);
  const StepBlock* block = &simulation.advance();
  while (simulation.next_step() <= step) block = &simulation.advance();
  const auto s = static_cast<std::size_t>(step - block->first);

  FlowCase out;
  out.title = fmt::format("{}, {}", model->provenance.scenario_name, format_local(model->time.at(step)));
  const bool converged = block->of(StepVar::converged, s) != 0.0;
  out.report = {converged ? powerflow::SolveStatus::converged : powerflow::SolveStatus::iteration_limit,
                static_cast<int>(block->of(StepVar::iterations, s)), block->of(StepVar::max_mismatch_pu, s)};
  for (const Event& event : block->events)
    if (event.step == step)
      out.notes.push_back(fmt::format("{} {}: {} {}", event.kind, event.subject, event.value, event.reason));
  out.grid = model->grid;
  out.names = model->names.grid;
  out.state = {values(block->of(BusVar::vm_pu, s)), values(block->of(BusVar::va_deg, s))};
  out.result.p_mw = values(block->of(BusVar::p_mw, s));
  out.result.q_mvar = values(block->of(BusVar::q_mvar, s));
  out.energised = flags(block->of(BusVar::energised, s));
  out.result.p_from_mw = values(block->of(BranchVar::p_from_mw, s));
  out.result.q_from_mvar = values(block->of(BranchVar::q_from_mvar, s));
  out.result.p_to_mw = values(block->of(BranchVar::p_to_mw, s));
  out.result.q_to_mvar = values(block->of(BranchVar::q_to_mvar, s));
  out.result.i_from_ka = values(block->of(BranchVar::i_from_ka, s));
  out.result.i_to_ka = values(block->of(BranchVar::i_to_ka, s));
  out.result.loading_percent = values(block->of(BranchVar::loading_percent, s));
  out.result.losses_mw = values(block->of(BranchVar::losses_mw, s));
  out.closed = flags(block->of(BranchVar::closed, s));
  for (const TapChanger& changer : model->grid.tap_changers()) {
    const std::size_t k = changer.branch.index();
    out.tap.branch.push_back(model->names.grid.branch[k]);
    out.tap.position.push_back(static_cast<std::int32_t>(block->of(BranchVar::tap_position, s)[k]));
    out.tap.state.emplace_back(powerflow::to_string(
        static_cast<powerflow::TapState>(static_cast<int>(block->of(BranchVar::tap_state, s)[k]))));
  }
  out.producer.name = model->names.producer;
  for (const Connection& connection : model->producer_connection) out.producer.bus.push_back(connection.bus);
  out.producer.p_mw = values(block->of(ProducerVar::p_mw, s));
  out.producer.q_mvar = values(block->of(ProducerVar::q_mvar, s));
  out.producer.online = flags(block->of(ProducerVar::online, s));
  out.generation_mw = block->of(StepVar::generation_mw, s);
  out.demand_mw = block->of(StepVar::demand_mw, s);
  out.losses_mw = block->of(StepVar::losses_mw, s);
  out.unserved_mw = out.demand_mw - block->of(StepVar::served_mw, s);
  return out;
}

}  // namespace

void write_results(const FlowCase& flow, const std::string& path) {
  const Islands islands = find_islands(flow.grid, flow.closed);
  output::PowerFlowSnapshot snapshot;
  snapshot.grid = &flow.grid;
  snapshot.names = &flow.names;
  snapshot.case_name = flow.title;
  snapshot.method = powerflow::to_string(flow.equations);
  snapshot.state = &flow.state;
  snapshot.result = &flow.result;
  snapshot.island = islands.of_bus;
  snapshot.closed = flow.closed;
  snapshot.producers = {flow.producer.name, flow.producer.bus, flow.producer.p_mw, flow.producer.q_mvar,
                        flow.producer.online};
  for (std::uint32_t i = 0; i < islands.count; ++i) snapshot.islands.push_back({"", flow.report});
  output::write_power_flow(path, snapshot);
}

FlowCase solve_flow_case(const FlowRequest& request) {
  FlowCase out =
      std::filesystem::path(request.source).extension() == ".m" ? from_matpower(request) : from_scenario(request);
  out.source = request.source;
  out.equations = request.equations;
  return out;
}

}  // namespace gridplus::tools
