#include "output/summary_groups.hpp"

#include <array>
#include <limits>

#include "output/static_groups.hpp"
#include "sim/comms/age_histogram.hpp"

namespace gridplus::output {

namespace {

struct CategoryColumn {
  const char* name;
  const char* unit;
  const char* long_name;
  double CategoryTotal::*member;
};
constexpr std::array<CategoryColumn, 6> k_category_columns = {
    {{"capacity_mw", "MW", "rated active power of its producers", &CategoryTotal::capacity_mw},
     {"energy_mwh", "MWh", "energy generated", &CategoryTotal::energy_mwh},
     {"available_mwh", "MWh", "energy that resource and machines could give", &CategoryTotal::available_mwh},
     {"curtailed_mwh", "MWh", "energy of free resources that was not used", &CategoryTotal::curtailed_mwh},
     {"cost", "currency", "operating cost", &CategoryTotal::cost},
     {"co2_t", "t", "carbon dioxide emitted", &CategoryTotal::co2_t}}};

Group kpi_group(const RunSummary& summary, std::string_view currency) {
  Group group{"kpi", "key figures of the run", {}, {}};
  for (const Kpi& kpi : summary.kpis)
    group.datasets.push_back({kpi.name,
                              CellType::float64,
                              {},
                              with_currency(kpi.unit, currency),
                              kpi.long_name,
                              {},
                              std::vector<double>{kpi.value}});
  return group;
}

Group category_group(const RunSummary& summary, std::string_view currency) {
  std::vector<std::string> names;
  for (const CategoryTotal& total : summary.categories) names.push_back(total.category);
  Group group{"category", "totals of the run by category of producers", {{"category", names.size()}}, {}};
  group.datasets.push_back(text_column("category", "category", "category of producers", std::move(names)));
  for (const CategoryColumn& column : k_category_columns) {
    std::vector<double> values;
    for (const CategoryTotal& total : summary.categories) values.push_back(total.*column.member);
    group.datasets.push_back(number_column(column.name, "category", with_currency(column.unit, currency),
                                           column.long_name, std::move(values)));
  }
  return group;
}

Group portfolio_group(const RunSummary& summary) {
  constexpr std::size_t k_bins = comms::AgeHistogram::k_bins;
  const auto column = [&](auto member) {
    std::vector<double> values;
    for (const PortfolioTotal& total : summary.portfolios) values.push_back(total.*member);
    return values;
  };
  std::vector<std::string> names;
  std::vector<std::int64_t> counts;
  for (const PortfolioTotal& total : summary.portfolios) {
    names.push_back(total.controller);
    counts.insert(counts.end(), total.measurements.begin(), total.measurements.end());
  }
  std::vector<double> from_s, to_s;
  for (std::size_t bin = 0; bin < k_bins; ++bin) {
    from_s.push_back(bin == 0 ? 0.0 : comms::AgeHistogram::edge_s(bin));
    to_s.push_back(comms::AgeHistogram::edge_s(bin + 1));
  }
  to_s.back() = std::numeric_limits<double>::infinity();
  Group group{"portfolio", "controllers over the whole run", {{"portfolio", names.size()}, {"age", k_bins}}, {}};
  auto& out = group.datasets;
  out.push_back(text_column("portfolio", "portfolio", "name of the controller", std::move(names)));
  out.push_back(number_column("controllable_mw", "portfolio", "MW", "power of the devices that it commands",
                              column(&PortfolioTotal::controllable_mw)));
  out.push_back(number_column("control_availability", "portfolio", "1", "share of it, over time, that followed",
                              column(&PortfolioTotal::control_availability)));
  out.push_back(number_column("capacity_credit", "portfolio", "1",
                              "share of it that followed in at least 95 % of the steps",
                              column(&PortfolioTotal::capacity_credit)));
  out.push_back(number_column("age", "age", "s", "lower edge of a bin of ages", std::move(from_s)));
  out.push_back(number_column("age_to_s", "age", "s", "upper edge of the bin", std::move(to_s)));
  out.push_back({"measurements",
                 CellType::int64,
                 {"portfolio", "age"},
                 "1",
                 "measurements that it went by in the steps, by age; those of several files add up",
                 {},
                 std::move(counts)});
  return group;
}

Group extreme_group(const RunSummary& summary) {
  const std::array<const Extreme*, 3> extremes = {&summary.lowest_voltage, &summary.highest_voltage,
                                                  &summary.highest_loading};
  std::vector<double> values;
  std::vector<std::string> subjects, times;
  for (const Extreme* extreme : extremes) {
    values.push_back(extreme->value);
    subjects.push_back(extreme->subject);
    times.push_back(extreme->local_time);
  }
  Group group{"extreme", "worst values of the run, with place and time", {{"extreme", extremes.size()}}, {}};
  auto& out = group.datasets;
  out.push_back(
      text_column("extreme", "extreme", "which extreme", {"lowest_voltage", "highest_voltage", "highest_loading"}));
  out.push_back(number_column("value", "extreme", "1", "the value, in the unit that `unit` names", std::move(values)));
  out.push_back(text_column("unit", "extreme", "unit of the value", {"p.u.", "p.u.", "percent"}));
  out.push_back(text_column("subject", "extreme", "bus or branch", std::move(subjects)));
  out.push_back(text_column("local_time", "extreme", "when, in local time", std::move(times)));
  return group;
}

void save(const Extreme& extreme, ByteWriter& out) {
  out.put(extreme.value);
  out.put(extreme.subject);
  out.put(extreme.local_time);
}

Extreme load_extreme(ByteReader& in) {
  Extreme extreme;
  extreme.value = in.get<double>();
  extreme.subject = in.text();
  extreme.local_time = in.text();
  return extreme;
}

}  // namespace

std::vector<Group> summary_groups(const RunSummary& summary, std::string_view currency) {
  std::vector<Group> groups = {kpi_group(summary, currency), extreme_group(summary)};
  if (!summary.categories.empty()) groups.push_back(category_group(summary, currency));
  if (!summary.portfolios.empty()) groups.push_back(portfolio_group(summary));
  return groups;
}

std::vector<Attribute> summary_attributes(const RunSummary& summary) {
  std::string stages;
  for (const StageTime& stage : summary.stage_times) stages += (stages.empty() ? "" : " ") + stage.label;
  std::vector<Attribute> attributes = {
      {"steps_not_converged", summary.steps_not_converged}, {"wall_s", summary.wall_s}, {"stages", std::move(stages)}};
  for (const StageTime& stage : summary.stage_times) attributes.push_back({"wall_s_" + stage.label, stage.wall_s});
  return attributes;
}

void save(const RunSummary& summary, ByteWriter& out) {
  out.put(static_cast<std::uint64_t>(summary.kpis.size()));
  for (const Kpi& kpi : summary.kpis) {
    out.put(kpi.name);
    out.put(kpi.value);
    out.put(kpi.unit);
    out.put(kpi.long_name);
  }
  out.put(static_cast<std::uint64_t>(summary.categories.size()));
  for (const CategoryTotal& total : summary.categories) {
    out.put(total.category);
    for (const CategoryColumn& column : k_category_columns) out.put(total.*column.member);
  }
  out.put(static_cast<std::uint64_t>(summary.portfolios.size()));
  for (const PortfolioTotal& total : summary.portfolios) {
    out.put(total.controller);
    for (const double value : {total.controllable_mw, total.control_availability, total.capacity_credit})
      out.put(value);
    out.put(static_cast<std::uint64_t>(total.measurements.size()));
    for (const std::uint64_t count : total.measurements) out.put(count);
  }
  out.put(static_cast<std::uint64_t>(summary.stage_times.size()));
  for (const StageTime& stage : summary.stage_times) {
    out.put(stage.label);
    out.put(stage.wall_s);
  }
  for (const Extreme* extreme : {&summary.lowest_voltage, &summary.highest_voltage, &summary.highest_loading})
    save(*extreme, out);
  out.put(summary.wall_s);
  out.put(summary.steps);
  out.put(summary.steps_not_converged);
}

RunSummary load_summary(ByteReader& in) {
  RunSummary summary;
  summary.kpis.resize(in.get<std::uint64_t>());
  for (Kpi& kpi : summary.kpis) {
    kpi.name = in.text();
    kpi.value = in.get<double>();
    kpi.unit = in.text();
    kpi.long_name = in.text();
  }
  summary.categories.resize(in.get<std::uint64_t>());
  for (CategoryTotal& total : summary.categories) {
    total.category = in.text();
    for (const CategoryColumn& column : k_category_columns) total.*column.member = in.get<double>();
  }
  summary.portfolios.resize(in.get<std::uint64_t>());
  for (PortfolioTotal& total : summary.portfolios) {
    total.controller = in.text();
    for (double* value : {&total.controllable_mw, &total.control_availability, &total.capacity_credit})
      *value = in.get<double>();
    total.measurements.resize(in.get<std::uint64_t>());
    for (std::uint64_t& count : total.measurements) count = in.get<std::uint64_t>();
  }
  summary.stage_times.resize(in.get<std::uint64_t>());
  for (StageTime& stage : summary.stage_times) {
    stage.label = in.text();
    stage.wall_s = in.get<double>();
  }
  for (Extreme* extreme : {&summary.lowest_voltage, &summary.highest_voltage, &summary.highest_loading})
    *extreme = load_extreme(in);
  summary.wall_s = in.get<double>();
  summary.steps = in.get<std::int64_t>();
  summary.steps_not_converged = in.get<std::int64_t>();
  return summary;
}

}  // namespace gridplus::output
