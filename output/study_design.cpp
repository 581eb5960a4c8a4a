#include "output/study_design.hpp"

#include <nlohmann/json.hpp>

#include "sim/core/error.hpp"

namespace gridplus::output {

using Json = nlohmann::ordered_json;

std::string design_to_text(const study::Design& design) {
  Json json{{"sweep", static_cast<int>(design.sweep)},
            {"replicates", design.replicates},
            {"confidence", design.confidence},
            {"axes", Json::array()},
            {"baseline", Json::array()}};
  for (const study::Axis& axis : design.axes)
    json["axes"].push_back(
        {{"name", axis.name}, {"unit", axis.unit}, {"labels", axis.labels}, {"values", axis.values}});
  for (const auto& index : design.baseline) json["baseline"].push_back(index ? Json(*index) : Json(nullptr));
  if (!design.causes.empty()) {
    json["causes"] = Json::array();
    for (const study::Cause cause : design.causes) json["causes"].push_back(static_cast<int>(cause));
  }
  if (design.stop)
    json["stop"] = {{"kpi", design.stop->kpi},
                    {"half_width", design.stop->half_width},
                    {"relative", design.stop->relative},
                    {"minimum", design.stop->minimum},
                    {"every", design.stop->every}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

study::Design design_from_text(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    study::Design design;
    design.sweep = static_cast<study::Sweep>(json.at("sweep").get<int>());
    design.replicates = json.at("replicates").get<std::int64_t>();
    design.confidence = json.at("confidence").get<double>();
    for (const Json& axis : json.at("axes"))
      design.axes.push_back({axis.at("name").get<std::string>(), axis.at("unit").get<std::string>(),
                             axis.at("labels").get<std::vector<std::string>>(),
                             axis.at("values").get<std::vector<double>>()});
    for (const Json& index : json.at("baseline"))
      design.baseline.push_back(index.is_null() ? std::nullopt : std::optional(index.get<std::size_t>()));
    if (json.contains("causes"))
      for (const Json& cause : json.at("causes")) design.causes.push_back(static_cast<study::Cause>(cause.get<int>()));
    if (json.contains("stop")) {
      const Json& stop = json.at("stop");
      design.stop = study::StoppingRule{stop.at("kpi").get<std::string>(), stop.at("half_width").get<double>(),
                                        stop.at("relative").get<bool>(), stop.at("minimum").get<std::int64_t>(),
                                        stop.at("every").get<std::int64_t>()};
    }
    return design;
  } catch (const nlohmann::json::exception& error) {
    throw IoError(std::string("the design of the study cannot be read: ") + error.what());
  }
}

}  // namespace gridplus::output
