#include "output/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>

#include "output/static_groups.hpp"
#include "sim/core/error.hpp"

namespace gridplus::output {

namespace {

[[noreturn]] void refuse(std::string path, std::string problem, std::span<const std::string> allowed,
                         std::string_view word) {
  throw InputError(Diagnostic{{},
                              std::move(path),
                              std::move(problem),
                              fmt::format("{}", fmt::join(allowed, ", ")),
                              did_you_mean(word, allowed)});
}

/// A variable over time before it has a place: what VariableInfo and the state fields of models have in common.
struct Variable {
  std::string name, units, long_name;
  CellType type = CellType::float32;
  bool counts_or_names = false;  ///< a whole number of which no mean is taken
  std::string flag_meanings;
  double resolution = 0.0;
  int significant_bits = 0;
};

Variable describe(const VariableInfo& info, const Model& model) {
  Variable v{std::string(info.name), with_currency(info.unit, model.provenance.currency), std::string(info.long_name)};
  v.flag_meanings = info.flag_meanings;
  const bool exact = info.storage == Storage::exact || model.record.double_precision;
  if (info.storage == Storage::flag) {
    v.type = info.flag_meanings.empty() ? CellType::int32 : CellType::int8;
    v.counts_or_names = info.flag_meanings != "no yes";
  } else {
    v.type = exact ? CellType::float64 : CellType::float32;
    if (!model.record.double_precision) {
      v.resolution = info.resolution;
      v.significant_bits = exact ? 0 : info.significant_bits;
    }
  }
  return v;
}

Variable describe(const FieldInfo& field, const Model& model) {
  Variable v{std::string(field.key), with_currency(field.unit, model.provenance.currency), std::string(field.doc)};
  v.type = model.record.double_precision ? CellType::float64 : CellType::float32;
  if (field.kind == FieldKind::integer) v.type = CellType::int32;
  if (field.kind == FieldKind::boolean) v.flag_meanings = "no yes";
  if (field.kind == FieldKind::choice) v.flag_meanings = fmt::format("{}", fmt::join(field.choices, " "));
  if (!v.flag_meanings.empty()) v.type = CellType::int8;
  v.counts_or_names = field.kind == FieldKind::integer || field.kind == FieldKind::choice;
  return v;
}

struct StatisticInfo {
  std::string_view key;     ///< in `record: statistics`
  std::string_view suffix;  ///< of the variable's name
  std::string_view cell_methods;
  Statistic statistic;
};
constexpr std::array<StatisticInfo, 3> k_statistics = {{{"mean", "", "time: mean", Statistic::mean},
                                                        {"min", "_min", "time: minimum", Statistic::minimum},
                                                        {"max", "_max", "time: maximum", Statistic::maximum}}};
constexpr StatisticInfo k_point = {"", "", "", Statistic::point};
constexpr StatisticInfo k_last = {"", "", "time: point (last step of the row)", Statistic::last};

/// The part of a group's name and its variables, for the groups that every model has.
struct MainGroup {
  Source::Part part;
  std::string name;
  std::span<const VariableInfo> variables;
};
const std::vector<MainGroup>& main_groups() {
  static const std::vector<MainGroup> groups = {
      {Source::Part::bus, "bus", k_bus_variables},
      {Source::Part::branch, "branch", k_branch_variables},
      {Source::Part::producer, "producer", k_producer_variables},
      {Source::Part::consumer, "consumer", k_consumer_variables},
      {Source::Part::storage, "storage", k_storage_variables},
      {Source::Part::step, "step", k_step_variables},
      {Source::Part::node, "node", k_node_variables},
      {Source::Part::link, "link", k_link_variables},
      {Source::Part::endpoint_class, "endpoint_class", k_endpoint_class_variables},
      {Source::Part::controller, "controller", k_controller_variables},
      {Source::Part::attack, "attack", k_attack_variables}};
  return groups;
}

/// What `record:` asks for, checked against what there is.
class Selection {
 public:
  Selection(const Model& model, const std::vector<BankView>& banks) {
    std::map<std::string, std::vector<std::string>> known;
    for (const MainGroup& group : main_groups())
      for (const VariableInfo& info : group.variables) known[group.name].emplace_back(info.name);
    for (const BankView& view : banks) {
      known[view.group];
      for (const FieldInfo& field : view.bank->state_fields()) known[view.group].emplace_back(field.key);
    }
    for (const std::string& name : model.record.groups) take_group(name, known);
    for (const std::string& name : model.record.variables) take_variable(name, known);
  }

  [[nodiscard]] bool has_group(const std::string& group) const {
    if (groups_.empty() && variables_.empty()) return true;
    return groups_.contains(group) || variables_.contains(group);
  }
  [[nodiscard]] bool has(const std::string& group, const std::string& variable) const {
    const auto chosen = variables_.find(group);
    return chosen == variables_.end() ? has_group(group) : chosen->second.contains(variable);
  }

 private:
  using Known = std::map<std::string, std::vector<std::string>>;

  void take_group(const std::string& name, const Known& known) {
    if (known.contains(name)) {
      groups_.insert(name);
      return;
    }
    std::vector<std::string> all;
    for (const auto& [group, variables] : known) all.push_back(group);
    refuse("record.groups", fmt::format("there is no group '{}' in the results of this scenario", name), all, name);
  }

  void take_variable(const std::string& name, const Known& known) {
    std::vector<std::string> all;
    for (const auto& [group, variables] : known)
      for (const std::string& variable : variables) all.push_back(group + "." + variable);
    if (std::ranges::find(all, name) == all.end())
      refuse("record.variables", fmt::format("there is no variable '{}' in the results of this scenario", name), all,
             name);
    variables_[name.substr(0, name.find('.'))].insert(name.substr(name.find('.') + 1));
  }

  std::set<std::string> groups_;
  std::map<std::string, std::set<std::string>> variables_;
};

std::vector<StatisticInfo> chosen_statistics(const RecordOptions& record) {
  if (record.every_steps < 1)
    refuse("record.every_steps", fmt::format("{} steps cannot make a row", record.every_steps),
           std::vector<std::string>{"1 or more"}, "");
  std::vector<std::string> known;
  for (const StatisticInfo& info : k_statistics) known.emplace_back(info.key);
  std::vector<StatisticInfo> chosen;
  for (const std::string& name : record.statistics) {
    const auto found = std::ranges::find(k_statistics, name, &StatisticInfo::key);
    if (found == k_statistics.end()) refuse("record.statistics", fmt::format("'{}' is unknown", name), known, name);
    if (std::ranges::find(chosen, found->key, &StatisticInfo::key) == chosen.end()) chosen.push_back(*found);
  }
  if (record.every_steps == 1) return {k_point};
  if (chosen.empty()) chosen.push_back(k_statistics[0]);
  return chosen;
}

class SchemaBuilder {
 public:
  explicit SchemaBuilder(const Model& model)
      : model_(model),
        banks_(bank_views(model)),
        selection_(model, banks_),
        statistics_(chosen_statistics(model.record)) {
    schema_.steps = model.time.steps();
    schema_.every_steps = model.record.every_steps;
    schema_.rows = (schema_.steps + schema_.every_steps - 1) / schema_.every_steps;
  }

  Schema build() {
    schema_.content.attributes = root_attributes();
    add_groups();
    schema_.event_group = schema_.content.groups.size();
    schema_.content.groups.push_back(event_group());
    schema_.content.groups.push_back(scenario_group(model_.provenance));
    choose_chunks(std::size_t{16} << 20);
    return std::move(schema_);
  }

  Schema build_series() {
    add_groups();
    keep_series();
    choose_chunks(std::size_t{1} << 20);
    return std::move(schema_);
  }

 private:
  void add_groups() {
    add_group(bus_group(model_.grid, model_.names.grid), Source::Part::bus);
    add_group(branch_group(model_.grid, model_.names.grid), Source::Part::branch);
    add_group(producer_group(model_), Source::Part::producer);
    add_group(consumer_group(model_), Source::Part::consumer);
    add_group(storage_group(model_), Source::Part::storage);
    add_group({"step", "totals and state of the computation of every step", {}, {}}, Source::Part::step);
    if (const CommunicationModel* const communication = model_.communication.get()) {
      add_group(node_group(*communication, model_.names.grid), Source::Part::node);
      add_group(link_group(*communication, model_.names.grid), Source::Part::link);
      add_group(endpoint_class_group(*communication), Source::Part::endpoint_class);
      add_group(controller_group(*communication), Source::Part::controller);
      add_group(attack_group(*communication), Source::Part::attack);
    }
    for (const BankView& view : banks_) add_model(view);
  }

  std::vector<Attribute> root_attributes() const {
    const TimeAxis& time = model_.time;
    return {{"title", model_.provenance.scenario_name},
            {"comment", model_.provenance.description},
            {"currency", model_.provenance.currency},
            {"seed", fmt::format("{}", model_.seed)},
            {"replicate", std::int64_t{model_.replicate}},
            {"base_mva", model_.grid.base_mva()},
            {"start", format_time(time.start())},
            {"utc_offset_s", std::int64_t{time.start().offset_s}},
            {"step_s", time.step_s()},
            {"steps", time.steps()},
            {"every_steps", model_.record.every_steps}};
  }

  void add_group(Group group, Source::Part part) {
    const std::size_t entities = part == Source::Part::step ? 1 : group.dimensions[0].size;
    if (entities == 0 || !selection_.has_group(group.name)) return;
    const MainGroup& main = main_groups()[static_cast<std::size_t>(part)];
    add_time(group);
    for (std::size_t i = 0; i < main.variables.size(); ++i)
      if (selection_.has(group.name, std::string(main.variables[i].name)))
        add_variable(group, describe(main.variables[i], model_), {part, {}, i}, entities);
    schema_.content.groups.push_back(std::move(group));
  }

  void add_model(const BankView& view) {
    if (!selection_.has_group(view.group)) return;
    Group group = model_group(model_, view);
    const auto states = view.bank->state_fields();
    if (model_.record.device_states && !states.empty()) {
      add_time(group);
      for (std::size_t i = 0; i < states.size(); ++i) {
        Variable variable = describe(states[i], model_);
        if (!selection_.has(view.group, variable.name)) continue;
        variable.name = free_name(group, variable.name, "state_");
        add_variable(group, std::move(variable), {Source::Part::model_state, std::string(view.bank->type()), i},
                     view.bank->size());
      }
    }
    schema_.content.groups.push_back(std::move(group));
  }

  void add_time(Group& group) const {
    group.dimensions.insert(group.dimensions.begin(), {"time", static_cast<std::uint64_t>(schema_.rows)});
    std::vector<std::int64_t> begins(static_cast<std::size_t>(schema_.rows));
    for (std::size_t row = 0; row < begins.size(); ++row)
      begins[row] = model_.time.at(static_cast<std::int64_t>(row) * schema_.every_steps).utc;
    Dataset time = time_column("time", "begin of the step, UTC", std::move(begins));
    time.attributes.push_back({"axis", "T"});
    if (schema_.every_steps > 1) time.long_name = fmt::format("begin of {} steps, UTC", schema_.every_steps);
    group.datasets.insert(group.datasets.begin(), std::move(time));
  }

  void add_variable(Group& group, const Variable& variable, const Source& source, std::size_t entities) {
    const bool one_value = schema_.every_steps > 1 && variable.counts_or_names;
    const std::vector<StatisticInfo> statistics = one_value ? std::vector{k_last} : statistics_;
    for (const StatisticInfo& info : statistics) add_stream(group, variable, source, entities, info);
  }

  void add_stream(Group& group, const Variable& variable, Source source, std::size_t entities,
                  const StatisticInfo& info) {
    const bool share = info.statistic == Statistic::mean && variable.type == CellType::int8;
    Stream stream{schema_.content.groups.size(), group.datasets.size(), std::move(source), info.statistic};
    stream.type = share ? CellType::float32 : variable.type;
    stream.resolution = variable.resolution;
    stream.significant_bits = variable.significant_bits;
    stream.one_dimensional = stream.source.part == Source::Part::step;
    stream.entities = entities;
    schema_.streams.push_back(stream);

    Dataset dataset{
        variable.name + std::string(info.suffix), stream.type, {"time"}, variable.units, variable.long_name};
    if (!stream.one_dimensional) dataset.dimensions.push_back(group.name);
    if (share)
      dataset.long_name += ", as share of the steps";
    else if (!variable.flag_meanings.empty())
      add_flag_meanings(dataset, variable.flag_meanings);
    if (!info.cell_methods.empty()) dataset.attributes.push_back({"cell_methods", std::string(info.cell_methods)});
    if (stream.resolution > 0.0) dataset.attributes.push_back({"quantization_resolution", stream.resolution});
    if (stream.significant_bits > 0)
      dataset.attributes.push_back({"quantization_nsb", std::int64_t{stream.significant_bits}});
    group.datasets.push_back(std::move(dataset));
  }

  /// Leaves out every dataset that is neither over time nor a coordinate, and groups without streams.
  void keep_series() {
    std::vector<Group> kept;
    for (std::size_t g = 0; g < schema_.content.groups.size(); ++g) {
      Group& group = schema_.content.groups[g];
      Group slim{group.name, group.long_name, group.dimensions, {}};
      for (Dataset& dataset : group.datasets)
        if (std::ranges::find(group.dimensions, dataset.name, &Dimension::name) != group.dimensions.end())
          slim.datasets.push_back(std::move(dataset));
      bool streams = false;
      for (Stream& stream : schema_.streams)
        if (stream.group == g) {
          slim.datasets.push_back(std::move(group.datasets[stream.dataset]));
          stream.dataset = slim.datasets.size() - 1;
          stream.group = kept.size();
          streams = true;
        }
      if (streams) kept.push_back(std::move(slim));
    }
    schema_.content = {{}, std::move(kept)};
    schema_.event_group = schema_.content.groups.size();
  }

  static Group event_group() {
    Group group{"event", "what happened", {{"event", 0}}, {}};
    auto& out = group.datasets;
    out.push_back({"event", CellType::int64, {"event"}, "1", "number of the event", {}, {}});
    out.push_back(time_column("event", "begin of the step it happened in, UTC", {}));
    out.push_back({"kind", CellType::text, {"event"}, "1", "kind of event", {}, {}});
    out.push_back({"subject", CellType::text, {"event"}, "1", "name of what it happened to", {}, {}});
    out.push_back({"value", CellType::float64, {"event"}, "1", "size, in the unit that the kind implies", {}, {}});
    out.push_back({"reason", CellType::text, {"event"}, "1", "why", {}, {}});
    return group;
  }

  /// Rows in a chunk: as many as a buffer of all variables over them may hold, a power of two. Columns: what keeps a
  /// chunk in a core's cache while it is compressed.
  void choose_chunks(std::size_t buffer_bytes) {
    constexpr std::size_t k_chunk_cells = std::size_t{1} << 16;
    constexpr std::int64_t k_fewest_rows = 8, k_most_rows = 4096;
    std::size_t row_bytes = 1;
    for (const Stream& stream : schema_.streams) row_bytes += stream.entities * sizeof(double);
    const auto fitting = static_cast<std::int64_t>(std::bit_floor(std::max<std::size_t>(1, buffer_bytes / row_bytes)));
    const std::int64_t rows = std::clamp(fitting, k_fewest_rows, k_most_rows);
    schema_.chunk_rows = std::clamp<std::int64_t>(rows, 1, std::max<std::int64_t>(1, schema_.rows));
    const std::size_t widest = k_chunk_cells / static_cast<std::size_t>(schema_.chunk_rows);
    for (Stream& stream : schema_.streams) {
      const std::size_t chunks =
          (stream.entities + std::max<std::size_t>(widest, 1) - 1) / std::max<std::size_t>(widest, 1);
      stream.chunk_columns = (stream.entities + chunks - 1) / chunks;
    }
  }

  const Model& model_;
  std::vector<BankView> banks_;
  Selection selection_;
  std::vector<StatisticInfo> statistics_;
  Schema schema_;
};

}  // namespace

std::vector<std::uint64_t> chunk_shape(const Schema& schema, const Stream& stream) {
  std::vector<std::uint64_t> shape{static_cast<std::uint64_t>(schema.chunk_rows)};
  if (!stream.one_dimensional) shape.push_back(stream.chunk_columns);
  return shape;
}

Schema make_schema(const Model& model) {
  return SchemaBuilder(model).build();
}

Schema make_series_schema(const Model& model) {
  return SchemaBuilder(model).build_series();
}

}  // namespace gridplus::output
