#include "tools/gridplus/study_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {

using output::StudyTable;
using study::Estimate;
using study::MemberStatus;

constexpr std::array<std::string_view, 5> k_shown = {"unserved_energy_mwh", "curtailed_share", "losses_mwh",
                                                     "operating_cost", "co2_t"};
constexpr std::int64_t k_most_rows = 40;
constexpr std::size_t k_width = 24;

std::string estimate_text(const Estimate& estimate) {
  if (estimate.count == 0) return "-";
  if (std::isnan(estimate.standard_error)) return grouped(estimate.mean);
  return fmt::format("{} +- {}", grouped(estimate.mean), grouped(0.5 * (estimate.ci_high - estimate.ci_low)));
}

std::vector<std::size_t> shown_kpis(const StudyTable& table) {
  std::vector<std::size_t> out;
  if (table.design.stop)
    if (const auto i = table.find_kpi(table.design.stop->kpi)) out.push_back(*i);
  for (const std::string_view name : k_shown)
    if (const auto i = table.find_kpi(name); i && std::ranges::find(out, *i) == out.end()) out.push_back(*i);
  return out;
}

template <class EstimateOf>
std::string point_table(const StudyTable& table, EstimateOf estimate_of) {
  const study::Design& design = table.design;
  const std::vector<std::size_t> kpis = shown_kpis(table);
  std::string out;
  for (const study::Axis& axis : design.axes) out += fmt::format("{:<16}", axis.name);
  for (const std::size_t i : kpis) out += fmt::format("{:>{}}", table.names.kpis[i].name, k_width);
  out += "\n";
  for (std::int64_t point = 0; point < std::min(design.points(), k_most_rows); ++point) {
    const std::vector<std::size_t> indices = design.indices(point);
    for (std::size_t a = 0; a < design.axes.size(); ++a)
      out += fmt::format("{:<16}", design.axes[a].labels[indices[a]].substr(0, 15));
    for (const std::size_t i : kpis) out += fmt::format("{:>{}}", estimate_text(estimate_of(i, point)), k_width);
    out += "\n";
  }
  if (design.points() > k_most_rows) out += fmt::format("... and {} more points\n", design.points() - k_most_rows);
  return out;
}

std::string attribution_text(const StudyTable& table) {
  const study::Design& design = table.design;
  const std::vector<std::string> causes = study::share_names(design.causes);
  std::vector<std::size_t> kpis;
  for (const std::string_view name : study::k_attributed)
    if (const auto i = table.find_kpi(name)) kpis.push_back(*i);
  std::string out = "\ndue to each cause (Shapley values), and to all of them\n";
  const auto head = [&](std::string_view title) { out += fmt::format("{:<16}", title.substr(0, 15)); };
  for (std::size_t a = 0; a + 1 < design.axes.size(); ++a) head(design.axes[a].name);
  head("cause");
  for (const std::size_t i : kpis) out += fmt::format("{:>{}}", table.names.kpis[i].name, k_width);
  out += "\n";
  const std::int64_t points = design.points() / design.cause_sets();
  for (std::int64_t p = 0; p < std::min(points, k_most_rows); ++p) {
    const std::vector<std::size_t> indices = design.indices(p * design.cause_sets());
    std::vector<std::vector<Estimate>> shares;
    for (const std::size_t i : kpis) shares.push_back(table.attribution(i, p));
    for (std::size_t c = 0; c < causes.size(); ++c) {
      for (std::size_t a = 0; a + 1 < design.axes.size(); ++a) head(design.axes[a].labels[indices[a]]);
      head(causes[c]);
      for (const auto& of_kpi : shares) out += fmt::format("{:>{}}", estimate_text(of_kpi[c]), k_width);
      out += "\n";
    }
  }
  if (points > k_most_rows) out += fmt::format("... and {} more points\n", points - k_most_rows);
  return out;
}

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json estimate_json(const Estimate& estimate) {
  return {{"count", estimate.count},
          {"mean", number(estimate.mean)},
          {"standard_error", number(estimate.standard_error)},
          {"ci_low", number(estimate.ci_low)},
          {"ci_high", number(estimate.ci_high)},
          {"cvar95", number(estimate.cvar95)}};
}

/// One entry a point of the sweep.
nlohmann::ordered_json attribution_json(const StudyTable& table) {
  const study::Design& design = table.design;
  const std::vector<std::string> causes = study::share_names(design.causes);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::int64_t p = 0; p < design.points() / design.cause_sets(); ++p) {
    nlohmann::ordered_json entry{{"axes", nlohmann::ordered_json::object()}};
    const std::vector<std::size_t> indices = design.indices(p * design.cause_sets());
    for (std::size_t a = 0; a + 1 < design.axes.size(); ++a)
      entry["axes"][design.axes[a].name] = design.axes[a].labels[indices[a]];
    for (const std::string_view name : study::k_attributed) {
      const auto i = table.find_kpi(name);
      if (!i) continue;
      const std::vector<Estimate> shares = table.attribution(*i, p);
      for (std::size_t c = 0; c < causes.size(); ++c)
        entry["kpi"][std::string(name)][causes[c]] = estimate_json(shares[c]);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

std::string study_text(const StudyTable& table) {
  const study::Design& design = table.design;
  std::string out = fmt::format("\n{} members: {} points, {}{} replicate{}; means +- half of the {:.4g} % interval\n\n",
                                design.members(), design.points(), design.stop ? "at most " : "", design.replicates,
                                design.replicates == 1 ? "" : "s", 100.0 * design.confidence);
  out += point_table(table, [&](std::size_t i, std::int64_t point) { return table.mean(i, point); });
  if (!design.baseline.empty()) {
    out += "\ndifferences to the baseline, replicate by replicate\n";
    out += point_table(table, [&](std::size_t i, std::int64_t point) { return table.difference(i, point); });
  }
  if (!design.causes.empty()) out += attribution_text(table);
  out += "\n";
  for (const MemberStatus status : {MemberStatus::not_needed, MemberStatus::not_converged, MemberStatus::failed})
    if (const std::int64_t count = table.count(status); count > 0)
      out += fmt::format("{:<18}{} members\n", study::to_string(status), count);
  constexpr std::size_t k_most_reasons = 3;
  for (std::size_t i = 0; i < std::min(table.flagged.size(), k_most_reasons); ++i)
    out += fmt::format("  member {} ({}): {}\n", table.flagged[i].member, design.describe(table.flagged[i].member),
                       table.flagged[i].reason);
  if (table.flagged.size() > k_most_reasons) out += "  more in the group 'flagged' of the results\n";
  return out;
}

std::string study_json(const StudyTable& table, const std::string& file) {
  const study::Design& design = table.design;
  nlohmann::ordered_json json{{"results", file}, {"members", design.members()}, {"confidence", design.confidence}};
  for (int s = 0; s <= static_cast<int>(MemberStatus::missing); ++s)
    json["status"][study::to_string(static_cast<MemberStatus>(s))] = table.count(static_cast<MemberStatus>(s));
  json["points"] = nlohmann::ordered_json::array();
  for (std::int64_t point = 0; point < design.points(); ++point) {
    nlohmann::ordered_json entry;
    const std::vector<std::size_t> indices = design.indices(point);
    entry["axes"] = nlohmann::ordered_json::object();
    for (std::size_t a = 0; a < design.axes.size(); ++a)
      entry["axes"][design.axes[a].name] = design.axes[a].labels[indices[a]];
    for (std::size_t i = 0; i < table.names.kpis.size(); ++i) {
      entry["kpi"][table.names.kpis[i].name] = estimate_json(table.mean(i, point));
      if (!design.baseline.empty())
        entry["difference"][table.names.kpis[i].name] = estimate_json(table.difference(i, point));
    }
    json["points"].push_back(std::move(entry));
  }
  if (!design.causes.empty()) json["attribution"] = attribution_json(table);
  json["flagged"] = nlohmann::ordered_json::array();
  for (const output::MemberRow& row : table.flagged)
    json["flagged"].push_back({{"member", row.member},
                               {"where", design.describe(row.member)},
                               {"status", study::to_string(row.status)},
                               {"reason", row.reason}});
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace gridplus::tools
