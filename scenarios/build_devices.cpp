#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "scenarios/build_parts.hpp"
#include "scenarios/decode_parts.hpp"
#include "scenarios/synthesis.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

/// One device to build: an entry, and its number where the entry stands for several.
struct Unit {
  const DeviceEntry* entry = nullptr;
  std::string name;
  std::uint64_t number = 0;
  std::size_t position = 0;  ///< of the entry in its list
};

struct ListOfEntries {
  std::string_view key;
  const std::vector<DeviceEntry>& entries;
};

/// Builds the banks of one kind of device: one bank a model, in the order of the registry.
class KindBuilder {
 public:
  KindBuilder(const Spec& spec, ListOfEntries list, DeviceKind kind, const BusIndex& buses, Model& model,
              Diagnostics& problems)
      : spec_(spec), list_(list), kind_(kind), buses_(buses), model_(model), problems_(problems) {}

  void build(std::span<const ModelInfo> models) {
    std::uint32_t bank = 0;
    for (const ModelInfo& info : models) {
      if (info.kind != kind_) continue;
      const std::vector<Unit> units = units_of(info);
      if (!units.empty()) build_bank(info, units, bank++);
    }
  }

 private:
  [[nodiscard]] std::vector<Unit> units_of(const ModelInfo& info) {
    std::vector<Unit> units;
    for (std::size_t k = 0; k < list_.entries.size(); ++k) {
      const DeviceEntry& entry = list_.entries[k];
      if (entry.model != &info) continue;
      if (!entry.count) units.push_back({&entry, entry.name, 0, k});
      for (std::int64_t i = 1; i <= entry.count.value_or(0); ++i)
        units.push_back({&entry, fmt::format("{}_{}", entry.name, i), static_cast<std::uint64_t>(i), k});
    }
    for (const Unit& unit : units) check_name(unit);
    return units;
  }

  void check_name(const Unit& unit) {
    if (unit.name.empty() || names_.insert(unit.name).second) return;
    fail(unit, "name", fmt::format("the name '{}' is used twice in {}", unit.name, list_.key),
         "a different name for each device");
  }

  void fail(const Unit& unit, std::string_view key, std::string problem, std::string allowed) {
    constexpr std::size_t k_most_reported = 200;
    if (problems_.size() >= k_most_reported) return;
    const Node* const node = unit.entry->node->find(key);
    problems_.add({node == nullptr ? unit.entry->node->where() : node->where(),
                   fmt::format("{}[{}].{}", list_.key, unit.position, key),
                   std::move(problem),
                   std::move(allowed),
                   {}});
  }

  void build_bank(const ModelInfo& info, const std::vector<Unit>& units, std::uint32_t bank) {
    const std::unique_ptr<BankBuilder> builder = info.make_builder();
    for (std::size_t i = 0; i < units.size(); ++i) {
      set_values(*builder, info, units[i]);
      for (const auto& [field, change] : units[i].entry->changes)
        model_.changes.push_back({change.step, kind_, bank, static_cast<std::uint32_t>(i), field, change.value});
    }
    std::unique_ptr<DeviceBank> built = builder->build();
    for (std::size_t i = 0; i < units.size(); ++i) connect(*built, units[i], i);
    store(std::move(built));
  }

  void set_values(BankBuilder& builder, const ModelInfo& info, const Unit& unit) {
    void* const params = builder.add();
    builder.key_last(name_key(unit.name));
    for (const auto& [position, value] : unit.entry->values) {
      const FieldInfo& field = info.fields[position];
      field.set(params, to_field_value(value, field, unit));
    }
    if (!unit.entry->understood) return;
    ParamIssues issues;
    builder.prepare_last(issues);
    for (const ParamIssue& issue : issues) fail(unit, issue.key, issue.problem, issue.allowed);
  }

  [[nodiscard]] FieldValue to_field_value(const StoredValue& value, const FieldInfo& field, const Unit& unit) const {
    return std::visit(
        [&](const auto& v) -> FieldValue {
          using T = std::remove_cvref_t<decltype(v)>;
          if constexpr (std::is_same_v<T, std::shared_ptr<const Curve>>)
            return *v;
          else if constexpr (std::is_same_v<T, std::shared_ptr<const Distribution>>)
            return v->draw(spec_.seed, spec_.replicate, unit.entry->name, unit.number, field.key);
          else
            return v;
        },
        value);
  }

  void connect(const DeviceBank& bank, const Unit& unit, std::size_t i) {
    const BusId bus = buses_.find(unit.entry->bus, *unit.entry->node, "bus", list_.key, unit.position, problems_);
    if (kind_ == DeviceKind::consumer) {
      model_.consumer_bus.push_back(bus);
      model_.consumer_customers.push_back(unit.entry->supply.customers);
      model_.names.consumer.push_back(unit.name);
      return;
    }
    Connection connection = to_connection(unit.entry->connection);
    connection.bus = bus;
    connection.category = unit.entry->category;
    const bool slack_given = unit.entry->node->find("slack") != nullptr;
    if (kind_ == DeviceKind::producer) {
      const Carrier carrier = dynamic_cast<const ProducerBank&>(bank).carrier(i);
      if (connection.category.empty()) connection.category = to_string(carrier);
      if (!slack_given)
        connection.slack_capable = connection.grid_forming || (carrier != Carrier::wind && carrier != Carrier::solar);
      model_.producer_connection.push_back(std::move(connection));
      model_.names.producer.push_back(unit.name);
    } else {
      if (connection.category.empty()) connection.category = bank.type();
      if (!slack_given) connection.slack_capable = !std::isnan(connection.vm_set_pu);
      model_.storage_connection.push_back(std::move(connection));
      model_.names.storage.push_back(unit.name);
    }
  }

  static Connection to_connection(const ConnectionSection& section) {
    Connection connection;
    connection.vm_set_pu = section.vm_set_pu;
    connection.holds_voltage_offline = section.voltage_support == VoltageSupport::always;
    connection.q_min_mvar = section.q_min_mvar;
    connection.q_max_mvar = section.q_max_mvar;
    const double pf = section.power_factor;
    connection.q_per_p = pf == 0.0 ? 0.0 : std::copysign(std::sqrt(std::max(0.0, 1.0 - pf * pf)) / std::abs(pf), pf);
    connection.slack_capable = section.slack;
    connection.grid_forming = section.grid_forming;
    connection.forced_outage = to_forced_outage(section.mttf_h, section.mttr_h, section.forced_outage_rate);
    return connection;
  }

  void store(std::unique_ptr<DeviceBank> bank) {
    DeviceBank* const raw = bank.release();
    switch (kind_) {
      case DeviceKind::producer:
        model_.producer_banks.emplace_back(dynamic_cast<ProducerBank*>(raw));
        break;
      case DeviceKind::storage:
        model_.storage_banks.emplace_back(dynamic_cast<StorageBank*>(raw));
        break;
      case DeviceKind::consumer:
        model_.consumer_banks.emplace_back(dynamic_cast<ConsumerBank*>(raw));
        break;
    }
  }

  const Spec& spec_;
  ListOfEntries list_;
  DeviceKind kind_;
  const BusIndex& buses_;
  Model& model_;
  Diagnostics& problems_;
  std::unordered_set<std::string> names_;
};

}  // namespace

void build_devices(const Spec& spec, std::span<const ModelInfo> models, const BusIndex& buses, Model& model,
                   Diagnostics& problems) {
  KindBuilder(spec, {"producers", spec.producers}, DeviceKind::producer, buses, model, problems).build(models);
  KindBuilder(spec, {"storage", spec.storage}, DeviceKind::storage, buses, model, problems).build(models);
  KindBuilder(spec, {"consumers", spec.consumers}, DeviceKind::consumer, buses, model, problems).build(models);
  std::stable_sort(model.changes.begin(), model.changes.end(),
                   [](const DatedChange& a, const DatedChange& b) { return a.step < b.step; });
}

}  // namespace gridplus::scenario
