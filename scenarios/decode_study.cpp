// The block `study`: what is swept, how often it is repeated, what it is compared with, when it is known well enough.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <stdexcept>

#include "scenarios/decode_parts.hpp"
#include "scenarios/override.hpp"
#include "scenarios/study_values.hpp"
#include "sim/core/unit.hpp"
#include "sim/step/kpi_account.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

constexpr std::int64_t k_most_members = 10'000'000;

std::vector<std::string> kpi_names() {
  std::vector<std::string> names;
  for (const Kpi& kpi : summarise(KpiAccount{}, Model{}).kpis) names.push_back(kpi.name);
  return names;
}

class StudyDecoder {
 public:
  StudyDecoder(Context& context, const Node& root, const Node& node)
      : context_(context), root_(root), node_(node), path_(top_, "study") {}

  std::optional<StudySpec> decode() {
    const std::size_t before = context_.problems.size();
    refuse_unknown_keys(context_, node_,
                        {"sweep", "method", "samples", "replicates", "baseline", "confidence", "stop", "record",
                         "adequacy", "attribution"},
                        path_);
    study::Design& design = spec_.design;
    decode_method();
    design.replicates = count("replicates", 1, k_most_members).value_or(1);
    decode_confidence();
    decode_sweep();
    decode_attribution();
    if (context_.problems.size() == before) {
      check_sizes();
      decode_baseline();
      decode_stop();
    }
    decode_series();
    if (context_.problems.size() != before) return std::nullopt;
    return std::move(spec_);
  }

 private:
  std::optional<std::int64_t> count(std::string_view key, std::int64_t least, std::int64_t most) {
    return count_in(node_, key, path_, least, most);
  }

  std::optional<std::int64_t> count_in(const Node& map, std::string_view key, const Path& path, std::int64_t least,
                                       std::int64_t most) {
    const Node* const node = map.find(key);
    if (node == nullptr) return std::nullopt;
    const Path place(path, key);
    const auto value = decode_quantity(context_, *node, "1", place);
    if (!value) return std::nullopt;
    if (*value == std::floor(*value) && *value >= static_cast<double>(least) && *value <= static_cast<double>(most))
      return static_cast<std::int64_t>(*value);
    context_.fail(node->where(), place, fmt::format("{} is no usable number", node->described()),
                  fmt::format("a whole number from {} to {}", least, most));
    return std::nullopt;
  }

  void decode_method() {
    const Node* const node = node_.find("method");
    const Node* const samples = node_.find("samples");
    static const std::vector<std::string> k_methods = {"grid", "paired", "latin_hypercube"};
    if (node != nullptr) {
      const auto found = std::find(k_methods.begin(), k_methods.end(), node->text);
      if (!node->is_scalar() || found == k_methods.end()) {
        context_.fail(node->where(), Path(path_, "method"), fmt::format("{} is no way to sweep", node->described()),
                      fmt::format("{}", fmt::join(k_methods, ", ")), did_you_mean(node->text, k_methods));
        return;
      }
      spec_.design.sweep = static_cast<study::Sweep>(found - k_methods.begin());
    }
    const bool hypercube = spec_.design.sweep == study::Sweep::latin_hypercube;
    if (hypercube && samples == nullptr)
      context_.fail(node_.where(), path_, "the key 'samples' is missing", "the number of points of the hypercube");
    if (!hypercube && samples != nullptr)
      context_.fail(samples->where(), Path(path_, "samples"), "only a latin hypercube has samples",
                    "method: latin_hypercube");
    if (hypercube) samples_ = count("samples", 2, k_most_members).value_or(0);
  }

  void decode_confidence() {
    const Node* const node = node_.find("confidence");
    if (node == nullptr) return;
    const auto value = decode_quantity(context_, *node, "1", Path(path_, "confidence"));
    if (value && !(*value > 0.0 && *value < 1.0))
      context_.fail(node->where(), Path(path_, "confidence"), fmt::format("{} is given", node->described()),
                    "between 0 % and 100 %, such as 95 %");
    else if (value)
      spec_.design.confidence = *value;
  }

  void decode_sweep() {
    const Node* const sweep = find_map(context_, node_, "sweep", path_);
    if (sweep == nullptr) return;
    const Path place(path_, "sweep");
    Node tree = root_;  // paths may add a key
    for (const Member& member : sweep->members) decode_axis(member, Path(place, member.key), tree);
  }

  void decode_axis(const Member& member, const Path& place, Node& tree) {
    study::Axis axis;
    axis.name = member.key;
    check_name(member, place);
    if (!member.value.is_map()) {
      context_.fail(member.value.where(), place, fmt::format("{} is given", member.value.described()),
                    "{path: ..., values: [...]}");
      return;
    }
    std::vector<std::string> known = {"path", "paths"};
    if (spec_.design.sweep == study::Sweep::latin_hypercube)
      known.insert(known.end(), {"uniform", "normal", "lognormal", "triangular", "choice"});
    else
      known.insert(known.end(), {"values", "from", "to", "count"});
    refuse_unknown_keys(context_, member.value, known, place);
    SweptPlaces places;
    for (const Node* const path : paths_of(member.value, place)) {
      places.paths.push_back(path->text);
      check_path(*path, place, tree);
    }
    const std::size_t number = spec_.axes.size();
    decode_axis_values(context_, member.value, place, {spec_.design.sweep, number, samples_}, axis, places);
    spec_.design.axes.push_back(std::move(axis));
    spec_.axes.push_back(std::move(places));
  }

  void check_name(const Member& member, const Path& place) {
    static const std::vector<std::string> k_taken = {"replicate", "point", "sample", "member", "category",
                                                     "time",      "cause", "causes", "study"};
    const auto usable = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    const bool word = std::all_of(member.key.begin(), member.key.end(), usable) &&
                      std::isdigit(static_cast<unsigned char>(member.key.front())) == 0;
    const auto kpis = kpi_names();
    const bool taken = std::find(k_taken.begin(), k_taken.end(), member.key) != k_taken.end() ||
                       std::find(kpis.begin(), kpis.end(), member.key) != kpis.end();
    if (word && !taken) return;
    context_.fail(member.where(), place,
                  word ? fmt::format("'{}' is the name of something else in the results", member.key)
                       : fmt::format("'{}' is no name of an axis", member.key),
                  "a word of letters, digits and underscores; it becomes the name of a dimension");
  }

  std::vector<const Node*> paths_of(const Node& axis, const Path& place) {
    const Node* const one = axis.find("path");
    const Node* const several = axis.find("paths");
    std::vector<const Node*> out;
    if (one != nullptr && one->is_scalar() && several == nullptr) out.push_back(one);
    if (several != nullptr && several->is_list() && one == nullptr)
      for (const Node& path : several->items)
        if (path.is_scalar()) out.push_back(&path);
    if (out.empty())
      context_.fail(axis.where(), place, "the axis does not say what it changes",
                    "path: ..., such as storage.battery.capacity, or paths: [...]");
    return out;
  }

  void check_path(const Node& path, const Path& place, Node& tree) {
    static const std::vector<std::string> k_fixed = {"study", "extends", "gridplus", "record", "name", "currency"};
    const std::string head = path.text.substr(0, path.text.find_first_of(".["));
    if (std::find(k_fixed.begin(), k_fixed.end(), head) != k_fixed.end()) {
      context_.fail(path.where(), place, fmt::format("'{}' is the same for all members", head),
                    "a path to something that is simulated");
      return;
    }
    (void)find_place(tree, path.text, path, context_.problems);
  }

  /// The causes whose shares are asked for: an axis of its own over all their sets.
  void decode_attribution() {
    const Node* const node = node_.find("attribution");
    if (node == nullptr) return;
    const Path place(path_, "attribution");
    const std::vector<std::string> known(study::k_causes.begin(), study::k_causes.end());
    std::vector<study::Cause>& causes = spec_.design.causes;
    if (!node->is_list() || node->items.empty()) {
      context_.fail(node->where(), place, fmt::format("{} is given", node->described()),
                    fmt::format("a list of some of {}", fmt::join(known, ", ")));
      return;
    }
    for (const Node& item : node->items) {
      const auto found = std::find(known.begin(), known.end(), item.text);
      const auto cause = static_cast<study::Cause>(found - known.begin());
      if (!item.is_scalar() || found == known.end())
        context_.fail(item.where(), place, fmt::format("{} is no cause", item.described()),
                      fmt::format("{}", fmt::join(known, ", ")), did_you_mean(item.text, known));
      else if (std::find(causes.begin(), causes.end(), cause) != causes.end())
        context_.fail(item.where(), place, fmt::format("'{}' is named twice", item.text), "each cause once");
      else
        causes.push_back(cause);
    }
    if (spec_.design.sweep != study::Sweep::grid)
      context_.fail(node->where(), place, "an attribution needs every point with every set of causes", "method: grid");
    study::Axis axis;
    axis.name = "causes";
    for (std::size_t set = 0; set < std::size_t{1} << causes.size(); ++set)
      axis.labels.push_back(study::set_name(causes, set));
    spec_.design.axes.push_back(std::move(axis));
    spec_.axes.emplace_back();
  }

  void check_sizes() {
    const study::Design& design = spec_.design;
    if (design.sweep == study::Sweep::paired)
      for (const study::Axis& axis : design.axes)
        if (axis.labels.size() != design.axes.front().labels.size())
          context_.fail(node_.find("sweep")->where(), path_,
                        fmt::format("'{}' has {} values, '{}' has {}", design.axes.front().name,
                                    design.axes.front().labels.size(), axis.name, axis.labels.size()),
                        "as many values on every axis of a paired sweep");
    double members = static_cast<double>(design.replicates);
    if (design.sweep == study::Sweep::grid)
      for (const study::Axis& axis : design.axes) members *= static_cast<double>(axis.labels.size());
    else if (!design.axes.empty())
      members *= static_cast<double>(design.axes.front().labels.size());
    if (members > static_cast<double>(k_most_members))
      context_.fail(node_.where(), path_, fmt::format("the study has {} members", members),
                    fmt::format("at most {}", k_most_members));
  }

  /// The index of a value on an axis: the same text, or the same quantity.
  std::optional<std::size_t> index_of(const study::Axis& axis, const Node& value, const Path& place) {
    for (std::size_t i = 0; i < axis.labels.size(); ++i)
      if (value.is_scalar() && axis.labels[i] == value.text) return i;
    if (value.is_scalar() && !axis.values.empty()) {
      try {
        const double number = quantity_in(value.text, axis.unit, context_.currency);
        const auto found = std::find(axis.values.begin(), axis.values.end(), number);
        if (found != axis.values.end()) return static_cast<std::size_t>(found - axis.values.begin());
      } catch (const std::invalid_argument&) {  // reported below
      }
    }
    context_.fail(value.where(), place, fmt::format("{} is no value of '{}'", value.described(), axis.name),
                  fmt::format("{}", fmt::join(axis.labels, ", ")));
    return std::nullopt;
  }

  void decode_baseline() {
    const Node* const baseline = find_map(context_, node_, "baseline", path_);
    if (baseline == nullptr) return;
    const Path place(path_, "baseline");
    study::Design& design = spec_.design;
    if (design.sweep == study::Sweep::latin_hypercube) {
      context_.fail(baseline->where(), place, "the samples of a latin hypercube have no baseline among them",
                    "method: grid or paired");
      return;
    }
    const std::size_t before = context_.problems.size();
    std::vector<std::optional<std::size_t>> chosen(design.axes.size());
    std::vector<std::string> names;
    for (const study::Axis& axis : design.axes) names.push_back(axis.name);
    refuse_unknown_keys(context_, *baseline, names, place);
    for (std::size_t a = 0; a < design.axes.size(); ++a)
      if (const Node* const value = baseline->find(names[a]))
        chosen[a] = index_of(design.axes[a], *value, Path(place, names[a]));
    const auto first = std::find_if(chosen.begin(), chosen.end(), [](const auto& index) { return index.has_value(); });
    if (first == chosen.end()) {
      if (context_.problems.size() != before) return;
      context_.fail(baseline->where(), place, "the baseline names no value", "axis: value");
      return;
    }
    if (design.sweep == study::Sweep::paired) chosen = {*first};
    design.baseline = std::move(chosen);
  }

  void decode_stop() {
    const Node* const stop = find_map(context_, node_, "stop", path_);
    if (stop == nullptr) return;
    const Path place(path_, "stop");
    refuse_unknown_keys(context_, *stop, {"kpi", "half_width", "minimum", "every"}, place);
    study::StoppingRule rule;
    rule.minimum = count_in(*stop, "minimum", place, 2, k_most_members).value_or(rule.minimum);
    rule.every = count_in(*stop, "every", place, 1, k_most_members).value_or(rule.every);
    rule.kpi = entry_text(context_, *stop, "kpi", true, place);
    const auto names = kpi_names();
    if (!rule.kpi.empty() && std::find(names.begin(), names.end(), rule.kpi) == names.end())
      context_.fail(stop->find("kpi")->where(), Path(place, "kpi"), fmt::format("'{}' is no key figure", rule.kpi),
                    fmt::format("{}", fmt::join(names, ", ")), did_you_mean(rule.kpi, names));
    const Node* const width = stop->find("half_width");
    if (width == nullptr) {
      context_.fail(stop->where(), place, "the key 'half_width' is missing",
                    "half of the wanted confidence interval: 5 % of the mean, or a number in the figure's unit");
      return;
    }
    const auto value = decode_quantity(context_, *width, "1", Path(place, "half_width"));
    if (value && *value <= 0.0)
      context_.fail(width->where(), Path(place, "half_width"), fmt::format("{} is given", width->described()),
                    "above 0");
    rule.half_width = value.value_or(1.0);
    rule.relative = width->text.find('%') != std::string::npos;
    spec_.design.stop = rule;
  }

  /// Time series of members: chosen one by one, for there are as many as members.
  void decode_series() {
    spec_.record = decode_record(context_, node_, path_);
    if (!spec_.record) return;
    const Node& node = *node_.find("record");
    const Path place(path_, "record");
    const RecordSpec& record = *spec_.record;
    if (const Node* const states = node.find("device_states"))
      context_.fail(states->where(), Path(place, "device_states"), "states of devices are not recorded of members",
                    "variables and groups", "run a member by itself to see them");
    for (std::size_t i = 0; i < record.groups.size(); ++i)
      if (record.groups[i] == "event" || record.groups[i] == "kpi")
        context_.fail(node.find("groups")->items[i].where(), Path(Path(place, "groups"), i),
                      fmt::format("'{}' holds no time series", record.groups[i]), "groups with variables over time");
    if (record.groups.empty() && record.variables.empty() && node.find("groups") == nullptr &&
        node.find("variables") == nullptr)
      context_.fail(node.where(), place, "it is not said what is recorded",
                    "variables: [bus.vm_pu, ...] or groups: [storage, ...]");
    check_axes_beside(record);
  }

  /// An axis becomes a dimension of every group that is recorded.
  void check_axes_beside(const RecordSpec& record) {
    std::set<std::string> taken(record.groups.begin(), record.groups.end());
    for (const std::string& variable : record.variables) {
      taken.insert(variable.substr(0, variable.find('.')));
      taken.insert(variable.substr(variable.find('.') + 1));
    }
    const Node* const sweep = node_.find("sweep");
    if (sweep == nullptr || !sweep->is_map()) return;
    for (const Member& axis : sweep->members)
      if (taken.contains(axis.key))
        context_.fail(axis.where(), Path(Path(path_, "sweep"), axis.key),
                      fmt::format("'{}' is the name of something that is recorded of every member", axis.key),
                      "another name for the axis", fmt::format("such as '{}_size' or 'by_{}'", axis.key, axis.key));
    constexpr std::size_t k_most_axes = 24;  // HDF5 allows 32 dimensions
    if (sweep->members.size() > k_most_axes && spec_.design.sweep == study::Sweep::grid)
      context_.fail(node_.find("record")->where(), Path(path_, "record"),
                    fmt::format("a grid of {} axes leaves no room for time series", sweep->members.size()),
                    fmt::format("at most {} axes", k_most_axes));
  }

  Context& context_;
  const Node& root_;
  const Node& node_;
  Path top_;
  Path path_;
  StudySpec spec_;
  std::int64_t samples_ = 0;
};

}  // namespace

void decode_study(Context& context, const Node& root, Spec& spec) {
  const Node* const node = root.find("study");
  if (node == nullptr) return;
  if (node->is_map() && node->members.size() == 1 && node->find("adequacy") != nullptr) return;  // nothing is swept
  if (node->is_map())
    spec.study = StudyDecoder(context, root, *node).decode();
  else
    context.fail(node->where(), Path(Path(), "study"), fmt::format("{} is given", node->described()),
                 "a map such as {sweep: {...}, replicates: 10}");
}

}  // namespace gridplus::scenario
