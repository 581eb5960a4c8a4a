#include "scenarios/importers/simbench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "scenarios/importers/options.hpp"
#include "scenarios/importers/scenario_text.hpp"
#include "scenarios/importers/simbench_case.hpp"
#include "scenarios/importers/simbench_parts.hpp"
#include "scenarios/importers/source_table.hpp"

namespace gridplus::foreign {

namespace {

using namespace simbench;

constexpr double k_base_mva = 1.0;

class SimBench {
 public:
  SimBench(const std::filesystem::path& source, const ImportOptions& options);
  ImportedFiles run();

 private:
  [[nodiscard]] SourceTable table(std::string_view name) { return folder_.need(name, problems_); }
  [[nodiscard]] std::optional<SourceTable> optional_table(std::string_view name);
  void note(std::string text) { out_.notes.push_back(std::move(text)); }
  void write(const TableText& rows, std::string file, std::string_view block, std::string_view beside);
  [[nodiscard]] std::string bus(const SourceTable& from, std::size_t row, std::string_view column);

  void refuse_unsupported();
  void merge_nodes();
  void import_buses();
  void import_lines();
  void import_transformers();
  void import_loads();
  void import_renewables();
  void import_external();
  void import_storage();
  void note_files();
  void write_scenario(std::string_view name);
  void write_readme();

  SourceFolder folder_;
  Diagnostics problems_;
  bool phase_shift_ = false;
  GridCase case_;
  SourceTable nodes_;
  NameIndex node_index_;
  MergedNodes merged_;
  double size_mva_ = 0.0;  ///< of all devices, for the limit of the external grid
  ImportedFiles out_;
  std::map<std::string, std::string> blocks_;
};

SimBench::SimBench(const std::filesystem::path& source, const ImportOptions& options)
    : folder_(source),
      phase_shift_(choice(options, "phase_shift", {"off", "on"}) == "on"),
      case_(folder_, options, problems_),
      nodes_(table("Node.csv")),
      node_index_(nodes_, "id"),
      merged_(nodes_) {}

std::optional<SourceTable> SimBench::optional_table(std::string_view name) {
  if (!folder_.find(name)) return {};
  return table(name);
}

void SimBench::refuse_unsupported() {
  for (const char* file : {"PowerPlant.csv", "DCLine.csv", "Transformer3W.csv"}) {
    const auto rows = optional_table(file);
    if (rows && rows->rows() > 0)
      problems_.add({{file, 2, 1},
                     {},
                     fmt::format("the grid has {} rows of a kind that is not read", rows->rows()),
                     "a grid of lines, two-winding transformers, loads, renewable units, storage and external grids "
                     "(all low-voltage grids are)",
                     {}});
  }
}

void SimBench::merge_nodes() {
  const auto switches = optional_table("Switch.csv");
  if (!switches) return;
  std::size_t open = 0;
  for (std::size_t row = 0; row < switches->rows(); ++row) {
    const auto a = node_index_.need(*switches, row, "nodeA", "node");
    const auto b = node_index_.need(*switches, row, "nodeB", "node");
    const bool closed = switches->number(row, "cond") != 0.0;
    open += closed ? 0 : 1;
    if (a && b && closed) merged_.join(*a, *b);
  }
  note(fmt::format("Nodes joined by closed switches are one bus; {} switches are open and leave their nodes apart.",
                   open));
}

/// The bus that stands for a node named in a cell.
std::string SimBench::bus(const SourceTable& from, std::size_t row, std::string_view column) {
  const auto node = node_index_.need(from, row, column, "node");
  return node ? std::string(nodes_.text(merged_.of(*node), "id")) : std::string();
}

void SimBench::write(const TableText& rows, std::string file, std::string_view block, std::string_view beside) {
  if (rows.empty()) return;
  blocks_[std::string(block)] +=
      beside.empty() ? fmt::format("  - {{table: {}}}\n", file) : fmt::format("  - {{table: {}, {}}}\n", file, beside);
  out_.files.emplace_back(std::move(file), rows.text());
}

void SimBench::import_buses() {
  std::map<std::size_t, std::pair<double, double>> shunts;
  if (const auto table = optional_table("Shunt.csv")) {
    for (std::size_t row = 0; row < table->rows(); ++row) {
      const auto node = node_index_.need(*table, row, "node", "node");
      if (!node) continue;
      const double ratio = nodes_.number(*node, "vmR") / table->number(row, "vmR");
      const double steps = table->number_or(row, "step", 1.0);
      auto& [p, q] = shunts[merged_.of(*node)];
      p += table->number(row, "p0") * steps * ratio * ratio;
      q -= table->number(row, "q0") * steps * ratio * ratio;
    }
  }
  TableText rows(
      {"name", "voltage [kV]", "area", "voltage_min [p.u.]", "voltage_max [p.u.]", "shunt_p [MW]", "shunt_q [MVAr]"});
  for (std::size_t row = 0; row < nodes_.rows(); ++row) {
    if (merged_.of(row) != row) continue;
    const auto shunt = shunts.find(row);
    const bool has = shunt != shunts.end();
    rows.add({std::string(nodes_.text(row, "id")), number_text(nodes_.number(row, "vmR")),
              std::string(nodes_.text(row, "subnet")), number_text(nodes_.number_or(row, "vmMin", 0.9)),
              number_text(nodes_.number_or(row, "vmMax", 1.1)), has ? number_text(shunt->second.first) : "",
              has ? number_text(shunt->second.second) : ""});
  }
  write(rows, "buses.csv", "buses", "");
}

void SimBench::import_lines() {
  const SourceTable lines = table("Line.csv"), types = table("LineType.csv");
  const NameIndex type_index(types, "id");
  TableText rows({"name", "from", "to", "r [ohm/km]", "x [ohm/km]", "b [uS/km]", "length [km]", "rating [MVA]"});
  for (std::size_t row = 0; row < lines.rows(); ++row) {
    const std::string from = bus(lines, row, "nodeA"), to = bus(lines, row, "nodeB");
    const auto type = type_index.need(lines, row, "type", "line type");
    if (from.empty() || to.empty() || !type) continue;
    const std::string name(lines.text(row, "id"));
    if (from == to) {
      note(fmt::format("Line '{}' is bridged by closed switches and left out.", name));
      continue;
    }
    if (const double most = lines.number_or(row, "loadingMax", 100.0); most != 100.0)
      note(fmt::format("Line '{}': its limit of {} % loading is not carried over; the rating is 100 %.", name,
                       number_text(most)));
    const double kv = nodes_.number(*node_index_.find(from), "vmR");
    rows.add({name, from, to, number_text(types.number(*type, "r")), number_text(types.number(*type, "x")),
              number_text(types.number(*type, "b")), number_text(lines.number(row, "length")),
              number_text(std::sqrt(3.0) * kv * types.number(*type, "iMax") / 1000.0)});
  }
  write(rows, "lines.csv", "branches", "kind: line");
  note("Line ratings are the current limit iMax at nominal voltage.");
}

TransformerPlate plate_of(const SourceTable& types, std::size_t type, double tap_position) {
  TransformerPlate plate;
  plate.rating_mva = types.number(type, "sR");
  plate.hv_kv = types.number(type, "vmHV");
  plate.lv_kv = types.number(type, "vmLV");
  plate.impedance_percent = types.number(type, "vmImp");
  plate.copper_kw = types.number(type, "pCu");
  plate.iron_kw = types.number(type, "pFe");
  plate.no_load_percent = types.number(type, "iNoLoad");
  plate.tap_at_hv = !same_word(types.text(type, "tapside"), "LV");
  plate.tap_step_percent = types.number_or(type, "dVm", 0.0);
  plate.tap_step_deg = types.number_or(type, "dVa", 0.0);
  plate.tap_neutral = types.number_or(type, "tapNeutr", 0.0);
  plate.tap_position = tap_position;
  return plate;
}

void SimBench::import_transformers() {
  const auto transformers = optional_table("Transformer.csv");
  if (!transformers || transformers->rows() == 0) return;
  const SourceTable types = table("TransformerType.csv");
  const NameIndex type_index(types, "id");
  TableText rows({"name", "from", "to", "r [p.u.]", "x [p.u.]", "g [p.u.]", "b [p.u.]", "tap", "shift [deg]",
                  "rating [MVA]", "tap_step", "tap_shift_step [deg]", "tap_lowest", "tap_highest", "tap_neutral",
                  "tap_position", "tap_side"});
  for (std::size_t row = 0; row < transformers->rows(); ++row) {
    const std::string hv = bus(*transformers, row, "nodeHV"), lv = bus(*transformers, row, "nodeLV");
    const auto type = type_index.need(*transformers, row, "type", "transformer type");
    if (hv.empty() || lv.empty() || !type) continue;
    const std::string name(transformers->text(row, "id"));
    if (transformers->number_or(row, "autoTap", 0.0) != 0.0)
      note(
          fmt::format("Transformer '{}' has automatic tap control, and the data give it no set point: its tap stays "
                      "where it is. tap_control: voltage and tap_voltage turn control on.",
                      name));
    const double position = transformers->number_or(row, "tappos", 0.0);
    TransformerPlate plate = plate_of(types, *type, position);
    std::vector<std::string> changer(7);
    if (plate.tap_step_percent != 0.0 || plate.tap_step_deg != 0.0) {
      plate.tap_position = plate.tap_neutral;  // tap and shift are those at the neutral position
      const double sign = plate.tap_at_hv ? 1.0 : -1.0;
      changer = {number_text(plate.tap_step_percent / 100.0),
                 number_text(sign * plate.tap_step_deg),
                 number_text(std::min(position, types.number_or(*type, "tapMin", position))),
                 number_text(std::max(position, types.number_or(*type, "tapMax", position))),
                 number_text(plate.tap_neutral),
                 number_text(position),
                 plate.tap_at_hv ? "from" : "to"};
    }
    try {
      const TransformerPi pi = pi_model(plate, nodes_.number(*node_index_.find(hv), "vmR"),
                                        nodes_.number(*node_index_.find(lv), "vmR"), k_base_mva);
      const double shift = pi.shift_deg + (phase_shift_ ? types.number_or(*type, "va0", 0.0) : 0.0);
      std::vector<std::string> cells{name,
                                     hv,
                                     lv,
                                     number_text(pi.r_pu),
                                     number_text(pi.x_pu),
                                     number_text(pi.g_pu),
                                     number_text(pi.b_pu),
                                     number_text(pi.tap),
                                     number_text(shift),
                                     number_text(plate.rating_mva)};
      cells.insert(cells.end(), changer.begin(), changer.end());
      rows.add(std::move(cells));
    } catch (const std::invalid_argument& error) {
      types.blame(*type, "id", error.what(), "the nameplate of a real transformer");
    }
  }
  write(rows, "transformers.csv", "branches", "kind: transformer");
  note(
      fmt::format("Transformers are pi models with half of the magnetising branch at either end; their vector group "
                  "(va0) is {}.",
                  phase_shift_ ? "carried over as a phase shift" : "left out, as in the published results"));
}

void SimBench::import_loads() {
  const SourceTable loads = table("Load.csv");
  (void)NameIndex(loads, "id");
  TableText rows({"name", "bus", "category", "demand", "reactive"});
  for (std::size_t row = 0; row < loads.rows(); ++row) {
    const std::string at = bus(loads, row, "node"), profile(loads.text(row, "profile"));
    const double p = loads.number(row, "pLoad"), q = loads.number(row, "qLoad");
    const auto p_text = case_.of_load(profile, "_pload", p, "MW", case_.factors().p_load);
    const auto q_text = case_.of_load(profile, "_qload", q, "MVAr", case_.factors().q_load);
    size_mva_ += std::hypot(p, q);
    if (p_text && q_text) rows.add({std::string(loads.text(row, "id")), at, profile, *p_text, *q_text});
  }
  write(rows, "loads.csv", "consumers", "model: load");
}

std::string carrier_of(std::string_view type) {
  const std::string lower = lower_case(type);
  for (const auto& [word, carrier] : {std::pair{"pv", "solar"},
                                      {"wind", "wind"},
                                      {"biomass", "biomass"},
                                      {"hydro", "hydro"},
                                      {"run-of-river", "hydro"}})
    if (lower.find(word) != std::string::npos) return carrier;
  return "other";
}

void SimBench::import_renewables() {
  const auto units = optional_table("RES.csv");
  if (!units || units->rows() == 0) return;
  (void)NameIndex(*units, "id");
  TableText rows({"name", "bus", "carrier", "category", "capacity [MW]", "output", "voltage [p.u.]", "q_min [MVAr]",
                  "q_max [MVAr]"});
  TableText reactive({"name", "bus", "category", "demand", "reactive"});
  const CaseFactors& factors = case_.factors();
  for (std::size_t row = 0; row < units->rows(); ++row) {
    const std::string at = bus(*units, row, "node"), profile(units->text(row, "profile"));
    const std::string name(units->text(row, "id")), type(units->text(row, "type")), carrier = carrier_of(type);
    const double p = units->number(row, "pRES"), q = units->number(row, "qRES"), s = units->number(row, "sR");
    const double factor = carrier == "solar" ? factors.pv : carrier == "wind" ? factors.wind : factors.other;
    const auto output = case_.of_unit(profile, p, "MW", factor);
    size_mva_ += std::max(s, p);
    if (at.empty() || !output) continue;
    const bool holds = same_word(units->text(row, "calc_type"), "pvm");
    if (!holds && !same_word(units->text(row, "calc_type"), "pq"))
      units->blame(row, "calc_type", "this way of calculating is not known", "pq, pvm");
    std::vector<std::string> cells = {name, at, carrier, type, number_text(std::max(p, s)), *output, "", "", ""};
    if (holds) {
      const auto node = node_index_.find(units->text(row, "node"));
      cells[6] = number_text(nodes_.number(*node, "vmSetp"));
      cells[7] = number_text(-s);
      cells[8] = number_text(s);
    }
    rows.add(cells);
    if (q == 0.0 || holds) continue;
    const auto drawn = case_.of_unit(profile, -q, "MVAr", factor);
    reactive.add({name + " reactive", at, type, "0 MW", *drawn});
    note(fmt::format("Unit '{}' gives reactive power by its profile; it stands in reactive.csv as a consumer of none.",
                     name));
  }
  write(rows, "renewables.csv", "producers", "model: profile_generator, curtailable: false, slack: false");
  write(reactive, "reactive.csv", "consumers", "model: load");
}

void SimBench::import_external() {
  const SourceTable external = table("ExternalNet.csv");
  const double limit_mw = std::max(1.0, std::ceil(10.0 * size_mva_));
  for (std::size_t row = 0; row < external.rows(); ++row) {
    const std::string at = bus(external, row, "node");
    if (at.empty()) continue;
    if (!same_word(external.text(row, "calc_type"), "vavm")) {
      external.blame(row, "calc_type", "this kind of external grid is not read", "vavm: it holds voltage and angle");
      continue;
    }
    const auto node = *node_index_.find(external.text(row, "node"));
    const double vm = case_.factors().slack_vm_pu.value_or(nodes_.number_or(node, "vmSetp", 1.0));
    blocks_["producers"] += fmt::format(
        "  - {{name: {}, model: external_grid, bus: {}, import_limit: {}, import_price: 0 EUR/MWh, voltage: {} "
        "p.u.}}\n",
        yaml_text(external.text(row, "id")), yaml_text(at), quantity_text(limit_mw, "MW"), number_text(vm));
  }
  note(
      fmt::format("The external grid takes and gives up to {} MW, ten times all that is connected: no limit in effect. "
                  "SimBench has no prices; import_price is 0.",
                  number_text(limit_mw)));
}

void SimBench::import_storage() {
  const auto stores = optional_table("Storage.csv");
  if (!stores || stores->rows() == 0) return;
  TableText rows({"name", "bus", "category", "capacity [MW]", "charge_capacity [MW]", "energy_capacity [MWh]",
                  "charge_efficiency", "discharge_efficiency", "self_discharge [1/month]", "initial_soc"});
  for (std::size_t row = 0; row < stores->rows(); ++row) {
    const std::string at = bus(*stores, row, "node");
    const double power = std::max({std::abs(stores->number(row, "pMin")), std::abs(stores->number(row, "pMax")),
                                   std::abs(stores->number(row, "sR"))});
    const double standing = stores->number(row, "sdStore") / 100.0;
    const std::string efficiency = number_text(stores->number(row, "etaStore"));
    rows.add({std::string(stores->text(row, "id")), at, std::string(stores->text(row, "type")), number_text(power),
              number_text(power), number_text(stores->number(row, "eStore")), efficiency, efficiency,
              number_text(1.0 - std::pow(1.0 - standing, 730.0 / 24.0)),
              number_text(stores->number_or(row, "chargeLevel", 0.0))});
    size_mva_ += power;
  }
  write(rows, "storage.csv", "storage", "model: battery, soc_min: 0, soc_max: 1");
  note(
      "Storage: power is the largest of |pMin|, |pMax| and sR, for charging and discharging alike (the tables give no "
      "charging limit of their own); etaStore counts each way; sdStore is taken in % a day. Storage follows the "
      "dispatch, not the profiles named in Storage.csv.");
}

void SimBench::note_files() {
  static const std::set<std::string> read = {
      "ExternalNet.csv", "Line.csv",  "LineType.csv",    "Load.csv",           "LoadProfile.csv",
      "Node.csv",        "RES.csv",   "RESProfile.csv",  "Storage.csv",        "Switch.csv",
      "StudyCases.csv",  "Shunt.csv", "Transformer.csv", "TransformerType.csv"};
  std::vector<std::string> unread;
  for (const std::string& file : folder_.list("."))
    if (!read.contains(file)) unread.push_back(file);
  if (!unread.empty()) note(fmt::format("Files not read: {}.", fmt::join(unread, ", ")));
  note(
      "Columns not carried over: substation, coordID, voltLvl, dspf, and voltage set points of nodes that nothing "
      "holds.");
  for (std::string& text : case_.notes()) note(std::move(text));
}

void SimBench::write_scenario(std::string_view name) {
  std::string yaml = fmt::format(
      "# Made by `gridplus import simbench`. README.md says what was carried over and what was not.\n"
      "gridplus: 1\n"
      "name: {}\n"
      "description: {}\n"
      "currency: EUR\n"
      "time:\n  start: {}\n  steps: {}\n  step: {}\n"
      "grid:\n  base: {}\n",
      yaml_text(name), yaml_text(fmt::format("SimBench grid {}, case {}.", name, case_.name())),
      time_text(case_.start()), case_.steps(), quantity_text(static_cast<double>(case_.step_s()) / 60.0, "min"),
      quantity_text(k_base_mva, "MVA"));
  for (const char* block : {"buses", "branches"}) {
    std::string lines = blocks_[block];
    for (std::size_t at = 0; (at = lines.find("  - ", at)) != std::string::npos; at += 6) lines.insert(at, "  ");
    yaml += fmt::format("  {}:\n{}", block, lines);
  }
  yaml += "  power_flow: {method: ac, slack: single}\n";
  for (const char* block : {"producers", "consumers", "storage"})
    if (!blocks_[block].empty()) yaml += fmt::format("{}:\n{}", block, blocks_[block]);
  yaml += fmt::format("controllers:\n  dispatch: {{method: merit_order, storage_rule: {}, reserve: 0 %}}\n",
                      case_.by_profile() ? "net_load" : "none");
  out_.files.emplace(out_.files.begin(), "scenario.yaml", std::move(yaml));
}

void SimBench::write_readme() {
  std::string readme = fmt::format(
      "# SimBench grid {}\n\n"
      "Made by `gridplus import simbench` from the SimBench data set (https://simbench.de; Meinecke et al., Energies "
      "13\n"
      "(2020) 3290). The database is under the Open Database License 1.0 (ODbL), its contents under the Database\n"
      "Contents License 1.0 (DbCL): whoever passes this folder on must keep this notice, name SimBench as the source,\n"
      "and pass changed databases on under the same licence.\n"
      "https://opendatacommons.org/licenses/odbl/1-0/  https://opendatacommons.org/licenses/dbcl/1-0/\n\n"
      "## What to know\n\n",
      folder_.root().filename().string());
  for (const std::string& text : out_.notes) readme += fmt::format("* {}\n", text);
  out_.files.emplace_back("README.md", std::move(readme));
}

ImportedFiles SimBench::run() {
  refuse_unsupported();
  merge_nodes();
  import_buses();
  import_lines();
  import_transformers();
  import_loads();
  import_renewables();
  import_storage();
  import_external();
  note_files();
  problems_.throw_if_any();
  for (auto& file : case_.files()) out_.files.push_back(std::move(file));
  write_readme();
  write_scenario(std::filesystem::absolute(folder_.root()).lexically_normal().filename().string());
  return std::move(out_);
}

}  // namespace

ImportedFiles import_simbench(const std::filesystem::path& source, const ImportOptions& options) {
  return SimBench(source, options).run();
}

}  // namespace gridplus::foreign
