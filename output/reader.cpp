#include "output/reader.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <numeric>

#include "output/content.hpp"
#include "output/hdf5_handle.hpp"
#include "sim/core/error.hpp"

namespace gridplus::output {

namespace {

std::string type_name(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_STRING) return "text";
  if (kind == H5T_FLOAT) return fmt::format("float{}", 8 * H5Tget_size(type));
  return fmt::format("int{}", 8 * H5Tget_size(type));
}

std::optional<std::string> read_text_attribute(hid_t object, const std::string& name) {
  if (H5Aexists(object, name.c_str()) <= 0) return std::nullopt;
  const Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), "cannot read the attribute " + name);
  const Handle type(H5Aget_type(attribute.get()), "cannot read the attribute " + name);
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) > 0) return std::nullopt;
  std::string text(H5Tget_size(type.get()), '\0');
  check_hdf5(H5Aread(attribute.get(), type.get(), text.data()), "cannot read the attribute " + name);
  text.resize(text.find('\0') == std::string::npos ? text.size() : text.find('\0'));
  return text;
}

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// The name of the dimension scale attached to dimension `index`; of a scale, its own.
std::string dimension_name(hid_t dataset, unsigned index, const std::string& own_name) {
  if (H5DSis_scale(dataset) > 0) return own_name;
  std::string name;
  H5DSiterate_scales(
      dataset, index, nullptr,
      [](hid_t, unsigned, hid_t scale, void* out) -> herr_t {
        std::array<char, 256> buffer{};
        if (H5Iget_name(scale, buffer.data(), buffer.size()) > 0) *static_cast<std::string*>(out) = buffer.data();
        return 1;
      },
      &name);
  return last_part(name);
}

std::vector<std::string> names_in(hid_t group) {
  std::vector<std::string> names;
  check_hdf5(H5Literate(
                 group, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr,
                 [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
                   static_cast<std::vector<std::string>*>(out)->emplace_back(name);
                   return 0;
                 },
                 &names),
             "cannot list a group");
  return names;
}

/// The files that a virtual dataset is made of, as HDF5 looks for them: from the folder of `file`.
std::vector<std::string> parts_of(hid_t dataset, const std::string& file) {
  std::vector<std::string> parts;
  const Handle list(H5Dget_create_plist(dataset), "cannot read how a dataset is kept");
  if (H5Pget_layout(list.get()) != H5D_VIRTUAL) return parts;
  std::size_t count = 0;
  check_hdf5(H5Pget_virtual_count(list.get(), &count), "cannot read how a dataset is kept");
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  for (std::size_t i = 0; i < count; ++i) {
    std::string name(static_cast<std::size_t>(H5Pget_virtual_filename(list.get(), i, nullptr, 0)), '\0');
    H5Pget_virtual_filename(list.get(), i, name.data(), name.size() + 1);
    parts.push_back((folder / name).string());
  }
  return parts;
}

DatasetInfo describe(hid_t dataset, const std::string& name, const std::string& file) {
  DatasetInfo info;
  info.name = name;
  const Handle type(H5Dget_type(dataset), "cannot read " + name);
  const Handle space(H5Dget_space(dataset), "cannot read " + name);
  info.type = type_name(type.get());
  info.shape.resize(
      static_cast<std::size_t>(check_hdf5(H5Sget_simple_extent_ndims(space.get()), "cannot read " + name)));
  std::vector<hsize_t> sizes(info.shape.size());
  H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
  std::ranges::copy(sizes, info.shape.begin());
  for (unsigned d = 0; d < info.shape.size(); ++d) info.dimensions.push_back(dimension_name(dataset, d, name));
  info.units = read_text_attribute(dataset, "units").value_or("");
  info.long_name = read_text_attribute(dataset, "long_name").value_or("");
  info.flag_meanings = read_text_attribute(dataset, "flag_meanings").value_or("");
  info.parts = parts_of(dataset, file);
  info.raw_bytes = info.cells() * H5Tget_size(type.get());
  info.stored_bytes = H5Dget_storage_size(dataset);
  return info;
}

}  // namespace

std::uint64_t DatasetInfo::cells() const {
  return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>{});
}

const DatasetInfo* GroupInfo::find(std::string_view dataset) const {
  const auto found = std::ranges::find(datasets, dataset, &DatasetInfo::name);
  return found == datasets.end() ? nullptr : &*found;
}

struct ResultsReader::Impl {
  std::string path;
  Handle file;
  std::vector<GroupInfo> groups;
  std::map<std::string, Handle> chunked;  ///< datasets whose chunks are read

  void check_format() const;
  void check_parts(const std::string& group, const std::string& dataset) const;
  void list();
  [[nodiscard]] Handle open(const std::string& group, const std::string& dataset) const {
    return {H5Dopen2(file.get(), (group + "/" + dataset).c_str(), H5P_DEFAULT),
            fmt::format("'{}' has no dataset {}/{}", path, group, dataset)};
  }
};

ResultsReader::ResultsReader(std::string path) : impl_(std::make_unique<Impl>()) {
  silence_hdf5();
  impl_->path = std::move(path);
  const std::string& name = impl_->path;
  if (!std::filesystem::exists(name)) {
    const bool unfinished = std::filesystem::exists(name + ".partial");
    throw IoError(
        fmt::format("there is no file '{}'{}", name,
                    unfinished ? "; its run is not finished: continue it with 'gridplus run ... --resume'" : ""));
  }
  if (std::filesystem::is_directory(name)) throw IoError(fmt::format("'{}' is a folder, not a results file", name));
  if (H5Fis_hdf5(name.c_str()) <= 0)
    throw IoError(fmt::format("'{}' is not an HDF5 file; results are written by 'gridplus run -o FILE'", name));
  impl_->file = Handle(H5Fopen(name.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), fmt::format("cannot open '{}'", name));
  impl_->check_format();
  impl_->list();
}

ResultsReader::~ResultsReader() = default;
ResultsReader::ResultsReader(ResultsReader&&) noexcept = default;

void ResultsReader::Impl::check_format() const {
  if (read_text_attribute(file.get(), "format") != std::string(k_format_name))
    throw IoError(
        fmt::format("'{}' is an HDF5 file but does not hold gridplus results: its root attribute 'format' is "
                    "not '{}'",
                    path, k_format_name));
  std::array<std::int64_t, 2> version{};
  const Handle attribute(H5Aopen(file.get(), "format_version", H5P_DEFAULT), "cannot read the format's version");
  check_hdf5(H5Aread(attribute.get(), H5T_NATIVE_INT64, version.data()), "cannot read the format's version");
  if (version[0] > k_format_major)
    throw IoError(
        fmt::format("'{}' is of format version {}.{}; this program reads versions up to {}.x: take a newer "
                    "gridplus",
                    path, version[0], version[1], k_format_major));
}

/// HDF5 itself reads what is not there as if it had never been computed.
void ResultsReader::Impl::check_parts(const std::string& group, const std::string& dataset) const {
  const auto found = std::ranges::find(groups, group, &GroupInfo::name);
  const DatasetInfo* const info = found == groups.end() ? nullptr : found->find(dataset);
  if (info == nullptr) return;
  for (const std::string& part : info->parts)
    if (!std::filesystem::exists(part))
      throw IoError(
          fmt::format("cannot read {}/{} of '{}': its values are in '{}', which is not there; keep the folder of a "
                      "study together, or make one file of it with 'gridplus merge'",
                      group, dataset, path, part));
}

void ResultsReader::Impl::list() {
  for (const std::string& name : names_in(file.get())) {
    const Handle group(H5Gopen2(file.get(), name.c_str(), H5P_DEFAULT), "cannot open the group " + name);
    GroupInfo info{name, read_text_attribute(group.get(), "long_name").value_or(""), {}};
    for (const std::string& dataset : names_in(group.get()))
      info.datasets.push_back(describe(open(name, dataset).get(), dataset, path));
    groups.push_back(std::move(info));
  }
}

const std::string& ResultsReader::path() const {
  return impl_->path;
}
std::uint64_t ResultsReader::file_size() const {
  return std::filesystem::file_size(impl_->path);
}
const std::vector<GroupInfo>& ResultsReader::groups() const {
  return impl_->groups;
}

const GroupInfo* ResultsReader::find(std::string_view group) const {
  const auto found = std::ranges::find(impl_->groups, group, &GroupInfo::name);
  return found == impl_->groups.end() ? nullptr : &*found;
}

std::optional<std::string> ResultsReader::text_attribute(const std::string& name) const {
  return read_text_attribute(impl_->file.get(), name);
}

std::optional<double> ResultsReader::number_attribute(const std::string& name) const {
  if (H5Aexists(impl_->file.get(), name.c_str()) <= 0) return std::nullopt;
  const Handle attribute(H5Aopen(impl_->file.get(), name.c_str(), H5P_DEFAULT), "cannot read the attribute " + name);
  const Handle type(H5Aget_type(attribute.get()), "cannot read the attribute " + name);
  const Handle space(H5Aget_space(attribute.get()), "cannot read the attribute " + name);
  if (H5Tget_class(type.get()) == H5T_STRING || H5Sget_simple_extent_npoints(space.get()) != 1) return std::nullopt;
  double value = 0.0;
  check_hdf5(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), "cannot read the attribute " + name);
  return value;
}

std::vector<std::int64_t> ResultsReader::format_version() const {
  std::vector<std::int64_t> version(2);
  const Handle attribute(H5Aopen(impl_->file.get(), "format_version", H5P_DEFAULT), "cannot read the format's version");
  check_hdf5(H5Aread(attribute.get(), H5T_NATIVE_INT64, version.data()), "cannot read the format's version");
  return version;
}

std::vector<double> ResultsReader::read(const std::string& group, const std::string& dataset) const {
  const Handle source = impl_->open(group, dataset);
  impl_->check_parts(group, dataset);
  const Handle space(H5Dget_space(source.get()), "cannot read " + dataset);
  std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
  check_hdf5(H5Dread(source.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
             fmt::format("cannot read {}/{} of '{}'", group, dataset, impl_->path));
  return values;
}

std::vector<double> ResultsReader::read_rows(const std::string& group, const std::string& dataset, std::uint64_t first,
                                             std::uint64_t count) const {
  return read_cells(group, dataset, {1, first, count});
}

std::vector<double> ResultsReader::read_cells(const std::string& group, const std::string& dataset,
                                              const CellRange& range) const {
  const std::string what = fmt::format("cannot read {}/{} of '{}'", group, dataset, impl_->path);
  const Handle source = impl_->open(group, dataset);
  impl_->check_parts(group, dataset);
  const Handle space(H5Dget_space(source.get()), what);
  std::vector<hsize_t> size(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space.get())));
  H5Sget_simple_extent_dims(space.get(), size.data(), nullptr);
  std::vector<hsize_t> start(size.size(), 0);
  std::uint64_t at = range.first;
  const bool has_outer = range.outer > 0 && range.outer <= size.size();
  if (has_outer)
    for (std::size_t d = range.outer - 1; d > 0; --d) {
      start[d] = at % std::max<hsize_t>(size[d], 1);
      at /= std::max<hsize_t>(size[d], 1);
    }
  if (has_outer) start[0] = at;
  if (!has_outer || start[0] >= std::max<hsize_t>(size[0], 1) ||
      start[range.outer - 1] + range.count > size[range.outer - 1])
    throw IoError(fmt::format("{}: it has no rows {} to {}", what, range.first, range.first + range.count));
  std::fill_n(size.begin(), range.outer - 1, 1);
  size[range.outer - 1] = range.count;
  check_hdf5(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr), what);
  const Handle memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), what);
  std::vector<double> values(std::accumulate(size.begin(), size.end(), std::size_t{1}, std::multiplies<>{}));
  check_hdf5(H5Dread(source.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, values.data()), what);
  return values;
}

std::vector<std::byte> ResultsReader::read_chunk(const std::string& group, const std::string& dataset,
                                                 std::span<const std::uint64_t> offset) const {
  const std::string name = group + "/" + dataset;
  auto found = impl_->chunked.find(name);
  if (found == impl_->chunked.end()) found = impl_->chunked.emplace(name, impl_->open(group, dataset)).first;
  const std::vector<hsize_t> at(offset.begin(), offset.end());
  hsize_t size = 0;
  const std::string what = fmt::format("cannot read a chunk of {} of '{}'", name, impl_->path);
  check_hdf5(H5Dget_chunk_storage_size(found->second.get(), at.data(), &size), what);
  std::vector<std::byte> bytes(size);
  std::uint32_t filters = 0;
  if (size > 0) check_hdf5(H5Dread_chunk(found->second.get(), H5P_DEFAULT, at.data(), &filters, bytes.data()), what);
  return bytes;
}

std::vector<std::string> ResultsReader::read_text(const std::string& group, const std::string& dataset) const {
  const std::string what = fmt::format("cannot read {}/{} of '{}'", group, dataset, impl_->path);
  const Handle source = impl_->open(group, dataset);
  const Handle space(H5Dget_space(source.get()), what);
  const Handle type = make_text_type();
  std::vector<char*> pointers(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())), nullptr);
  check_hdf5(H5Dread(source.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), what);
  std::vector<std::string> texts;
  for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, pointers.data());
  return texts;
}

RunSummary ResultsReader::summary() const {
  RunSummary summary;
  if (const GroupInfo* kpis = find("kpi"))
    for (const DatasetInfo& kpi : kpis->datasets)
      if (kpi.shape.empty())  // a study has arrays here
        summary.kpis.push_back({kpi.name, read("kpi", kpi.name).at(0), kpi.units, kpi.long_name});
  const GroupInfo* const categories = find("category");
  const DatasetInfo* const energy = categories == nullptr ? nullptr : categories->find("energy_mwh");
  if (energy != nullptr && energy->shape.size() == 1) {
    for (std::string& name : read_text("category", "category")) summary.categories.push_back({std::move(name)});
    const auto fill = [&](const char* column, double CategoryTotal::*member) {
      const std::vector<double> values = read("category", column);
      for (std::size_t i = 0; i < values.size(); ++i) summary.categories[i].*member = values[i];
    };
    fill("capacity_mw", &CategoryTotal::capacity_mw);
    fill("energy_mwh", &CategoryTotal::energy_mwh);
    fill("available_mwh", &CategoryTotal::available_mwh);
    fill("curtailed_mwh", &CategoryTotal::curtailed_mwh);
    fill("cost", &CategoryTotal::cost);
    fill("co2_t", &CategoryTotal::co2_t);
  }
  if (find("extreme") != nullptr) {
    const auto values = read("extreme", "value");
    const auto subjects = read_text("extreme", "subject"), times = read_text("extreme", "local_time");
    std::array<Extreme*, 3> extremes = {&summary.lowest_voltage, &summary.highest_voltage, &summary.highest_loading};
    for (std::size_t i = 0; i < extremes.size() && i < values.size(); ++i)
      *extremes[i] = {values[i], subjects[i], times[i]};
  }
  std::string stages = text_attribute("stages").value_or("");
  for (std::size_t begin = 0; begin < stages.size();) {
    const std::size_t end = std::min(stages.find(' ', begin), stages.size());
    const std::string label = stages.substr(begin, end - begin);
    summary.stage_times.push_back({label, number_attribute("wall_s_" + label).value_or(0.0)});
    begin = end + 1;
  }
  summary.wall_s = number_attribute("wall_s").value_or(0.0);
  summary.steps = static_cast<std::int64_t>(number_attribute("steps").value_or(0.0));
  summary.steps_not_converged = static_cast<std::int64_t>(number_attribute("steps_not_converged").value_or(0.0));
  return summary;
}

}  // namespace gridplus::output
