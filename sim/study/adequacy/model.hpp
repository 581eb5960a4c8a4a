// What an adequacy study needs to know of a system: demand, units that fail, storage and transfer limits, by area.
//
// Powers are whole watts. Sums of them do not depend on their order and lose nothing however often a unit goes out and
// comes back, `demand > capacity` is decided exactly, and max-flow on integers always ends.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sim/core/calendar.hpp"
#include "sim/device/forced_outage.hpp"

namespace gridplus {

struct Model;

namespace adequacy {

using Watts = std::int64_t;
inline constexpr double k_watts_per_mw = 1e6;

[[nodiscard]] inline Watts to_watts(double mw) {
  return std::llround(mw * k_watts_per_mw);
}
[[nodiscard]] inline double to_mw(Watts watts) {
  return static_cast<double>(watts) / k_watts_per_mw;
}

/// Demand and what never fails, for every step.
struct Area {
  std::string name;
  std::vector<Watts> demand;
  std::vector<Watts> firm;  ///< producers without forced outage data: wind and sun by their series, imports
};

struct Unit {
  std::string name;
  std::uint32_t area = 0;
  Watts capacity = 0;                   ///< the largest of the steps
  std::vector<Watts> capacity_by_step;  ///< empty where it is always `capacity`
  ForcedOutage outage;

  [[nodiscard]] Watts at(std::size_t step) const {
    return capacity_by_step.empty() ? capacity : capacity_by_step[step];
  }
};

/// Limits at the grid, energy in the store. Energies in Wh.
struct StorageUnit {
  std::string name;
  std::uint32_t area = 0;
  Watts discharge = 0, charge = 0;
  double energy_wh = 0.0;   ///< usable, between its lowest and highest state of charge
  double initial_wh = 0.0;  ///< usable, at the start of every sample
  double charge_efficiency = 1.0, discharge_efficiency = 1.0;
  ForcedOutage outage;
};

/// What may be carried between two areas.
struct Link {
  std::string name;
  std::uint32_t from = 0, to = 0;
  Watts forward = 0, backward = 0;
  ForcedOutage outage;
};

struct AdequacyModel {
  TimeAxis time;
  std::uint64_t seed = 1;
  std::vector<Area> areas;  ///< at least one
  std::vector<Unit> units;
  std::vector<StorageUnit> storage;
  std::vector<Link> links;
  std::vector<std::string> notes;  ///< what of the scenario the study leaves aside

  [[nodiscard]] std::size_t steps() const { return static_cast<std::size_t>(time.steps()); }
  /// Parts that can fail are numbered: units, then storage, then links.
  [[nodiscard]] std::size_t component_count() const { return units.size() + storage.size() + links.size(); }
  [[nodiscard]] const ForcedOutage& outage_of(std::size_t component) const {
    if (component < units.size()) return units[component].outage;
    component -= units.size();
    return component < storage.size() ? storage[component].outage : links[component - storage.size()].outage;
  }
  [[nodiscard]] const std::string& name_of(std::size_t component) const {
    if (component < units.size()) return units[component].name;
    component -= units.size();
    return component < storage.size() ? storage[component].name : links[component - storage.size()].name;
  }
};

/// A transfer limit as the scenario gives it, by the names of the areas.
struct TransferLimit {
  std::string from, to;
  double limit_mw = std::numeric_limits<double>::infinity();
  double reverse_limit_mw = std::numeric_limits<double>::infinity();
  ForcedOutage outage;
};

/// How a system is reduced to areas.
struct ReductionOptions {
  bool copper_plate = false;  ///< one area, whatever the buses say
  bool ignore_storage = false;
  /// Between areas. None: the sum of the ratings of the branches between them.
  std::vector<TransferLimit> transfer_limits;
};

/// Reduces `model`: offers of producers and demands of consumers are read step by step, with dated changes of
/// parameters and planned outages; ramps, minimum loads, energy limits of reservoirs and network losses are left
/// aside. Areas of `transfer_limits` must exist. Throws InputError where there is nothing to study (no demand).
[[nodiscard]] AdequacyModel reduce(const Model& model, const ReductionOptions& options);

/// The areas that buses with devices or branches lie in, in the order of the buses; buses without an area form one
/// named `system`.
[[nodiscard]] std::vector<std::string> area_names(const Model& model);

}  // namespace adequacy
}  // namespace gridplus
