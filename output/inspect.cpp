#include "output/inspect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "output/file_system.hpp"

namespace gridplus::output {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 13> k_texts = {"content", "title",   "comment",         "currency", "start",
                                                 "method",  "created", "program_version", "git_hash", "compiler",
                                                 "seed",    "inputs",  "stages"};
constexpr std::array<const char*, 11> k_numbers = {"members", "members_failed",      "confidence", "steps",
                                                   "step_s",  "every_steps",         "base_mva",   "threads",
                                                   "wall_s",  "steps_not_converged", "replicate"};

struct Size {
  std::uint64_t raw = 0, stored = 0;
};

Size size_of_group(const GroupInfo& group) {
  Size size;
  for (const DatasetInfo& dataset : group.datasets) {
    size.raw += dataset.raw_bytes;
    size.stored += dataset.stored_bytes;
  }
  return size;
}

std::string ratio_text(const Size& size) {
  return size.raw == 0
             ? ""
             : fmt::format("{:.0f} %", 100.0 * static_cast<double>(size.stored) / static_cast<double>(size.raw));
}

/// A number for people: thousands divided, as many decimals as its size asks for.
std::string number_text(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  const double size = std::abs(value);
  if (size != 0.0 && (size < 1e-3 || size >= 1e15)) return fmt::format("{:.4g}", value);
  const int decimals = size >= 1000.0 || value == std::round(value) ? 0 : size >= 10.0 ? 2 : 4;
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const std::size_t first = text[0] == '-' ? 1 : 0, point = std::min(text.find('.'), text.size());
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > first && i < point && (point - i) % 3 == 0) out += ',';
    out += text[i];
  }
  return out;
}

std::string unit_text(const std::string& unit) {
  return unit == "1" ? "" : unit;
}

/// Rows of words in columns: the first column to the left, those marked to the right.
class Table {
 public:
  explicit Table(std::string alignment) : alignment_(std::move(alignment)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const {
    std::vector<std::size_t> widths(alignment_.size(), 0);
    for (const auto& row : rows_)
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
    std::string out;
    for (const auto& row : rows_) {
      std::string line = " ";
      for (std::size_t c = 0; c < row.size(); ++c) {
        const std::string padding(widths[c] - width(row[c]), ' ');
        line += alignment_[c] == 'r' ? fmt::format(" {}{} ", padding, row[c]) : fmt::format(" {}{} ", row[c], padding);
      }
      out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
  }

 private:
  /// Characters, not bytes: continuation bytes of UTF-8 do not count.
  static std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
  }
  std::string alignment_;
  std::vector<std::vector<std::string>> rows_;
};

std::string origin_text(const ResultsReader& results) {
  const auto text = [&](const char* name) { return results.text_attribute(name).value_or(""); };
  const auto number = [&](const char* name) { return results.number_attribute(name); };
  const auto version = results.format_version();
  std::string out = fmt::format("{}\n", results.path());
  Table table("ll");
  if (!text("title").empty()) table.add({"scenario", text("title")});
  if (!text("comment").empty()) table.add({"", text("comment")});
  if (number("steps"))
    table.add(
        {"time",
         fmt::format(
             "{} steps of {} s from {}{}", *number("steps"), number("step_s").value_or(0.0), text("start"),
             number("every_steps").value_or(1.0) > 1.0 ? fmt::format(", {} to a row", *number("every_steps")) : "")});
  table.add({"written", fmt::format("{} by gridplus {} ({}, {})", text("created"), text("program_version"),
                                    text("git_hash"), text("compiler"))});
  if (!text("seed").empty())
    table.add({"run", fmt::format("seed {}, {} threads, {:.2f} s", text("seed"), number("threads").value_or(0.0),
                                  number("wall_s").value_or(0.0))});
  table.add(
      {"format", fmt::format("gridplus-results {}.{}, {}", version[0], version[1], size_text(results.file_size()))});
  return out + table.text();
}

/// Of a group whose values stand in the shards of a study: how many there are, and how many of them are gone.
std::string links_text(const GroupInfo& group) {
  std::set<std::string> parts;
  for (const DatasetInfo& dataset : group.datasets) parts.insert(dataset.parts.begin(), dataset.parts.end());
  if (parts.empty()) return {};
  const auto gone =
      std::ranges::count_if(parts, [](const std::string& part) { return !std::filesystem::exists(part); });
  return fmt::format(
      "in {} shard{}{}", parts.size(), parts.size() == 1 ? "" : "s",
      gone > 0 ? fmt::format(", {} of which not there: their cells read as if nothing was computed", gone) : "");
}

std::string groups_text(const ResultsReader& results) {
  std::string out = "\nGroups\n";
  for (const GroupInfo& group : results.groups()) {
    if (group.name == "kpi" && !results.summary().kpis.empty()) continue;
    const Size size = size_of_group(group);
    const std::string links = links_text(group);
    out += fmt::format("  {}: {} ({}{})\n", group.name, group.long_name, links.empty() ? size_text(size.stored) : links,
                       size.raw > size.stored && links.empty() ? fmt::format(", {} of raw", ratio_text(size)) : "");
    Table table("lllrr");
    for (const DatasetInfo& dataset : group.datasets) {
      std::vector<std::string> dimensions;
      for (std::size_t d = 0; d < dataset.shape.size(); ++d)
        dimensions.push_back(fmt::format("{} {}", dataset.dimensions[d], dataset.shape[d]));
      const Size own{dataset.raw_bytes, dataset.stored_bytes};
      table.add({fmt::format("  {}", dataset.name), fmt::format("[{}]", fmt::join(dimensions, ", ")),
                 unit_text(dataset.units), dataset.type,
                 dataset.over_time() && dataset.dimensions.size() > 1 && dataset.parts.empty() ? ratio_text(own) : ""});
    }
    out += table.text();
  }
  return out;
}

std::string summary_text(const ResultsReader& results) {
  const RunSummary summary = results.summary();
  std::string out;
  if (!summary.kpis.empty()) {
    Table table("lrll");
    for (const Kpi& kpi : summary.kpis)
      table.add({kpi.name, number_text(kpi.value), unit_text(kpi.unit), kpi.long_name});
    out += "\nKey figures\n" + table.text();
  }
  if (!summary.categories.empty()) {
    const std::string currency = results.text_attribute("currency").value_or("");
    Table table("lrrrrrr");
    table.add({"", "MW", "MWh", "available MWh", "curtailed MWh", currency.empty() ? "cost" : currency, "t CO2"});
    for (const CategoryTotal& c : summary.categories)
      table.add({c.category, number_text(c.capacity_mw), number_text(c.energy_mwh), number_text(c.available_mwh),
                 number_text(c.curtailed_mwh), number_text(c.cost), number_text(c.co2_t)});
    out += "\nBy category\n" + table.text();
  }
  if (results.find("extreme") != nullptr) {
    Table table("lrlll");
    const auto add = [&](const char* what, const Extreme& e, const char* unit) {
      if (!e.subject.empty()) table.add({what, number_text(e.value), unit, e.subject, e.local_time});
    };
    add("lowest voltage", summary.lowest_voltage, "p.u.");
    add("highest voltage", summary.highest_voltage, "p.u.");
    add("highest loading", summary.highest_loading, "%");
    out += "\nExtremes\n" + table.text();
  }
  if (!summary.stage_times.empty()) {
    Table table("lrl");
    for (const StageTime& stage : summary.stage_times)
      table.add({stage.label, fmt::format("{:.3f}", stage.wall_s), "s"});
    out += "\nWall time by stage\n" + table.text();
  }
  if (summary.steps_not_converged > 0)
    out += fmt::format("\n{} steps did not converge: see step/converged and the events\n", summary.steps_not_converged);
  return out;
}

/// JSON has no infinity and no NaN: they become null.
Json number_json(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json extreme_json(const Extreme& extreme, const char* unit) {
  return {{"value", number_json(extreme.value)},
          {"unit", unit},
          {"subject", extreme.subject},
          {"local_time", extreme.local_time}};
}

Json groups_json(const ResultsReader& results) {
  Json groups = Json::object();
  for (const GroupInfo& group : results.groups()) {
    Json datasets = Json::object();
    for (const DatasetInfo& dataset : group.datasets) {
      Json entry = {{"type", dataset.type},
                    {"dimensions", dataset.dimensions},
                    {"shape", dataset.shape},
                    {"units", dataset.units},
                    {"long_name", dataset.long_name},
                    {"raw_bytes", dataset.raw_bytes},
                    {"stored_bytes", dataset.stored_bytes}};
      if (!dataset.flag_meanings.empty()) entry["flag_meanings"] = dataset.flag_meanings;
      datasets[dataset.name] = std::move(entry);
    }
    groups[group.name] = {{"long_name", group.long_name}, {"variables", std::move(datasets)}};
  }
  return groups;
}

}  // namespace

std::string inspect_text(const ResultsReader& results) {
  return origin_text(results) + summary_text(results) + groups_text(results);
}

std::string inspect_json(const ResultsReader& results) {
  const auto version = results.format_version();
  Json json = {{"file", results.path()},
               {"file_bytes", results.file_size()},
               {"format", {{"name", results.text_attribute("format").value_or("")}, {"version", version}}}};
  Json& attributes = json["attributes"] = Json::object();
  for (const char* name : k_texts)
    if (const auto value = results.text_attribute(name)) attributes[name] = *value;
  for (const char* name : k_numbers)
    if (const auto value = results.number_attribute(name)) attributes[name] = number_json(*value);

  const RunSummary summary = results.summary();
  Json& kpis = json["kpi"] = Json::object();
  for (const Kpi& kpi : summary.kpis)
    kpis[kpi.name] = {{"value", number_json(kpi.value)}, {"unit", kpi.unit}, {"long_name", kpi.long_name}};
  Json& categories = json["category"] = Json::object();
  for (const CategoryTotal& c : summary.categories)
    categories[c.category] = {{"capacity_mw", c.capacity_mw},
                              {"energy_mwh", c.energy_mwh},
                              {"available_mwh", c.available_mwh},
                              {"curtailed_mwh", c.curtailed_mwh},
                              {"cost", c.cost},
                              {"co2_t", c.co2_t}};
  if (results.find("extreme") != nullptr)
    json["extreme"] = {{"lowest_voltage", extreme_json(summary.lowest_voltage, "p.u.")},
                       {"highest_voltage", extreme_json(summary.highest_voltage, "p.u.")},
                       {"highest_loading", extreme_json(summary.highest_loading, "percent")}};
  Json& stages = json["wall_s_by_stage"] = Json::object();
  for (const StageTime& stage : summary.stage_times) stages[stage.label] = stage.wall_s;
  json["groups"] = groups_json(results);
  return json.dump(2);
}

}  // namespace gridplus::output
