#include "output/hdf5_file.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <numeric>

#include "output/hdf5_handle.hpp"
#include "sim/core/error.hpp"

namespace gridplus::output {

namespace {

/// Type of the cells in the file; little endian on every machine, so that files are the same everywhere.
Handle file_type(CellType type) {
  switch (type) {
    case CellType::float32:
      return {H5Tcopy(H5T_IEEE_F32LE), "cannot make a type"};
    case CellType::float64:
      return {H5Tcopy(H5T_IEEE_F64LE), "cannot make a type"};
    case CellType::int8:
      return {H5Tcopy(H5T_STD_I8LE), "cannot make a type"};
    case CellType::int32:
      return {H5Tcopy(H5T_STD_I32LE), "cannot make a type"};
    case CellType::int64:
      return {H5Tcopy(H5T_STD_I64LE), "cannot make a type"};
    case CellType::text:
      return make_text_type();
  }
  throw InvariantError("unknown cell type");
}

/// `room`: how far each dimension could grow; empty: not at all.
Handle make_space(std::span<const hsize_t> sizes, std::span<const hsize_t> room = {}) {
  if (sizes.empty()) return {H5Screate(H5S_SCALAR), "cannot make a data space"};
  return {H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), room.empty() ? nullptr : room.data()),
          "cannot make a data space"};
}

void write_raw_attribute(hid_t object, const std::string& name, hid_t type, hid_t memory_type, const Handle& space,
                         const void* value) {
  const std::string what = "cannot write the attribute " + name;
  const Handle attribute(H5Acreate2(object, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), what);
  check_hdf5(H5Awrite(attribute.get(), memory_type, value), what);
}

/// `integer_type`: in the file, for whole numbers; flag values have the type of their variable.
void write_attribute(hid_t object, const Attribute& attribute, hid_t integer_type = H5T_STD_I64LE) {
  if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    const Handle type = make_text_type(text->size() + 1);
    write_raw_attribute(object, attribute.name, type.get(), type.get(), make_space({}), text->c_str());
  } else if (const auto* number = std::get_if<double>(&attribute.value)) {
    write_raw_attribute(object, attribute.name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, make_space({}), number);
  } else if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    write_raw_attribute(object, attribute.name, H5T_STD_I64LE, H5T_NATIVE_INT64, make_space({}), integer);
  } else {
    const auto& integers = std::get<std::vector<std::int64_t>>(attribute.value);
    const std::array<hsize_t, 1> size = {integers.size()};
    write_raw_attribute(object, attribute.name, integer_type, H5T_NATIVE_INT64, make_space(size), integers.data());
  }
}

std::size_t count_of(const Values& values) {
  if (const auto* numbers = std::get_if<std::vector<double>>(&values)) return numbers->size();
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values)) return integers->size();
  if (const auto* texts = std::get_if<std::vector<std::string>>(&values)) return texts->size();
  return 0;
}

void write_values(hid_t dataset, const Values& values, hid_t memory_space, hid_t file_space, const std::string& what) {
  herr_t status = 0;
  if (const auto* numbers = std::get_if<std::vector<double>>(&values)) {
    status = H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory_space, file_space, H5P_DEFAULT, numbers->data());
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values)) {
    status = H5Dwrite(dataset, H5T_NATIVE_INT64, memory_space, file_space, H5P_DEFAULT, integers->data());
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&values)) {
    std::vector<const char*> pointers;
    for (const std::string& text : *texts) pointers.push_back(text.c_str());
    const Handle type = make_text_type();
    status = H5Dwrite(dataset, type.get(), memory_space, file_space, H5P_DEFAULT, pointers.data());
  }
  check_hdf5(status, what);
}

/// Properties common to all we make: order of creation kept (netCDF-4 lists by it), no time stamps in the file.
Handle creation_properties(hid_t property_class) {
  Handle list(H5Pcreate(property_class), "cannot make a property list");
  constexpr unsigned k_order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  if (property_class != H5P_DATASET_CREATE)
    check_hdf5(H5Pset_link_creation_order(list.get(), k_order), "cannot make a property list");
  if (property_class != H5P_FILE_CREATE)
    check_hdf5(H5Pset_attr_creation_order(list.get(), k_order), "cannot make a property list");
  check_hdf5(H5Pset_obj_track_times(list.get(), false), "cannot make a property list");
  return list;
}

void set_chunks(hid_t list, const Dataset& dataset, const ChunkShape& shape, const std::string& what) {
  const std::vector<hsize_t> chunk(shape.begin(), shape.end());
  check_hdf5(H5Pset_chunk(list, static_cast<int>(chunk.size()), chunk.data()), what);
  if (size_of(dataset.type) > 1) check_hdf5(H5Pset_shuffle(list), what);
  check_hdf5(H5Pset_deflate(list, 6), what);
  check_hdf5(H5Pset_fill_time(list, dataset.fill ? H5D_FILL_TIME_IFSET : H5D_FILL_TIME_NEVER), what);
}

/// Selects rows of an array: cells of its outer dimensions, everything of its inner ones. Neighbours along the last
/// outer dimension are selected in one go.
void select_cells(const Handle& space, std::span<const hsize_t> sizes, std::size_t inner,
                  std::span<const std::uint64_t> cells, const std::string& what) {
  const std::size_t outer = sizes.size() - inner;
  const hsize_t last = sizes[outer - 1];
  std::vector<hsize_t> start(sizes.size(), 0);
  const std::vector<hsize_t> once(sizes.size(), 1);
  std::vector<hsize_t> block(sizes.begin(), sizes.end());
  std::fill_n(block.begin(), outer, 1);
  check_hdf5(H5Sselect_none(space.get()), what);
  for (std::size_t i = 0; i < cells.size();) {
    std::size_t run = 1;
    while (i + run < cells.size() && cells[i + run] == cells[i] + run && cells[i + run] % last != 0) ++run;
    std::uint64_t at = cells[i];
    for (std::size_t d = outer; d-- > 0; at /= sizes[d]) start[d] = at % sizes[d];
    block[outer - 1] = run;
    check_hdf5(H5Sselect_hyperslab(space.get(), H5S_SELECT_OR, start.data(), nullptr, once.data(), block.data()), what);
    i += run;
  }
}

/// One mapping a file: the order in which HDF5 goes through both selections ties rows to cells.
void set_virtual(hid_t list, const Layout& layout, std::span<const hsize_t> sizes, const std::string& dataset,
                 const std::string& what) {
  for (const VirtualPart& part : layout.parts) {
    if (part.taken.empty()) continue;
    std::vector<hsize_t> rows{part.rows};
    rows.insert(rows.end(), sizes.end() - static_cast<std::ptrdiff_t>(layout.inner), sizes.end());
    const Handle source = make_space(rows), target = make_space(sizes);
    select_cells(source, rows, layout.inner, part.taken, what);
    select_cells(target, sizes, layout.inner, part.cells, what);
    check_hdf5(H5Pset_virtual(list, target.get(), part.file.c_str(), dataset.c_str(), source.get()), what);
  }
}

/// The space of an attribute that netCDF takes for an array of one.
Handle one() {
  const std::array<hsize_t, 1> size = {1};
  return make_space(size);
}

}  // namespace

struct Hdf5File::Impl {
  std::string path;
  Handle file;
  std::map<std::string, Handle> datasets;  ///< still to be filled, as `group/dataset`

  [[nodiscard]] std::string fault(std::string_view where) const {
    return fmt::format("cannot write {} of '{}'", where, path);
  }
  Handle make_dataset(hid_t group, const Group& content, const Dataset& dataset, const Layout& layout) const;
};

Hdf5File::Hdf5File(const std::string& path, std::span<const Attribute> attributes) : impl_(std::make_unique<Impl>()) {
  silence_hdf5();
  impl_->path = path;
  const Handle creation = creation_properties(H5P_FILE_CREATE);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), "cannot make a property list");
  // Without this HDF5 would need open objects closed first, and a failed close would keep the file open.
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  impl_->file = Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()),
                       fmt::format("cannot make '{}'", path));
  const Handle root(H5Gopen2(impl_->file.get(), "/", H5P_DEFAULT), impl_->fault("the root"));
  for (const Attribute& attribute : attributes) write_attribute(root.get(), attribute);
}

Hdf5File::~Hdf5File() = default;
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;

Handle Hdf5File::Impl::make_dataset(hid_t group, const Group& content, const Dataset& dataset,
                                    const Layout& layout) const {
  const std::string what = fault(content.name + "/" + dataset.name);
  std::vector<hsize_t> sizes;
  for (const std::string& dimension : dataset.dimensions)
    for (const Dimension& known : content.dimensions)
      if (known.name == dimension) sizes.push_back(known.size);
  ensure(sizes.size() == dataset.dimensions.size(), "a dataset uses a dimension that its group lacks");
  const hsize_t cells = std::accumulate(sizes.begin(), sizes.end(), hsize_t{1}, std::multiplies<>{});
  ensure(std::holds_alternative<std::monostate>(dataset.values) || count_of(dataset.values) == cells,
         "the dataset " + content.name + "/" + dataset.name + " has other values than its dimensions say");
  const Handle list = creation_properties(H5P_DATASET_CREATE);
  if (!layout.parts.empty())
    set_virtual(list.get(), layout, sizes, content.name + "/" + dataset.name, what);
  else if (!layout.chunk.empty())
    set_chunks(list.get(), dataset, layout.chunk, what);
  if (dataset.fill) check_hdf5(H5Pset_fill_value(list.get(), H5T_NATIVE_DOUBLE, &*dataset.fill), what);
  const Handle type = file_type(dataset.type);
  // HDF5 wants room for a whole chunk: a run that ended early may have fewer rows.
  std::vector<hsize_t> room = sizes;
  if (!layout.chunk.empty()) room[0] = std::max<hsize_t>(room[0], layout.chunk[0]);
  Handle made(H5Dcreate2(group, dataset.name.c_str(), type.get(), make_space(sizes, room).get(), H5P_DEFAULT,
                         list.get(), H5P_DEFAULT),
              what);
  write_attribute(made.get(), {"units", dataset.units});
  if (!dataset.long_name.empty()) write_attribute(made.get(), {"long_name", dataset.long_name});
  for (const Attribute& attribute : dataset.attributes)
    write_attribute(made.get(), attribute, attribute.name == "flag_values" ? type.get() : H5T_STD_I64LE);
  if (dataset.fill) write_raw_attribute(made.get(), "_FillValue", type.get(), H5T_NATIVE_DOUBLE, one(), &*dataset.fill);
  write_values(made.get(), dataset.values, H5S_ALL, H5S_ALL, what);
  return made;
}

void Hdf5File::add(const Group& group, std::span<const Layout> layouts) {
  const std::string what = impl_->fault(group.name);
  const Handle properties = creation_properties(H5P_GROUP_CREATE);
  const Handle made(H5Gcreate2(impl_->file.get(), group.name.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                    what);
  write_attribute(made.get(), {"long_name", group.long_name});
  std::vector<Handle> handles;
  for (std::size_t i = 0; i < group.datasets.size(); ++i)
    handles.push_back(
        impl_->make_dataset(made.get(), group, group.datasets[i], i < layouts.size() ? layouts[i] : Layout{}));

  std::map<std::string, hid_t> scales;
  for (const Dimension& dimension : group.dimensions)
    for (std::size_t i = 0; i < handles.size(); ++i)
      if (group.datasets[i].name == dimension.name && group.datasets[i].dimensions == std::vector{dimension.name}) {
        check_hdf5(H5DSset_scale(handles[i].get(), dimension.name.c_str()), what);
        scales[dimension.name] = handles[i].get();
      }
  ensure(scales.size() == group.dimensions.size(), "a dimension has no coordinate");
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const Dataset& dataset = group.datasets[i];
    if (scales.contains(dataset.name)) continue;
    for (unsigned d = 0; d < dataset.dimensions.size(); ++d)
      check_hdf5(H5DSattach_scale(handles[i].get(), scales.at(dataset.dimensions[d]), d), what);
  }
  for (std::size_t i = 0; i < handles.size(); ++i)
    if (std::holds_alternative<std::monostate>(group.datasets[i].values))
      impl_->datasets.emplace(group.name + "/" + group.datasets[i].name, std::move(handles[i]));
}

void Hdf5File::write_chunk(const std::string& group, const std::string& dataset, std::span<const std::uint64_t> offset,
                           std::span<const std::byte> bytes) {
  const std::string name = group + "/" + dataset;
  const std::vector<hsize_t> at(offset.begin(), offset.end());
  if (H5Dwrite_chunk(impl_->datasets.at(name).get(), H5P_DEFAULT, 0, at.data(), bytes.size(), bytes.data()) < 0)
    fail_hdf5(impl_->fault(name));
}

void Hdf5File::write_part(const std::string& group, const Dataset& dataset, std::uint64_t offset,
                          const Values& values) {
  const std::string name = group + "/" + dataset.name, what = impl_->fault(name);
  const Handle& target = impl_->datasets.at(name);
  const std::array<hsize_t, 1> start = {offset};
  const std::array<hsize_t, 1> count = {count_of(values)};
  const Handle file_space(H5Dget_space(target.get()), what);
  check_hdf5(H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), what);
  write_values(target.get(), values, make_space(count).get(), file_space.get(), what);
}

void Hdf5File::close() {
  const std::string what = fmt::format("cannot finish '{}'", impl_->path);
  impl_->datasets.clear();
  check_hdf5(H5Fflush(impl_->file.get(), H5F_SCOPE_LOCAL), what);
  check_hdf5(H5Fclose(impl_->file.release()), what);
}

}  // namespace gridplus::output
