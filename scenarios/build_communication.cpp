#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "scenarios/build_parts.hpp"
#include "scenarios/pattern.hpp"
#include "sim/core/random.hpp"
#include "sim/step/stage.hpp"

namespace gridplus::scenario {

namespace {

using comms::k_no_index;

constexpr std::array<std::string_view, 3> k_kind_names = {"producer", "consumer", "storage"};

constexpr const char* k_dispatch_centre = "dispatch_centre";  ///< of a network that is generated

/// A device that may have an endpoint.
struct Candidate {
  DeviceKind kind = DeviceKind::producer;
  std::uint32_t index = 0;
  std::string name;  ///< of the endpoint: the device's, with its kind before it where two kinds share it
  BusId bus;
  double weight_mw = 0.0;
  const EndpointEntry* entry = nullptr;
};

class CommunicationBuilder {
 public:
  CommunicationBuilder(const Spec& spec, const BusIndex& buses, const Model& model, Diagnostics& problems)
      : spec_(spec), c_(spec.communication), buses_(buses), model_(model), problems_(problems) {}

  std::unique_ptr<const CommunicationModel> build() {
    if (c_.generate) first_controller_ = k_dispatch_centre;
    find_candidates();
    add_nodes();
    if (c_.generate) generate();
    add_links();
    add_coverage();
    add_endpoints();
    add_cohorts();
    add_dependence();
    if (problems_.empty()) finish();
    return problems_.empty() ? std::move(plan_) : nullptr;
  }

 private:
  void fail(const Node& entry, std::string_view list, std::size_t position, std::string_view key, std::string problem,
            std::string allowed, std::string hint = {}) {
    const Node* const node = entry.find(key);
    problems_.add({node == nullptr ? entry.where() : node->where(),
                   fmt::format("communication.{}[{}].{}", list, position, key), std::move(problem), std::move(allowed),
                   std::move(hint)});
  }

  void find_candidates() {
    const auto add = [&](const std::vector<std::string>& names, DeviceKind kind, auto bus_of) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        by_name_.emplace(names[i], candidates_.size());
        candidates_.push_back({kind, static_cast<std::uint32_t>(i), names[i], bus_of(i), 0.0, nullptr});
      }
    };
    add(model_.names.producer, DeviceKind::producer, [&](std::size_t p) { return model_.producer_connection[p].bus; });
    add(model_.names.storage, DeviceKind::storage, [&](std::size_t s) { return model_.storage_connection[s].bus; });
    add(model_.names.consumer, DeviceKind::consumer, [&](std::size_t c) { return model_.consumer_bus[c]; });
    for (Candidate& candidate : candidates_)
      if (by_name_.count(candidate.name) > 1)
        candidate.name = fmt::format("{} {}", k_kind_names[static_cast<std::size_t>(candidate.kind)], candidate.name);
    weigh();
    for (std::size_t i = 0; i < c_.endpoints.size(); ++i) assign(c_.endpoints[i], i);
  }

  /// Rated power of producers and storage, mean demand of consumers over the run.
  void weigh() {
    const std::vector<double> producers_mw = model_.producer_capacities_mw();
    std::vector<double> storages_mw, demand_mw(model_.consumer_count(), 0.0);
    for (const auto& bank : model_.storage_banks)
      for (std::size_t i = 0; i < bank->size(); ++i) storages_mw.push_back(bank->capacity_mw(i));
    constexpr std::int64_t k_samples = 48;
    const std::int64_t samples = std::min(k_samples, model_.time.steps());
    for (std::int64_t n = 0; n < samples; ++n) {
      const StepContext context = make_context(model_, n * model_.time.steps() / samples);
      std::size_t first = 0;
      for (const auto& bank : model_.consumer_banks) {
        std::vector<ConsumerOffer> offers(bank->size());
        bank->offer(bank->initial_state(context), context, offers);
        for (std::size_t i = 0; i < offers.size(); ++i)
          demand_mw[first + i] += offers[i].demand_mw / static_cast<double>(samples);
        first += bank->size();
      }
    }
    for (Candidate& candidate : candidates_) {
      if (candidate.kind == DeviceKind::producer) candidate.weight_mw = producers_mw[candidate.index];
      if (candidate.kind == DeviceKind::storage) candidate.weight_mw = storages_mw[candidate.index];
      if (candidate.kind == DeviceKind::consumer) candidate.weight_mw = demand_mw[candidate.index];
      if (!std::isfinite(candidate.weight_mw)) candidate.weight_mw = 0.0;
    }
  }

  /// Gives the entry to the devices that it names; those with a star may leave some to other entries.
  void assign(const EndpointEntry& entry, std::size_t position) {
    std::vector<Candidate*> named;
    if (entry.device.find('*') != std::string::npos) {
      for (Candidate& candidate : candidates_)
        if (fits(entry.device, candidate.name)) named.push_back(&candidate);
    } else {
      const auto [first, last] = by_name_.equal_range(entry.device);
      for (auto at = first; at != last; ++at) named.push_back(&candidates_[at->second]);
    }
    if (named.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, i] : by_name_) names.push_back(name);
      fail(*entry.node, "endpoints", position, "device",
           fmt::format("there is no producer, storage or consumer '{}'", entry.device), "the name of a device",
           did_you_mean(entry.device, names));
      return;
    }
    const bool exact = entry.device.find('*') == std::string::npos;
    const auto taken = std::find_if(named.begin(), named.end(), [](const Candidate* c) { return c->entry != nullptr; });
    if ((exact && named.size() > 1) || taken != named.end())
      fail(*entry.node, "endpoints", position, "device",
           fmt::format("'{}' is the name of several devices, or has an endpoint already",
                       taken == named.end() ? entry.device : (*taken)->name),
           "a name that only one device has, once");
    for (Candidate* const candidate : named) candidate->entry = &entry;
  }

  void add_nodes() {
    for (std::size_t i = 0; i < c_.nodes.size(); ++i) {
      const NodeEntry& entry = c_.nodes[i];
      comms::NodeSpec node;
      node.name = entry.name;
      node.kind = entry.values.kind;
      if (!entry.bus.empty()) {
        const BusId bus = buses_.find(entry.bus, *entry.node, "bus", "communication.nodes", i, problems_);
        if (bus.valid()) node.bus = bus.index();
      }
      node.battery_h =
          std::isnan(entry.values.battery_h) ? comms::default_battery_h(node.kind) : entry.values.battery_h;
      node.mtbf_h = entry.values.mtbf_h;
      node.mttr_h = entry.values.mttr_h;
      node.computing_s = entry.values.computing_s;
      node.max_age_s = std::isnan(entry.values.max_age_s) ? c_.values.max_age_s : entry.values.max_age_s;
      node.where = entry.node->where();
      if (node.kind == comms::NodeKind::controller)
        add_controller(node.name, {entry.values.stale_policy, std::isnan(entry.values.forecast_tau_s)
                                                                  ? c_.values.forecast_tau_s
                                                                  : entry.values.forecast_tau_s});
      if (node.bus != k_no_index) station_bus_.emplace(node.name, node.bus);
      builder_.add(std::move(node));
    }
  }

  void add_controller(const std::string& name, ControllerRule rule) {
    if (first_controller_.empty()) first_controller_ = name;
    plan_->controllers.push_back(rule);
  }

  [[nodiscard]] double draw(std::uint32_t entity, std::uint32_t what) const {
    return uniform({spec_.seed, 0, RandomStream::scenario_distribution, entity, 0}, 0x636f6d00U + what);
  }

  /// A station at every bus; exchanges in a ring, every `stations_per_exchange` buses one; a dispatch centre at the
  /// first. Buses are taken in their order, which in real grids follows the region.
  void generate() {
    const GenerateSection& g = *c_.generate;
    const std::size_t buses = model_.grid.bus_count();
    const auto per = static_cast<std::size_t>(g.stations_per_exchange);
    const std::size_t exchanges = (buses + per - 1) / per;
    const auto exchange = [&](std::size_t i) { return fmt::format("exchange_{}", i % exchanges + 1); };
    comms::NodeSpec centre;
    centre.name = k_dispatch_centre;
    centre.kind = comms::NodeKind::controller;
    centre.battery_h = comms::k_never_h;
    centre.computing_s = g.computing_s;
    centre.max_age_s = c_.values.max_age_s;
    centre.where = c_.node->where();
    add_controller(centre.name, {c_.values.stale_policy, c_.values.forecast_tau_s});
    builder_.add(std::move(centre));
    for (std::size_t i = 0; i < exchanges; ++i) {
      comms::NodeSpec node;
      node.name = exchange(i);
      node.kind = comms::NodeKind::exchange;
      node.bus = static_cast<std::uint32_t>(i * per);
      node.battery_h = comms::default_battery_h(node.kind);
      builder_.add(std::move(node));
    }
    lay(k_dispatch_centre, exchange(0), k_no_index);
    if (exchanges > 1) lay(k_dispatch_centre, exchange(exchanges / 2), k_no_index);
    for (std::size_t i = 0; i + 1 < exchanges || (i + 1 == exchanges && exchanges > 2); ++i)
      lay(exchange(i), exchange(i + 1), k_no_index);
    for (std::size_t b = 0; b < buses; ++b) add_station(g, b, exchange(b / per), exchange(b / per + 1), exchanges);
  }

  void add_station(const GenerateSection& g, std::size_t b, const std::string& home, const std::string& second,
                   std::size_t exchanges) {
    comms::NodeSpec node;
    node.name = station_at(b);
    node.kind = comms::NodeKind::base_station;
    node.bus = static_cast<std::uint32_t>(b);
    node.battery_h = g.station_battery_h;
    node.mtbf_h = g.station_mtbf_h;
    node.mttr_h = g.station_mttr_h;
    node.where = c_.node->where();
    station_bus_.emplace(node.name, node.bus);
    const auto entity = static_cast<std::uint32_t>(b);
    const std::uint32_t cable = draw(entity, 1) < g.same_cable ? branch_at(b) : k_no_index;
    lay(node.name, home, cable);
    if (exchanges > 1 && draw(entity, 2) < g.dual_homing) lay(node.name, second, k_no_index);
    builder_.add(std::move(node));
  }

  /// The first power branch at a bus, or k_no_index.
  [[nodiscard]] std::uint32_t branch_at(std::size_t bus) const {
    const BranchArrays& branch = model_.grid.branch();
    for (std::size_t l = 0; l < branch.from.size(); ++l)
      if (branch.from[l].index() == bus || branch.to[l].index() == bus) return static_cast<std::uint32_t>(l);
    return k_no_index;
  }

  void lay(const std::string& from, const std::string& to, std::uint32_t power_branch) {
    comms::LinkSpec link;
    link.name = from + " - " + to;
    link.from = from;
    link.to = to;
    link.parameters = c_.presets[static_cast<std::size_t>(c_.generate->backhaul)];
    link.length_km = c_.generate->link_length_km;
    link.power_branch = power_branch;
    link.where = c_.node->where();
    builder_.add(std::move(link));
  }

  void add_links() {
    for (std::size_t i = 0; i < c_.links.size(); ++i) {
      const LinkEntry& entry = c_.links[i];
      comms::LinkSpec link;
      link.name = entry.name;
      link.from = entry.from;
      link.to = entry.to;
      link.parameters = entry.parameters;
      link.length_km = entry.values.length_km;
      link.background = entry.values.background;
      link.common_cause = entry.common_cause;
      link.group_mtbf_h = entry.values.group_mtbf_h;
      link.group_mttr_h = entry.values.group_mttr_h;
      link.where = entry.node->where();
      if (!entry.same_cable.empty()) {
        const auto& names = model_.names.grid.branch;
        const auto found = std::find(names.begin(), names.end(), entry.same_cable);
        if (found == names.end())
          fail(*entry.node, "links", i, "same_cable", fmt::format("there is no branch '{}'", entry.same_cable),
               "the name of a branch of the grid", did_you_mean(entry.same_cable, names));
        else
          link.power_branch = static_cast<std::uint32_t>(found - names.begin());
      }
      builder_.add(std::move(link));
    }
  }

  void add_coverage() {
    for (const CoverageEntry& entry : c_.coverage) {
      comms::CoverageTimeline timeline;
      timeline.name = fmt::format("{} {}", comms::info(entry.values.technology).name, entry.region);
      timeline.at_step = {0};
      timeline.share = {entry.values.share};
      for (const auto& [step, share] : entry.changes) {
        timeline.at_step.push_back(step);
        timeline.share.push_back(share);
      }
      builder_.add_coverage(std::move(timeline), entry.node->where());
    }
  }

  [[nodiscard]] std::uint32_t coverage_of(comms::Technology technology, BusId bus) const {
    const auto& areas = model_.names.grid.bus_area;
    for (std::size_t i = 0; i < c_.coverage.size(); ++i) {
      const CoverageEntry& entry = c_.coverage[i];
      const bool region =
          entry.region.empty() || (bus.valid() && bus.index() < areas.size() && areas[bus.index()] == entry.region);
      if (region && entry.values.technology == technology) return static_cast<std::uint32_t>(i);
    }
    return k_no_index;
  }

  void add_endpoints() {
    plan_->producer_endpoint.assign(model_.producer_count(), k_no_index);
    plan_->storage_endpoint.assign(model_.storage_count(), k_no_index);
    plan_->consumer_endpoint.assign(model_.consumer_count(), k_no_index);
    std::uint32_t shared_access = k_no_index;
    for (const Candidate& candidate : candidates_) {
      const EndpointEntry* const entry = candidate.entry;
      if (entry == nullptr && !c_.generate) continue;
      comms::EndpointSpec endpoint;
      endpoint.name = candidate.name;
      endpoint.bus = candidate.bus.valid() ? candidate.bus.index() : k_no_index;
      endpoint.parent = entry != nullptr && !entry->parent.empty() ? entry->parent : station_at(candidate.bus.index());
      endpoint.controller = entry != nullptr && !entry->controller.empty() ? entry->controller : first_controller_;
      endpoint.weight_mw = static_cast<float>(candidate.weight_mw);
      endpoint.where = entry != nullptr ? entry->node->where() : c_.node->where();
      const bool given = entry != nullptr && (entry->node->find("technology") != nullptr || !c_.generate);
      const comms::Technology technology = given ? entry->values.technology : c_.generate->technology;
      technology_.push_back(static_cast<std::uint32_t>(technology));
      if (entry != nullptr) {
        const auto [access, fresh] = access_of_.try_emplace(entry, 0);
        const comms::LinkParameters& preset = c_.presets[static_cast<std::size_t>(technology)];
        if (fresh) access->second = builder_.add_access(given ? entry->parameters : preset, endpoint.where);
        endpoint.access = access->second;
      } else {
        if (shared_access == k_no_index)
          shared_access = builder_.add_access(c_.presets[static_cast<std::size_t>(technology)], endpoint.where);
        endpoint.access = shared_access;
      }
      endpoint.coverage = coverage_of(technology, candidate.bus);
      const bool metered_given = entry != nullptr && entry->node->find("metered") != nullptr;
      endpoint.metered = metered_given ? entry->values.metered : candidate.kind == DeviceKind::consumer;
      endpoint.controllable = entry == nullptr || entry->values.controllable;
      add_endpoint(candidate, std::move(endpoint));
    }
  }

  /// Its name, of a network that is generated.
  [[nodiscard]] std::string station_at(std::size_t bus) const {
    return fmt::format("station_{}", model_.names.grid.bus[bus]);
  }

  void add_cohorts() {
    for (std::size_t i = 0; i < c_.cohorts.size(); ++i) {
      const CohortEntry& entry = c_.cohorts[i];
      const BusId bus = buses_.find(entry.bus, *entry.node, "bus", "communication.cohorts", i, problems_);
      if (!bus.valid()) continue;
      comms::CohortSpec cohort;
      cohort.name = entry.name;
      cohort.bus = bus.index();
      cohort.parent = entry.parent.empty() ? station_at(bus.index()) : entry.parent;
      cohort.controller = entry.controller.empty() ? first_controller_ : entry.controller;
      cohort.devices = static_cast<std::uint64_t>(entry.values.devices);
      cohort.weight_mw = static_cast<float>(entry.values.weight_mw);
      cohort.reports = entry.values.reports;
      cohort.metered = entry.values.metered;
      cohort.access = builder_.add_access(entry.parameters, entry.node->where());
      cohort.coverage = coverage_of(entry.values.technology, bus);
      cohort.where = entry.node->where();
      builder_.add(std::move(cohort));
    }
  }

  void add_endpoint(const Candidate& candidate, comms::EndpointSpec endpoint) {
    const auto id = static_cast<std::uint32_t>(plan_->fallback.size());
    const EndpointEntry* const entry = candidate.entry;
    FallbackRule rule{endpoint.controllable ? c_.values.fallback : Fallback::default_schedule,
                      c_.values.fallback_share};
    if (entry != nullptr && entry->node->find("fallback") != nullptr) rule.rule = entry->values.fallback;
    if (entry != nullptr && !std::isnan(entry->values.fallback_share)) rule.share = entry->values.fallback_share;
    plan_->fallback.push_back(rule);
    if (candidate.kind == DeviceKind::producer) {
      plan_->producer_endpoint[candidate.index] = id;
      if (model_.producer_connection[candidate.index].slack_capable) {
        forming_.push_back({endpoint.parent, rule.rule, endpoint.where});
      }
    }
    if (candidate.kind == DeviceKind::storage) plan_->storage_endpoint[candidate.index] = id;
    if (candidate.kind == DeviceKind::consumer) plan_->consumer_endpoint[candidate.index] = id;
    builder_.add(std::move(endpoint));
  }

  /// The only unit that can form the network is off without commands: all buses depend on the node that passes them.
  void add_dependence() {
    std::size_t able = 0;
    for (const Connection& connection : model_.producer_connection) able += connection.slack_capable ? 1 : 0;
    for (const Connection& connection : model_.storage_connection) able += connection.grid_forming ? 1 : 0;
    if (able != 1 || forming_.size() != 1 || forming_[0].rule != Fallback::zero) return;
    const auto bus = station_bus_.find(forming_[0].parent);
    if (bus != station_bus_.end())
      builder_.add(comms::SupplyDependence{bus->second, forming_[0].parent, forming_[0].where});
  }

  void finish() {
    comms::NetworkBuilder::Result built = builder_.build(problems_);
    plan_->network = std::move(built.network);
    plan_->names = std::move(built.names);
    plan_->transport = transport_options(c_.values);
    plan_->transport.prices = plan_->transport.prices || model_.retail_price.given();
    plan_->valley_from_h = c_.values.valley_from_h;
    plan_->valley_to_h = c_.values.valley_to_h;
    plan_->peak_from_h = c_.values.peak_from_h;
    plan_->peak_to_h = c_.values.peak_to_h;
    if (problems_.empty() && spec_.cyber.node != nullptr) build_cyber(spec_, model_, technology_, *plan_, problems_);
  }

  struct FormingUnit {
    std::string parent;
    Fallback rule;
    SourceLocation where;
  };
  const Spec& spec_;
  const CommunicationSpec& c_;
  const BusIndex& buses_;
  const Model& model_;
  Diagnostics& problems_;
  comms::NetworkBuilder builder_;
  std::unique_ptr<CommunicationModel> plan_ = std::make_unique<CommunicationModel>();
  std::vector<Candidate> candidates_;
  std::multimap<std::string, std::size_t> by_name_;
  std::map<std::string, std::uint32_t> station_bus_;
  std::vector<FormingUnit> forming_;
  std::string first_controller_;
  std::vector<std::uint32_t> technology_;                    ///< of each endpoint's last hop
  std::map<const EndpointEntry*, std::uint32_t> access_of_;  ///< last hops by the entry that gives them
};

}  // namespace

std::unique_ptr<const CommunicationModel> build_communication(const Spec& spec, const BusIndex& buses,
                                                              const Model& model, Diagnostics& problems) {
  return CommunicationBuilder(spec, buses, model, problems).build();
}

}  // namespace gridplus::scenario
