// The parameters in force as JSON, for the record in the results.
#include <cmath>
#include <nlohmann/json.hpp>

#include "scenarios/build_parts.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "unlimited" : "-unlimited";
  return value;
}

Json to_json(const FieldInfo& field, const FieldValue& value, const ProfileTable& profiles) {
  if (const auto* const x = std::get_if<double>(&value)) return number(*x);
  if (const auto* const x = std::get_if<bool>(&value)) return *x;
  if (const auto* const x = std::get_if<std::int64_t>(&value)) {
    if (field.kind == FieldKind::choice && *x >= 0 && static_cast<std::size_t>(*x) < field.choices.size())
      return std::string(field.choices[static_cast<std::size_t>(*x)]);
    return *x;
  }
  if (const auto* const x = std::get_if<Series>(&value)) {
    if (x->constant()) return number(x->scale);
    return Json{{"profile", profiles.name(x->profile)}, {"scale", number(x->scale)}};
  }
  const Curve& curve = std::get<Curve>(value);
  Json points = Json::array();
  for (std::uint32_t i = 0; i < curve.count; ++i) points.push_back({number(curve.x[i]), number(curve.y[i])});
  return points;
}

Json section_json(std::span<const FieldInfo> fields, const void* owner, const ProfileTable& profiles) {
  Json out = Json::object();
  for (const FieldInfo& field : fields) out[std::string(field.key)] = to_json(field, field.get(owner), profiles);
  return out;
}

Json units_json(std::span<const FieldInfo> fields) {
  Json out = Json::object();
  for (const FieldInfo& field : fields)
    out[std::string(field.key)] =
        field.y_unit.empty() ? std::string(field.unit) : std::string(field.unit) + ":" + std::string(field.y_unit);
  return out;
}

/// Adds the devices of `banks`, whose names and buses run on from bank to bank.
template <class Banks, class BusOf>
Json devices_json(const Banks& banks, const std::vector<std::string>& names, const Model& model, BusOf bus_of,
                  Json& units) {
  Json out = Json::array();
  std::size_t id = 0;
  for (const auto& bank : banks) {
    units[std::string(bank->type())] = units_json(bank->fields());
    for (std::size_t i = 0; i < bank->size(); ++i, ++id) {
      Json device{{"name", names[id]}, {"model", std::string(bank->type())}};
      bus_of(device, id);
      for (std::size_t f = 0; f < bank->fields().size(); ++f)
        device[std::string(bank->fields()[f].key)] = to_json(bank->fields()[f], bank->param(i, f), model.profiles);
      out.push_back(std::move(device));
    }
  }
  return out;
}

Json communication_json(const CommunicationSpec& spec, const Model& model) {
  const CommunicationModel& plan = *model.communication;
  Json out = section_json(section_fields<CommunicationSection>(), &spec.values, model.profiles);
  if (spec.generate) out["generate"] = section_json(section_fields<GenerateSection>(), &*spec.generate, model.profiles);
  const auto& node = plan.network.node();
  for (std::size_t n = 0; n < plan.network.node_count(); ++n)
    out["nodes"].push_back({{"name", plan.names.node[n]},
                            {"kind", std::string(comms::k_node_kinds[static_cast<std::size_t>(node.kind[n])])},
                            {"battery_h", number(node.battery_h[n])},
                            {"mtbf_h", number(node.mtbf_h[n])},
                            {"mttr_h", number(node.mttr_h[n])}});
  const auto& link = plan.network.link();
  for (std::size_t l = 0; l < plan.network.link_count(); ++l)
    out["links"].push_back({{"name", plan.names.link[l]},
                            {"from", plan.names.node[link.from[l].index()]},
                            {"to", plan.names.node[link.to[l].index()]},
                            {"latency_s", number(link.latency_s[l])},
                            {"capacity_bit_per_s", number(link.capacity_bit_per_s[l])},
                            {"loss", number(link.loss[l])},
                            {"mtbf_h", number(link.mtbf_h[l])},
                            {"mttr_h", number(link.mttr_h[l])}});
  for (const comms::LinkParameters& access : plan.network.access())
    out["last_hops"].push_back(section_json(section_fields<comms::LinkParameters>(), &access, model.profiles));
  const auto& endpoint = plan.network.endpoint();
  for (std::size_t e = 0; e < plan.network.endpoint_count(); ++e)
    out["endpoints"].push_back(
        {{"name", plan.names.endpoint[e]},
         {"parent", plan.names.node[endpoint.parent[e]]},
         {"controller", plan.names.controller[endpoint.controller[e]]},
         {"last_hop", endpoint.access[e]},
         {"fallback", std::string(k_fallbacks[static_cast<std::size_t>(plan.fallback[e].rule)])}});
  const auto& cohort = plan.network.cohort();
  for (std::size_t i = 0; i < plan.network.cohort_count(); ++i)
    out["cohorts"].push_back({{"name", plan.names.cohort[i]},
                              {"devices", cohort.devices[i]},
                              {"parent", plan.names.node[cohort.parent[i]]},
                              {"controller", plan.names.controller[cohort.controller[i]]},
                              {"last_hop", cohort.access[i]},
                              {"reports", cohort.reports[i] != 0},
                              {"metered", cohort.metered[i] != 0}});
  return out;
}

Json cyber_json(const CyberSpec& spec, const Model& model) {
  Json out;
  out["defences"] = section_json(section_fields<DefencesSection>(), &spec.defences, model.profiles);
  const std::vector<comms::Attack>& attacks = model.communication->attacks.attacks;
  for (std::size_t a = 0; a < spec.attacks.size(); ++a) {
    Json attack = section_json(section_fields<AttackSection>(), &spec.attacks[a].values, model.profiles);
    attack["name"] = spec.attacks[a].name;
    attack["start"] = format_time(model.time.at(attacks[a].start_step));
    attack["endpoints"] = attacks[a].endpoints.size();
    attack["links"] = attacks[a].links.size();
    out["attacks"].push_back(std::move(attack));
  }
  return out;
}

}  // namespace

std::string resolved_json(const Spec& spec, const Model& model) {
  Json out{
      {"gridplus", 1},
      {"name", spec.name},
      {"seed", spec.seed},
      {"currency", spec.currency},
      {"time",
       {{"start", format_time(model.time.start())}, {"step_s", model.time.step_s()}, {"steps", model.time.steps()}}}};
  const ProfileTable& profiles = model.profiles;
  out["grid"] = section_json(section_fields<GridSection>(), &spec.grid, profiles);
  out["grid"]["power_flow"] = section_json(section_fields<FlowSection>(), &spec.flow, profiles);
  out["controllers"]["dispatch"] = section_json(section_fields<DispatchSection>(), &spec.dispatch, profiles);
  out["policy"] = section_json(section_fields<PolicySection>(), &spec.policy, profiles);
  if (model.retail_price.given()) out["market"] = section_json(section_fields<MarketSection>(), &spec.market, profiles);
  for (const FailureEntry& entry : spec.failures) {
    Json failure = section_json(section_fields<FailureSection>(), &entry.values, profiles);
    failure["failures"] = entry.subjects;
    out["events"]["failures"].push_back(std::move(failure));
  }
  for (const StormEntry& entry : spec.storms) {
    Json storm = section_json(section_fields<StormSection>(), &entry.values, profiles);
    storm["storm"] = entry.name;
    storm["branches"] = entry.branches;
    out["events"]["storms"].push_back(std::move(storm));
  }
  if (spec.repairs.crews > 0)
    out["events"]["repairs"] = section_json(section_fields<RepairSection>(), &spec.repairs, profiles);
  for (const MicrogridEntry& entry : spec.microgrids) {
    Json microgrid = section_json(section_fields<MicrogridSection>(), &entry.values, profiles);
    microgrid["name"] = entry.name;
    microgrid["bus"] = entry.bus;
    microgrid["tie"] = entry.ties;
    for (const StartEntry& start : entry.starts) {
      Json unit = section_json(section_fields<StartSection>(), &start.values, profiles);
      unit["unit"] = start.unit;
      microgrid["black_start"].push_back(std::move(unit));
    }
    out["microgrids"].push_back(std::move(microgrid));
  }
  out["record"] = section_json(section_fields<RecordSection>(), &spec.record.values, profiles);
  out["study"]["adequacy"] = section_json(section_fields<AdequacySection>(), &spec.adequacy.values, profiles);
  if (spec.communication.node != nullptr) out["communication"] = communication_json(spec.communication, model);
  if (spec.cyber.node != nullptr) out["cyber"] = cyber_json(spec.cyber, model);
  Json units = Json::object();
  const auto connected = [&](const std::vector<Connection>& connections) {
    return [&](Json& device, std::size_t id) {
      const Connection& c = connections[id];
      device["bus"] = model.names.grid.bus[c.bus.index()];
      device["category"] = c.category;
      device["connection"] = {
          {"voltage", number(c.vm_set_pu)}, {"voltage_support", c.holds_voltage_offline ? "always" : "online"},
          {"q_min", number(c.q_min_mvar)},  {"q_max", number(c.q_max_mvar)},
          {"q_per_p", number(c.q_per_p)},   {"slack", c.slack_capable}};
      if (c.grid_forming) device["connection"]["grid_forming"] = true;
      if (c.forced_outage.fails())
        device["connection"].update({{"forced_outage_rate", number(c.forced_outage.unavailability)},
                                     {"mttf", number(c.forced_outage.mttf_h)},
                                     {"mttr", number(c.forced_outage.mttr_h)}});
    };
  };
  out["producers"] =
      devices_json(model.producer_banks, model.names.producer, model, connected(model.producer_connection), units);
  out["storage"] =
      devices_json(model.storage_banks, model.names.storage, model, connected(model.storage_connection), units);
  const auto consumer_bus = [&](Json& device, std::size_t id) {
    device["bus"] = model.names.grid.bus[model.consumer_bus[id].index()];
    device["customers"] = model.consumer_customers[id];
  };
  out["consumers"] = devices_json(model.consumer_banks, model.names.consumer, model, consumer_bus, units);
  out["units"] = std::move(units);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gridplus::scenario
