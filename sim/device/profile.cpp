#include "sim/device/profile.hpp"

#include <utility>

#include "sim/core/error.hpp"

namespace gridplus {

ProfileId ProfileTable::add(std::string name, std::vector<double> values) {
  return add(std::move(name), std::make_shared<const std::vector<double>>(std::move(values)));
}

ProfileId ProfileTable::add(std::string name, std::shared_ptr<const std::vector<double>> values) {
  ensure(static_cast<std::int64_t>(values->size()) == steps_, "profile column " + name + " has not one value per step");
  names_.push_back(std::move(name));
  columns_.push_back(std::move(values));
  return ProfileId(columns_.size() - 1);
}

}  // namespace gridplus
