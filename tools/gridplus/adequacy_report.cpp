#include "tools/gridplus/adequacy_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/study/adequacy/index_table.hpp"
#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {

using namespace adequacy;
using Json = nlohmann::ordered_json;

std::string number(double value) {
  if (std::isnan(value)) return "-";
  if (value != 0.0 && std::abs(value) < 0.01) return fmt::format("{:.4g}", value);
  return grouped(value);
}

Watts peak_of(const AdequacyModel& system) {
  Watts peak = 0;
  for (std::size_t k = 0; k < system.steps(); ++k) {
    Watts demand = 0;
    for (const Area& area : system.areas) demand += area.demand[k];
    peak = std::max(peak, demand);
  }
  return peak;
}

std::string head(const AdequacyReport& report) {
  const AdequacyModel& system = report.system;
  Watts capacity = 0;
  for (const Unit& unit : system.units) capacity += unit.capacity;
  std::string out = fmt::format("{} ({})\n", report.model.provenance.scenario_name, report.source);
  out += fmt::format("{:<18}{} area{}, {} units that can fail ({} MW), {} storage, peak demand {} MW\n", "system",
                     system.areas.size(), system.areas.size() == 1 ? "" : "s", system.units.size(),
                     grouped(to_mw(capacity)), system.storage.size(), grouped(to_mw(peak_of(system))));
  out += fmt::format("{:<18}{} h from {}, {} steps\n", "period", grouped(system.time.duration_h(), 0),
                     format_local(system.time.start()), grouped(static_cast<double>(system.time.steps()), 0));
  const std::string_view method = k_method_names[static_cast<std::size_t>(report.result.method)];
  if (report.result.method == Method::analytic)
    return out + fmt::format("{:<18}{}, {}\n", "method", method, duration(report.wall_s));
  out += fmt::format("{:<18}{}, {} {}, {}\n", "method", method, grouped(static_cast<double>(report.result.samples), 0),
                     report.result.method == Method::sequential ? "periods" : "states", duration(report.wall_s));
  out += fmt::format("{:<18}{:.2f} % of {}{}\n", "std error", 100.0 * report.result.coefficient_of_variation,
                     report.options.precision_of == PrecisionOf::eens ? "EENS" : "LOLE",
                     report.result.precision_reached ? "" : ": not the precision asked for; take more samples");
  if (report.options.rare_events != RareEvents::none)
    out += fmt::format("{:<18}cross-entropy: variance of EENS {} times smaller than by plain sampling\n", "rare events",
                       number(report.result.variance_reduction));
  return out;
}

std::string index_table(const AdequacyReport& report) {
  const bool exact = report.result.method == Method::analytic;
  const std::string interval = fmt::format("{:g} % interval", 100.0 * report.options.confidence);
  std::string out =
      exact ? fmt::format("\n{:<24}{:<6}{:>12}\n", "index", "unit", "value")
            : fmt::format("\n{:<24}{:<6}{:>12}{:>12}{:>26}\n", "index", "unit", "value", "std error", interval);
  constexpr std::array<std::string_view, k_indices.size()> k_labels = {
      "LOLP", "LOLE", "LOLE, daily peaks", "EENS (LOEE)", "LOLF, interruptions", "LOLD, their duration"};
  for (std::size_t i = 0; i < k_indices.size(); ++i) {
    const Estimate& e = report.result.system.*k_indices[i].member;
    out += fmt::format("{:<24}{:<6}{:>12}", k_labels[i], k_indices[i].unit, number(e.value));
    if (!exact)
      out += fmt::format("{:>12}{:>26}", number(e.standard_error),
                         fmt::format("{} ... {}", number(e.low), number(e.high)));
    out += '\n';
  }
  return out;
}

std::string area_table(const AdequacyReport& report) {
  if (report.result.area.size() < 2) return {};
  std::string out = fmt::format("\n{:<24}{:>12}{:>12}{:>14}{:>12}{:>12}\n", "area", "LOLE h", "std error", "EENS MWh",
                                "std error", "LOLF");
  for (std::size_t a = 0; a < report.result.area.size(); ++a) {
    const Indices& indices = report.result.area[a];
    out +=
        fmt::format("{:<24}{:>12}{:>12}{:>14}{:>12}{:>12}\n", report.system.areas[a].name, number(indices.lole_h.value),
                    number(indices.lole_h.standard_error), number(indices.eens_mwh.value),
                    number(indices.eens_mwh.standard_error), number(indices.lolf.value));
  }
  return out;
}

std::string worst_list(const AdequacyReport& report) {
  if (report.result.worst.empty()) return {};
  constexpr std::size_t k_most_shown = 3;
  std::string out = "\nworst samples\n";
  for (std::size_t i = 0; i < std::min(k_most_shown, report.result.worst.size()); ++i) {
    const SampleRecord& worst = report.result.worst[i];
    out += fmt::format("  sample {:<10} {} MWh in {} h, first at {}{}\n", worst.sample, number(worst.eens_mwh),
                       number(worst.lole_h), format_local(report.system.time.at(worst.first_step)),
                       worst.load_factor == 1.0 ? "" : fmt::format(", all demand x {:.3f}", worst.load_factor));
  }
  return out + fmt::format("  --replay {} -o FILE.yaml writes the first one's outages as a scenario for gridplus run\n",
                           report.result.worst.front().sample);
}

Json finite(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json to_json(const Indices& indices) {
  Json out;
  for (const IndexInfo& index : k_indices) {
    const Estimate& e = indices.*index.member;
    out[std::string(index.name)] = {{"value", finite(e.value)},
                                    {"standard_error", finite(e.standard_error)},
                                    {"low", finite(e.low)},
                                    {"high", finite(e.high)}};
  }
  return out;
}

}  // namespace

std::string adequacy_text(const AdequacyReport& report) {
  std::string out = head(report);
  out.append(index_table(report)).append(area_table(report)).append(worst_list(report));
  for (const std::string& note : report.system.notes) out += fmt::format("{:<18}{}\n", "note", note);
  if (!report.results.empty()) out += fmt::format("{:<18}{}\n", "results", report.results);
  return out;
}

std::string adequacy_json(const AdequacyReport& report) {
  const AdequacyResult& result = report.result;
  Json json{{"scenario", report.model.provenance.scenario_name},
            {"source", report.source},
            {"method", std::string(k_method_names[static_cast<std::size_t>(result.method)])},
            {"samples", result.samples},
            {"seed", report.model.seed},
            {"period_h", report.system.time.duration_h()},
            {"confidence", report.options.confidence},
            {"precision_reached", result.precision_reached},
            {"coefficient_of_variation", finite(result.coefficient_of_variation)},
            {"variance_reduction", finite(result.variance_reduction)},
            {"demand_mwh", result.demand_mwh},
            {"peak_demand_mw", to_mw(peak_of(report.system))},
            {"system", to_json(result.system)},
            {"wall_s", report.wall_s},
            {"notes", report.system.notes}};
  json["area"] = Json::object();
  for (std::size_t a = 0; a < report.system.areas.size(); ++a)
    json["area"][report.system.areas[a].name] = to_json(result.area.empty() ? result.system : result.area[a]);
  json["worst"] = Json::array();
  for (const SampleRecord& worst : result.worst)
    json["worst"].push_back({{"sample", worst.sample},
                             {"unserved_mwh", worst.eens_mwh},
                             {"unserved_h", worst.lole_h},
                             {"weight", worst.weight},
                             {"load_factor", worst.load_factor},
                             {"first_at", format_time(report.system.time.at(worst.first_step))}});
  return json.dump() + "\n";
}

}  // namespace gridplus::tools
