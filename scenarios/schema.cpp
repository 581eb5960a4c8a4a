#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/registry.hpp"
#include "scenarios/communication_sections.hpp"
#include "scenarios/cyber_sections.hpp"
#include "scenarios/describe.hpp"
#include "scenarios/microgrid_sections.hpp"
#include "scenarios/sections.hpp"
#include "scenarios/synthesis.hpp"
#include "scenarios/values.hpp"

namespace gridplus {

namespace {

using Json = nlohmann::ordered_json;

Json ref(std::string_view name) {
  return Json{{"$ref", fmt::format("#/$defs/{}", name)}};
}

/// Values that many fields share. Limits of quantities with units are in words: a schema cannot compare units.
Json definitions() {
  Json timeline{{"type", "object"},
                {"patternProperties", {{"^[0-9]{4}-[0-9]{2}-[0-9]{2}", true}}},
                {"properties", {{"interpolate", {{"enum", {"step", "linear"}}}}}},
                {"additionalProperties", false},
                {"minProperties", 1}};
  Json distribution{{"type", "object"}, {"minProperties", 1}, {"maxProperties", 1}};
  for (const char* kind : {"normal", "uniform", "choice", "lognormal"}) distribution["properties"][kind] = true;
  distribution["additionalProperties"] = false;
  Json synthetic_names = Json::array();
  for (const scenario::SyntheticModel& model : scenario::synthetic_models())
    synthetic_names.push_back(std::string(model.type));
  Json profile{{"type", "object"},
               {"properties",
                {{"profile", {{"type", "string"}, {"pattern", "#."}}},
                 {"scale", ref("quantity")},
                 {"interpolate", {{"enum", {"hold", "linear"}}}},
                 {"repeat", {{"type", "boolean"}}}}},
               {"required", {"profile"}},
               {"additionalProperties", false}};
  Json synthetic{{"type", "object"},
                 {"properties", {{"synthetic", {{"enum", std::move(synthetic_names)}}}}},
                 {"required", {"synthetic"}}};
  return {
      {"quantity", {{"type", {"string", "number"}}}},
      {"number", {{"anyOf", {ref("quantity"), ref("timeline"), ref("distribution")}}}},
      {"timeline", std::move(timeline)},
      {"distribution", std::move(distribution)},
      {"profile", std::move(profile)},
      {"synthetic", std::move(synthetic)},
      {"series", {{"anyOf", {ref("quantity"), ref("profile"), ref("synthetic"), ref("timeline")}}}},
      {"curve",
       {{"type", "array"},
        {"minItems", 1},
        {"maxItems", Curve::k_max_points},
        {"items",
         {{"type", "array"}, {"prefixItems", {ref("quantity"), ref("quantity")}}, {"minItems", 2}, {"maxItems", 2}}}}},
      {"name", {{"type", {"string", "number"}}}}};
}

Json field_schema(const FieldInfo& field) {
  Json out;
  switch (field.kind) {
    case FieldKind::number:
      out = ref("number");
      break;
    case FieldKind::series:
      out = ref("series");
      break;
    case FieldKind::curve:
      out = ref("curve");
      break;
    case FieldKind::integer:
      out = {{"anyOf", {{{"type", "integer"}}, ref("timeline")}}};
      break;
    case FieldKind::boolean:
      out = {{"anyOf", {{{"type", "boolean"}}, ref("timeline")}}};
      break;
    case FieldKind::choice: {
      Json names = Json::array();
      for (const std::string_view name : field.choices) names.push_back(std::string(name));
      out = {{"anyOf", {{{"enum", std::move(names)}}, ref("timeline")}}};
      break;
    }
  }
  std::string doc(field.doc);
  if (field.unit != "1") doc += fmt::format(" [{}]", field.unit);
  if (const std::string limits = scenario::limits_text(field); !limits.empty()) doc += "; " + limits;
  out["description"] = doc;
  return out;
}

struct Keys {
  Json properties = Json::object();
  Json required = Json::array();

  Keys& texts(std::initializer_list<const char*> names, bool needed) {
    for (const char* name : names) {
      properties[name] = ref("name");
      if (needed) required.push_back(name);
    }
    return *this;
  }
  Keys& fields(std::span<const FieldInfo> infos) {
    for (const FieldInfo& info : infos) {
      const std::string key(info.key);
      if (properties.contains(key)) continue;
      properties[key] = field_schema(info);
      if (info.required) required.push_back(key);
    }
    return *this;
  }
  [[nodiscard]] Json object(std::string_view doc) const {
    Json out{{"type", "object"},
             {"description", std::string(doc)},
             {"properties", properties},
             {"additionalProperties", false}};
    if (!required.empty()) out["required"] = required;
    return out;
  }
};

/// A list of entries, each a map as `entry` says or a table.
Json list_of(Json entry) {
  const Json is_table{{"required", {"table"}}};
  const Json table{{"properties", {{"table", {{"type", "string"}}}}}};
  return {{"type", {"array", "null"}},
          {"items", {{"type", "object"}, {"if", is_table}, {"then", table}, {"else", std::move(entry)}}}};
}

Json device_list(DeviceKind kind) {
  Json names = Json::array(), cases = Json::array();
  for (const ModelInfo& model : device_models()) {
    if (model.kind != kind) continue;
    const std::string type(model.type);
    names.push_back(type);
    Keys keys;
    keys.texts({"name", "bus"}, true).texts({"category"}, false);
    keys.properties["model"] = {{"const", type}};
    keys.properties["count"] = {{"type", "integer"}, {"minimum", 1}};
    keys.fields(model.fields);
    keys.fields(kind == DeviceKind::consumer ? scenario::section_fields<scenario::SupplySection>()
                                             : scenario::section_fields<scenario::ConnectionSection>());
    cases.push_back({{"if", {{"properties", {{"model", {{"const", type}}}}}}}, {"then", keys.object(model.doc)}});
  }
  return list_of({{"type", "object"},
                  {"properties", {{"model", {{"enum", std::move(names)}}}}},
                  {"required", {"model"}},
                  {"allOf", std::move(cases)}});
}

template <class Section>
Json section_schema(std::string_view doc, std::initializer_list<const char*> needed = {},
                    std::initializer_list<const char*> optional = {}) {
  return Keys().texts(needed, true).texts(optional, false).fields(scenario::section_fields<Section>()).object(doc);
}

Json grid_schema() {
  Json grid = section_schema<scenario::GridSection>("the power network");
  Json& keys = grid["properties"];
  keys["buses"] = list_of(section_schema<scenario::BusSection>("a bus", {"name"}, {"area"}));
  Json branch =
      section_schema<scenario::BranchSection>("a line, transformer or coupler", {"name", "from", "to"}, {"tap_bus"});
  for (const char* key : {"r", "x", "g", "b"}) branch["properties"][key] = ref("quantity");
  keys["branches"] = list_of(std::move(branch));
  keys["dc_links"] =
      list_of(section_schema<scenario::DcLinkSection>("a link of given transfer", {"name", "from", "to"}));
  keys["power_flow"] = section_schema<scenario::FlowSection>("the solution of the network");
  keys["import"] = {{"type", "object"},
                    {"properties", {{"format", {{"type", "string"}}}, {"source", {{"type", "string"}}}}},
                    {"required", {"format", "source"}}};
  for (const char* list : {"buses", "branches", "dc_links"}) keys[fmt::format("+{}", list)] = keys[list];
  return grid;
}

Json time_schema() {
  Json time{{"type", "object"}, {"additionalProperties", false}};
  for (const char* key : {"start", "end", "duration", "step"}) time["properties"][key] = {{"type", "string"}};
  time["properties"]["steps"] = {{"type", "integer"}, {"minimum", 1}};
  return time;
}

Json words(std::span<const std::string_view> names) {
  Json list = Json::array();
  for (const std::string_view name : names) list.push_back(std::string(name));
  return {{"type", "array"}, {"items", {{"enum", std::move(list)}}}, {"minItems", 1}};
}

Json events_schema() {
  const Json names{{"anyOf", {ref("name"), {{"type", "array"}, {"items", ref("name")}, {"minItems", 1}}}}};
  const auto named = [&](Keys keys, const char* key, bool needed) {
    keys.properties[key] = names;
    if (needed) keys.required.push_back(key);
    return keys;
  };
  Json kinds = Json::array();
  kinds.push_back(Keys().texts({"outage", "from", "to"}, true).texts({"reason"}, false).object("a planned outage"));
  kinds.push_back(named(Keys().texts({"name"}, false), "failures", true)
                      .fields(scenario::section_fields<scenario::FailureSection>())
                      .object("failures by chance"));
  kinds.push_back(named(Keys().texts({"storm"}, true), "branches", false)
                      .fields(scenario::section_fields<scenario::StormSection>())
                      .object("wind that breaks branches"));
  kinds.push_back(
      Keys().fields(scenario::section_fields<scenario::RepairSection>()).object("who repairs, and when they know"));
  return {{"type", "array"}, {"items", {{"anyOf", std::move(kinds)}}}};
}

Json microgrids_schema() {
  Json microgrid =
      section_schema<scenario::MicrogridSection>("a part of the grid that can live on its own", {"name", "bus"});
  microgrid["properties"]["tie"] = {
      {"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}}}}};
  microgrid["required"].push_back("tie");
  microgrid["properties"]["black_start"] =
      list_of(section_schema<scenario::StartSection>("a unit that may start it", {"unit"}));
  return list_of(std::move(microgrid));
}

Json record_schema() {
  Json record = section_schema<scenario::RecordSection>("what is stored");
  record["properties"]["groups"] = words(scenario::k_record_groups);
  record["properties"]["statistics"] = words(scenario::k_record_statistics);
  record["properties"]["variables"] = {{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}};
  return record;
}

Json study_schema() {
  const Json any = Json::object(), quantity = ref("quantity"), list{{"type", "array"}, {"minItems", 1}};
  const Json axis{{"type", "object"},
                  {"properties",
                   {{"path", {{"type", "string"}}},
                    {"paths", {{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}}},
                    {"values", list},
                    {"from", quantity},
                    {"to", quantity},
                    {"count", {{"type", "integer"}, {"minimum", 2}}},
                    {"uniform", list},
                    {"triangular", list},
                    {"choice", list},
                    {"normal", {{"type", "object"}}},
                    {"lognormal", {{"type", "object"}}}}},
                  {"additionalProperties", false}};
  const Json stop{{"type", "object"},
                  {"properties",
                   {{"kpi", {{"type", "string"}}},
                    {"half_width", quantity},
                    {"minimum", {{"type", "integer"}, {"minimum", 2}}},
                    {"every", {{"type", "integer"}, {"minimum", 1}}}}},
                  {"required", {"kpi", "half_width"}},
                  {"additionalProperties", false}};
  Json record = record_schema();
  record["description"] = "time series that are kept of every member";
  record["properties"].erase("device_states");
  Json adequacy = section_schema<scenario::AdequacySection>("an adequacy study");
  adequacy["properties"]["transfer_limits"] =
      list_of(section_schema<scenario::TransferSection>("what areas can send each other", {"from", "to"}));
  return {{"type", "object"},
          {"description", "many runs of this scenario"},
          {"properties",
           {{"method", {{"enum", {"grid", "paired", "latin_hypercube"}}}},
            {"samples", {{"type", "integer"}, {"minimum", 2}}},
            {"sweep", {{"type", "object"}, {"additionalProperties", axis}}},
            {"replicates", {{"type", "integer"}, {"minimum", 1}}},
            {"baseline", {{"type", "object"}, {"additionalProperties", any}}},
            {"confidence", quantity},
            {"stop", stop},
            {"record", std::move(record)},
            {"adequacy", std::move(adequacy)}}},
          {"additionalProperties", false}};
}

/// An entry whose keys are those of a section and of a link's parameters.
template <class Section>
Json with_parameters(std::string_view doc, std::initializer_list<const char*> needed,
                     std::initializer_list<const char*> optional) {
  return Keys()
      .texts(needed, true)
      .texts(optional, false)
      .fields(scenario::section_fields<Section>())
      .fields(scenario::section_fields<comms::LinkParameters>())
      .object(doc);
}

Json communication_schema() {
  using namespace scenario;
  Json block = section_schema<CommunicationSection>("the communication network");
  Json& keys = block["properties"];
  keys["generate"] = section_schema<GenerateSection>("a network laid over the grid");
  keys["nodes"] = list_of(section_schema<NodeSection>("a node", {"name"}, {"bus"}));
  keys["links"] =
      list_of(with_parameters<LinkSection>("a link", {"name", "from", "to"}, {"common_cause", "same_cable"}));
  keys["endpoints"] =
      list_of(with_parameters<EndpointSection>("what ties a device to a node", {"device"}, {"parent", "controller"}));
  keys["cohorts"] = list_of(with_parameters<CohortSection>("very many alike devices, of which only numbers are known",
                                                           {"name", "bus"}, {"parent", "controller"}));
  keys["coverage"] = list_of(section_schema<CoverageSection>("a share of endpoints that are reached", {}, {"region"}));
  Json presets{{"type", "object"}, {"additionalProperties", false}};
  for (const comms::TechnologyInfo& technology : comms::technologies())
    presets["properties"][std::string(technology.name)] = section_schema<comms::LinkParameters>(technology.doc);
  keys["presets"] = std::move(presets);
  for (const char* list : {"nodes", "links", "endpoints", "cohorts", "coverage"})
    keys[fmt::format("+{}", list)] = keys[list];
  return block;
}

Json cyber_schema() {
  using namespace scenario;
  const Json patterns{{"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}}};
  Json attack = section_schema<AttackSection>("an attack", {"name"}, {"start"});
  for (const std::string_view selector : k_attack_selectors) attack["properties"][std::string(selector)] = patterns;
  Json block{{"type", "object"}, {"description", "attacks and defences"}, {"additionalProperties", false}};
  block["properties"]["defences"] = section_schema<DefencesSection>("what stands against attacks");
  block["properties"]["attacks"] = list_of(std::move(attack));
  block["properties"]["+attacks"] = block["properties"]["attacks"];
  return block;
}

}  // namespace

std::string scenario_schema() {
  Json keys;
  keys["gridplus"] = {{"const", 1}, {"description", "version of the format"}};
  keys["name"] = ref("name");
  keys["description"] = {{"type", "string"}};
  keys["seed"] = {{"type", "integer"}, {"minimum", 0}};
  keys["currency"] = {{"type", "string"}, {"pattern", "^[A-Z]{3}$"}};
  keys["extends"] = {{"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}}};
  keys["time"] = time_schema();
  keys["grid"] = grid_schema();
  keys["producers"] = device_list(DeviceKind::producer);
  keys["consumers"] = device_list(DeviceKind::consumer);
  keys["storage"] = device_list(DeviceKind::storage);
  keys["controllers"] = {
      {"type", "object"},
      {"properties", {{"dispatch", section_schema<scenario::DispatchSection>("the choice of units")}}},
      {"additionalProperties", false}};
  keys["communication"] = communication_schema();
  keys["cyber"] = cyber_schema();
  keys["policy"] = section_schema<scenario::PolicySection>("what the state prescribes");
  keys["market"] = section_schema<scenario::MarketSection>("what consumers pay");
  keys["events"] = events_schema();
  keys["microgrids"] = microgrids_schema();
  keys["record"] = record_schema();
  keys["study"] = study_schema();
  for (const char* list : {"producers", "consumers", "storage", "events", "microgrids"})
    keys[fmt::format("+{}", list)] = keys[list];
  const Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                    {"title", "gridplus scenario"},
                    {"type", "object"},
                    {"properties", std::move(keys)},
                    {"required", {"gridplus"}},
                    {"additionalProperties", false},
                    {"$defs", definitions()}};
  return schema.dump(2) + "\n";
}

}  // namespace gridplus
