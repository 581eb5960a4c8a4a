#include "scenarios/importers/matpower_scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <unordered_map>

#include "scenarios/importers/matpower.hpp"
#include "scenarios/importers/options.hpp"
#include "scenarios/importers/scenario_text.hpp"
#include "sim/core/field.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::foreign {

namespace {

using matpower::Case;
using matpower::Generator;
using matpower::GeneratorCost;
using powerflow::BusType;

/// Stands for an infinite reactive limit, which a table cannot hold.
constexpr double k_large_mvar = 1e5;

double polynomial(std::span<const double> coefficients, double x) {
  double sum = 0.0;
  for (const double c : coefficients) sum = sum * x + c;
  return sum;
}

int cost_points(const ImportOptions& options) {
  const std::string_view text = option(options, "cost_points", "11");
  try {
    const double value = parse_number(text);
    if (value >= 2.0 && value <= static_cast<double>(Curve::k_max_points) && value == std::floor(value))
      return static_cast<int>(value);
  } catch (const std::invalid_argument&) {
  }
  throw InputError(
      Diagnostic{{}, "option cost_points", fmt::format("'{}' is given", text), "a whole number from 2 to 12", {}});
}

class MatpowerScenario {
 public:
  MatpowerScenario(const std::filesystem::path& source, const ImportOptions& options)
      : case_(matpower::read_case(source)),
        snapshot_(matpower::make_snapshot(case_)),
        dispatched_(choice(options, "generation", {"as_given", "dispatched"}) == "dispatched"),
        cost_points_(cost_points(options)),
        stem_(source.stem().string()) {
    for (std::size_t i = 0; i < case_.buses.size(); ++i) index_.emplace(case_.buses[i].number, i);
  }
  ImportedFiles run();

 private:
  void note(std::string text) { out_.notes.push_back(std::move(text)); }
  void write(const TableText& rows, std::string file, std::string_view block, std::string_view beside);
  [[nodiscard]] std::string bus_name(std::size_t bus) const { return snapshot_.names.bus[bus]; }
  [[nodiscard]] bool holds_voltage(std::size_t bus) const {
    return snapshot_.type[bus] == BusType::pv || snapshot_.type[bus] == BusType::slack;
  }
  void name_units();
  void import_buses();
  void import_branches();
  void import_loads();
  void import_units();
  void import_unit(std::size_t g);
  void import_slack(std::size_t g);
  void import_dc_lines();
  [[nodiscard]] std::string carrier(std::size_t g) const;
  [[nodiscard]] std::string cost_curve(std::size_t g, double low_mw, double high_mw);
  void add_connection(std::size_t g, std::vector<std::string>& cells) const;
  void write_readme();
  void write_scenario();

  Case case_;
  matpower::Snapshot snapshot_;
  bool dispatched_;
  int cost_points_;
  std::string stem_;
  std::unordered_map<int, std::size_t> index_;
  std::vector<std::string> unit_names_;
  std::set<std::size_t> balanced_;  ///< slack buses that have their balancing unit
  TableText thermal_{{"name", "bus", "carrier", "capacity [MW]", "min_stable_level [MW]", "must_run",
                      "ramp_rate [MW/min]", "cost_curve [MW:currency/h]", "start_cost [currency]", "voltage [p.u.]",
                      "q_min [MVAr]", "q_max [MVAr]"}};
  TableText condensers_{{"name", "bus", "voltage [p.u.]", "q_min [MVAr]", "q_max [MVAr]"}};
  TableText loads_{{"name", "bus", "demand [MW]", "reactive [MVAr]"}};
  std::size_t thinned_ = 0, concave_ = 0, shutdown_ = 0;
  std::map<std::string, std::string> blocks_;
  ImportedFiles out_;
};

void MatpowerScenario::write(const TableText& rows, std::string file, std::string_view block, std::string_view beside) {
  if (rows.empty()) return;
  blocks_[std::string(block)] +=
      beside.empty() ? fmt::format("  - {{table: {}}}\n", file) : fmt::format("  - {{table: {}, {}}}\n", file, beside);
  out_.files.emplace_back(std::move(file), rows.text());
}

/// The case's own names where they differ from each other, else `unit_BUS`, `unit_BUS_2`, ...
void MatpowerScenario::name_units() {
  const auto& own = case_.generator_names;
  if (own.size() == case_.generators.size() && std::set<std::string>(own.begin(), own.end()).size() == own.size() &&
      std::none_of(own.begin(), own.end(), [](const std::string& n) { return n.empty(); })) {
    unit_names_ = own;
    return;
  }
  std::map<int, int> uses;
  for (const Generator& unit : case_.generators) {
    const int use = ++uses[unit.bus];
    unit_names_.push_back(use == 1 ? fmt::format("unit_{}", unit.bus) : fmt::format("unit_{}_{}", unit.bus, use));
  }
}

void MatpowerScenario::import_buses() {
  TableText rows({"name", "voltage [kV]", "area", "shunt_p [MW]", "shunt_q [MVAr]", "voltage_min [p.u.]",
                  "voltage_max [p.u.]", "in_service"});
  bool without_kv = false;
  for (std::size_t i = 0; i < case_.buses.size(); ++i) {
    const auto& bus = case_.buses[i];
    without_kv = without_kv || bus.base_kv <= 0.0;
    rows.add({bus_name(i), number_text(bus.base_kv > 0.0 ? bus.base_kv : 1.0), fmt::format("{}", bus.area),
              number_text(bus.gs_mw), number_text(bus.bs_mvar), number_text(bus.vm_min_pu), number_text(bus.vm_max_pu),
              bus.type == 4 ? "false" : ""});
  }
  write(rows, "buses.csv", "buses", "");
  if (without_kv) note("Buses without a base voltage get 1 kV; all impedances are in per unit.");
  if (!case_.bus_names.empty()) note("Buses are named by their numbers; mpc.bus_name is not carried over.");
}

std::string_view scenario_kind(BranchKind kind) {
  switch (kind) {
    case BranchKind::line:
      return "line";
    case BranchKind::transformer:
      return "transformer";
    case BranchKind::coupler:
      return "coupler";
  }
  return "line";
}

void MatpowerScenario::import_branches() {
  TableText rows({"name", "from", "to", "kind", "r [p.u.]", "x [p.u.]", "b [p.u.]", "tap", "shift [deg]",
                  "rating [MVA]", "in_service"});
  const auto& kind = snapshot_.grid.branch().kind;
  bool angles = false, emergency = false;
  for (std::size_t i = 0; i < case_.branches.size(); ++i) {
    const auto& b = case_.branches[i];
    const bool no_low = b.angle_min_deg == 0.0 || b.angle_min_deg <= -360.0;
    const bool no_high = b.angle_max_deg == 0.0 || b.angle_max_deg >= 360.0;
    angles = angles || !(no_low && no_high);
    emergency = emergency || b.rate_b_mva > 0.0 || b.rate_c_mva > 0.0;
    rows.add({snapshot_.names.branch[i], fmt::format("{}", b.from), fmt::format("{}", b.to),
              std::string(scenario_kind(kind[i])), number_text(b.r_pu), number_text(b.x_pu), number_text(b.b_pu),
              number_text(b.ratio == 0.0 ? 1.0 : b.ratio), number_text(b.shift_deg),
              b.rate_a_mva > 0.0 ? number_text(b.rate_a_mva) : "", b.in_service ? "" : "false"});
  }
  write(rows, "branches.csv", "branches", "");
  if (emergency) note("Ratings are rateA (0: unlimited); rateB and rateC are not carried over.");
  if (angles) note("Limits of voltage angle differences are not carried over.");
}

void MatpowerScenario::import_loads() {
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < case_.buses.size(); ++i) {
    const auto& bus = case_.buses[i];
    if (bus.pd_mw == 0.0 && bus.qd_mvar == 0.0) continue;
    if (snapshot_.type[i] == BusType::out)
      ++left_out;
    else
      loads_.add({"load_" + bus_name(i), bus_name(i), number_text(bus.pd_mw), number_text(bus.qd_mvar)});
  }
  if (left_out > 0) note(fmt::format("Loads left out because their bus is not energised: {}.", left_out));
}

std::string MatpowerScenario::carrier(std::size_t g) const {
  static const std::map<std::string, std::string, std::less<>> carriers = {{"coal", "coal"},
                                                                           {"ng", "gas"},
                                                                           {"gas", "gas"},
                                                                           {"nuclear", "nuclear"},
                                                                           {"hydro", "hydro"},
                                                                           {"wind", "wind"},
                                                                           {"solar", "solar"},
                                                                           {"biomass", "biomass"},
                                                                           {"oil", "oil"},
                                                                           {"dfo", "oil"},
                                                                           {"rfo", "oil"},
                                                                           {"lignite", "lignite"},
                                                                           {"geothermal", "geothermal"},
                                                                           {"waste", "waste"},
                                                                           {"wood", "biomass"}};
  if (case_.generator_fuels.size() != case_.generators.size()) return "other";
  const auto found = carriers.find(case_.generator_fuels[g]);
  return found == carriers.end() ? "other" : found->second;
}

/// Points of the cost between two outputs. Polynomials are sampled at even distances; a piecewise linear cost keeps
/// its points, or as many as a curve holds.
std::string MatpowerScenario::cost_curve(std::size_t g, double low_mw, double high_mw) {
  if (case_.generator_costs.size() != case_.generators.size()) return {};
  const GeneratorCost& cost = case_.generator_costs[g];
  std::vector<matpower::CostPoint> points = cost.points;
  if (points.size() > Curve::k_max_points) {
    ++thinned_;
    std::vector<matpower::CostPoint> fewer;
    for (std::size_t k = 0; k < Curve::k_max_points; ++k)
      fewer.push_back(points[k * (points.size() - 1) / (Curve::k_max_points - 1)]);
    points = std::move(fewer);
  }
  if (!cost.polynomial.empty()) {
    const double high = high_mw > low_mw ? high_mw : low_mw + 1.0;
    const int count = cost.polynomial.size() <= 2 ? 2 : cost_points_;
    for (int k = 0; k < count; ++k) {
      const double p = low_mw + (high - low_mw) * k / (count - 1);
      points.push_back({p, polynomial(cost.polynomial, p)});
    }
  }
  if (points.size() < 2) return {};
  double slope = -std::numeric_limits<double>::infinity();
  bool bends_down = false;
  std::string text;
  for (std::size_t k = 0; k < points.size(); ++k) {
    if (k > 0) {
      const double next = (points[k].cost_per_h - points[k - 1].cost_per_h) / (points[k].p_mw - points[k - 1].p_mw);
      bends_down = bends_down || next < slope - 1e-9 * std::abs(slope);
      slope = next;
    }
    fmt::format_to(std::back_inserter(text), "{}{}:{}", k == 0 ? "" : " ", number_text(points[k].p_mw),
                   number_text(points[k].cost_per_h));
  }
  concave_ += bends_down ? 1 : 0;
  shutdown_ += cost.shutdown != 0.0 ? 1 : 0;
  return text;
}

/// Cells of voltage and reactive limits; empty where the bus holds no voltage. Of several units on a bus the last one's
/// set point holds, as in MATPOWER.
void MatpowerScenario::add_connection(std::size_t g, std::vector<std::string>& cells) const {
  const std::size_t bus = snapshot_.generator_bus[g].index();
  const Generator& unit = case_.generators[g];
  const auto limit = [](double q) { return number_text(std::clamp(q, -k_large_mvar, k_large_mvar)); };
  const bool holds = holds_voltage(bus);
  cells.push_back(holds ? number_text(snapshot_.vm_set_pu[bus]) : "");
  cells.push_back(holds ? limit(unit.q_min_mvar) : "");
  cells.push_back(holds ? limit(unit.q_max_mvar) : "");
}

/// The unit that takes up what its island is missing: an external grid without limits in effect.
void MatpowerScenario::import_slack(std::size_t g) {
  double demand = 0.0;
  for (const double p : snapshot_.demand_mw) demand += std::abs(p);
  const double limit_mw = std::ceil(10.0 * (demand + std::abs(case_.generators[g].pg_mw)) + 1.0);
  const std::size_t bus = snapshot_.generator_bus[g].index();
  std::vector<std::string> ends;
  add_connection(g, ends);
  blocks_["producers"] += fmt::format(
      "  - {{name: {}, model: external_grid, bus: {}, import_limit: {}, voltage: {} p.u., q_min: {} MVAr, q_max: {} "
      "MVAr}}\n",
      yaml_text(unit_names_[g]), yaml_text(bus_name(bus)), quantity_text(limit_mw, "MW"), ends[0], ends[1], ends[2]);
  note(
      fmt::format("Unit {} takes up the balance at reference bus {}: it is an external grid without limits in effect, "
                  "whatever its output, limits and cost in the case.",
                  unit_names_[g], bus_name(bus)));
}

void MatpowerScenario::import_unit(std::size_t g) {
  const Generator& unit = case_.generators[g];
  const std::size_t bus = snapshot_.generator_bus[g].index();
  if (!dispatched_ && snapshot_.type[bus] == BusType::slack && balanced_.insert(bus).second) return import_slack(g);
  if (!holds_voltage(bus) && unit.qg_mvar != 0.0)
    loads_.add({unit_names_[g] + "_reactive", bus_name(bus), "0", number_text(-unit.qg_mvar)});
  const bool free = dispatched_ && unit.p_max_mw > 0.0;
  if (!free && unit.pg_mw <= 0.0) {
    if (unit.pg_mw < 0.0) loads_.add({unit_names_[g] + "_drawn", bus_name(bus), number_text(-unit.pg_mw), "0"});
    std::vector<std::string> cells = {unit_names_[g], bus_name(bus)};
    add_connection(g, cells);
    if (holds_voltage(bus)) condensers_.add(cells);
    return;
  }
  const double low = free ? std::max(0.0, unit.p_min_mw) : unit.pg_mw;
  const double high = free ? unit.p_max_mw : unit.pg_mw;
  const double startup =
      case_.generator_costs.size() == case_.generators.size() ? std::max(0.0, case_.generator_costs[g].startup) : 0.0;
  std::vector<std::string> cells = {unit_names_[g],
                                    bus_name(bus),
                                    carrier(g),
                                    number_text(high),
                                    number_text(std::min(low, high)),
                                    free ? "" : "true",
                                    unit.ramp_10_mw > 0.0 ? number_text(unit.ramp_10_mw / 10.0) : "",
                                    cost_curve(g, std::max(0.0, std::min(unit.p_min_mw, low)), unit.p_max_mw),
                                    number_text(startup)};
  add_connection(g, cells);
  thermal_.add(cells);
}

void MatpowerScenario::import_units() {
  std::size_t off = 0;
  for (std::size_t g = 0; g < case_.generators.size(); ++g) {
    if (snapshot_.generator_runs[g] == 0)
      ++off;
    else
      import_unit(g);
  }
  write(thermal_, "units.csv", "producers", dispatched_ ? "model: thermal" : "model: thermal, slack: false");
  write(condensers_, "condensers.csv", "producers", "model: synchronous_condenser, slack: false");
  if (off > 0) note(fmt::format("Units left out because they or their buses are out of service: {}.", off));
  note(
      "Units that draw power or give none hold their voltage as synchronous condensers, what they draw being a load; "
      "units at buses of type PQ give their reactive power as a load of less than none.");
  if (thinned_ > 0)
    note(fmt::format("Piecewise linear costs with more than {} points, of which {} are kept: {}.", Curve::k_max_points,
                     Curve::k_max_points, thinned_));
  if (concave_ > 0)
    note(fmt::format("Costs that are not convex, and are made so when the scenario is read: {}.", concave_));
  if (shutdown_ > 0) note(fmt::format("Shut-down costs are not carried over; units that have one: {}.", shutdown_));
  if (!case_.generator_reactive_costs.empty()) note("Costs of reactive power are not carried over.");
  if (dispatched_)
    note(fmt::format("Polynomial costs are drawn by {} points between the limits of output; p_min below 0 counts as 0.",
                     cost_points_));
  else
    note(
        "Units stand at the output of the case (capacity = lowest output, must run). Option generation=dispatched "
        "sets them free between their limits.");
}

void MatpowerScenario::import_dc_lines() {
  std::map<std::string, int> uses;
  for (const auto& line : case_.dc_lines) {
    if (!line.in_service) continue;
    std::string name = fmt::format("dc_{}-{}", line.from, line.to);
    if (const int use = ++uses[name]; use > 1) name += fmt::format("_{}", use);
    const double loss_mw = line.loss_mw + line.loss_share * line.p_from_mw;
    const double share = line.p_from_mw > 0.0 ? std::clamp(loss_mw / line.p_from_mw, 0.0, 1.0) : line.loss_share;
    blocks_["dc_links"] +=
        fmt::format("  - {{name: {}, from: \"{}\", to: \"{}\", transfer: {}, loss: {}}}\n", yaml_text(name), line.from,
                    line.to, quantity_text(line.p_from_mw, "MW"), number_text(share));
  }
  if (!blocks_["dc_links"].empty())
    note(
        "DC lines carry the power that the case gives them; their reactive power and voltage set points are not "
        "carried "
        "over. MATPOWER's runpf leaves DC lines out, so results differ from it where they carry power.");
}

void MatpowerScenario::write_readme() {
  std::string readme = fmt::format(
      "# {}\n\nMade by `gridplus import matpower` from the MATPOWER case file {}.m. Origin and licence of the case "
      "stand "
      "in\nthe comments at the head of that file and hold for this folder too.\n\n## What to know\n\n",
      stem_, stem_);
  for (const std::string& text : out_.notes) readme += fmt::format("* {}\n", text);
  out_.files.emplace_back("README.md", std::move(readme));
}

void MatpowerScenario::write_scenario() {
  std::string yaml = fmt::format(
      "# Made by `gridplus import matpower`. README.md says what was carried over and what was not.\n"
      "gridplus: 1\n"
      "name: {}\n"
      "description: The MATPOWER case {}, one step.\n"
      "time:\n  start: 2020-01-01T00:00Z\n  steps: 1\n  step: 1 h\n"
      "grid:\n  base: {}\n",
      yaml_text(stem_), stem_, quantity_text(case_.base_mva, "MVA"));
  for (const char* block : {"buses", "branches", "dc_links"}) {
    std::string lines = blocks_[block];
    if (lines.empty()) continue;
    for (std::size_t at = 0; (at = lines.find("  - ", at)) != std::string::npos; at += 6) lines.insert(at, "  ");
    yaml += fmt::format("  {}:\n{}", block, lines);
  }
  yaml += fmt::format("  power_flow: {{method: ac, slack: {}}}\n", dispatched_ ? "distributed" : "single");
  for (const char* block : {"producers", "consumers"})
    if (!blocks_[block].empty()) yaml += fmt::format("{}:\n{}", block, blocks_[block]);
  yaml += "controllers:\n  dispatch: {method: merit_order, storage_rule: none, reserve: 0 %}\n";
  out_.files.emplace(out_.files.begin(), "scenario.yaml", std::move(yaml));
}

ImportedFiles MatpowerScenario::run() {
  for (const std::string& text : snapshot_.notes) note(text);
  name_units();
  import_buses();
  import_branches();
  import_loads();
  import_units();
  write(loads_, "loads.csv", "consumers", "model: load");
  import_dc_lines();
  write_readme();
  write_scenario();
  return std::move(out_);
}

}  // namespace

ImportedFiles import_matpower(const std::filesystem::path& source, const ImportOptions& options) {
  return MatpowerScenario(source, options).run();
}

}  // namespace gridplus::foreign
