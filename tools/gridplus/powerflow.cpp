// gridplus powerflow: one AC, linear or DC power flow.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/gridplus/command.hpp"
#include "tools/gridplus/powerflow_case.hpp"
#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {

using powerflow::Equations;

std::string_view title(Equations equations) {
  switch (equations) {
    case Equations::ac:
      return "AC";
    case Equations::linear:
      return "linear";
    case Equations::dc:
      break;
  }
  return "DC";
}

struct PowerflowArguments {
  FlowRequest request;
  std::string results;
  bool json = false;
};

/// Index of the extreme among those that count; the size of `values` if none does.
template <class Better>
std::size_t extreme(const std::vector<double>& values, const std::vector<std::uint8_t>& counts, Better better) {
  std::size_t best = values.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (counts[i] != 0 && (best == values.size() || better(values[i], values[best]))) best = i;
  return best;
}

/// Only AC flows iterate.
std::string how_it_ended(const FlowCase& flow) {
  if (flow.equations != Equations::ac && flow.report.converged()) return "solved";
  return fmt::format("{} after {} iterations", powerflow::to_string(flow.report.status), flow.report.iterations);
}

std::string text_of(const FlowCase& flow) {
  std::string out = fmt::format("{} ({})\n", flow.title, flow.source);
  out += fmt::format("{:<18}{} buses, {} branches, {} producers\n", "size", flow.names.bus.size(),
                     flow.names.branch.size(), flow.producer.name.size());
  out += fmt::format("{:<18}{} power flow: {}, largest mismatch{} {:.1e} p.u.\n", "solution", title(flow.equations),
                     how_it_ended(flow), flow.equations == Equations::linear ? " of the AC equations" : "",
                     flow.report.max_mismatch_pu);
  out += fmt::format("{:<18}{} MW generated, {} MW demand, {} MW losses\n", "power", grouped(flow.generation_mw, 3),
                     grouped(flow.demand_mw, 3), grouped(flow.losses_mw, 3));
  if (flow.unserved_mw > 0.0) out += fmt::format("{:<18}{} MW\n", "unserved", grouped(flow.unserved_mw, 3));
  const auto show_voltage = [&](std::string_view label, std::size_t b) {
    if (b < flow.names.bus.size())
      out += fmt::format("{:<18}{:.4f} p.u. at bus {}\n", label, flow.state.vm_pu[b], flow.names.bus[b]);
  };
  if (flow.equations != Equations::dc) {
    show_voltage("lowest voltage", extreme(flow.state.vm_pu, flow.energised, std::less<>{}));
    show_voltage("highest voltage", extreme(flow.state.vm_pu, flow.energised, std::greater<>{}));
  }
  const std::size_t l = extreme(flow.result.loading_percent, flow.closed, std::greater<>{});
  if (l < flow.names.branch.size() && flow.result.loading_percent[l] > 0.0)
    out += fmt::format("{:<18}{:.1f} % on branch {}\n", "highest loading", flow.result.loading_percent[l],
                       flow.names.branch[l]);
  else
    out += fmt::format("{:<18}no branch has a rating\n", "highest loading");
  for (std::size_t i = 0; i < flow.tap.branch.size(); ++i)
    out += fmt::format("{:<18}{} at position {}, {}\n", "tap changer", flow.tap.branch[i], flow.tap.position[i],
                       flow.tap.state[i]);
  constexpr std::size_t k_most_notes = 12;
  for (std::size_t i = 0; i < std::min(flow.notes.size(), k_most_notes); ++i)
    out += fmt::format("{:<18}{}\n", "note", flow.notes[i]);
  if (flow.notes.size() > k_most_notes)
    out += fmt::format("{:<18}and {} more; --json shows all\n", "note", flow.notes.size() - k_most_notes);
  return out;
}

/// JSON has no infinity: an unlimited rating is null.
nlohmann::ordered_json finite(const std::vector<double>& values) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const double value : values) list.push_back(std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr);
  return list;
}

std::vector<std::string> bus_names(const FlowCase& flow, const std::vector<BusId>& buses) {
  std::vector<std::string> names;
  for (const BusId bus : buses) names.push_back(flow.names.bus[bus.index()]);
  return names;
}

std::string json_of(const FlowCase& flow) {
  nlohmann::ordered_json json;
  json["source"] = flow.source;
  json["method"] = powerflow::to_string(flow.equations);
  json["status"] = powerflow::to_string(flow.report.status);
  json["iterations"] = flow.report.iterations;
  json["max_mismatch_pu"] = flow.report.max_mismatch_pu;
  json["notes"] = flow.notes;
  json["total"] = {{"generation_mw", flow.generation_mw},
                   {"demand_mw", flow.demand_mw},
                   {"losses_mw", flow.losses_mw},
                   {"unserved_mw", flow.unserved_mw}};
  json["bus"] = {{"bus", flow.names.bus},
                 {"vn_kv", finite(flow.grid.bus().vn_kv)},
                 {"vm_pu", finite(flow.state.vm_pu)},
                 {"va_deg", finite(flow.state.va_deg)},
                 {"p_mw", finite(flow.result.p_mw)},
                 {"q_mvar", finite(flow.result.q_mvar)},
                 {"energised", flow.energised}};
  json["branch"] = {{"branch", flow.names.branch},
                    {"from_bus", bus_names(flow, flow.grid.branch().from)},
                    {"to_bus", bus_names(flow, flow.grid.branch().to)},
                    {"rating_mva", finite(flow.grid.branch().rating_mva)},
                    {"p_from_mw", finite(flow.result.p_from_mw)},
                    {"q_from_mvar", finite(flow.result.q_from_mvar)},
                    {"p_to_mw", finite(flow.result.p_to_mw)},
                    {"q_to_mvar", finite(flow.result.q_to_mvar)},
                    {"i_from_ka", finite(flow.result.i_from_ka)},
                    {"i_to_ka", finite(flow.result.i_to_ka)},
                    {"loading_percent", finite(flow.result.loading_percent)},
                    {"losses_mw", finite(flow.result.losses_mw)},
                    {"closed", flow.closed}};
  if (!flow.tap.branch.empty())
    json["tap_changer"] = {
        {"branch", flow.tap.branch}, {"tap_position", flow.tap.position}, {"tap_state", flow.tap.state}};
  json["producer"] = {{"producer", flow.producer.name},
                      {"bus", bus_names(flow, flow.producer.bus)},
                      {"p_mw", finite(flow.producer.p_mw)},
                      {"q_mvar", finite(flow.producer.q_mvar)},
                      {"online", flow.producer.online}};
  return json.dump() + "\n";
}

int powerflow_command(const PowerflowArguments& arguments) {
  const FlowCase flow = solve_flow_case(arguments.request);
  if (!arguments.results.empty()) write_results(flow, arguments.results);
  print(arguments.json ? json_of(flow) : text_of(flow));
  if (flow.report.converged()) return k_done;
  fmt::print(stderr, "gridplus: the power flow of {} did not converge: {}\n", flow.source,
             powerflow::to_string(flow.report.status));
  return k_failed;
}

}  // namespace

void add_powerflow(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<PowerflowArguments>();
  FlowRequest& request = arguments->request;
  CLI::App* command =
      app.add_subcommand("powerflow", "solve one power flow, of a MATPOWER case or of one step of a scenario");
  command->add_option("case", request.source, "a MATPOWER case (.m) or a YAML scenario")->required();
  const auto solve_by = [&request](const std::string& word) {
    for (const Equations equations : {Equations::ac, Equations::linear, Equations::dc})
      if (powerflow::to_string(equations) == word) request.equations = equations;
  };
  CLI::Option* method =
      command
          ->add_option_function<std::string>(
              "--method", solve_by, "ac; linear: one step of the AC equations from the network without load; dc")
          ->check(CLI::IsMember({"ac", "linear", "dc"}));
  command
      ->add_flag_callback(
          "--dc", [solve_by] { solve_by("dc"); }, "as --method dc")
      ->excludes(method);
  command->add_flag("--enforce-q-limits", request.enforce_q_limits, "hold units within their reactive limits");
  command->add_option("--tolerance", request.tolerance_pu, "largest nodal mismatch, p.u.")->check(CLI::PositiveNumber);
  command->add_option("--max-iterations", request.max_iterations, "Newton iterations")->check(CLI::Range(1, 10000));
  command->add_option("--at", request.at, "scenarios: the time of the step; the first if not given");
  command->add_option("--set", request.sets, "scenarios: path=value changes one value");
  command->add_option("--data-root", request.data_root, "scenarios: the tree that paths may not leave");
  command->add_option("-o,--output", arguments->results, "HDF5 file for the results");
  command->add_flag("--json", arguments->json, "everything as one JSON object");
  command->callback([arguments, &exit_code] { exit_code = powerflow_command(*arguments); });
}

}  // namespace gridplus::tools
