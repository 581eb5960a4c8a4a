#include "output/study_shard.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>

#include "output/file_system.hpp"
#include "output/hdf5_file.hpp"
#include "output/member_series.hpp"
#include "output/reader.hpp"
#include "output/series_schema.hpp"
#include "output/static_groups.hpp"
#include "output/study_journal.hpp"

namespace gridplus::output {

namespace {

constexpr const char* k_statuses = "done not_converged failed not_needed missing";

Group member_group(const MemberRows& members) {
  Group group{"member", "members of the study that this shard holds", {{"member", members.rows.size()}}, {}};
  std::vector<std::int64_t> numbers, statuses;
  std::vector<double> walls;
  std::vector<std::string> reasons;
  for (const MemberRow& row : members.rows) {
    numbers.push_back(row.member);
    statuses.push_back(static_cast<std::int64_t>(row.status));
    walls.push_back(row.wall_s);
    reasons.push_back(row.reason);
  }
  group.datasets.push_back({"member", CellType::int64, {"member"}, "1", "number of the member", {}, numbers});
  group.datasets.push_back(flag_column("status", "member", "how the member ended", k_statuses, statuses));
  group.datasets.push_back(number_column("wall_s", "member", "s", "time it took to compute", walls));
  group.datasets.push_back(text_column("reason", "member", "why it failed or is flagged", reasons));
  return group;
}

/// All numbers as [member], the members' own coordinate in every group.
Group number_group(const char* name, const char* long_name, const MemberRows& members) {
  Group group{name, long_name, {{"member", members.rows.size()}}, {}};
  std::vector<std::int64_t> numbers;
  for (const MemberRow& row : members.rows) numbers.push_back(row.member);
  group.datasets.push_back({"member", CellType::int64, {"member"}, "1", "number of the member", {}, numbers});
  return group;
}

struct NumberColumns {
  std::vector<std::vector<double>> columns;
};

NumberColumns columns_of(const MemberRows& members, const NameTable& wide) {
  NumberColumns out;
  out.columns.assign(wide.width(), std::vector<double>(members.rows.size(), study::k_not_known));
  std::vector<std::vector<std::ptrdiff_t>> places;
  for (const NameTable& table : members.tables) places.push_back(places_in(wide, table));
  for (std::size_t r = 0; r < members.rows.size(); ++r) {
    const MemberRow& row = members.rows[r];
    if (row.values.empty()) continue;
    for (std::size_t c = 0; c < wide.width(); ++c)
      if (const std::ptrdiff_t place = places[row.table][c]; place >= 0)
        out.columns[c][r] = row.values[static_cast<std::size_t>(place)];
  }
  return out;
}

/// HDF5 names hold no slash.
std::string category_dataset(const char* column, const std::string& category) {
  std::string name = fmt::format("{}@{}", column, category);
  for (char& c : name)
    if (c == '/') c = '|';
  return name;
}

Group kpi_group(const NameTable& names, std::span<std::vector<double>> columns, const MemberRows& members,
                const std::string& currency) {
  Group group = number_group("kpi", "key figures of the members", members);
  for (std::size_t i = 0; i < names.kpis.size(); ++i)
    group.datasets.push_back(number_column(names.kpis[i].name, "member", with_currency(names.kpis[i].unit, currency),
                                           names.kpis[i].long_name, std::move(columns[i])));
  return group;
}

Group category_group(const NameTable& names, std::span<std::vector<double>> columns, const MemberRows& members,
                     const std::string& currency) {
  Group group = number_group("category", "totals of the members by category of producers", members);
  std::size_t at = 0;
  for (const std::string& category : names.categories)
    for (const CategoryColumnInfo& column : category_columns()) {
      Dataset dataset = number_column(category_dataset(column.name, category), "member",
                                      with_currency(column.unit, currency), column.long_name, std::move(columns[at++]));
      dataset.attributes.push_back({"category", category});
      dataset.attributes.push_back({"column", std::string(column.name)});
      group.datasets.push_back(std::move(dataset));
    }
  return group;
}

std::vector<Attribute> shard_attributes(const StudyDescription& description) {
  std::vector<Attribute> attributes = origin_attributes();
  attributes.push_back({"content", std::string("shard")});
  attributes.push_back({"inputs", description.inputs});
  attributes.push_back({"title", description.provenance.scenario_name});
  attributes.push_back({"comment", description.provenance.description});
  attributes.push_back({"currency", description.provenance.currency});
  attributes.push_back({"design", design_to_text(description.design)});
  return attributes;
}

/// A group of series as [member, time, entity].
Group member_series_group(const Group& series, const std::vector<std::int64_t>& members) {
  Group group{series.name, series.long_name, {{"member", members.size()}}, {}};
  group.dimensions.insert(group.dimensions.end(), series.dimensions.begin(), series.dimensions.end());
  group.datasets = series.datasets;
  for (Dataset& dataset : group.datasets)
    if (std::holds_alternative<std::monostate>(dataset.values))
      dataset.dimensions.insert(dataset.dimensions.begin(), "member");
  group.datasets.push_back({"member", CellType::int64, {"member"}, "1", "number of the member", {}, members});
  return group;
}

void write_series(Hdf5File& file, const SeriesSource& source, const study::Design& design, const Schema& schema) {
  std::vector<std::int64_t> members = source.members();
  std::ranges::sort(members, {}, [&](std::int64_t member) { return design.cell(member); });
  members.erase(std::unique(members.begin(), members.end()), members.end());
  if (members.empty()) return;
  for (std::size_t g = 0; g < schema.content.groups.size(); ++g) {
    const Group group = member_series_group(schema.content.groups[g], members);
    std::vector<Layout> layouts(group.datasets.size());
    for (const Stream& stream : schema.streams)
      if (stream.group == g) {
        ChunkShape& chunk = layouts[stream.dataset].chunk;
        chunk = chunk_shape(schema, stream);
        chunk.insert(chunk.begin(), 1);
      }
    file.add(group, layouts);
  }
  for (std::uint64_t row = 0; row < members.size(); ++row)
    source.visit(members[row], [&](const SeriesChunk& chunk) {
      const Stream& stream = schema.streams[chunk.stream];
      const Group& group = schema.content.groups[stream.group];
      std::vector<std::uint64_t> offset{row, chunk.first_row};
      if (!stream.one_dimensional) offset.push_back(chunk.first_column);
      file.write_chunk(group.name, group.datasets[stream.dataset].name, offset, chunk.bytes);
    });
  file.add(
      {k_series_group,
       "what is recorded of every member",
       {{k_series_dataset, 1}},
       {text_column(k_series_dataset, k_series_dataset, "groups and variables, as JSON", {series_to_text(schema)})}});
}

}  // namespace

void write_shard(const std::string& path, const std::string& journal, const StudyDescription& description,
                 const Schema* series) {
  const std::string& currency = description.provenance.currency;
  MemberRows members = read_journal(journal).members;
  members.sort_unique();
  const NameTable names = unite(members.tables);
  NumberColumns numbers = columns_of(members, names);
  const std::span columns(numbers.columns);
  const std::string temporary = fmt::format("{}.{}.assembling", path, ::getpid());
  try {
    Hdf5File file(temporary, shard_attributes(description));
    file.add(member_group(members));
    file.add(kpi_group(names, columns.first(names.kpis.size()), members, currency));
    file.add(category_group(names, columns.subspan(names.kpis.size()), members, currency));
    file.add(scenario_group(description.provenance));
    if (series != nullptr) write_series(file, *open_journal_series(journal, *series), description.design, *series);
    file.close();
    publish_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

namespace {

StudyDescription read_description(const ResultsReader& reader) {
  StudyDescription out;
  const auto text = [&](const char* name) { return reader.text_attribute(name).value_or(""); };
  out.design = design_from_text(text("design"));
  out.inputs = text("inputs");
  out.provenance.scenario_name = text("title");
  out.provenance.description = text("comment");
  out.provenance.currency = text("currency");
  const auto names = reader.read_text("scenario", "file"), texts = reader.read_text("scenario", "text");
  out.provenance.resolved_json = reader.read_text("scenario", "resolved_json").at(0);
  for (std::size_t i = 0; i < names.size() && i < texts.size(); ++i)
    out.provenance.files.emplace_back(names[i], texts[i]);
  return out;
}

}  // namespace

ShardContent read_shard(const std::string& path) {
  const ResultsReader reader(path);
  if (reader.text_attribute("content") != "shard") throw IoError(fmt::format("'{}' is no shard of a study", path));
  ShardContent out;
  out.description = read_description(reader);
  const auto numbers = reader.read("member", "member"), statuses = reader.read("member", "status"),
             walls = reader.read("member", "wall_s");
  const auto reasons = reader.read_text("member", "reason");
  NameTable table;
  std::vector<std::vector<double>> columns;
  for (const DatasetInfo& info : reader.find("kpi")->datasets) {
    if (info.name == "member") continue;
    table.kpis.push_back({info.name, 0.0, info.units, info.long_name});
    columns.push_back(reader.read("kpi", info.name));
  }
  for (const DatasetInfo& info : reader.find("category")->datasets) {
    if (info.name == "member") continue;
    const std::size_t divider = info.name.find('@');
    const std::string category = info.name.substr(divider + 1);
    if (table.categories.empty() || table.categories.back() != category) table.categories.push_back(category);
    columns.push_back(reader.read("category", info.name));
  }
  for (std::size_t r = 0; r < numbers.size(); ++r) {
    MemberRow row;
    row.member = static_cast<std::int64_t>(numbers[r]);
    row.status = static_cast<study::MemberStatus>(statuses[r]);
    row.wall_s = walls[r];
    row.reason = reasons[r];
    if (row.status != study::MemberStatus::failed)
      for (const auto& column : columns) row.values.push_back(column[r]);
    out.members.rows.push_back(std::move(row));
  }
  out.members.tables.push_back(std::move(table));
  return out;
}

}  // namespace gridplus::output
