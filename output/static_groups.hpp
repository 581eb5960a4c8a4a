// What does not change over a run, as groups: names of buses, branches and devices, the parameters a reader needs
// beside the results, the scenario's texts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "output/content.hpp"
#include "sim/step/model.hpp"

namespace gridplus::output {

[[nodiscard]] Group bus_group(const Grid& grid, const GridNames& names);
[[nodiscard]] Group branch_group(const Grid& grid, const GridNames& names);
[[nodiscard]] Group producer_group(const Model& model);
[[nodiscard]] Group consumer_group(const Model& model);
[[nodiscard]] Group storage_group(const Model& model);

[[nodiscard]] Group node_group(const CommunicationModel& communication, const GridNames& names);
[[nodiscard]] Group link_group(const CommunicationModel& communication, const GridNames& names);
[[nodiscard]] Group endpoint_class_group(const CommunicationModel& communication);
[[nodiscard]] Group controller_group(const CommunicationModel& communication);
[[nodiscard]] Group attack_group(const CommunicationModel& communication);

/// The devices of one model.
struct BankView {
  const DeviceBank* bank = nullptr;
  std::string group;  ///< the model's type; with the kind before it where that name is taken
  std::span<const std::string> names;
  std::vector<std::string> bus;
};
/// Every bank that has devices: producers, storage, consumers.
[[nodiscard]] std::vector<BankView> bank_views(const Model& model);

/// Names, buses and parameters of a model's devices, one column a field.
[[nodiscard]] Group model_group(const Model& model, const BankView& view);

/// File names and texts of the scenario, and its parameters in force.
[[nodiscard]] Group scenario_group(const Provenance& provenance);

/// `unit` with the scenario's currency in the place of the word `currency`.
[[nodiscard]] std::string with_currency(std::string_view unit, std::string_view currency);

/// `name`, or `prefix` and `name` where the group has a dataset of that name.
[[nodiscard]] std::string free_name(const Group& group, std::string_view name, std::string_view prefix);

}  // namespace gridplus::output
