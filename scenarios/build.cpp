#include "scenarios/build.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <unordered_map>

#include "scenarios/build_parts.hpp"
#include "scenarios/profiles.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

DispatchOptions to_options(const DispatchSection& section) {
  return {section.method, section.storage_rule, section.reserve_share, section.loss_share, section.storage_window_h};
}

NetworkOptions to_options(const FlowSection& section) {
  NetworkOptions options;
  options.method = static_cast<NetworkMethod>(section.method);
  options.flow = {section.tolerance, static_cast<int>(section.max_iterations), section.enforce_q_limits};
  options.distributed_slack = section.slack == SlackMethod::distributed;
  return options;
}

/// Some producer or storage must be able to hold an island together.
void check_slack(const Model& model, const Node* node, Diagnostics& problems) {
  if (model.network.method == NetworkMethod::none || model.grid.bus_count() == 0) return;
  const auto in_service = [&](const Connection& c) {
    return (c.slack_capable || c.grid_forming) && c.bus.valid() && model.grid.bus().in_service[c.bus.index()] != 0;
  };
  for (const auto* list : {&model.producer_connection, &model.storage_connection})
    for (const Connection& connection : *list)
      if (in_service(connection)) return;
  problems.add({node == nullptr ? SourceLocation{} : node->where(), "producers",
                "no producer can be the reference of the network",
                "at least one producer with 'slack: true' at a bus in service",
                "add an external_grid or a thermal unit, or set 'slack: true' on a unit that holds its voltage"});
}

}  // namespace

RecordOptions record_options(const RecordSpec& spec, double step_h) {
  RecordOptions options;
  options.double_precision = spec.values.precision == Precision::dbl;
  options.groups = spec.groups;
  options.variables = spec.variables;
  if (!std::isnan(spec.values.every_h)) options.every_steps = std::llround(spec.values.every_h / step_h);
  options.statistics = spec.statistics;
  options.device_states = spec.values.device_states;
  return options;
}

std::unique_ptr<Model> build(const Spec& spec, std::span<const ModelInfo> models, const csv::Limits& profile_limits,
                             Diagnostics& problems, const Sharing& sharing) {
  auto model = std::make_unique<Model>();
  model->time = spec.time;
  model->seed = spec.seed;
  model->replicate = spec.replicate;
  model->dispatch = to_options(spec.dispatch);
  model->network = to_options(spec.flow);
  model->record = record_options(spec.record, spec.time.step_h());
  model->co2_price_per_t = spec.policy.co2_price_per_t;
  model->retail_price = {spec.market.retail_price_per_mwh, spec.market.reference_price_per_mwh};
  const BusIndex buses = build_grid(spec, *model, problems, sharing.grid_of);
  build_devices(spec, models, buses, *model, problems);
  build_events(spec, *model, problems);
  if (problems.empty()) build_microgrids(spec, buses, *model, problems);
  if (problems.empty()) check_adequacy(spec, *model, problems);
  if (problems.empty()) check_slack(*model, spec.buses.empty() ? nullptr : spec.buses.front().node, problems);
  model->profiles = load_profiles(spec.profiles, spec.time, profile_limits, problems);
  problems.throw_if_any();
  if (spec.communication.node != nullptr) model->communication = build_communication(spec, buses, *model, problems);
  problems.throw_if_any();
  model->provenance.scenario_name = spec.name;
  model->provenance.description = spec.description;
  model->provenance.currency = spec.currency;
  if (sharing.parameters) model->provenance.resolved_json = resolved_json(spec, *model);
  return model;
}

}  // namespace gridplus::scenario
