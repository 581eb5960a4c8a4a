// A small scenario as text, and the model made of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scenarios/load.hpp"
#include "sim/step/model.hpp"

namespace gridplus::test {

using Files = std::vector<std::pair<std::string, std::string>>;

inline std::string small_scenario(const std::string& demand = "60 MW", const std::string& time = "steps: 4") {
  return "gridplus: 1\nname: small\ncurrency: CNY\n"
         "time: {start: 2018-01-01T00:00+08:00, " +
         time +
         "}\n"
         "grid:\n"
         "  buses:\n"
         "    - {name: coast, voltage: 110 kV}\n"
         "    - {name: town, voltage: 110 kV}\n"
         "  branches:\n"
         "    - {name: line_1, from: coast, to: town, r: 0.01 p.u., x: 0.05 p.u.}\n"
         "producers:\n"
         "  - {name: plant, model: thermal, bus: coast, capacity: 100 MW, heat_rate: 9 GJ/MWh, fuel_price: 30 CNY/GJ}\n"
         "consumers:\n"
         "  - {name: load, model: load, bus: town, demand: " +
         demand + "}\n";
}

inline std::unique_ptr<Model> model_of(Files files, std::vector<std::string> sets = {}) {
  LoadOptions options;
  options.sets = std::move(sets);
  return load_scenario_text(std::move(files), options);
}

inline std::unique_ptr<Model> model_of(const std::string& text, std::vector<std::string> sets = {}) {
  return model_of(Files{{"s.yaml", text}}, std::move(sets));
}

/// The parameter `key` of device `i` of a bank.
inline FieldValue param(const DeviceBank& bank, std::size_t i, std::string_view key) {
  for (std::size_t f = 0; f < bank.fields().size(); ++f)
    if (bank.fields()[f].key == key) return bank.param(i, f);
  throw std::logic_error("no field " + std::string(key));
}

/// The series `demand` of the first consumer over all steps, in MW.
inline std::vector<double> demand_of(const Model& model) {
  const Series series = std::get<Series>(param(*model.consumer_banks[0], 0, "demand"));
  std::vector<double> out;
  for (std::int64_t k = 0; k < model.time.steps(); ++k)
    out.push_back(model.profiles.steps() == 0 ? series.scale : model.profiles.value(series, k));
  return out;
}

}  // namespace gridplus::test
