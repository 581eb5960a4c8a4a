#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "scenarios/decode_parts.hpp"

namespace gridplus::scenario {

namespace {

/// Decodes the entries of one list. A model's own field wins over a connection key of the same name.
class DeviceDecoder {
 public:
  DeviceDecoder(Context& context, std::span<const ModelInfo> models, DeviceKind kind)
      : context_(context), models_(models), kind_(kind) {
    for (const ModelInfo& model : models)
      if (model.kind == kind) names_.emplace_back(model.type);
  }

  void decode(const Node& entry, const Path& place, std::vector<DeviceEntry>& out) {
    DeviceEntry device;
    device.node = &entry;
    device.name = entry_text(context_, entry, "name", true, place);
    device.bus = entry_text(context_, entry, "bus", true, place);
    device.category = entry_text(context_, entry, "category", false, place);
    device.model = find(entry, place);
    if (device.model == nullptr) return;
    read_count(entry, place, device);
    refuse_unknown_keys(context_, entry, known_keys(*device.model), place);
    const std::size_t problems_before = context_.problems.size();
    read_fields(entry, place, device);
    device.understood = context_.problems.size() == problems_before;
    if (kind_ != DeviceKind::consumer)
      read_connection(entry, place, device);
    else
      read_supply(entry, place, device);
    out.push_back(std::move(device));
  }

 private:
  const ModelInfo* find(const Node& entry, const Path& place) {
    const Node* const node = entry.find("model");
    if (node == nullptr) {
      context_.fail(entry.where(), place, "the key 'model' is missing", fmt::format("{}", fmt::join(names_, ", ")));
      return nullptr;
    }
    const ModelInfo* const model = node->is_scalar() ? find_model(models_, node->text) : nullptr;
    if (model != nullptr && model->kind == kind_) return model;
    const std::string problem = model != nullptr ? fmt::format("'{}' is a model for another list", node->text)
                                                 : fmt::format("{} is no model", node->described());
    context_.fail(
        node->where(), Path(place, "model"), problem, fmt::format("{}", fmt::join(names_, ", ")),
        model == nullptr ? did_you_mean(node->text, names_) : "producers, consumers and storage are three lists");
    return nullptr;
  }

  void read_count(const Node& entry, const Path& place, DeviceEntry& device) {
    const Node* const node = entry.find("count");
    if (node == nullptr) {
      total_ += 1;
      return;
    }
    const Path path(place, "count");
    const auto count = decode_quantity(context_, *node, "1", path);
    if (!count) return;
    if (*count != std::floor(*count) || *count < 1 || *count > static_cast<double>(context_.limits.most_devices)) {
      context_.fail(node->where(), path, fmt::format("{} is no usable count", node->described()),
                    fmt::format("a whole number from 1 to {}", context_.limits.most_devices));
      return;
    }
    device.count = static_cast<std::int64_t>(*count);
    total_ += *device.count;
    if (total_ > context_.limits.most_devices)
      context_.fail(node->where(), path, "the scenario has too many devices",
                    fmt::format("at most {}", context_.limits.most_devices));
  }

  std::vector<std::string> known_keys(const ModelInfo& model) const {
    std::vector<std::string> keys = {"name", "model", "bus", "count", "category"};
    for (const FieldInfo& field : model.fields) keys.emplace_back(field.key);
    const auto common =
        kind_ == DeviceKind::consumer ? section_fields<SupplySection>() : section_fields<ConnectionSection>();
    for (const FieldInfo& field : common)
      if (std::find(keys.begin(), keys.end(), field.key) == keys.end()) keys.emplace_back(field.key);
    return keys;
  }

  void read_fields(const Node& entry, const Path& place, DeviceEntry& device) {
    const auto fields = device.model->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const Node* const node = entry.find(fields[i].key);
      if (node == nullptr) {
        if (fields[i].required)
          context_.fail(entry.where(), place, fmt::format("the key '{}' is missing", fields[i].key),
                        fmt::format("{}: {}", fields[i].key, fields[i].doc));
        continue;
      }
      const Path path(place, fields[i].key);
      auto decoded = decode_value(context_, fields[i], *node, path, device.name);
      if (!decoded) continue;
      const auto field = static_cast<std::uint16_t>(i);
      device.values.emplace_back(field, stored(decoded->value));
      for (DatedValue& change : decoded->changes) device.changes.emplace_back(field, std::move(change));
    }
  }

  static StoredValue stored(std::variant<FieldValue, Distribution>& value) {
    if (auto* const distribution = std::get_if<Distribution>(&value))
      return std::make_shared<const Distribution>(std::move(*distribution));
    return std::visit(
        [](const auto& v) -> StoredValue {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(v)>, Curve>)
            return std::make_shared<const Curve>(v);
          else
            return v;
        },
        std::get<FieldValue>(value));
  }

  void read_supply(const Node& entry, const Path& place, DeviceEntry& device) {
    for (const FieldInfo& field : section_fields<SupplySection>()) {
      const Node* const node = entry.find(field.key);
      if (node == nullptr) continue;
      const Path path(place, field.key);
      const auto decoded = decode_value(context_, field, *node, path, device.name);
      if (!decoded) continue;
      if (!decoded->changes.empty() || !std::holds_alternative<FieldValue>(decoded->value))
        context_.fail(node->where(), path, "this value cannot vary", "one value");
      else
        field.set(&device.supply, std::get<FieldValue>(decoded->value));
    }
  }

  void read_connection(const Node& entry, const Path& place, DeviceEntry& device) {
    const std::size_t problems_before = context_.problems.size();
    for (const FieldInfo& field : section_fields<ConnectionSection>()) {
      const Node* const node = entry.find(field.key);
      const auto is_own = [&](const FieldInfo& own) { return own.key == field.key; };
      if (node == nullptr || std::any_of(device.model->fields.begin(), device.model->fields.end(), is_own)) continue;
      const Path path(place, field.key);
      const auto decoded = decode_value(context_, field, *node, path, device.name);
      if (!decoded) continue;
      if (!decoded->changes.empty() || !std::holds_alternative<FieldValue>(decoded->value))
        context_.fail(node->where(), path, "a connection to the grid cannot vary", "one value");
      else
        field.set(&device.connection, std::get<FieldValue>(decoded->value));
    }
    const ConnectionSection& c = device.connection;
    if (context_.problems.size() == problems_before)
      check_forced_outage(context_, entry, place, c.mttf_h, c.mttr_h, c.forced_outage_rate);
    if (c.q_min_mvar > c.q_max_mvar)
      context_.fail(entry.find("q_min") != nullptr ? entry.find("q_min")->where() : entry.where(), place,
                    fmt::format("q_min ({} MVAr) lies above q_max ({} MVAr)", c.q_min_mvar, c.q_max_mvar),
                    "q_min <= q_max");
    if (c.power_factor == 0.0)
      context_.fail(entry.find("power_factor")->where(), Path(place, "power_factor"),
                    "a power factor of 0 has no limit", "from -1 to 1 without 0");
  }

  Context& context_;
  std::span<const ModelInfo> models_;
  DeviceKind kind_;
  std::vector<std::string> names_;
  std::int64_t total_ = 0;
};

}  // namespace

void decode_devices(Context& context, const Node& root, std::span<const ModelInfo> models, Spec& spec) {
  const Path top;
  const auto decode_list = [&](std::string_view key, DeviceKind kind, std::vector<DeviceEntry>& out) {
    DeviceDecoder decoder(context, models, kind);
    for_each_entry(context, root, key, top,
                   [&](const Node& entry, const Path& place) { decoder.decode(entry, place, out); });
  };
  decode_list("producers", DeviceKind::producer, spec.producers);
  decode_list("consumers", DeviceKind::consumer, spec.consumers);
  decode_list("storage", DeviceKind::storage, spec.storage);
}

}  // namespace gridplus::scenario
