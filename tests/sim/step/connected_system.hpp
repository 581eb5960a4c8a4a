// The small system under a communication network.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "sim/step/communication.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus::test {

/// What a test changes of the network that all start from.
struct Wish {
  comms::LinkParameters hop;
  Fallback fallback = Fallback::default_schedule;
  StalePolicy policy = StalePolicy::hold;
  double coverage = 1.0;
  double validity_s = 3600.0;
  double station_mtbf_h = comms::k_never_h;
};

inline comms::LinkParameters ideal() {
  comms::LinkParameters p;
  p.latency_ms = p.latency_sigma = 0.0;
  p.capacity_mbit_per_s = std::numeric_limits<double>::infinity();
  p.report_interval_s = 3600.0;
  return p;
}

/// A dispatch centre and a station at each bus of the small system; every device has an endpoint at its bus's station.
inline std::unique_ptr<CommunicationModel> network_of(const Model& model, const Wish& wish) {
  auto plan = std::make_unique<CommunicationModel>();
  comms::NetworkBuilder builder;
  const auto node = [&](std::string name, comms::NodeKind kind, double mtbf_h) {
    comms::NodeSpec spec;
    spec.name = std::move(name);
    spec.kind = kind;
    spec.battery_h = comms::k_never_h;
    spec.mtbf_h = mtbf_h;
    spec.mttr_h = 12.0;
    builder.add(spec);
  };
  node("centre", comms::NodeKind::controller, comms::k_never_h);
  for (const std::string& bus : model.names.grid.bus) {
    node(bus, comms::NodeKind::base_station, wish.station_mtbf_h);
    comms::LinkSpec link;
    link.name = link.from = bus;
    link.to = "centre";
    link.parameters = ideal();
    builder.add(link);
  }
  builder.add_access(wish.hop);
  builder.add_coverage({"all", {0}, {wish.coverage}, false});
  const auto add = [&](const std::vector<std::string>& names, auto bus_of, std::vector<std::uint32_t>& endpoints) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      comms::EndpointSpec spec;
      spec.name = names[i];
      spec.parent = model.names.grid.bus[bus_of(i).index()];
      spec.controller = "centre";
      spec.weight_mw = 10.0F;
      spec.controllable = true;
      spec.coverage = 0;
      builder.add(spec);
      endpoints.push_back(static_cast<std::uint32_t>(plan->fallback.size()));
      plan->fallback.push_back({wish.fallback, 0.5});
    }
  };
  add(
      model.names.producer, [&](std::size_t p) { return model.producer_connection[p].bus; }, plan->producer_endpoint);
  add(
      model.names.storage, [&](std::size_t s) { return model.storage_connection[s].bus; }, plan->storage_endpoint);
  add(
      model.names.consumer, [&](std::size_t c) { return model.consumer_bus[c]; }, plan->consumer_endpoint);
  Diagnostics problems;
  comms::NetworkBuilder::Result built = builder.build(problems);
  problems.throw_if_any();
  plan->network = std::move(built.network);
  plan->names = std::move(built.names);
  plan->controllers = {{wish.policy, 3600.0}};
  plan->transport.command_validity_s = wish.validity_s;
  return plan;
}

inline std::unique_ptr<Model> connected_system(std::int64_t steps, const Wish& wish) {
  auto model = small_system(steps);
  model->communication = network_of(*model, wish);
  return model;
}

/// A network that loses, delays and fails.
inline Wish poor(Fallback fallback) {
  Wish wish;
  wish.hop = comms::info(comms::Technology::nb_iot).parameters;
  wish.hop.loss = 0.3;
  wish.hop.report_interval_s = 7200.0;
  wish.fallback = fallback;
  wish.station_mtbf_h = 100.0;
  return wish;
}

}  // namespace gridplus::test
