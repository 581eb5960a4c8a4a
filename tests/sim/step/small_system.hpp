// A small system for tests of the engine: three buses in a ring, coal, gas, wind, a battery, and two towns.
#pragma once

#include <cmath>
#include <memory>
#include <numbers>

#include "models/consumers/load.hpp"
#include "models/producers/profile_generator.hpp"
#include "models/producers/thermal.hpp"
#include "models/storage/battery.hpp"
#include "sim/step/model.hpp"

namespace gridplus::test {

inline Grid ring(ModelNames& names) {
  GridBuilder builder(100.0);
  for (const char* name : {"north", "south", "east"}) builder.add(BusSpec{.name = name, .vn_kv = 110.0, .gs_mw = 0.1});
  const auto line = [&](const char* name, const char* from, const char* to) {
    builder.add(BranchSpec{
        .name = name, .from_bus = from, .to_bus = to, .r_pu = 0.01, .x_pu = 0.06, .b_pu = 0.02, .rating_mva = 150});
  };
  line("ns", "north", "south");
  line("se", "south", "east");
  line("en", "east", "north");
  Diagnostics diagnostics;
  auto built = builder.build(diagnostics);
  diagnostics.throw_if_any();
  names.grid = built.names;
  return built.grid;
}

template <class M>
typename M::Params prepared(typename M::Params params) {
  ParamIssues issues;
  M::prepare(params, issues);
  ensure(issues.empty(), "the test's parameters do not fit together");
  return params;
}

inline models::Thermal::Params thermal_unit(double capacity_mw, double min_mw, double cost_per_mwh) {
  models::Thermal::Params params;
  params.capacity_mw = capacity_mw;
  params.min_stable_mw = min_mw;
  params.variable_cost_per_mwh = cost_per_mwh;
  params.start_cost = 500;
  return prepared<models::Thermal>(params);
}

/// `steps` hours from 2021-01-01. Demand and wind swing daily.
inline std::unique_ptr<Model> small_system(std::int64_t steps, NetworkMethod method = NetworkMethod::ac) {
  auto model = std::make_unique<Model>();
  model->time = TimeAxis(parse_time("2021-01-01T00:00Z"), 3600, steps);
  model->grid = ring(model->names);
  model->initially_closed = model->grid.initially_closed();
  model->profiles = ProfileTable(steps);
  std::vector<double> demand, wind;
  for (std::int64_t k = 0; k < steps; ++k) {
    const double phase = 2 * std::numbers::pi * static_cast<double>(k % 24) / 24;
    demand.push_back(60 - 25 * std::cos(phase));
    wind.push_back(std::max(0.0, 50 * std::sin(0.37 * static_cast<double>(k))));
  }
  const ProfileId demand_id = model->profiles.add("demand", demand), wind_id = model->profiles.add("wind", wind);

  using models::Battery, models::Load, models::ProfileGenerator, models::Thermal;
  model->producer_banks.push_back(
      std::make_unique<Bank<Thermal>>(std::vector{thermal_unit(120, 40, 20), thermal_unit(80, 10, 60)}));
  ProfileGenerator::Params farm;
  farm.capacity_mw = 50;
  farm.output_mw = {1.0, wind_id};
  farm.curtailable = true;
  model->producer_banks.push_back(
      std::make_unique<Bank<ProfileGenerator>>(std::vector{prepared<ProfileGenerator>(farm)}));
  Battery::Params battery;
  battery.capacity_mw = 10;
  battery.energy_capacity_mwh = 40;
  model->storage_banks.push_back(std::make_unique<Bank<Battery>>(std::vector{prepared<Battery>(battery)}));
  Load::Params town;
  town.demand_mw = {1.0, demand_id};
  town.power_factor = 0.97;
  Load::Params village = town;
  village.demand_mw.scale = 0.5;
  village.priority = 2;
  model->consumer_banks.push_back(
      std::make_unique<Bank<Load>>(std::vector{prepared<Load>(town), prepared<Load>(village)}));

  const auto at = [](std::size_t bus) { return Connection{.bus = BusId(bus)}; };
  model->producer_connection = {at(0), at(1), at(2)};
  model->producer_connection[0].vm_set_pu = 1.02;
  model->producer_connection[1].vm_set_pu = 1.01;
  model->producer_connection[0].category = "coal";
  model->producer_connection[1].category = "gas";
  model->producer_connection[2].category = "wind";
  model->producer_connection[2].slack_capable = false;
  model->storage_connection = {at(2)};
  model->consumer_bus = {BusId(1), BusId(2)};
  model->names.producer = {"coal", "gas", "farm"};
  model->names.storage = {"battery"};
  model->names.consumer = {"town", "village"};
  model->network.method = method;
  model->provenance.scenario_name = "small";
  model->provenance.currency = "EUR";
  return model;
}

}  // namespace gridplus::test
