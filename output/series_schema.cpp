#include "output/series_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/core/error.hpp"

namespace gridplus::output {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Attribute& attribute) {
  Json value;
  std::visit([&](const auto& held) { value = held; }, attribute.value);
  return {{"name", attribute.name}, {"value", std::move(value)}};
}

Attribute attribute_from(const Json& json) {
  const Json& value = json.at("value");
  Attribute out{json.at("name").get<std::string>(), {}};
  if (value.is_string())
    out.value = value.get<std::string>();
  else if (value.is_array())
    out.value = value.get<std::vector<std::int64_t>>();
  else if (value.is_number_float())
    out.value = value.get<double>();
  else
    out.value = value.get<std::int64_t>();
  return out;
}

Json to_json(const Dataset& dataset) {
  Json attributes = Json::array();
  for (const Attribute& attribute : dataset.attributes) attributes.push_back(to_json(attribute));
  return {{"name", dataset.name},   {"type", static_cast<int>(dataset.type)}, {"dimensions", dataset.dimensions},
          {"units", dataset.units}, {"long_name", dataset.long_name},         {"attributes", std::move(attributes)}};
}

Dataset dataset_from(const Json& json) {
  Dataset out;
  out.name = json.at("name").get<std::string>();
  out.type = static_cast<CellType>(json.at("type").get<int>());
  out.dimensions = json.at("dimensions").get<std::vector<std::string>>();
  out.units = json.at("units").get<std::string>();
  out.long_name = json.at("long_name").get<std::string>();
  for (const Json& attribute : json.at("attributes")) out.attributes.push_back(attribute_from(attribute));
  return out;
}

Json to_json(const Group& group) {
  Json dimensions = Json::array(), datasets = Json::array();
  for (const Dimension& dimension : group.dimensions)
    dimensions.push_back({{"name", dimension.name}, {"size", dimension.size}});
  for (const Dataset& dataset : group.datasets) datasets.push_back(to_json(dataset));
  return {{"name", group.name},
          {"long_name", group.long_name},
          {"dimensions", std::move(dimensions)},
          {"datasets", std::move(datasets)}};
}

Group group_from(const Json& json) {
  Group out{json.at("name").get<std::string>(), json.at("long_name").get<std::string>(), {}, {}};
  for (const Json& dimension : json.at("dimensions"))
    out.dimensions.push_back({dimension.at("name").get<std::string>(), dimension.at("size").get<std::uint64_t>()});
  for (const Json& dataset : json.at("datasets")) out.datasets.push_back(dataset_from(dataset));
  return out;
}

Json to_json(const Stream& stream) {
  return {{"group", stream.group},
          {"dataset", stream.dataset},
          {"type", static_cast<int>(stream.type)},
          {"one_dimensional", stream.one_dimensional},
          {"entities", stream.entities},
          {"chunk_columns", stream.chunk_columns}};
}

Stream stream_from(const Json& json) {
  Stream out;
  out.group = json.at("group").get<std::size_t>();
  out.dataset = json.at("dataset").get<std::size_t>();
  out.type = static_cast<CellType>(json.at("type").get<int>());
  out.one_dimensional = json.at("one_dimensional").get<bool>();
  out.entities = json.at("entities").get<std::size_t>();
  out.chunk_columns = json.at("chunk_columns").get<std::size_t>();
  return out;
}

/// The coordinates' values stand in the shard itself.
void read_coordinates(const ResultsReader& shard, Group& group) {
  for (Dataset& dataset : group.datasets) {
    if (dataset.dimensions != std::vector{dataset.name}) continue;
    if (dataset.type == CellType::text) {
      dataset.values = shard.read_text(group.name, dataset.name);
      continue;
    }
    std::vector<std::int64_t> numbers;
    for (const double value : shard.read(group.name, dataset.name)) numbers.push_back(static_cast<std::int64_t>(value));
    dataset.values = std::move(numbers);
  }
}

[[noreturn]] void refuse(const std::string& problem) {
  throw InputError(Diagnostic{{},
                              "study.record",
                              problem,
                              "the same for every member whose series are recorded",
                              "record other groups, or leave them out of the sweep"});
}

}  // namespace

std::string series_to_text(const Schema& schema) {
  Json groups = Json::array(), streams = Json::array();
  for (const Group& group : schema.content.groups) groups.push_back(to_json(group));
  for (const Stream& stream : schema.streams) streams.push_back(to_json(stream));
  const Json json{{"rows", schema.rows},   {"chunk_rows", schema.chunk_rows}, {"every_steps", schema.every_steps},
                  {"steps", schema.steps}, {"groups", std::move(groups)},     {"streams", std::move(streams)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Schema> read_series(const ResultsReader& shard) {
  if (shard.find(k_series_group) == nullptr) return std::nullopt;
  try {
    const Json json = Json::parse(shard.read_text(k_series_group, k_series_dataset).at(0));
    Schema out;
    out.rows = json.at("rows").get<std::int64_t>();
    out.chunk_rows = json.at("chunk_rows").get<std::int64_t>();
    out.every_steps = json.at("every_steps").get<std::int64_t>();
    out.steps = json.at("steps").get<std::int64_t>();
    for (const Json& group : json.at("groups")) {
      out.content.groups.push_back(group_from(group));
      read_coordinates(shard, out.content.groups.back());
    }
    for (const Json& stream : json.at("streams")) out.streams.push_back(stream_from(stream));
    return out;
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("the series of '{}' cannot be read: {}", shard.path(), error.what()));
  }
}

void check_series(const Schema& schema, const Model& model) {
  const Schema own = make_series_schema(model);
  if (own.steps != schema.steps || own.every_steps != schema.every_steps) refuse("the member has other time steps");
  const auto same_names = [](const Group& a, const Group& b) { return a.name == b.name; };
  if (!std::ranges::equal(own.content.groups, schema.content.groups, same_names))
    refuse("the member has other kinds of things that are recorded");
  for (std::size_t g = 0; g < own.content.groups.size(); ++g) {
    const Group& group = own.content.groups[g];
    for (std::size_t d = 0; d < group.datasets.size(); ++d)
      if (group.datasets[d].values != schema.content.groups[g].datasets.at(d).values)
        refuse(group.datasets[d].name == "time" ? "the member has other time steps"
                                                : fmt::format("the member has others in the group '{}'", group.name));
  }
}

}  // namespace gridplus::output
