// gridplus contingencies: what happens when a branch, a unit or two branches fail.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "output/contingency_file.hpp"
#include "sim/core/parallel.hpp"
#include "tools/gridplus/command.hpp"
#include "tools/gridplus/contingency_case.hpp"
#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {

using study::Analysis;
using study::ContingencyCase;
using study::ContingencyKind;

struct ContingencyArguments {
  ContingencyRequest request;
  study::AnalysisOptions analysis;
  int n = 1, threads = 0;
  std::string elements = "all", screen = "none", rating, results;
  bool json = false;
};

/// The rows of an analysis in numbers.
struct Totals {
  std::size_t branches = 0, generators = 0, pairs = 0;
  std::size_t chord = 0, newton = 0, reference = 0, screened = 0, unsolved = 0, splits = 0;
  std::size_t overloading = 0, violating = 0, unserving = 0;
  double most_unserved_mw = 0.0;

  explicit Totals(const Analysis& analysis) {
    for (std::size_t k = 0; k < analysis.contingencies.size(); ++k) {
      const study::Contingency& contingency = analysis.contingencies[k];
      const study::ContingencyOutcome& outcome = analysis.outcomes[k];
      ++(contingency.kind == ContingencyKind::branch      ? branches
         : contingency.kind == ContingencyKind::generator ? generators
                                                          : pairs);
      splits += contingency.outage.lost.empty() ? 0 : 1;
      unserving += contingency.unserved_mw > 0.0 ? 1 : 0;
      most_unserved_mw = std::max(most_unserved_mw, contingency.unserved_mw);
      if (outcome.screened_percent) {
        ++screened;
      } else if (!outcome.solved()) {
        ++unsolved;
      } else {
        using powerflow::OutageMethod;
        const OutageMethod method = outcome.result.method;
        ++(method == OutageMethod::chord ? chord : method == OutageMethod::newton ? newton : reference);
        overloading += outcome.result.figures.overloads > 0 ? 1 : 0;
        violating += outcome.result.figures.voltage_violations > 0 ? 1 : 0;
      }
    }
  }
};

std::string name_at(const std::vector<std::string>& names, std::uint32_t index) {
  return index < names.size() ? names[index] : std::string("-");
}

std::string figures_text(const ContingencyCase& data, const powerflow::SecurityFigures& f) {
  std::string out;
  if (f.worst_branch < data.names.branch.size())
    out += fmt::format("{:<18}{:.1f} % on branch {}; overloaded branches: {}\n", "base loading",
                       f.largest_loading_percent, data.names.branch[f.worst_branch], f.overloads);
  out += fmt::format("{:<18}{:.4f} p.u. at bus {} to {:.4f} p.u. at bus {}; buses outside their band: {}\n",
                     "base voltages", f.lowest_vm_pu, name_at(data.names.bus, f.lowest_bus), f.highest_vm_pu,
                     name_at(data.names.bus, f.highest_bus), f.voltage_violations);
  return out;
}

/// The worst contingencies, one line each.
std::string table_text(const ContingencyCase& data, const Analysis& analysis, std::size_t rows) {
  std::string out =
      fmt::format("\n{:<24}{:<12}{:<15}{:>9} {:<18}{:>5}{:>8} {:<10}{:>5}{:>10}{:>11}\n", "contingency", "kind",
                  "status", "loading", "on branch", "over", "lowest", "at bus", "V out", "unserved", "severity");
  out += fmt::format("{:<24}{:<12}{:<15}{:>9} {:<18}{:>5}{:>8} {:<10}{:>5}{:>10}{:>11}\n", "", "", "", "%", "", "",
                     "p.u.", "", "", "MW", "");
  for (std::size_t place = 0; place < std::min(rows, analysis.order.size()); ++place) {
    const std::size_t k = analysis.order[place];
    const study::ContingencyOutcome& outcome = analysis.outcomes[k];
    const std::string start =
        fmt::format("{:<24}{:<12}{:<15}", study::name_of(data, analysis.contingencies[k]),
                    study::to_string(analysis.contingencies[k].kind),
                    outcome.solved()                                                       ? "solved"
                    : outcome.screened_percent                                             ? "screened out"
                    : outcome.result.report.status == powerflow::SolveStatus::other_branch ? "other branch"
                                                                                           : "no solution");
    const std::string unserved = fmt::format("{:.1f}", analysis.contingencies[k].unserved_mw);
    if (!outcome.solved()) {
      const std::string loading = outcome.screened_percent ? fmt::format("{:.1f}", *outcome.screened_percent) : "-";
      out += fmt::format("{}{:>9} {:<18}{:>5}{:>8} {:<10}{:>5}{:>10}{:>11}\n", start, loading, "-", "-", "-", "-", "-",
                         unserved, "-");
      continue;
    }
    const powerflow::SecurityFigures& f = outcome.result.figures;
    out += fmt::format("{}{:>9.1f} {:<18}{:>5}{:>8.4f} {:<10}{:>5}{:>10}{:>11.4g}\n", start, f.largest_loading_percent,
                       name_at(data.names.branch, f.worst_branch), f.overloads, f.lowest_vm_pu,
                       name_at(data.names.bus, f.lowest_bus), f.voltage_violations, unserved, f.severity());
  }
  return out;
}

std::string text_of(const LoadedContingencyCase& loaded, const std::string& source, const Analysis& analysis,
                    std::size_t rows, double wall_s) {
  const ContingencyCase& data = loaded.data;
  const Totals n(analysis);
  std::string out = fmt::format("{} ({})\n", loaded.title, source);
  out += fmt::format("{:<18}{} buses, {} branches, {} units that run\n", "size", data.names.bus.size(),
                     data.names.branch.size(), data.units.size());
  out +=
      fmt::format("{:<18}{} after {} iterations, largest mismatch {:.1e} p.u.\n", "base case",
                  powerflow::to_string(analysis.base.status), analysis.base.iterations, analysis.base.max_mismatch_pu);
  out += figures_text(data, analysis.base_figures);
  out += fmt::format("{:<18}{}: {} branches, {} generators, {} pairs of branches\n", "contingencies",
                     analysis.contingencies.size(), n.branches, n.generators, n.pairs);
  out += fmt::format(
      "{:<18}{} AC flows converged ({} chord, {} Newton, {} scalar Newton); screened out: {}; without a "
      "solution: {}\n",
      "solution", n.chord + n.newton + n.reference, n.chord, n.newton, n.reference, n.screened, n.unsolved);
  out += fmt::format("{:<18}with overloads: {}; with voltages outside their band: {}\n", "violations", n.overloading,
                     n.violating);
  out += fmt::format("{:<18}{} contingencies cut off a part; {} leave demand without voltage, at most {:.1f} MW\n",
                     "islanding", n.splits, n.unserving, n.most_unserved_mw);
  out += fmt::format("{:<18}{:.3f} s\n", "wall time", wall_s);
  for (const std::string& note : loaded.notes) out += fmt::format("{:<18}{}\n", "note", note);
  return out + table_text(data, analysis, rows);
}

/// JSON has no NaN: what is not there is null.
nlohmann::ordered_json number(bool there, double value) {
  return there && std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json figures_json(const ContingencyCase& data, const powerflow::SecurityFigures& f, bool there) {
  const auto name = [&](const std::vector<std::string>& names, std::uint32_t k) {
    return there && k < names.size() ? nlohmann::ordered_json(names[k]) : nlohmann::ordered_json(nullptr);
  };
  return {{"largest_loading_percent",
           number(there && f.worst_branch < data.names.branch.size(), f.largest_loading_percent)},
          {"worst_branch", name(data.names.branch, f.worst_branch)},
          {"overloads", number(there, f.overloads)},
          {"lowest_vm_pu", number(there, f.lowest_vm_pu)},
          {"lowest_bus", name(data.names.bus, f.lowest_bus)},
          {"highest_vm_pu", number(there, f.highest_vm_pu)},
          {"highest_bus", name(data.names.bus, f.highest_bus)},
          {"voltage_violations", number(there, f.voltage_violations)},
          {"overload_index", number(there, f.overload_index)},
          {"voltage_index", number(there, f.voltage_index)},
          {"severity", number(there, f.severity())}};
}

/// Every contingency, from worst to least.
std::string json_of(const LoadedContingencyCase& loaded, const std::string& source, const Analysis& analysis,
                    double wall_s) {
  const ContingencyCase& data = loaded.data;
  const Totals n(analysis);
  nlohmann::ordered_json json;
  json["source"] = source;
  json["title"] = loaded.title;
  json["notes"] = loaded.notes;
  json["base"] = figures_json(data, analysis.base_figures, true);
  json["base"]["status"] = powerflow::to_string(analysis.base.status);
  json["base"]["iterations"] = analysis.base.iterations;
  json["total"] = {{"contingencies", analysis.contingencies.size()},
                   {"branches", n.branches},
                   {"generators", n.generators},
                   {"pairs", n.pairs},
                   {"converged", n.chord + n.newton + n.reference},
                   {"screened_out", n.screened},
                   {"without_solution", n.unsolved},
                   {"splitting", n.splits},
                   {"with_overloads", n.overloading},
                   {"with_voltage_violations", n.violating}};
  json["wall_s"] = wall_s;
  auto& rows = json["contingency"] = nlohmann::ordered_json::array();
  for (const std::size_t k : analysis.order) {
    const study::Contingency& contingency = analysis.contingencies[k];
    const study::ContingencyOutcome& outcome = analysis.outcomes[k];
    nlohmann::ordered_json row = {{"contingency", study::name_of(data, contingency)},
                                  {"kind", study::to_string(contingency.kind)},
                                  {"status", outcome.status()},
                                  {"method", outcome.method()},
                                  {"iterations", outcome.result.report.iterations},
                                  {"unserved_mw", contingency.unserved_mw},
                                  {"lost_generation_mw", contingency.lost_generation_mw}};
    if (outcome.screened_percent) row["screened_loading_percent"] = *outcome.screened_percent;
    row.update(figures_json(data, outcome.result.figures, outcome.solved()));
    rows.push_back(std::move(row));
  }
  auto& violations = json["violation"] = nlohmann::ordered_json::array();
  for (const study::ContingencyViolation& v : analysis.violations) {
    const bool overload = v.violation.kind == powerflow::Violation::Kind::overload;
    violations.push_back({{"contingency", v.contingency == study::ContingencyViolation::k_base
                                              ? "base"
                                              : study::name_of(data, analysis.contingencies[v.contingency])},
                          {"kind", overload                                                      ? "overload"
                                   : v.violation.kind == powerflow::Violation::Kind::low_voltage ? "low_voltage"
                                                                                                 : "high_voltage"},
                          {"element", name_at(overload ? data.names.branch : data.names.bus, v.violation.element)},
                          {"value", v.violation.value},
                          {"limit", v.violation.limit}});
  }
  return json.dump() + "\n";
}

void read_rating(const std::string& text, ContingencyRequest& request) {
  if (text.empty()) return;
  if (text == "none") {
    request.rating_mva = std::numeric_limits<double>::infinity();
    return;
  }
  std::size_t used = 0;
  double mva = 0.0;
  try {
    mva = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != text.size() || !(mva > 0.0) || !std::isfinite(mva))
    throw InputError(Diagnostic{{}, "--rating", "'" + text + "' is no rating", "a number of MVA above 0, or none", {}});
  request.rating_mva = mva;
}

int contingencies_command(ContingencyArguments arguments) {
  read_rating(arguments.rating, arguments.request);
  study::AnalysisOptions& options = arguments.analysis;
  options.pairs = arguments.n == 2;
  options.branches = arguments.elements != "generators";
  options.generators = arguments.elements != "branches";
  if (options.pairs && !options.branches)
    throw InputError(Diagnostic{
        {}, "--n", "pairs are made of branches, and --elements leaves these out", "--elements branches or all", {}});
  options.screen_dc = arguments.screen == "dc";
  options.flow = arguments.request.flow;
  options.threads = arguments.threads > 0 ? arguments.threads : default_threads();
  LoadedContingencyCase loaded = load_contingency_case(arguments.request);
  const auto begin = std::chrono::steady_clock::now();
  const Analysis analysis = study::analyse_contingencies(loaded.data, options);
  const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::string& source = arguments.request.source;
  if (!analysis.base.converged()) {
    fmt::print(
        stderr,
        "gridplus: the base case of {} has no solution ({}), so that there is nothing to compare outages with; try "
        "`gridplus powerflow {}`\n",
        source, powerflow::to_string(analysis.base.status), source);
    return k_failed;
  }
  if (!arguments.results.empty()) output::write_contingencies(arguments.results, loaded.title, loaded.data, analysis);
  print(arguments.json ? json_of(loaded, source, analysis, wall_s)
                       : text_of(loaded, source, analysis, options.detailed, wall_s));
  return k_done;
}

}  // namespace

void add_contingencies(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ContingencyArguments>();
  ContingencyRequest& request = arguments->request;
  study::AnalysisOptions& analysis = arguments->analysis;
  CLI::App* command = app.add_subcommand(
      "contingencies",
      "outages of every branch and unit by AC power flow, of a MATPOWER case or of one step of a scenario");
  command->add_option("case", request.source, "a MATPOWER case (.m) or a YAML scenario")->required();
  command->add_option("--n", arguments->n, "1: single outages; 2: screened pairs of branches too")
      ->check(CLI::Range(1, 2));
  command->add_option("--elements", arguments->elements, "what fails: branches, generators, or all")
      ->check(CLI::IsMember({"branches", "generators", "all"}));
  command->add_option("--limit", analysis.pair.most, "--n 2: so many pairs at most, 1000 by default");
  command->add_option("--worst", analysis.pair.worst,
                      "--n 2: so many of the worst branches begin pairs, 50 by default");
  command->add_option("--partners", analysis.pair.partners,
                      "--n 2: so many of the branches that each of them loads most end them, 20 by default");
  command
      ->add_option("--screen", arguments->screen, "dc: AC power flow of what DC factors find suspicious only; or none")
      ->check(CLI::IsMember({"dc", "none"}));
  command
      ->add_option("--screen-percent", analysis.screen_percent,
                   "an estimated loading that is suspicious, 90 by default")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--rate", request.rate, "MATPOWER cases: which rating counts, a, b or c")
      ->check(CLI::IsMember({"a", "b", "c"}));
  command->add_option("--rating", arguments->rating, "MVA of branches without a rating; none: look at voltages only");
  command->add_option("--voltage-min", request.vm_min_pu, "lower end of every bus's voltage band, p.u.")
      ->check(CLI::PositiveNumber);
  command->add_option("--voltage-max", request.vm_max_pu, "upper end of every bus's voltage band, p.u.")
      ->check(CLI::PositiveNumber);
  command->add_flag("--enforce-q-limits", request.flow.enforce_q_limits, "hold units within their reactive limits");
  command->add_option("--tolerance", request.flow.tolerance_pu, "largest nodal mismatch, p.u.")
      ->check(CLI::PositiveNumber);
  command->add_option("--max-iterations", request.flow.max_iterations, "Newton iterations")
      ->check(CLI::Range(1, 10000));
  command->add_option("--top", analysis.detailed, "so many of the worst are shown, and listed violation by violation");
  command->add_option("--threads", arguments->threads, "0: all")->check(CLI::Range(0, 4096));
  command->add_option("--at", request.at, "scenarios: the time of the step; the first if not given");
  command->add_option("--set", request.sets, "scenarios: path=value changes one value");
  command->add_option("--data-root", request.data_root, "scenarios: the tree that paths may not leave");
  command->add_option("-o,--output", arguments->results, "HDF5 file with a row a contingency");
  command->add_flag("--json", arguments->json, "everything as one JSON object");
  command->callback([arguments, &exit_code] { exit_code = contingencies_command(*arguments); });
}

}  // namespace gridplus::tools
