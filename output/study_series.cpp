#include "output/study_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "output/study_axes.hpp"

namespace gridplus::output {

namespace {

using study::MemberStatus;

double fill_of(CellType type) {
  if (type == CellType::int8) return std::numeric_limits<std::int8_t>::min();
  if (type == CellType::int32) return std::numeric_limits<std::int32_t>::min();
  return study::k_not_known;
}

/// Which cells a source gives. Every cell comes from the first source that has it.
struct Share {
  const SeriesSource* source = nullptr;
  std::uint64_t rows = 0;
  std::vector<std::uint64_t> taken, cells;  ///< rows of the source and where they go, both ascending
  std::vector<std::int64_t> members;        ///< of each of them
};

std::vector<Share> divide(const StudyTable& table, const StudySeries& series) {
  std::vector<std::uint8_t> open(table.status.size());
  for (std::size_t cell = 0; cell < open.size(); ++cell)
    open[cell] = table.status[cell] == MemberStatus::done || table.status[cell] == MemberStatus::not_converged ? 1 : 0;
  std::vector<Share> shares;
  for (const auto& source : series.sources) {
    const std::vector<std::int64_t>& members = source->members();
    std::vector<std::uint64_t> rows(members.size());
    for (std::uint64_t row = 0; row < rows.size(); ++row) rows[row] = row;
    std::ranges::stable_sort(rows, {}, [&](std::uint64_t row) { return table.design.cell(members[row]); });
    Share share{source.get(), members.size(), {}, {}, {}};
    for (const std::uint64_t row : rows) {
      const auto cell = static_cast<std::uint64_t>(table.design.cell(members[row]));
      if (open[cell] == 0) continue;
      open[cell] = 0;
      share.taken.push_back(row);
      share.cells.push_back(cell);
      share.members.push_back(members[row]);
    }
    if (!share.taken.empty()) shares.push_back(std::move(share));
  }
  return shares;
}

/// Adds all groups of the series to a file.
class SeriesGroups {
 public:
  SeriesGroups(const StudyTable& table, const StudySeries& series)
      : axes_(table.design),
        schema_(*series.schema),
        outer_(axes_.begin({}, {}, true).dimensions),
        shares_(divide(table, series)) {
    if (series.form == StudySeries::Form::copies) return;
    for (const Share& share : shares_)
      parts_.push_back({fmt::format("shards/{}", std::filesystem::path(share.source->path()).filename().string()),
                        share.rows, share.taken, share.cells});
  }

  void add(Hdf5File& file) const {
    for (std::size_t g = 0; g < schema_.content.groups.size(); ++g) add_group(file, g);
  }

  void copy(Hdf5File& file) const {
    for (const Share& share : shares_)
      for (std::size_t i = 0; i < share.members.size(); ++i)
        share.source->visit(share.members[i], [&](const SeriesChunk& chunk) { write(file, share.cells[i], chunk); });
  }

 private:
  void add_group(Hdf5File& file, std::size_t number) const {
    const Group& source = schema_.content.groups[number];
    Group group = axes_.begin(source.name, source.long_name, true);
    const std::vector<std::string> outer = StudyAxes::dimensions(group);
    group.dimensions.insert(group.dimensions.end(), source.dimensions.begin(), source.dimensions.end());
    const std::size_t first = group.datasets.size();
    group.datasets.insert(group.datasets.end(), source.datasets.begin(), source.datasets.end());
    std::vector<Layout> layouts(group.datasets.size());
    for (const Stream& stream : schema_.streams) {
      if (stream.group != number) continue;
      Dataset& dataset = group.datasets[first + stream.dataset];
      dataset.dimensions.insert(dataset.dimensions.begin(), outer.begin(), outer.end());
      dataset.fill = fill_of(dataset.type);
      axes_.add_coordinates(dataset);
      layouts[first + stream.dataset] = layout_of(stream, outer.size());
    }
    file.add(group, layouts);
  }

  [[nodiscard]] Layout layout_of(const Stream& stream, std::size_t outer) const {
    Layout layout;
    layout.inner = stream.one_dimensional ? 1 : 2;
    layout.parts = parts_;
    layout.chunk = chunk_shape(schema_, stream);
    layout.chunk.insert(layout.chunk.begin(), outer, 1);
    return layout;
  }

  void write(Hdf5File& file, std::uint64_t cell, const SeriesChunk& chunk) const {
    const Stream& stream = schema_.streams[chunk.stream];
    const Group& group = schema_.content.groups[stream.group];
    std::vector<std::uint64_t> offset = place_of(cell);
    offset.push_back(chunk.first_row);
    if (!stream.one_dimensional) offset.push_back(chunk.first_column);
    file.write_chunk(group.name, group.datasets[stream.dataset].name, offset, chunk.bytes);
  }

  /// The indices of a cell along the axes and the replicates.
  [[nodiscard]] std::vector<std::uint64_t> place_of(std::uint64_t cell) const {
    std::vector<std::uint64_t> place(outer_.size());
    for (std::size_t d = place.size(); d-- > 0; cell /= outer_[d].size) place[d] = cell % outer_[d].size;
    return place;
  }

  StudyAxes axes_;
  const Schema& schema_;
  std::vector<Dimension> outer_;
  std::vector<Share> shares_;
  std::vector<VirtualPart> parts_;
};

}  // namespace

void add_study_series(Hdf5File& file, const StudyTable& table, const StudySeries& series) {
  const SeriesGroups groups(table, series);
  groups.add(file);
  if (series.form == StudySeries::Form::copies) groups.copy(file);
}

}  // namespace gridplus::output
