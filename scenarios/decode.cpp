#include "scenarios/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "scenarios/decode_parts.hpp"
#include "sim/core/unit.hpp"
#include "sim/step/variables.hpp"

namespace gridplus::scenario {

namespace {

void decode_format(Context& context, const Node& root, const Path& top) {
  const Node* const version = root.find("gridplus");
  if (version == nullptr) {
    context.fail(root.where(), top, "the format version is missing", "'gridplus: 1' as the first line");
  } else if (version->text != "1") {
    context.fail(version->where(), Path(top, "gridplus"), fmt::format("the format version is {}", version->described()),
                 "1, the only version there is");
  }
}

void decode_seed(Context& context, const Node& root, const Path& top) {
  const Node* const seed = root.find("seed");
  if (seed == nullptr) return;
  FieldInfo field;
  field.key = "seed";
  field.unit = "1";
  field.kind = FieldKind::integer;
  field.max = 9e15;
  const auto value = decode_value(context, field, *seed, Path(top, "seed"), {});
  if (value && std::holds_alternative<FieldValue>(value->value))
    context.seed = static_cast<std::uint64_t>(std::get<std::int64_t>(std::get<FieldValue>(value->value)));
}

void decode_currency(Context& context, const Node& root, const Path& top) {
  const Node* const currency = root.find("currency");
  if (currency == nullptr) return;
  const Path path(top, "currency");
  const auto text = decode_text(context, *currency, path);
  if (!text) return;
  try {
    if (!parse_unit(*text).currency.empty() && text->size() == 3) {
      context.currency = *text;
      return;
    }
  } catch (const std::invalid_argument&) {  // reported below, as any other text
  }
  context.fail(currency->where(), path, fmt::format("'{}' is no currency", text->substr(0, 40)),
               "an ISO code such as EUR, CNY or USD");
}

/// A list of words out of `known`.
std::vector<std::string> decode_words(Context& context, const Node& parent, std::string_view key,
                                      const std::vector<std::string>& known, const Path& path) {
  std::vector<std::string> words;
  const Node* const list = parent.find(key);
  if (list == nullptr) return words;
  const Path place(path, key);
  if (!list->is_list() || list->items.empty()) {
    context.fail(list->where(), place, fmt::format("{} is given", list->described()),
                 fmt::format("a list of: {}", fmt::join(known, ", ")));
    return words;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    if (item.is_scalar() && std::find(known.begin(), known.end(), item.text) != known.end())
      words.push_back(item.text);
    else
      context.fail(item.where(), Path(place, i), fmt::format("{} is unknown", item.described()),
                   fmt::format("{}", fmt::join(known, ", ")), did_you_mean(item.text, known));
  }
  return words;
}

std::vector<std::string> recordable_variables() {
  std::vector<std::string> names;
  const auto add = [&](std::string_view group, const auto& variables) {
    for (const VariableInfo& variable : variables) names.push_back(fmt::format("{}.{}", group, variable.name));
  };
  add("bus", k_bus_variables);
  add("branch", k_branch_variables);
  add("producer", k_producer_variables);
  add("consumer", k_consumer_variables);
  add("storage", k_storage_variables);
  add("step", k_step_variables);
  add("node", k_node_variables);
  add("link", k_link_variables);
  add("endpoint_class", k_endpoint_class_variables);
  add("controller", k_controller_variables);
  add("attack", k_attack_variables);
  return names;
}

}  // namespace

std::optional<RecordSpec> decode_record(Context& context, const Node& parent, const Path& top) {
  const Node* const record = find_map(context, parent, "record", top);
  if (record == nullptr) return std::nullopt;
  const Path path(top, "record");
  RecordSpec out;
  decode_section(context, section_fields<RecordSection>(), &out.values, *record, path,
                 {"groups", "variables", "statistics"});
  out.groups = decode_words(context, *record, "groups", {k_record_groups.begin(), k_record_groups.end()}, path);
  out.variables = decode_words(context, *record, "variables", recordable_variables(), path);
  out.statistics =
      decode_words(context, *record, "statistics", {k_record_statistics.begin(), k_record_statistics.end()}, path);
  const double step_h = context.time.step_h();
  const double rows = out.values.every_h / step_h;
  if (!std::isnan(rows) && (rows < 1.0 || rows > 1e9 || std::abs(rows - std::round(rows)) > 1e-9 * rows))
    context.fail(record->find("every")->where(), Path(path, "every"),
                 fmt::format("{} h is no whole number of steps of {} h", out.values.every_h, step_h),
                 "a multiple of time.step");
  return out;
}

namespace {

void decode_controllers(Context& context, const Node& root, Spec& spec, const Path& top) {
  if (const Node* const controllers = find_map(context, root, "controllers", top)) {
    const Path path(top, "controllers");
    refuse_unknown_keys(context, *controllers, {"dispatch"}, path);
    if (const Node* const dispatch = find_map(context, *controllers, "dispatch", path))
      decode_section(context, section_fields<DispatchSection>(), &spec.dispatch, *dispatch, Path(path, "dispatch"), {});
  }
  if (const Node* const policy = find_map(context, root, "policy", top))
    decode_section(context, section_fields<PolicySection>(), &spec.policy, *policy, Path(top, "policy"), {}, "policy");
  if (const Node* const market = find_map(context, root, "market", top))
    decode_section(context, section_fields<MarketSection>(), &spec.market, *market, Path(top, "market"), {}, "market");
}

}  // namespace

void decode_section(Context& context, std::span<const FieldInfo> fields, void* owner, const Node& map, const Path& path,
                    std::vector<std::string> other_keys, std::string_view name) {
  std::vector<std::string> known = std::move(other_keys);
  for (const FieldInfo& field : fields) known.emplace_back(field.key);
  refuse_unknown_keys(context, map, known, path);
  for (const FieldInfo& field : fields) {
    const Node* const node = map.find(field.key);
    if (node == nullptr) {
      if (field.required)
        context.fail(map.where(), path, fmt::format("the key '{}' is missing", field.key),
                     fmt::format("{}: {}", field.key, field.doc));
      continue;
    }
    const Path place(path, field.key);
    const auto value = decode_value(context, field, *node, place, name);
    if (!value) continue;
    if (!value->changes.empty() || !std::holds_alternative<FieldValue>(value->value))
      context.fail(node->where(), place, "this value cannot vary", "one value");
    else
      field.set(owner, std::get<FieldValue>(value->value));
  }
}

void for_each_entry(Context& context, const Node& parent, std::string_view key, const Path& path,
                    const std::function<void(const Node&, const Path&)>& each) {
  const Node* const list = parent.find(key);
  if (list == nullptr || list->kind == Node::Kind::null) return;
  const Path place(path, key);
  if (!list->is_list()) {
    context.fail(list->where(), place, fmt::format("{} is given", list->described()), "a list of entries");
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& entry = list->items[i];
    const Path at(place, i);
    if (entry.is_map())
      each(entry, at);
    else
      context.fail(entry.where(), at, fmt::format("{} is given", entry.described()),
                   "an entry such as {name: ..., ...}");
  }
}

const Node* find_map(Context& context, const Node& parent, std::string_view key, const Path& path) {
  const Node* const node = parent.find(key);
  if (node == nullptr || node->kind == Node::Kind::null) return nullptr;
  if (node->is_map()) return node;
  context.fail(node->where(), Path(path, key), fmt::format("{} is given", node->described()),
               "a map of keys and values");
  return nullptr;
}

std::string entry_text(Context& context, const Node& entry, std::string_view key, bool required, const Path& path) {
  const Node* const node = entry.find(key);
  if (node == nullptr || (node->is_scalar() && node->text.empty())) {
    if (required)
      context.fail(node == nullptr ? entry.where() : node->where(), path, fmt::format("the key '{}' is missing", key));
    return {};
  }
  const Path place(path, key);
  const auto text = decode_text(context, *node, place);
  constexpr std::size_t k_longest_text = 256;
  if (text && text->size() > k_longest_text) {
    context.fail(node->where(), place, fmt::format("the text has {} bytes", text->size()),
                 fmt::format("at most {} bytes", k_longest_text));
    return {};
  }
  return text.value_or("");
}

Spec decode(const Node& root, std::span<const ModelInfo> models, const std::string& default_name,
            const DecodeLimits& limits, Diagnostics& problems, const Sharing& sharing) {
  Spec spec;
  spec.replicate = sharing.replicate;
  spec.profiles.share(sharing.profiles);
  Context context{problems, spec.profiles, spec.currency, {}, spec.seed, sharing.replicate, limits};
  const Path top;
  refuse_unknown_keys(context, root,
                      {"gridplus",   "name",      "description",   "seed",    "currency",    "extends", "time",
                       "grid",       "producers", "consumers",     "storage", "controllers", "policy",  "events",
                       "microgrids", "record",    "communication", "cyber",   "market",      "study"},
                      top);
  decode_format(context, root, top);
  decode_seed(context, root, top);
  decode_currency(context, root, top);
  decode_time(context, root, top);
  spec.name = entry_text(context, root, "name", false, top);
  if (spec.name.empty()) spec.name = default_name;
  if (const Node* const text = root.find("description"))
    spec.description = decode_text(context, *text, Path(top, "description")).value_or("");
  decode_grid(context, root, spec);
  decode_devices(context, root, models, spec);
  decode_communication(context, root, spec);
  decode_cyber(context, root, spec);
  decode_controllers(context, root, spec, top);
  decode_events(context, root, spec);
  decode_microgrids(context, root, spec);
  if (auto record = decode_record(context, root, top)) spec.record = std::move(*record);
  decode_adequacy(context, root, spec);
  spec.currency = context.currency;
  spec.seed = context.seed;
  spec.time = context.time;
  if (sharing.profiles == nullptr) decode_study(context, root, spec);
  return spec;
}

}  // namespace gridplus::scenario
