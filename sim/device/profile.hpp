// Time series resolved to the steps of a run: one value per column and step.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/core/field.hpp"
#include "sim/core/id.hpp"

namespace gridplus {

/// Immutable after loading; shared by every thread and member. Columns keep their own unit: what a Series multiplies
/// them with brings them to the unit of its field.
class ProfileTable {
 public:
  ProfileTable() = default;
  explicit ProfileTable(std::int64_t steps) : steps_(steps) {}

  /// Adds a column of steps() values; `name` says where it comes from (`load.csv#east`).
  ProfileId add(std::string name, std::vector<double> values);
  /// The same with a column that other tables hold too: the members of a study share what does not differ.
  ProfileId add(std::string name, std::shared_ptr<const std::vector<double>> values);

  [[nodiscard]] std::size_t columns() const { return columns_.size(); }
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] const std::string& name(ProfileId id) const { return names_[id.index()]; }
  [[nodiscard]] std::span<const double> column(ProfileId id) const { return *columns_[id.index()]; }

  /// The value of `series` in step `step`, in the unit of the field that holds it.
  [[nodiscard]] double value(const Series& series, std::int64_t step) const {
    if (series.constant()) return series.scale;
    return series.scale * (*columns_[series.profile.index()])[static_cast<std::size_t>(step)];
  }

 private:
  std::int64_t steps_ = 0;
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<const std::vector<double>>> columns_;
};

}  // namespace gridplus
