// The dimensions that all groups of a study have: its axes, and the replicates.
#pragma once

#include <string>
#include <vector>

#include "output/content.hpp"
#include "sim/study/design.hpp"

namespace gridplus::output {

class StudyAxes {
 public:
  /// `design` must outlive it.
  explicit StudyAxes(const study::Design& design) : design_(design) {}

  /// A group over the points, with replicates or without.
  [[nodiscard]] Group begin(std::string name, std::string long_name, bool replicates) const;
  /// The coordinate of an axis along `dimension`.
  [[nodiscard]] static Dataset column(const study::Axis& axis, const std::string& dimension);
  [[nodiscard]] static std::vector<std::string> dimensions(const Group& group);
  /// CF names the axes that are no dimensions, so that readers take them for coordinates.
  void add_coordinates(Dataset& dataset) const;

 private:
  const study::Design& design_;
};

}  // namespace gridplus::output
