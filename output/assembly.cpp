#include "output/assembly.hpp"

#include <filesystem>
#include <system_error>

#include "output/file_system.hpp"
#include "output/hdf5_file.hpp"
#include "output/spool_records.hpp"

namespace gridplus::output {

namespace {

/// A generous guess of what the file takes beside the spool's chunks: values of the content, and HDF5's own tables.
std::uint64_t size_beside_chunks(const Schema& schema, const Content& content) {
  constexpr std::uint64_t k_per_dataset = 4096, k_per_text = 48, k_per_chunk = 64;
  std::uint64_t size = k_per_dataset;
  for (const Group& group : content.groups)
    for (const Dataset& dataset : group.datasets) {
      size += k_per_dataset;
      if (const auto* numbers = std::get_if<std::vector<double>>(&dataset.values)) size += numbers->size() * 8;
      if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&dataset.values)) size += integers->size() * 8;
      if (const auto* texts = std::get_if<std::vector<std::string>>(&dataset.values))
        for (const std::string& text : *texts) size += text.size() + k_per_text;
    }
  const auto blocks = static_cast<std::uint64_t>((schema.rows + schema.chunk_rows - 1) / schema.chunk_rows);
  for (const Stream& stream : schema.streams) size += stream.chunks() * blocks * k_per_chunk;
  return size;
}

std::vector<Layout> layouts_of(const Schema& schema, std::size_t group) {
  std::vector<Layout> layouts(group < schema.content.groups.size() ? schema.content.groups[group].datasets.size() : 0);
  for (const Stream& stream : schema.streams)
    if (stream.group == group) layouts[stream.dataset].chunk = chunk_shape(schema, stream);
  return layouts;
}

void write_events(Hdf5File& file, const Group& group, const NumberedEvents& loaded, const TimeAxis& time) {
  std::vector<std::int64_t> numbers, times;
  std::vector<double> values;
  std::vector<std::string> kinds, subjects, reasons;
  for (const Event& event : loaded.events) {
    numbers.push_back(static_cast<std::int64_t>(loaded.first + numbers.size()));
    times.push_back(time.at(event.step).utc);
    values.push_back(event.value);
    kinds.push_back(event.kind);
    subjects.push_back(event.subject);
    reasons.push_back(event.reason);
  }
  const std::array<Values, 6> columns = {std::move(numbers),  std::move(times),  std::move(kinds),
                                         std::move(subjects), std::move(values), std::move(reasons)};
  for (std::size_t i = 0; i < columns.size(); ++i)
    file.write_part(group.name, group.datasets[i], loaded.first, columns[i]);
}

void fill(Hdf5File& file, const Spool& spool, const Schema& schema, const AssemblyInput& input) {
  const auto& groups = schema.content.groups;
  const std::uint64_t end = spool.scan([&](const SpoolRecord& record) {
    if (record.kind == RecordKind::events)
      write_events(file, groups[schema.event_group], load_events(record.payload), input.time);
    if (record.kind != RecordKind::chunk) return;
    ByteReader in(record.payload);
    const ChunkPlace place = load_chunk_head(in);
    const Stream& stream = schema.streams.at(place.stream);
    const Group& group = groups[stream.group];
    std::vector<std::uint64_t> offset{static_cast<std::uint64_t>(place.first_row)};
    if (!stream.one_dimensional) offset.push_back(place.chunk * stream.chunk_columns);
    file.write_chunk(group.name, group.datasets[stream.dataset].name, offset, in.rest());
  });
  if (end != spool.size()) throw IoError("'" + spool.path() + "' has been damaged since it was written");
}

}  // namespace

void assemble_results(const Spool& spool, const Schema& schema, AssemblyInput input, const std::string& path) {
  const std::string temporary = path + ".assembling";
  try {
    input.content.groups[schema.event_group].dimensions[0].size = input.events;
    Hdf5File file(temporary, input.content.attributes);
    reserve_space(temporary, spool.size() + size_beside_chunks(schema, input.content));
    for (std::size_t g = 0; g < input.content.groups.size(); ++g)
      file.add(input.content.groups[g], layouts_of(schema, g));
    fill(file, spool, schema, input);
    file.close();
    publish_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gridplus::output
