#include "tools/gridplus/summary.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {

double figure(const RunSummary& summary, std::string_view name) {
  for (const Kpi& kpi : summary.kpis)
    if (kpi.name == name) return kpi.value;
  return 0.0;
}

std::string category_table(const RunSummary& summary, const Model& model) {
  const double hours = static_cast<double>(summary.steps) * model.time.step_h();
  const double total = figure(summary, "generation_mwh");
  std::string out = fmt::format("{:<18}{:>12}{:>14}{:>8}{:>10}{:>14}{:>16}{:>12}\n", "", "capacity", "energy", "share",
                                "cap. f.", "curtailed", "cost", "CO2");
  out += fmt::format("{:<18}{:>12}{:>14}{:>8}{:>10}{:>14}{:>16}{:>12}\n", "", "MW", "MWh", "%", "%", "MWh",
                     model.provenance.currency, "t");
  for (const CategoryTotal& row : summary.categories) {
    const double possible = row.capacity_mw * hours;
    out += fmt::format("{:<18}{:>12}{:>14}{:>8.1f}{:>10.1f}{:>14}{:>16}{:>12}\n", row.category.substr(0, 17),
                       grouped(row.capacity_mw), grouped(row.energy_mwh),
                       total > 0.0 ? 100.0 * row.energy_mwh / total : 0.0,
                       possible > 0.0 ? 100.0 * row.energy_mwh / possible : 0.0, grouped(row.curtailed_mwh),
                       grouped(row.cost), grouped(row.co2_t));
  }
  return out;
}

std::string line(std::string_view label, const std::string& text) {
  return fmt::format("{:<18}{}\n", label, text);
}

std::string seen(const Extreme& extreme, std::string_view unit, int decimals) {
  if (extreme.subject.empty()) return "none";
  return fmt::format("{:.{}f} {} at {}, {}", extreme.value, decimals, unit, extreme.subject, extreme.local_time);
}

}  // namespace

std::string summary_text(const RunSummary& summary, const Model& model) {
  const auto kpi = [&](std::string_view name) { return figure(summary, name); };
  const std::string& currency = model.provenance.currency;
  const double demand = kpi("demand_mwh");
  const auto percent_of_demand = [&](double mwh) { return demand > 0.0 ? 100.0 * mwh / demand : 0.0; };
  std::string out = fmt::format("\n{}: {} steps of {} min, {} to {}\n\n", model.provenance.scenario_name, summary.steps,
                                model.time.step_s() / 60, format_local(model.time.start()),
                                format_local(model.time.at(summary.steps)));
  out += category_table(summary, model) + "\n";
  out += line("demand", fmt::format("{} MWh, peak {} MW, load factor {:.1f} %", grouped(demand),
                                    grouped(kpi("peak_demand_mw")), 100.0 * kpi("load_factor")));
  out += line("unserved", fmt::format("{} MWh ({:.4f} %) in {} h", grouped(kpi("unserved_energy_mwh")),
                                      percent_of_demand(kpi("unserved_energy_mwh")), grouped(kpi("unserved_hours_h"))));
  out += line("losses",
              fmt::format("{} MWh ({:.2f} %)", grouped(kpi("losses_mwh")), percent_of_demand(kpi("losses_mwh"))));
  out += line("curtailed", fmt::format("{} MWh ({:.2f} % of what the curtailed units had)",
                                       grouped(kpi("curtailed_mwh")), 100.0 * kpi("curtailed_share")));
  if (model.storage_count() > 0)
    out += line("storage", fmt::format("{} MWh in, {} MWh out, {:.0f} full cycles", grouped(kpi("charged_mwh")),
                                       grouped(kpi("discharged_mwh")), kpi("storage_full_cycles")));
  out += line("cost", fmt::format("{} {}, of it {} for {} starts", grouped(kpi("operating_cost")), currency,
                                  grouped(kpi("start_cost")), grouped(kpi("starts"), 0)));
  out += line("emissions", fmt::format("{} t CO2, {:.3f} t/MWh", grouped(kpi("co2_t")), kpi("co2_per_mwh")));
  if (model.network.has_voltages()) {
    out += line("lowest voltage", seen(summary.lowest_voltage, "p.u.", 4));
    out += line("highest voltage", seen(summary.highest_voltage, "p.u.", 4));
  }
  out += line("highest loading", seen(summary.highest_loading, "%", 1));
  out +=
      line("power flow", summary.steps_not_converged == 0
                             ? std::string("converged in every step")
                             : fmt::format("{} steps did not converge; they are flagged in step/converged and in event",
                                           summary.steps_not_converged));
  out += line("balance", fmt::format("closes to {:.1e} MW in every island and step", kpi("largest_imbalance_mw")));
  std::string stages;
  for (const StageTime& stage : summary.stage_times)
    stages += fmt::format("{} {} {:.2f}", stages.empty() ? ":" : ",", stage.label, stage.wall_s);
  out += line("wall time", fmt::format("{:.2f} s{}", summary.wall_s, stages));
  return out;
}

std::string summary_json(const RunSummary& summary, const Model& model, const std::string& results_file) {
  nlohmann::ordered_json json;
  json["scenario"] = model.provenance.scenario_name;
  json["results"] = results_file;
  json["steps"] = summary.steps;
  for (const Kpi& kpi : summary.kpis) json["kpi"][kpi.name] = kpi.value;
  for (const CategoryTotal& row : summary.categories)
    json["category"][row.category] = {{"capacity_mw", row.capacity_mw},
                                      {"energy_mwh", row.energy_mwh},
                                      {"available_mwh", row.available_mwh},
                                      {"curtailed_mwh", row.curtailed_mwh},
                                      {"cost", row.cost},
                                      {"co2_t", row.co2_t}};
  const auto add_extreme = [&](const char* name, const Extreme& extreme) {
    if (!extreme.subject.empty())
      json["extreme"][name] = {
          {"value", extreme.value}, {"subject", extreme.subject}, {"local_time", extreme.local_time}};
  };
  add_extreme("lowest_voltage_pu", summary.lowest_voltage);
  add_extreme("highest_voltage_pu", summary.highest_voltage);
  add_extreme("highest_loading_percent", summary.highest_loading);
  json["wall_s"] = summary.wall_s;
  for (const StageTime& stage : summary.stage_times) json["stage_wall_s"][stage.label] = stage.wall_s;
  return json.dump(2) + "\n";
}

}  // namespace gridplus::tools
