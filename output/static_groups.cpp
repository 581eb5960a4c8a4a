#include "output/static_groups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

namespace gridplus::output {

namespace {

constexpr std::string_view k_yes_no = "no yes";

std::vector<std::int64_t> widen(std::span<const std::uint8_t> flags) {
  return {flags.begin(), flags.end()};
}

std::vector<std::string> names_of(std::span<const BusId> ids, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  out.reserve(ids.size());
  for (const BusId id : ids) out.push_back(id.valid() ? names[id.index()] : std::string{});
  return out;
}

Group named_group(std::string name, std::string long_name, std::vector<std::string> names) {
  Group group{name, std::move(long_name), {{name, names.size()}}, {}};
  group.datasets.push_back(text_column(name, name, "name of the " + name, std::move(names)));
  return group;
}

/// One value a device, through the banks in the order of the ids.
template <class Value, class Banks, class Get>
std::vector<Value> through_banks(const Banks& banks, Get get) {
  std::vector<Value> out;
  for (const auto& bank : banks)
    for (std::size_t i = 0; i < bank->size(); ++i) out.push_back(get(*bank, i));
  return out;
}

std::vector<BusId> buses_of(std::span<const Connection> connections) {
  std::vector<BusId> out;
  for (const Connection& connection : connections) out.push_back(connection.bus);
  return out;
}

std::vector<double> numbers_of(std::span<const Connection> connections, double Connection::*member) {
  std::vector<double> out;
  for (const Connection& connection : connections) out.push_back(connection.*member);
  return out;
}

void add_connection(Group& group, std::span<const Connection> connections, const std::vector<std::string>& bus_names) {
  std::vector<std::string> categories;
  for (const Connection& connection : connections) categories.push_back(connection.category);
  const std::string& on = group.name;
  auto& out = group.datasets;
  out.push_back(text_column("bus", on, "bus it is connected to", names_of(buses_of(connections), bus_names)));
  out.push_back(text_column("category", on, "category in reports", std::move(categories)));
  out.push_back(number_column("vm_set_pu", on, "1", "voltage held while connected; NaN: none",
                              numbers_of(connections, &Connection::vm_set_pu)));
  out.push_back(number_column("q_min_mvar", on, "MVAr", "lowest reactive power where a voltage is held",
                              numbers_of(connections, &Connection::q_min_mvar)));
  out.push_back(number_column("q_max_mvar", on, "MVAr", "highest reactive power where a voltage is held",
                              numbers_of(connections, &Connection::q_max_mvar)));
}

std::string model_name(const DeviceBank& bank, std::size_t) {
  return std::string(bank.type());
}

}  // namespace

std::string with_currency(std::string_view unit, std::string_view currency) {
  constexpr std::string_view k_word = "currency";
  std::string out(unit);
  const std::size_t at = out.find(k_word);
  if (at != std::string::npos && !currency.empty()) out.replace(at, k_word.size(), currency);
  return out.empty() ? "1" : out;
}

std::string free_name(const Group& group, std::string_view name, std::string_view prefix) {
  const bool taken = std::ranges::any_of(group.datasets, [&](const Dataset& d) { return d.name == name; });
  return taken ? fmt::format("{}{}", prefix, name) : std::string(name);
}

Group bus_group(const Grid& grid, const GridNames& names) {
  Group group = named_group("bus", "buses", names.bus);
  const BusArrays& bus = grid.bus();
  auto& out = group.datasets;
  out.push_back(number_column("vn_kv", "bus", "kV", "nominal voltage, line to line", bus.vn_kv));
  out.push_back(number_column("vm_min_pu", "bus", "1", "lower end of the allowed voltage band", bus.vm_min_pu));
  out.push_back(number_column("vm_max_pu", "bus", "1", "upper end of the allowed voltage band", bus.vm_max_pu));
  out.push_back(number_column("gs_mw", "bus", "MW", "power drawn by the shunt at 1 p.u.", bus.gs_mw));
  out.push_back(number_column("bs_mvar", "bus", "MVAr", "reactive power injected by the shunt at 1 p.u.", bus.bs_mvar));
  out.push_back(flag_column("in_service", "bus", "whether the bus takes part", k_yes_no, widen(bus.in_service)));
  if (names.bus_area.size() == names.bus.size())
    out.push_back(text_column("area", "bus", "area of the bus", names.bus_area));
  return group;
}

Group branch_group(const Grid& grid, const GridNames& names) {
  Group group = named_group("branch", "lines and transformers", names.branch);
  const BranchArrays& branch = grid.branch();
  std::vector<std::int64_t> kinds;
  for (const BranchKind kind : branch.kind) kinds.push_back(static_cast<std::int64_t>(kind));
  auto& out = group.datasets;
  out.push_back(text_column("from_bus", "branch", "bus at the from end", names_of(branch.from, names.bus)));
  out.push_back(text_column("to_bus", "branch", "bus at the to end", names_of(branch.to, names.bus)));
  out.push_back(flag_column("kind", "branch", "kind of branch", "line transformer coupler", std::move(kinds)));
  out.push_back(number_column("rating_mva", "branch", "MVA", "rating; infinite: unlimited", branch.rating_mva));
  out.push_back(number_column("r_pu", "branch", "1", "series resistance in per unit", branch.r_pu));
  out.push_back(number_column("x_pu", "branch", "1", "series reactance in per unit", branch.x_pu));
  out.push_back(number_column("g_pu", "branch", "1", "total shunt conductance in per unit", branch.g_pu));
  out.push_back(number_column("b_pu", "branch", "1", "total charging susceptance in per unit", branch.b_pu));
  out.push_back(number_column("tap", "branch", "1", "off-nominal ratio at the from end", branch.tap));
  out.push_back(number_column("shift_deg", "branch", "degree", "phase shift at the from end", branch.shift_deg));
  out.push_back(
      flag_column("in_service", "branch", "whether the branch takes part", k_yes_no, widen(branch.in_service)));
  return group;
}

Group producer_group(const Model& model) {
  Group group = named_group("producer", "producers", model.names.producer);
  const auto& banks = model.producer_banks;
  add_connection(group, model.producer_connection, model.names.grid.bus);
  auto& out = group.datasets;
  out.push_back(text_column("model", "producer", "device model", through_banks<std::string>(banks, model_name)));
  out.push_back(text_column("carrier", "producer", "what it makes electricity from",
                            through_banks<std::string>(banks, [](const ProducerBank& bank, std::size_t i) {
                              return std::string(to_string(bank.carrier(i)));
                            })));
  out.push_back(number_column(
      "capacity_mw", "producer", "MW", "rated active power",
      through_banks<double>(banks, [](const ProducerBank& bank, std::size_t i) { return bank.capacity_mw(i); })));
  return group;
}

Group consumer_group(const Model& model) {
  Group group = named_group("consumer", "consumers", model.names.consumer);
  auto& out = group.datasets;
  out.push_back(
      text_column("bus", "consumer", "bus it is connected to", names_of(model.consumer_bus, model.names.grid.bus)));
  out.push_back(
      text_column("model", "consumer", "device model", through_banks<std::string>(model.consumer_banks, model_name)));
  return group;
}

Group storage_group(const Model& model) {
  Group group = named_group("storage", "storage", model.names.storage);
  const auto& banks = model.storage_banks;
  add_connection(group, model.storage_connection, model.names.grid.bus);
  auto& out = group.datasets;
  out.push_back(text_column("model", "storage", "device model", through_banks<std::string>(banks, model_name)));
  out.push_back(number_column(
      "capacity_mw", "storage", "MW", "rated active power",
      through_banks<double>(banks, [](const StorageBank& bank, std::size_t i) { return bank.capacity_mw(i); })));
  out.push_back(number_column("energy_capacity_mwh", "storage", "MWh", "energy it can hold when new",
                              through_banks<double>(banks, [](const StorageBank& bank, std::size_t i) {
                                return bank.energy_capacity_mwh(i);
                              })));
  return group;
}

namespace {

/// The name at each index, empty where there is none.
std::vector<std::string> names_at(const std::vector<std::uint32_t>& indices, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::uint32_t i : indices) out.push_back(i < names.size() ? names[i] : std::string{});
  return out;
}

}  // namespace

Group node_group(const CommunicationModel& communication, const GridNames& names) {
  const comms::NodeArrays& node = communication.network.node();
  Group group = named_group("node", "nodes of the communication network", communication.names.node);
  std::vector<std::string> kinds;
  for (const comms::NodeKind kind : node.kind) kinds.emplace_back(comms::k_node_kinds[static_cast<std::size_t>(kind)]);
  auto& out = group.datasets;
  out.push_back(text_column("kind", "node", "what the node is", std::move(kinds)));
  out.push_back(
      text_column("bus", "node", "bus that supplies it; empty: its supply never fails", names_at(node.bus, names.bus)));
  out.push_back(number_column("battery_h", "node", "h", "how long it runs without its bus", node.battery_h));
  out.push_back(number_column("mtbf_h", "node", "h", "mean time between failures", node.mtbf_h));
  out.push_back(number_column("mttr_h", "node", "h", "mean time to repair", node.mttr_h));
  return group;
}

Group link_group(const CommunicationModel& communication, const GridNames& names) {
  const comms::LinkArrays& link = communication.network.link();
  Group group = named_group("link", "links of the communication network", communication.names.link);
  std::vector<std::string> from, to;
  for (const NodeId node : link.from) from.push_back(communication.names.node[node.index()]);
  for (const NodeId node : link.to) to.push_back(communication.names.node[node.index()]);
  auto& out = group.datasets;
  out.push_back(text_column("from_node", "link", "node at the from end", std::move(from)));
  out.push_back(text_column("to_node", "link", "node at the to end", std::move(to)));
  out.push_back(text_column("same_cable", "link", "branch that it lies along; empty: none",
                            names_at(link.power_branch, names.branch)));
  out.push_back(number_column("latency_s", "link", "s", "median one-way latency", link.latency_s));
  out.push_back(
      number_column("capacity_bit_per_s", "link", "bit s-1", "capacity in each direction", link.capacity_bit_per_s));
  out.push_back(number_column("loss", "link", "1", "probability that a message is lost", link.loss));
  out.push_back(number_column("mtbf_h", "link", "h", "mean time between failures", link.mtbf_h));
  out.push_back(number_column("mttr_h", "link", "h", "mean time to repair", link.mttr_h));
  return group;
}

Group endpoint_class_group(const CommunicationModel& communication) {
  Group group =
      named_group("endpoint_class", "messages by class", {comms::k_class_names.begin(), comms::k_class_names.end()});
  std::vector<double> deadline_s, message_bit;
  for (const comms::ClassOptions& options : communication.transport.classes) {
    deadline_s.push_back(options.deadline_s);
    message_bit.push_back(options.message_bit);
  }
  group.datasets.push_back(
      number_column("deadline_s", "endpoint_class", "s", "what counts as on time", std::move(deadline_s)));
  group.datasets.push_back(
      number_column("message_bit", "endpoint_class", "bit", "size of a message", std::move(message_bit)));
  return group;
}

Group controller_group(const CommunicationModel& communication) {
  Group group = named_group("controller", "controllers, by what they know and command", communication.names.controller);
  const comms::ControllerArrays& controller = communication.network.controller();
  group.datasets.push_back(
      number_column("max_age_s", "controller", "s", "older measurements do not count", controller.max_age_s));
  group.datasets.push_back(
      number_column("computing_s", "controller", "s", "time it takes to decide", controller.computing_s));
  return group;
}

Group attack_group(const CommunicationModel& communication) {
  std::vector<std::string> names, kinds;
  std::vector<double> share, targets;
  for (const comms::Attack& attack : communication.attacks.attacks) {
    names.push_back(attack.name);
    kinds.emplace_back(comms::k_attack_kinds[static_cast<std::size_t>(attack.kind)]);
    share.push_back(attack.share);
    targets.push_back(static_cast<double>(attack.endpoints.size() + attack.links.size()));
  }
  Group group = named_group("attack", "attacks and what they do", names);
  group.datasets.push_back(text_column("kind", "attack", "what is attacked", std::move(kinds)));
  group.datasets.push_back(number_column("share", "attack", "1", "of its targets that it takes", std::move(share)));
  group.datasets.push_back(
      number_column("targets", "attack", "1", "endpoints and links that it may take", std::move(targets)));
  return group;
}

std::vector<BankView> bank_views(const Model& model) {
  constexpr std::array<std::string_view, 17> k_own = {
      "bus",      "branch",  "producer", "consumer", "storage",        "step",       "event",  "kpi",      "category",
      "scenario", "extreme", "node",     "link",     "endpoint_class", "controller", "attack", "portfolio"};
  std::vector<BankView> views;
  const auto add = [&](const auto& banks, std::string_view kind, std::span<const std::string> names,
                       const std::vector<std::string>& bus) {
    std::size_t first = 0;
    for (const auto& bank : banks) {
      std::string group(bank->type());
      if (std::ranges::find(k_own, group) != k_own.end() ||
          std::ranges::any_of(views, [&](const BankView& view) { return view.group == group; }))
        group = fmt::format("{}_{}", kind, group);
      const auto begin = bus.begin() + static_cast<std::ptrdiff_t>(first);
      if (bank->size() > 0)
        views.push_back({bank.get(),
                         std::move(group),
                         names.subspan(first, bank->size()),
                         {begin, begin + static_cast<std::ptrdiff_t>(bank->size())}});
      first += bank->size();
    }
  };
  const auto& bus_names = model.names.grid.bus;
  add(model.producer_banks, "producer", model.names.producer, names_of(buses_of(model.producer_connection), bus_names));
  add(model.storage_banks, "storage", model.names.storage, names_of(buses_of(model.storage_connection), bus_names));
  add(model.consumer_banks, "consumer", model.names.consumer, names_of(model.consumer_bus, bus_names));
  return views;
}

namespace {

/// Adds the columns of the parameters of a model, one function a kind of field.
class ParameterColumns {
 public:
  ParameterColumns(const Model& model, const DeviceBank& bank, Group& group)
      : model_(model), bank_(bank), group_(group) {}

  void add_all() {
    for (std::size_t f = 0; f < bank_.fields().size(); ++f) add(f);
  }

 private:
  void add(std::size_t f) {
    switch (bank_.fields()[f].kind) {
      case FieldKind::number:
        push(f, CellType::float64, "", collect<double>(f, [](const FieldValue& v) { return std::get<double>(v); }));
        break;
      case FieldKind::integer:
        push(f, CellType::int64, "", integers(f));
        break;
      case FieldKind::boolean:
        add_flags(f, k_yes_no,
                  collect<std::int64_t>(f, [](const FieldValue& v) { return std::int64_t{std::get<bool>(v)}; }));
        break;
      case FieldKind::choice:
        add_flags(f, fmt::format("{}", fmt::join(bank_.fields()[f].choices, " ")), integers(f));
        break;
      case FieldKind::series:
        add_series(f);
        break;
      case FieldKind::curve:
        add_curve(f);
    }
  }

  template <class T, class Get>
  std::vector<T> collect(std::size_t f, Get get) const {
    std::vector<T> out;
    for (std::size_t i = 0; i < bank_.size(); ++i) out.push_back(get(bank_.param(i, f)));
    return out;
  }
  std::vector<std::int64_t> integers(std::size_t f) const {
    return collect<std::int64_t>(f, [](const FieldValue& v) { return std::get<std::int64_t>(v); });
  }
  Dataset& push(std::size_t f, CellType type, std::string_view suffix, Values values) {
    const FieldInfo& field = bank_.fields()[f];
    const std::string name = free_name(group_, fmt::format("{}{}", field.key, suffix), "param_");
    const std::string_view unit = suffix == "_y" ? field.y_unit : type == CellType::text ? "1" : field.unit;
    return group_.datasets.emplace_back(Dataset{name,
                                                type,
                                                {group_.name},
                                                with_currency(unit, model_.provenance.currency),
                                                std::string(field.doc),
                                                {},
                                                std::move(values)});
  }

  void add_flags(std::size_t f, std::string_view meanings, std::vector<std::int64_t> values) {
    add_flag_meanings(push(f, CellType::int8, "", std::move(values)), meanings);
  }

  void add_series(std::size_t f) {
    push(f, CellType::float64, "", collect<double>(f, [](const FieldValue& v) { return std::get<Series>(v).scale; }));
    auto profiles = collect<std::string>(f, [&](const FieldValue& v) {
      const Series series = std::get<Series>(v);
      return series.constant() ? std::string{} : model_.profiles.name(series.profile);
    });
    if (std::ranges::all_of(profiles, [](const std::string& name) { return name.empty(); })) return;
    push(f, CellType::text, "_profile", std::move(profiles)).long_name += "; the profile it multiplies";
  }

  void add_curve(std::size_t f) {
    if (group_.dimensions.size() == 1) add_points();
    for (const bool y : {false, true}) {
      std::vector<double> values;
      for (std::size_t i = 0; i < bank_.size(); ++i) {
        const Curve curve = std::get<Curve>(bank_.param(i, f));
        for (std::size_t k = 0; k < Curve::k_max_points; ++k)
          values.push_back(k >= curve.count ? std::numeric_limits<double>::quiet_NaN() : y ? curve.y[k] : curve.x[k]);
      }
      push(f, CellType::float64, y ? "_y" : "_x", std::move(values)).dimensions.push_back("point");
    }
  }

  void add_points() {
    std::vector<std::int64_t> points(Curve::k_max_points);
    for (std::size_t k = 0; k < points.size(); ++k) points[k] = static_cast<std::int64_t>(k);
    group_.dimensions.push_back({"point", points.size()});
    group_.datasets.push_back(
        Dataset{"point", CellType::int32, {"point"}, "1", "point of a piecewise-linear curve", {}, std::move(points)});
  }

  const Model& model_;
  const DeviceBank& bank_;
  Group& group_;
};

}  // namespace

Group model_group(const Model& model, const BankView& view) {
  Group group = named_group(view.group, fmt::format("devices of the model {}", view.bank->type()),
                            {view.names.begin(), view.names.end()});
  group.datasets.push_back(text_column("bus", group.name, "bus it is connected to", view.bus));
  ParameterColumns(model, *view.bank, group).add_all();
  return group;
}

Group scenario_group(const Provenance& provenance) {
  std::vector<std::string> names, texts;
  for (const auto& [name, text] : provenance.files) {
    names.push_back(name);
    texts.push_back(text);
  }
  Group group{"scenario", "what was simulated", {}, {}};
  if (!names.empty()) {
    group.dimensions.push_back({"file", names.size()});
    group.datasets.push_back(text_column("file", "file", "name of the file, the scenario first", std::move(names)));
    group.datasets.push_back(text_column("text", "file", "full text of the file", std::move(texts)));
  }
  group.datasets.push_back({"resolved_json",
                            CellType::text,
                            {},
                            "1",
                            "every parameter in force, as JSON",
                            {},
                            std::vector<std::string>{provenance.resolved_json}});
  return group;
}

}  // namespace gridplus::output
