// From the block `events` to what the engine runs: names to branches, producers and storage.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "scenarios/build_parts.hpp"
#include "scenarios/pattern.hpp"
#include "scenarios/synthesis.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

/// What a name in an event is about.
struct Found {
  std::string name;
  OutageSubject subject;
};

class EventBuilder {
 public:
  EventBuilder(const Spec& spec, Model& model, Diagnostics& problems)
      : spec_(spec), model_(model), problems_(problems) {
    add(model.names.grid.branch, OutageSubject::Kind::branch);
    add(model.names.producer, OutageSubject::Kind::producer);
    add(model.names.storage, OutageSubject::Kind::storage);
  }

  void build() {
    for (const OutageEntry& entry : spec_.outages) planned(entry);
    for (const FailureEntry& entry : spec_.failures) failures(entry);
    for (const StormEntry& entry : spec_.storms) storm(entry);
    model_.outage_plan.repairs.crews = spec_.repairs.crews;
    model_.outage_plan.repairs.detection_steps = steps(spec_.repairs.detection_time_h);
    const double blind_h = spec_.repairs.blind_detection_time_h;
    model_.outage_plan.repairs.blind_detection_steps =
        std::isnan(blind_h) ? model_.outage_plan.repairs.detection_steps : steps(blind_h);
    model_.outage_plan.repairs.blind_factor = spec_.repairs.blind_factor;
  }

 private:
  /// Whole steps, rounded up.
  [[nodiscard]] std::int64_t steps(double hours) const {
    return std::llround(std::ceil(hours / model_.time.step_h() - 1e-9));
  }

  void add(const std::vector<std::string>& names, OutageSubject::Kind kind) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      by_name_.emplace(names[i], subjects_.size());
      subjects_.push_back({names[i], {kind, static_cast<std::uint32_t>(i)}});
    }
  }

  /// Where a name of an event was written.
  struct Place {
    const Node* entry;
    std::size_t position;
    const char* key;
    [[nodiscard]] SourceLocation where() const {
      const Node* const node = entry->find(key);
      return node == nullptr ? entry->where() : node->where();
    }
    [[nodiscard]] std::string path() const { return fmt::format("events[{}].{}", position, key); }
  };

  [[nodiscard]] std::vector<Found> find(const std::string& pattern, const Place& place, bool branches_only) {
    std::vector<Found> found;
    const auto wanted = [&](const Found& one) {
      return !branches_only || one.subject.kind == OutageSubject::Kind::branch;
    };
    const bool exact = pattern.find('*') == std::string::npos;
    if (exact) {
      const auto [first, last] = by_name_.equal_range(pattern);
      for (auto at = first; at != last; ++at)
        if (wanted(subjects_[at->second])) found.push_back(subjects_[at->second]);
    } else {
      for (const Found& one : subjects_)
        if (wanted(one) && fits(pattern, one.name)) found.push_back(one);
    }
    if (found.empty()) unknown(pattern, place, branches_only);
    if (found.size() > 1 && exact) {
      problems_.add({place.where(),
                     place.path(),
                     fmt::format("'{}' is the name of several things", pattern),
                     "a name that only one branch, producer or storage has",
                     {}});
      found.clear();
    }
    return found;
  }

  void unknown(const std::string& pattern, const Place& place, bool branches_only) {
    constexpr std::size_t k_most_hinted = 50;  // comparing with every name is slow
    std::vector<std::string> names;
    if (problems_.size() < k_most_hinted)
      for (const Found& one : subjects_)
        if (!branches_only || one.subject.kind == OutageSubject::Kind::branch) names.push_back(one.name);
    problems_.add(
        {place.where(),
         place.path(),
         fmt::format("there is no {} '{}'", branches_only ? "branch" : "branch, producer or storage", pattern),
         {},
         did_you_mean(pattern, names)});
  }

  void planned(const OutageEntry& entry) {
    const Place place{entry.node, entry.position, "outage"};
    const std::vector<Found> found = find(entry.subject, place, false);
    PlannedOutage outage;
    outage.from_step = model_.time.first_step_from(entry.from.utc);
    outage.to_step = model_.time.first_step_from(entry.to.utc);
    outage.reason = entry.reason;
    for (const Found& one : found) {
      outage.subject = one.subject.kind;
      outage.index = one.subject.index;
      if (outage.from_step < outage.to_step) model_.outages.push_back(outage);
    }
  }

  void failures(const FailureEntry& entry) {
    const Place place{entry.node, entry.position, "failures"};
    std::vector<Found> all;
    for (const std::string& pattern : entry.subjects)
      for (Found& one : find(pattern, place, false)) all.push_back(std::move(one));
    FailureGroup group;
    group.failure_rate_per_h = 1.0 / entry.values.mttf_h;
    group.repair_rate_per_h = 1.0 / entry.values.mttr_h;
    group.priority = static_cast<std::int32_t>(entry.values.repair_priority);
    if (entry.values.common_cause && !all.empty()) group.name = entry.name.empty() ? all.front().name : entry.name;
    for (const Found& one : all) {
      if (!claim(one, place)) continue;
      if (!entry.values.common_cause) {
        group.name = one.name;
        group.members = {one.subject};
        add_group(group);
      } else {
        group.members.push_back(one.subject);
      }
    }
    if (entry.values.common_cause && !group.members.empty()) add_group(group);
  }

  /// Each thing fails for one reason by chance; storms come on top.
  bool claim(const Found& one, const Place& place) {
    if (claimed_.insert({one.subject.kind, one.subject.index}).second) return true;
    problems_.add({place.where(),
                   place.path(),
                   fmt::format("the failures of '{}' are given twice", one.name),
                   "each branch, producer or storage in one entry",
                   {}});
    return false;
  }

  std::uint32_t add_group(FailureGroup group) {
    const auto number = static_cast<std::uint32_t>(model_.outage_plan.groups.size());
    group.random_key = name_key(group.name);
    for (const OutageSubject& member : group.members) group_of_[{member.kind, member.index}] = number;
    model_.outage_plan.groups.push_back(std::move(group));
    return number;
  }

  void storm(const StormEntry& entry) {
    Storm storm;
    storm.name = entry.name;
    storm.random_key = name_key(entry.name);
    storm.wind_m_per_s = entry.values.wind_m_per_s;
    storm.fragility = entry.values.fragility;
    if (!std::isnan(entry.values.median_m_per_s)) storm.median_m_per_s = entry.values.median_m_per_s;
    storm.sigma = entry.values.sigma;
    storm.repair_rate_per_h = 1.0 / (entry.values.mttr_h * entry.values.access_factor);
    storm.safe_wind_m_per_s = entry.values.safe_wind_m_per_s;
    std::map<std::uint32_t, double> spans;  // by group: a storm meets a common-cause group once, at its longest branch
    for (const std::string& pattern : entry.branches)
      for (const Found& one : find(pattern, {entry.node, entry.position, "branches"}, true)) {
        double& most = spans[group_of(one)];
        most = std::max(most, spans_of(entry, one));
      }
    for (const auto& [group, number] : spans) storm.exposed.push_back({group, number});
    model_.outage_plan.storms.push_back(std::move(storm));
  }

  std::uint32_t group_of(const Found& one) {
    const auto there = group_of_.find({one.subject.kind, one.subject.index});
    if (there != group_of_.end()) return there->second;
    FailureGroup group;
    group.name = one.name;
    group.members = {one.subject};
    return add_group(std::move(group));
  }

  double spans_of(const StormEntry& entry, const Found& one) {
    if (std::isnan(entry.values.reference_length_km)) return 1.0;
    const double length_km = spec_.branches[one.subject.index].values.length_km;
    if (!std::isnan(length_km)) return length_km / entry.values.reference_length_km;
    problems_.add({entry.node->find("reference_length")->where(),
                   fmt::format("events[{}].reference_length", entry.position),
                   fmt::format("the branch '{}' has no length", one.name), "branches with 'length'",
                   "give the length, or name other branches"});
    return 1.0;
  }

  const Spec& spec_;
  Model& model_;
  Diagnostics& problems_;
  std::vector<Found> subjects_;
  std::unordered_multimap<std::string, std::size_t> by_name_;
  std::set<std::pair<OutageSubject::Kind, std::uint32_t>> claimed_;
  std::map<std::pair<OutageSubject::Kind, std::uint32_t>, std::uint32_t> group_of_;
};

}  // namespace

void build_events(const Spec& spec, Model& model, Diagnostics& problems) {
  EventBuilder(spec, model, problems).build();
}

}  // namespace gridplus::scenario
