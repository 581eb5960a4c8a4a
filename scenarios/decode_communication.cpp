#include <fmt/format.h>

#include <algorithm>

#include "scenarios/decode_parts.hpp"

namespace gridplus::scenario {

namespace {

std::vector<std::string> keys_of(std::span<const FieldInfo> fields, std::vector<std::string> others) {
  for (const FieldInfo& field : fields) others.emplace_back(field.key);
  return others;
}

/// The values of a link or last hop: the preset of its technology, and what the entry gives in its place.
comms::LinkParameters parameters_of(Context& context, const Node& entry, comms::Technology technology,
                                    const CommunicationSpec& spec, const Path& place) {
  comms::LinkParameters parameters = spec.presets[static_cast<std::size_t>(technology)];
  for (const FieldInfo& field : section_fields<comms::LinkParameters>()) {
    const Node* const node = entry.find(field.key);
    if (node == nullptr) continue;
    const auto value = decode_value(context, field, *node, Path(place, field.key), {});
    if (!value) continue;
    if (value->changes.empty() && std::holds_alternative<FieldValue>(value->value))
      field.set(&parameters, std::get<FieldValue>(value->value));
    else
      context.fail(node->where(), Path(place, field.key), "this value cannot vary", "one value");
  }
  return parameters;
}

/// The section's own values, of an entry that also holds the keys of a link's parameters.
template <class Section>
Section own_values(Context& context, const Node& entry, const Path& place, const std::vector<std::string>& others) {
  Section section;
  decode_section(context, section_fields<Section>(), &section, entry, place,
                 keys_of(section_fields<comms::LinkParameters>(), others));
  return section;
}

void decode_presets(Context& context, const Node& block, CommunicationSpec& out, const Path& path) {
  for (std::size_t i = 0; i < comms::k_technologies; ++i) out.presets[i] = comms::technologies()[i].parameters;
  const Node* const presets = find_map(context, block, "presets", path);
  if (presets == nullptr) return;
  const Path place(path, "presets");
  refuse_unknown_keys(context, *presets, {k_technology_names.begin(), k_technology_names.end()}, place);
  for (std::size_t i = 0; i < comms::k_technologies; ++i)
    if (const Node* const preset = find_map(context, *presets, k_technology_names[i], place))
      decode_section(context, section_fields<comms::LinkParameters>(), &out.presets[i], *preset,
                     Path(place, k_technology_names[i]), {});
}

void decode_lists(Context& context, const Node& block, CommunicationSpec& out, const Path& path) {
  for_each_entry(context, block, "nodes", path, [&](const Node& entry, const Path& place) {
    NodeEntry node;
    node.name = entry_text(context, entry, "name", true, place);
    node.bus = entry_text(context, entry, "bus", false, place);
    node.values.stale_policy = out.values.stale_policy;
    decode_section(context, section_fields<NodeSection>(), &node.values, entry, place, {"name", "bus"});
    node.node = &entry;
    out.nodes.push_back(std::move(node));
  });
  for_each_entry(context, block, "links", path, [&](const Node& entry, const Path& place) {
    const std::vector<std::string> own = {"name", "from", "to", "common_cause", "same_cable"};
    LinkEntry link;
    link.name = entry_text(context, entry, "name", true, place);
    link.from = entry_text(context, entry, "from", true, place);
    link.to = entry_text(context, entry, "to", true, place);
    link.common_cause = entry_text(context, entry, "common_cause", false, place);
    link.same_cable = entry_text(context, entry, "same_cable", false, place);
    link.values = own_values<LinkSection>(context, entry, place, own);
    link.parameters = parameters_of(context, entry, link.values.technology, out, place);
    link.node = &entry;
    out.links.push_back(std::move(link));
  });
  for_each_entry(context, block, "endpoints", path, [&](const Node& entry, const Path& place) {
    const std::vector<std::string> own = {"device", "parent", "controller"};
    EndpointEntry endpoint;
    endpoint.device = entry_text(context, entry, "device", true, place);
    endpoint.parent = entry_text(context, entry, "parent", !out.generate.has_value(), place);
    endpoint.controller = entry_text(context, entry, "controller", false, place);
    endpoint.values = own_values<EndpointSection>(context, entry, place, own);
    endpoint.parameters = parameters_of(context, entry, endpoint.values.technology, out, place);
    endpoint.node = &entry;
    out.endpoints.push_back(std::move(endpoint));
  });
  for_each_entry(context, block, "cohorts", path, [&](const Node& entry, const Path& place) {
    const std::vector<std::string> own = {"name", "bus", "parent", "controller"};
    CohortEntry cohort;
    cohort.name = entry_text(context, entry, "name", true, place);
    cohort.bus = entry_text(context, entry, "bus", true, place);
    cohort.parent = entry_text(context, entry, "parent", !out.generate.has_value(), place);
    cohort.controller = entry_text(context, entry, "controller", false, place);
    cohort.values = own_values<CohortSection>(context, entry, place, own);
    cohort.parameters = parameters_of(context, entry, cohort.values.technology, out, place);
    cohort.node = &entry;
    out.cohorts.push_back(std::move(cohort));
  });
}

void decode_coverage(Context& context, const Node& entry, const Path& place, CommunicationSpec& out) {
  CoverageEntry coverage;
  coverage.region = entry_text(context, entry, "region", false, place);
  coverage.node = &entry;
  const auto fields = section_fields<CoverageSection>();
  refuse_unknown_keys(context, entry, keys_of(fields, {"region"}), place);
  for (const FieldInfo& field : fields) {
    const Node* const node = entry.find(field.key);
    if (node == nullptr) continue;
    const auto value = decode_value(context, field, *node, Path(place, field.key), {});
    if (!value) continue;
    if (!std::holds_alternative<FieldValue>(value->value)) {
      context.fail(node->where(), Path(place, field.key), "this value cannot be drawn", "one value or a timeline");
      continue;
    }
    field.set(&coverage.values, std::get<FieldValue>(value->value));
    for (const DatedValue& change : value->changes)
      if (field.kind == FieldKind::number) coverage.changes.emplace_back(change.step, std::get<double>(change.value));
  }
  out.coverage.push_back(std::move(coverage));
}

}  // namespace

comms::TransportOptions transport_options(const CommunicationSection& s) {
  comms::TransportOptions options;
  const auto of = [&](comms::MessageClass c) -> comms::ClassOptions& {
    return options.classes[static_cast<std::size_t>(c)];
  };
  of(comms::MessageClass::command).retries = static_cast<std::int32_t>(s.command_retries);
  of(comms::MessageClass::telemetry).retries = static_cast<std::int32_t>(s.report_retries);
  for (comms::ClassOptions& c : options.classes) c.retry_spacing_s = s.retry_spacing_s;
  of(comms::MessageClass::telemetry).deadline_s = s.report_deadline_s;
  of(comms::MessageClass::command).deadline_s = s.command_deadline_s;
  of(comms::MessageClass::price).deadline_s = s.price_deadline_s;
  of(comms::MessageClass::metering).deadline_s = s.metering_deadline_s;
  of(comms::MessageClass::metering).interval_s = s.metering_interval_s;
  options.duplicate_probability = s.duplicates;
  options.synchronised = s.synchronised;
  options.prices = s.prices;
  of(comms::MessageClass::price).interval_s = s.price_interval_s;
  options.price_validity_s = s.price_validity_s;
  options.command_validity_s = s.command_validity_s;
  options.meter_memory_h = s.meter_memory_h;
  options.settlement_cutoff_h = s.settlement_cutoff_h;
  return options;
}

void decode_communication(Context& context, const Node& root, Spec& spec) {
  const Path top, path(top, "communication");
  CommunicationSpec& out = spec.communication;
  const Node* const block = find_map(context, root, "communication", top);
  if (block == nullptr) return;
  out.node = block;
  decode_section(context, section_fields<CommunicationSection>(), &out.values, *block, path,
                 {"generate", "presets", "nodes", "links", "endpoints", "cohorts", "coverage"});
  decode_presets(context, *block, out, path);
  if (const Node* const generate = find_map(context, *block, "generate", path))
    decode_section(context, section_fields<GenerateSection>(), &out.generate.emplace(), *generate,
                   Path(path, "generate"), {});
  else if (block->find("nodes") == nullptr)
    context.fail(block->where(), path, "there is neither a network nor a word on how to make one",
                 "generate: {technology: lte}, or nodes, links and endpoints");
  decode_lists(context, *block, out, path);
  for_each_entry(context, *block, "coverage", path,
                 [&](const Node& entry, const Path& place) { decode_coverage(context, entry, place, out); });
}

}  // namespace gridplus::scenario
