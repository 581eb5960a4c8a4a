// The Model: everything about a run that does not change while it runs. Shared by threads and members.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "sim/core/calendar.hpp"
#include "sim/device/bank.hpp"
#include "sim/device/forced_outage.hpp"
#include "sim/dispatch/dispatch.hpp"
#include "sim/grid/grid.hpp"
#include "sim/powerflow/flow.hpp"
#include "sim/step/communication.hpp"
#include "sim/step/microgrids.hpp"
#include "sim/step/outages.hpp"

namespace gridplus {

/// How a device is tied to the grid; common to all models of producers and storage.
struct Connection {
  BusId bus;
  double vm_set_pu = std::numeric_limits<double>::quiet_NaN();  ///< voltage held while connected; NaN: none
  bool holds_voltage_offline = false;         ///< a unit that does not run holds it too (as a condenser does)
  double q_min_mvar = 0.0, q_max_mvar = 0.0;  ///< reactive limits, used where vm_set_pu is given
  double q_per_p = 0.0;                       ///< MVAr injected per MW injected where no voltage is held (tan phi)
  bool slack_capable = true;                  ///< may form the reference of an island while online
  bool grid_forming = false;                  ///< storage: can hold an island in which no producer does
  ForcedOutage forced_outage;                 ///< for adequacy studies
  std::string category;                       ///< for reports; defaults to the carrier's or model's name
};

/// A DC link of given transfer: draws p_mw at one bus, gives it less losses at the other.
struct DcLink {
  std::string name;
  BusId from, to;
  Series p_mw;              ///< drawn at `from`, may be negative
  double loss_share = 0.0;  ///< of |p_mw|
};

/// What consumers pay for energy. They know it for every step without communications; with them, as price messages say.
struct RetailPrice {
  static constexpr double k_least_ratio = 0.05;  ///< of a price to the reference price: what is less counts as this
  Series per_mwh;
  double reference_per_mwh = 0.0;  ///< at which demand is as given; 0: there is no retail price

  [[nodiscard]] bool given() const { return reference_per_mwh > 0.0; }
};

/// A planned switching of a branch or unit.
struct PlannedOutage {
  using Subject = OutageSubject::Kind;
  Subject subject = Subject::branch;
  std::uint32_t index = 0;
  std::int64_t from_step = 0, to_step = 0;  ///< out in [from_step, to_step)
  std::string reason;
};

/// A parameter of one device that takes a new value at a step.
struct DatedChange {
  std::int64_t step = 0;
  DeviceKind kind = DeviceKind::producer;
  std::uint32_t bank = 0, device = 0, field = 0;
  FieldValue value;
};

enum class NetworkMethod : std::uint8_t { ac, linear, dc, none };

struct NetworkOptions {
  NetworkMethod method = NetworkMethod::ac;
  powerflow::FlowOptions flow;
  bool distributed_slack = true;  ///< online balancing units share what is missing; else the slack bus's units

  /// Whether flows have voltages, reactive power and losses.
  [[nodiscard]] bool has_voltages() const { return method == NetworkMethod::ac || method == NetworkMethod::linear; }
};

/// What `record:` asks for.
struct RecordOptions {
  bool double_precision = false;
  std::vector<std::string> groups;      ///< empty: all
  std::vector<std::string> variables;   ///< `group.variable`; empty: all of the groups
  std::int64_t every_steps = 1;         ///< resolution: steps aggregated to one row
  std::vector<std::string> statistics;  ///< of each row: mean, min, max; `mean` alone by default
  bool device_states = true;
};

/// Names of devices and their origin, for the output only.
struct ModelNames {
  GridNames grid;
  std::vector<std::string> producer, consumer, storage;
};

struct Provenance {
  std::string scenario_name, description, currency;
  std::vector<std::pair<std::string, std::string>> files;  ///< name and full text of the scenario and what it extends
  std::string resolved_json;                               ///< every parameter in force, defaults included
};

struct Model {
  TimeAxis time;
  std::uint64_t seed = 1;
  std::uint32_t replicate = 0;
  Grid grid;
  std::vector<std::uint8_t> initially_closed;                       ///< per branch
  std::vector<std::unique_ptr<const ProducerBank>> producer_banks;  ///< ids run through the banks in this order
  std::vector<std::unique_ptr<const StorageBank>> storage_banks;
  std::vector<std::unique_ptr<const ConsumerBank>> consumer_banks;
  std::vector<Connection> producer_connection, storage_connection;
  std::vector<BusId> consumer_bus;
  std::vector<DcLink> dc_links;
  ProfileTable profiles;
  Series co2_price_per_t;
  RetailPrice retail_price;
  std::vector<double> consumer_customers;  ///< connected behind each consumer; all 0: no indices of interruptions
  std::vector<PlannedOutage> outages;
  OutagePlan outage_plan;            ///< what fails by chance
  std::vector<DatedChange> changes;  ///< ascending by step
  DispatchOptions dispatch;
  NetworkOptions network;
  std::unique_ptr<const CommunicationModel> communication;  ///< none: everybody knows everything at once
  RecordOptions record;
  ModelNames names;
  Provenance provenance;
  std::vector<Microgrid> microgrids;

  [[nodiscard]] std::size_t producer_count() const { return producer_connection.size(); }
  [[nodiscard]] std::size_t storage_count() const { return storage_connection.size(); }
  [[nodiscard]] std::size_t consumer_count() const { return consumer_bus.size(); }

  /// Whether some storage can hold an island.
  [[nodiscard]] bool any_grid_forming() const {
    for (const Connection& connection : storage_connection)
      if (connection.grid_forming) return true;
    return false;
  }

  /// Of every producer, by id.
  [[nodiscard]] std::vector<double> producer_capacities_mw() const {
    std::vector<double> capacities_mw;
    for (const auto& bank : producer_banks)
      for (std::size_t i = 0; i < bank->size(); ++i) capacities_mw.push_back(bank->capacity_mw(i));
    return capacities_mw;
  }
};

}  // namespace gridplus
