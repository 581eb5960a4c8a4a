#include "output/study_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "output/file_system.hpp"
#include "output/hdf5_file.hpp"
#include "output/static_groups.hpp"
#include "output/study_axes.hpp"
#include "output/study_series.hpp"

namespace gridplus::output {

namespace {

using study::Design;
using study::Estimate;

/// Builds the groups of a study: all have the dimensions of the points.
class StudyGroups {
 public:
  StudyGroups(const StudyTable& table, const std::string& currency)
      : table_(table), design_(table.design), axes_(table.design), currency_(currency) {}

  [[nodiscard]] Group kpis() const {
    Group group = axes_.begin("kpi", "key figures of every member", true);
    for (std::size_t i = 0; i < table_.names.kpis.size(); ++i) {
      const Kpi& kpi = table_.names.kpis[i];
      group.datasets.push_back(variable(group, kpi.name, kpi.unit, kpi.long_name, table_.values[i]));
    }
    Dataset status{"status", CellType::int8, StudyAxes::dimensions(group), "1", "how the member ended", {}, {}};
    add_flag_meanings(status, "done not_converged failed not_needed missing");
    axes_.add_coordinates(status);
    std::vector<std::int64_t> flags;
    for (const study::MemberStatus flag : table_.status) flags.push_back(static_cast<std::int64_t>(flag));
    status.values = std::move(flags);
    group.datasets.push_back(std::move(status));
    return group;
  }

  [[nodiscard]] Group categories() const {
    Group group = axes_.begin("category", "totals of every member by category of producers", true);
    group.dimensions.push_back({"category", table_.names.categories.size()});
    group.datasets.push_back(text_column("category", "category", "category of producers", table_.names.categories));
    const std::size_t count = table_.names.categories.size(), cells = table_.status.size();
    for (std::size_t c = 0; c < category_columns().size(); ++c) {
      const CategoryColumnInfo& column = category_columns()[c];
      std::vector<double> values(cells * count);
      for (std::size_t k = 0; k < count; ++k) {
        const auto& source = table_.values[table_.names.kpis.size() + k * category_columns().size() + c];
        for (std::size_t cell = 0; cell < cells; ++cell) values[cell * count + k] = source[cell];
      }
      group.datasets.push_back(variable(group, column.name, column.unit, column.long_name, std::move(values)));
    }
    return group;
  }

  /// Mean, standard error and confidence interval of every key figure at every point.
  template <class EstimateOf>
  [[nodiscard]] Group estimates(const char* name, const char* long_name, EstimateOf estimate_of) const {
    Group group = axes_.begin(name, long_name, false);
    for (std::size_t i = 0; i < table_.names.kpis.size(); ++i) {
      std::array<std::vector<double>, 5> columns;
      for (std::int64_t point = 0; point < design_.points(); ++point) {
        add_to(columns, estimate_of(i, point));
      }
      add_columns(group, table_.names.kpis[i], std::move(columns));
    }
    return group;
  }

  /// What is due to each cause, and to all, over the points of the sweep.
  [[nodiscard]] Group attribution() const {
    Group group{"attribution", "what is due to each cause: Shapley values, means over the replicates", {}, {}};
    for (std::size_t a = 0; a + 1 < design_.axes.size(); ++a) {
      group.dimensions.push_back({design_.axes[a].name, design_.axes[a].labels.size()});
      group.datasets.push_back(StudyAxes::column(design_.axes[a], design_.axes[a].name));
    }
    const std::vector<std::string> causes = study::share_names(design_.causes);
    group.dimensions.push_back({"cause", causes.size()});
    group.datasets.push_back(text_column("cause", "cause", "cause; all: what they make together", causes));
    for (const std::string_view name : study::k_attributed)
      if (const auto i = table_.find_kpi(name)) add_shares(group, *i);
    return group;
  }

  [[nodiscard]] Dataset count_column(const Group& group) const {
    Dataset out{"members", CellType::int32, StudyAxes::dimensions(group), "1", "members with results at the point", {},
                {}};
    axes_.add_coordinates(out);
    std::vector<std::int64_t> counts;
    for (std::int64_t point = 0; point < design_.points(); ++point) {
      std::int64_t count = 0;
      for (std::int64_t r = 0; r < design_.replicates; ++r) {
        const auto status = table_.status[static_cast<std::size_t>(point * design_.replicates + r)];
        count += status == study::MemberStatus::done || status == study::MemberStatus::not_converged ? 1 : 0;
      }
      counts.push_back(count);
    }
    out.values = std::move(counts);
    return out;
  }

  [[nodiscard]] Group flagged() const {
    const std::uint64_t count = table_.flagged.size();
    Group group{"flagged", "members that failed or have steps that did not converge", {{"flagged", count}}, {}};
    std::vector<std::int64_t> numbers, replicates, statuses;
    std::vector<std::string> points, reasons;
    for (const MemberRow& row : table_.flagged) {
      numbers.push_back(row.member);
      replicates.push_back(design_.key(row.member).replicate);
      statuses.push_back(static_cast<std::int64_t>(row.status));
      points.push_back(design_.describe(row.member));
      reasons.push_back(row.reason);
    }
    group.datasets.push_back({"flagged", CellType::int64, {"flagged"}, "1", "number of the member", {}, numbers});
    group.datasets.push_back({"replicate", CellType::int64, {"flagged"}, "1", "its replicate", {}, replicates});
    group.datasets.push_back(flag_column("status", "flagged", "how the member ended",
                                         "done not_converged failed not_needed missing", statuses));
    group.datasets.push_back(text_column("where", "flagged", "its values on the axes", points));
    group.datasets.push_back(text_column("reason", "flagged", "why", reasons));
    return group;
  }

 private:
  void add_shares(Group& group, std::size_t number) const {
    std::array<std::vector<double>, 5> columns;
    for (std::int64_t p = 0; p < design_.points() / design_.cause_sets(); ++p)
      for (const Estimate& estimate : table_.attribution(number, p)) add_to(columns, estimate);
    add_columns(group, table_.names.kpis[number], std::move(columns));
  }

  static void add_to(std::array<std::vector<double>, 5>& columns, const Estimate& estimate) {
    columns[0].push_back(estimate.mean);
    columns[1].push_back(estimate.standard_error);
    columns[2].push_back(estimate.ci_low);
    columns[3].push_back(estimate.ci_high);
    columns[4].push_back(estimate.cvar95);
  }

  /// Mean, standard error and ends of the confidence interval of a key figure.
  void add_columns(Group& group, const Kpi& kpi, std::array<std::vector<double>, 5> columns) const {
    const std::array<std::pair<const char*, const char*>, 5> parts = {
        {{"", ""},
         {"_standard_error", ", standard error of the mean"},
         {"_ci_low", ", lower end of the confidence interval"},
         {"_ci_high", ", upper end of the confidence interval"},
         {"_cvar95", ", mean of the highest 5 % of the replicates"}}};
    for (std::size_t p = 0; p < parts.size(); ++p)
      group.datasets.push_back(
          variable(group, kpi.name + parts[p].first, kpi.unit, kpi.long_name + parts[p].second, std::move(columns[p])));
  }

  [[nodiscard]] Dataset variable(const Group& group, std::string name, const std::string& unit, std::string long_name,
                                 std::vector<double> values) const {
    Dataset out{std::move(name),
                CellType::float64,
                StudyAxes::dimensions(group),
                with_currency(unit, currency_),
                std::move(long_name),
                {},
                std::move(values)};
    axes_.add_coordinates(out);
    return out;
  }

  const StudyTable& table_;
  const Design& design_;
  StudyAxes axes_;
  const std::string& currency_;
};

std::vector<Attribute> attributes_of(const StudyTable& table, const StudyDescription& description) {
  std::vector<Attribute> attributes = origin_attributes();
  attributes.push_back({"content", std::string("study")});
  attributes.push_back({"title", description.provenance.scenario_name});
  attributes.push_back({"comment", description.provenance.description});
  attributes.push_back({"currency", description.provenance.currency});
  attributes.push_back({"inputs", description.inputs});
  attributes.push_back({"design", design_to_text(description.design)});
  attributes.push_back({"confidence", table.design.confidence});
  attributes.push_back({"members", table.design.members()});
  attributes.push_back({"members_failed", table.count(study::MemberStatus::failed)});
  return attributes;
}

}  // namespace

void write_study(const std::string& path, const StudyTable& table, const StudyDescription& description,
                 const StudySeries* series) {
  const std::string temporary = fmt::format("{}.{}.assembling", path, ::getpid());
  try {
    const StudyGroups groups(table, description.provenance.currency);
    Hdf5File file(temporary, attributes_of(table, description));
    file.add(groups.kpis());
    Group means = groups.estimates("mean", "means over the replicates of every point",
                                   [&](std::size_t i, std::int64_t point) { return table.mean(i, point); });
    means.datasets.push_back(groups.count_column(means));
    file.add(means);
    if (!table.design.baseline.empty())
      file.add(groups.estimates("difference", "mean differences to the baseline, replicate by replicate",
                                [&](std::size_t i, std::int64_t point) { return table.difference(i, point); }));
    if (!table.design.causes.empty()) file.add(groups.attribution());
    if (!table.names.categories.empty()) file.add(groups.categories());
    file.add(groups.flagged());
    if (series != nullptr) add_study_series(file, table, *series);
    file.add(scenario_group(description.provenance));
    file.close();
    publish_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gridplus::output
