// From the block `cyber` to what the engine runs: selectors to endpoints and links.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "scenarios/build_parts.hpp"
#include "scenarios/pattern.hpp"
#include "scenarios/synthesis.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

using comms::AttackKind;
using comms::k_no_index;

constexpr std::array<std::string_view, 3> k_kinds = {"producer", "storage", "consumer"};

/// An endpoint by all that an attack may choose it by.
struct Target {
  std::string name, model, bus, region;
  std::string_view kind, technology, controller;
};

class CyberBuilder {
 public:
  CyberBuilder(const Spec& spec, const Model& model, std::span<const std::uint32_t> technology,
               CommunicationModel& plan, Diagnostics& problems)
      : spec_(spec.cyber), model_(model), plan_(plan), problems_(problems) {
    list_targets(technology);
  }

  void build() {
    plan_.attacks.defences = defences();
    for (const AttackEntry& entry : spec_.attacks) plan_.attacks.attacks.push_back(attack(entry));
  }

 private:
  void list_targets(std::span<const std::uint32_t> technology) {
    targets_.resize(plan_.network.endpoint_count());
    const auto& endpoint = plan_.network.endpoint();
    const auto note = [&](const std::vector<std::uint32_t>& endpoints, std::size_t kind, const auto& names,
                          const auto& banks, auto bus_of) {
      const std::vector<std::string> models = models_of(banks);
      for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const std::uint32_t e = endpoints[i];
        if (e == k_no_index) continue;
        const std::uint32_t bus = bus_of(i).index();
        const auto& areas = model_.names.grid.bus_area;
        targets_[e] = {names[i],
                       models[i],
                       model_.names.grid.bus[bus],
                       bus < areas.size() ? areas[bus] : std::string(),
                       k_kinds[kind],
                       k_technology_names[technology[e]],
                       plan_.names.controller[endpoint.controller[e]]};
      }
    };
    note(plan_.producer_endpoint, 0, model_.names.producer, model_.producer_banks,
         [&](std::size_t p) { return model_.producer_connection[p].bus; });
    note(plan_.storage_endpoint, 1, model_.names.storage, model_.storage_banks,
         [&](std::size_t s) { return model_.storage_connection[s].bus; });
    note(plan_.consumer_endpoint, 2, model_.names.consumer, model_.consumer_banks,
         [&](std::size_t c) { return model_.consumer_bus[c]; });
  }

  template <class Banks>
  static std::vector<std::string> models_of(const Banks& banks) {
    std::vector<std::string> models;
    for (const auto& bank : banks) models.insert(models.end(), bank->size(), std::string(bank->type()));
    return models;
  }

  [[nodiscard]] comms::Defences defences() const {
    const DefencesSection& s = spec_.defences;
    comms::Defences out;
    out.spoof_success = 1.0 - s.authentication;
    out.ramp_mw_per_h = 60.0 * s.ramp_mw_per_min;
    out.zones = s.zones;
    if (!std::isnan(s.detection_time_h)) out.detection_time_h = s.detection_time_h;
    out.manual_time_h = s.manual_time_h;
    out.restore_time_h = s.restore_time_h;
    out.residual_limit = s.residual_limit;
    out.local_envelope = s.local_envelope;
    out.vm_min_pu = s.vm_min_pu;
    out.vm_max_pu = s.vm_max_pu;
    out.reconnect_h = s.reconnect_h;
    return out;
  }

  comms::Attack attack(const AttackEntry& entry) {
    const AttackSection& s = entry.values;
    comms::Attack out;
    out.name = entry.name;
    out.random_key = static_cast<std::uint64_t>(name_key(entry.name)) << 24U;
    out.kind = s.kind;
    out.share = s.share;
    if (entry.start) out.start_step = std::max<std::int64_t>(0, model_.time.first_step_from(entry.start->utc));
    if (!std::isnan(s.mean_interval_h)) out.mean_interval_h = s.mean_interval_h;
    out.duration_h = s.duration_h;
    out.capacity_taken = s.capacity_taken;
    out.loss = s.loss;
    out.bias = s.bias;
    out.offset_mw = s.offset_mw;
    out.replay_h = s.replay_h;
    out.stealthy = s.stealthy;
    out.action = s.action;
    out.synchronicity = s.synchronicity;
    out.spread_h = s.spread_h;
    out.period_h = s.period_h;
    out.repeat = s.repeat;
    out.withheld = s.withheld;
    out.mark_up = s.mark_up;
    if (out.kind == AttackKind::false_prices && !model_.retail_price.given())
      problems_.add({entry.node->where(),
                     fmt::format("cyber.attacks[{}]", entry.position),
                     fmt::format("the attack '{}' falsifies prices, but there is no retail price", entry.name),
                     "a market block with retail_price",
                     {}});
    select(entry, out);
    return out;
  }

  void select(const AttackEntry& entry, comms::Attack& out) {
    if (const auto* links = selector(entry, "links")) add_links(entry, "links", *links, plan_.names.link, out);
    if (const auto* nodes = selector(entry, "nodes")) add_links(entry, "nodes", *nodes, plan_.names.node, out);
    std::sort(out.links.begin(), out.links.end());
    out.links.erase(std::unique(out.links.begin(), out.links.end()), out.links.end());
    const bool links_only = !entry.selectors.empty() && entry.selectors.size() == count_of_links(entry);
    if (links_only) return;
    for (std::uint32_t e = 0; e < targets_.size(); ++e)
      if (meant(entry, targets_[e]) && fits_kind(entry.values.kind, targets_[e])) out.endpoints.push_back(e);
    bool known = true;
    for (const auto& [key, patterns] : entry.selectors)
      for (const std::string& pattern : patterns) known = check(entry, key, pattern) && known;
    if (known && out.endpoints.empty())
      problems_.add({entry.node->where(),
                     fmt::format("cyber.attacks[{}]", entry.position),
                     fmt::format("the attack '{}' meets no endpoint", entry.name),
                     "selectors that some endpoint of the communication network fits all of",
                     {}});
  }

  static std::size_t count_of_links(const AttackEntry& entry) {
    return entry.selectors.count("links") + entry.selectors.count("nodes");
  }

  static const std::vector<std::string>* selector(const AttackEntry& entry, const std::string& key) {
    const auto found = entry.selectors.find(key);
    return found == entry.selectors.end() ? nullptr : &found->second;
  }

  /// False data need a measurement that changes by itself; a market has offers of producers.
  static bool fits_kind(AttackKind kind, const Target& target) {
    if (kind == AttackKind::false_data) return target.kind != "storage";
    return kind != AttackKind::market_manipulation || target.kind == "producer";
  }

  static std::string_view value_of(const Target& target, std::string_view key) {
    if (key == "devices") return target.name;
    if (key == "kind") return target.kind;
    if (key == "model") return target.model;
    if (key == "bus") return target.bus;
    if (key == "region") return target.region;
    return key == "technology" ? target.technology : target.controller;
  }

  static bool of_links(const std::string& key) { return key == "links" || key == "nodes"; }

  static bool meant(const AttackEntry& entry, const Target& target) {
    return std::all_of(entry.selectors.begin(), entry.selectors.end(), [&](const auto& selector) {
      const auto fitting = [&](const std::string& pattern) { return fits(pattern, value_of(target, selector.first)); };
      return of_links(selector.first) || std::any_of(selector.second.begin(), selector.second.end(), fitting);
    });
  }

  /// Reports a pattern that no endpoint at all fits.
  bool check(const AttackEntry& entry, const std::string& key, const std::string& pattern) {
    if (of_links(key)) return true;
    const auto fitting = [&](const Target& target) { return fits(pattern, value_of(target, key)); };
    if (std::any_of(targets_.begin(), targets_.end(), fitting)) return true;
    std::vector<std::string> names;
    constexpr std::size_t k_most_hinted = 5000;  // comparing with every name is slow
    for (const Target& target : targets_)
      if (names.size() < k_most_hinted) names.emplace_back(value_of(target, key));
    unknown(entry, key, pattern, "endpoint", names);
    return false;
  }

  void unknown(const AttackEntry& entry, const std::string& key, const std::string& pattern, std::string_view what,
               const std::vector<std::string>& names) {
    problems_.add({entry.node->find(key)->where(), fmt::format("cyber.attacks[{}].{}", entry.position, key),
                   fmt::format("no {} fits '{}'", what, pattern), "a name that is there, or one with * for any text",
                   did_you_mean(pattern, names)});
  }

  void add_links(const AttackEntry& entry, const std::string& key, const std::vector<std::string>& patterns,
                 const std::vector<std::string>& names, comms::Attack& out) {
    const auto& link = plan_.network.link();
    for (const std::string& pattern : patterns) {
      bool any = false;
      for (std::uint32_t l = 0; l < plan_.network.link_count(); ++l) {
        const bool hit = key == "links"
                             ? fits(pattern, names[l])
                             : fits(pattern, names[link.from[l].index()]) || fits(pattern, names[link.to[l].index()]);
        if (hit) out.links.push_back(l), any = true;
      }
      if (!any) unknown(entry, key, pattern, key == "links" ? "link" : "node with links", names);
    }
  }

  const CyberSpec& spec_;
  const Model& model_;
  CommunicationModel& plan_;
  Diagnostics& problems_;
  std::vector<Target> targets_;
};

}  // namespace

void build_cyber(const Spec& spec, const Model& model, std::span<const std::uint32_t> technology,
                 CommunicationModel& plan, Diagnostics& problems) {
  CyberBuilder(spec, model, technology, plan, problems).build();
}

}  // namespace gridplus::scenario
