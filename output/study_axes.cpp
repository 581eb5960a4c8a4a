#include "output/study_axes.hpp"

namespace gridplus::output {

namespace {

using study::Axis;
using study::Sweep;

Dataset numbers(const std::string& name, const std::string& long_name, std::int64_t count) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(i);
  return {name, CellType::int64, {name}, "1", long_name, {}, std::move(values)};
}

}  // namespace

Dataset StudyAxes::column(const Axis& axis, const std::string& dimension) {
  std::string long_name = "swept: ";
  long_name += axis.name;
  if (axis.values.empty()) return text_column(axis.name, dimension, long_name, axis.labels);
  return number_column(axis.name, dimension, axis.unit, long_name, axis.values);
}

Group StudyAxes::begin(std::string name, std::string long_name, bool replicates) const {
  Group group{std::move(name), std::move(long_name), {}, {}};
  if (design_.sweep == Sweep::grid) {
    for (const Axis& axis : design_.axes) {
      group.dimensions.push_back({axis.name, axis.labels.size()});
      group.datasets.push_back(column(axis, axis.name));
    }
  } else if (!design_.axes.empty()) {
    const std::string points = design_.sweep == Sweep::paired ? "point" : "sample";
    group.dimensions.push_back({points, static_cast<std::uint64_t>(design_.points())});
    group.datasets.push_back(numbers(points, points + " of the sweep", design_.points()));
    for (const Axis& axis : design_.axes) group.datasets.push_back(column(axis, points));
  }
  if (replicates || group.dimensions.empty()) {
    const std::int64_t count = replicates ? design_.replicates : 1;
    const char* const dimension = replicates ? "replicate" : "study";
    group.dimensions.push_back({dimension, static_cast<std::uint64_t>(count)});
    group.datasets.push_back(
        numbers(dimension, replicates ? "repetition with other random draws" : "the study", count));
  }
  return group;
}

std::vector<std::string> StudyAxes::dimensions(const Group& group) {
  std::vector<std::string> names;
  for (const Dimension& dimension : group.dimensions) names.push_back(dimension.name);
  return names;
}

void StudyAxes::add_coordinates(Dataset& dataset) const {
  if (design_.sweep == Sweep::grid || design_.axes.empty()) return;
  std::string names;
  for (const Axis& axis : design_.axes) names += (names.empty() ? "" : " ") + axis.name;
  dataset.attributes.push_back({"coordinates", std::move(names)});
}

}  // namespace gridplus::output
