// From a case to a power flow, in the way of MATPOWER's runpf, bustypes, makeSbus and pfsoln.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "scenarios/importers/matpower.hpp"
#include "sim/grid/islands.hpp"
#include "sim/powerflow/admittance.hpp"

namespace gridplus::matpower {

namespace {

using powerflow::BusType;
using NumberIndex = std::unordered_map<int, std::size_t>;

constexpr int k_reference = 3;
constexpr int k_pv = 2;
constexpr int k_isolated = 4;

GridBuilder::Result build_grid(const Case& data) {
  GridBuilder builder(data.base_mva);
  std::unordered_map<int, double> base_kv(data.buses.size());
  for (const Bus& bus : data.buses) {
    BusSpec spec;
    spec.name = fmt::format("{}", bus.number);
    spec.vn_kv = bus.base_kv > 0.0 ? bus.base_kv : 1.0;
    spec.gs_mw = bus.gs_mw;
    spec.bs_mvar = bus.bs_mvar;
    spec.vm_min_pu = bus.vm_min_pu;
    spec.vm_max_pu = bus.vm_max_pu;
    spec.in_service = bus.type != k_isolated;
    spec.area = fmt::format("{}", bus.area);
    spec.where = {data.file, bus.line, 1};
    base_kv[bus.number] = bus.base_kv;
    builder.add(std::move(spec));
  }
  std::unordered_map<std::string, int> uses(data.branches.size());
  for (const Branch& branch : data.branches) {
    BranchSpec spec;
    spec.name = fmt::format("{}-{}", branch.from, branch.to);
    if (const int use = ++uses[spec.name]; use > 1) spec.name += fmt::format("#{}", use);
    spec.from_bus = fmt::format("{}", branch.from);
    spec.to_bus = fmt::format("{}", branch.to);
    const bool transformer =
        branch.ratio != 0.0 || branch.shift_deg != 0.0 || base_kv[branch.from] != base_kv[branch.to];
    const bool coupler = branch.r_pu == 0.0 && branch.x_pu == 0.0;
    spec.kind = coupler ? BranchKind::coupler : transformer ? BranchKind::transformer : BranchKind::line;
    spec.r_pu = branch.r_pu;
    spec.x_pu = branch.x_pu;
    spec.b_pu = branch.b_pu;
    spec.tap = branch.ratio == 0.0 ? 1.0 : branch.ratio;
    spec.shift_deg = branch.shift_deg;
    spec.rating_mva = branch.rate_a_mva > 0.0 ? branch.rate_a_mva : std::numeric_limits<double>::infinity();
    spec.in_service = branch.in_service;
    spec.where = {data.file, branch.line, 1};
    builder.add(std::move(spec));
  }
  Diagnostics diagnostics;
  GridBuilder::Result result = builder.build(diagnostics);
  diagnostics.throw_if_any();
  return result;
}

/// The roles of the buses: bustypes.m, but with one reference bus per island.
void assign_types(const Case& data, const std::vector<std::uint8_t>& has_unit, Snapshot& snapshot) {
  const Islands islands = find_islands(snapshot.grid, snapshot.branch_closed);
  const std::size_t buses = data.buses.size();
  constexpr std::size_t k_no_bus = static_cast<std::size_t>(-1);
  std::vector<std::size_t> slack(islands.count, k_no_bus);
  std::vector<std::size_t> first_pv(islands.count, k_no_bus);
  snapshot.type.assign(buses, BusType::pq);
  for (std::size_t i = 0; i < buses; ++i) {
    const std::uint32_t island = islands.of_bus[i];
    if (island == Islands::k_none) {
      snapshot.type[i] = BusType::out;
    } else if (has_unit[i] != 0 && data.buses[i].type == k_reference) {
      snapshot.type[i] = slack[island] == k_no_bus ? BusType::slack : BusType::pv;
      if (slack[island] == k_no_bus) {
        slack[island] = i;
      } else {
        snapshot.notes.push_back(
            fmt::format("bus {} is a second reference bus of its island; it is taken as PV", data.buses[i].number));
      }
    } else if (has_unit[i] != 0 && data.buses[i].type == k_pv) {
      snapshot.type[i] = BusType::pv;
      if (first_pv[island] == k_no_bus) first_pv[island] = i;
    }
  }
  std::vector<std::size_t> out_buses(islands.count, 0);
  for (std::size_t k = 0; k < islands.count; ++k) {
    if (slack[k] != k_no_bus || first_pv[k] == k_no_bus) continue;
    slack[k] = first_pv[k];
    snapshot.type[slack[k]] = BusType::slack;
    snapshot.notes.push_back(fmt::format("an island has no reference bus; its first PV bus, {}, is taken as reference",
                                         data.buses[slack[k]].number));
  }
  for (std::size_t i = 0; i < buses; ++i) {
    const std::uint32_t island = islands.of_bus[i];
    if (island == Islands::k_none || slack[island] != k_no_bus) continue;
    snapshot.type[i] = BusType::out;
    ++out_buses[island];
  }
  for (const std::size_t count : out_buses) {
    if (count == 0) continue;
    snapshot.notes.push_back(
        fmt::format("an island of {} buses has no unit in service that holds a voltage; it is left out", count));
  }
}

/// Injections, set points and reactive limits: makeSbus.m and the start of runpf.m.
void add_units(const Case& data, Snapshot& snapshot) {
  const std::size_t buses = data.buses.size();
  snapshot.q_min_mvar.assign(buses, 0.0);
  snapshot.q_max_mvar.assign(buses, 0.0);
  for (std::size_t g = 0; g < data.generators.size(); ++g) {
    const Generator& unit = data.generators[g];
    const std::size_t i = snapshot.generator_bus[g].index();
    const BusType type = snapshot.type[i];
    const bool runs = unit.in_service && type != BusType::out;
    snapshot.generator_runs.push_back(runs ? 1 : 0);
    if (!runs) continue;
    snapshot.p_mw[i] += unit.pg_mw;
    snapshot.q_mvar[i] += unit.qg_mvar;
    snapshot.q_min_mvar[i] += unit.q_min_mvar;
    snapshot.q_max_mvar[i] += unit.q_max_mvar;
    if (type == BusType::pq) continue;
    snapshot.vm_set_pu[i] = unit.vg_pu;
    snapshot.start.vm_pu[i] = unit.vg_pu;
  }
  for (std::size_t i = 0; i < buses; ++i) {
    snapshot.q_min_mvar[i] -= snapshot.demand_mvar[i];
    snapshot.q_max_mvar[i] -= snapshot.demand_mvar[i];
  }
}

/// Units that run at a bus with a given voltage, grouped by bus in file order.
std::vector<std::vector<std::size_t>> voltage_units(const Snapshot& snapshot) {
  std::vector<std::vector<std::size_t>> units(snapshot.type.size());
  for (std::size_t g = 0; g < snapshot.generator_bus.size(); ++g) {
    const std::size_t i = snapshot.merged.into[snapshot.generator_bus[g].index()];
    const bool holds = snapshot.type[i] == BusType::pv || snapshot.type[i] == BusType::slack;
    if (snapshot.generator_runs[g] != 0 && holds) units[i].push_back(g);
  }
  return units;
}

/// Splits `total_mvar` over the units of one bus in proportion to their ranges (pfsoln.m).
void split_reactive(const Case& data, std::span<const std::size_t> units, double total_mvar, GeneratorOutput& output) {
  const double count = static_cast<double>(units.size());
  // An infinite limit stands for a number beyond all others of the bus.
  double large = 0.0;
  for (const std::size_t g : units) {
    const Generator& unit = data.generators[g];
    large += std::abs(total_mvar) / count;
    if (std::isfinite(unit.q_max_mvar)) large += std::abs(unit.q_max_mvar);
    if (std::isfinite(unit.q_min_mvar)) large += std::abs(unit.q_min_mvar);
  }
  const auto finite = [large](double limit) { return std::isfinite(limit) ? limit : std::copysign(large, limit); };
  double lowest = 0.0;
  double range = 0.0;
  for (const std::size_t g : units) {
    lowest += finite(data.generators[g].q_min_mvar);
    range += finite(data.generators[g].q_max_mvar) - finite(data.generators[g].q_min_mvar);
  }
  constexpr double k_no_range = 10.0 * std::numeric_limits<double>::epsilon();
  for (const std::size_t g : units) {
    const double q_min = finite(data.generators[g].q_min_mvar);
    const double own = finite(data.generators[g].q_max_mvar) - q_min;
    const double share = range > k_no_range ? own / range : 1.0 / count;
    output.q_mvar[g] = units.size() == 1 ? total_mvar : q_min + (total_mvar - lowest) * share;
  }
}

GeneratorOutput outputs_of_case(const Case& data, const Snapshot& snapshot) {
  GeneratorOutput output;
  output.p_mw.assign(data.generators.size(), 0.0);
  output.q_mvar.assign(data.generators.size(), 0.0);
  for (std::size_t g = 0; g < data.generators.size(); ++g) {
    if (snapshot.generator_runs[g] == 0) continue;
    output.p_mw[g] = data.generators[g].pg_mw;
    output.q_mvar[g] = data.generators[g].qg_mvar;
  }
  return output;
}

/// What the buses of each group ask for, at the first of them.
std::vector<double> folded(const MergedBuses& merged, std::vector<double> per_bus) {
  fold(merged, per_bus);
  return per_bus;
}

/// Gives the rest of a slack bus to its first unit.
void balance_slack(const Snapshot& snapshot, const std::vector<std::vector<std::size_t>>& units,
                   const powerflow::FlowResult& result, GeneratorOutput& output) {
  const std::vector<double> demand_mw = folded(snapshot.merged, snapshot.demand_mw);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (snapshot.type[i] != BusType::slack || units[i].empty()) continue;
    double rest = result.p_mw[i] + demand_mw[i];
    for (std::size_t k = 1; k < units[i].size(); ++k) rest -= output.p_mw[units[i][k]];
    output.p_mw[units[i][0]] = rest;
  }
}

/// Gives the first of buses joined by couplers what all of them have.
void merge(Snapshot& snapshot) {
  snapshot.merged = merge_buses(snapshot.grid, snapshot.branch_closed);
  if (!snapshot.merged.any()) return;
  for (auto* per_bus : {&snapshot.p_mw, &snapshot.q_mvar, &snapshot.q_min_mvar, &snapshot.q_max_mvar})
    fold(snapshot.merged, *per_bus);
  powerflow::fold_roles(snapshot.merged, snapshot.type, snapshot.vm_set_pu, snapshot.va_set_deg);
  spread(snapshot.merged, snapshot.start.vm_pu);
  spread(snapshot.merged, snapshot.start.va_deg);
  for (std::size_t i = 0; i < snapshot.type.size(); ++i) {
    if (snapshot.type[i] == BusType::pv || snapshot.type[i] == BusType::slack)
      snapshot.start.vm_pu[i] = snapshot.vm_set_pu[i];
  }
}

}  // namespace

powerflow::FlowInput Snapshot::input() const {
  powerflow::FlowInput input;
  input.p_mw = p_mw;
  input.q_mvar = q_mvar;
  input.type = type;
  input.vm_set_pu = vm_set_pu;
  input.va_set_deg = va_set_deg;
  input.q_min_mvar = q_min_mvar;
  input.q_max_mvar = q_max_mvar;
  return input;
}

Snapshot make_snapshot(const Case& data, JoinedBuses joined) {
  Snapshot snapshot;
  GridBuilder::Result built = build_grid(data);
  snapshot.grid = std::move(built.grid);
  snapshot.names = std::move(built.names);
  snapshot.branch_closed = snapshot.grid.initially_closed();

  NumberIndex index(data.buses.size());
  for (std::size_t i = 0; i < data.buses.size(); ++i) {
    const Bus& bus = data.buses[i];
    index.emplace(bus.number, i);
    snapshot.p_mw.push_back(-bus.pd_mw);
    snapshot.q_mvar.push_back(-bus.qd_mvar);
    snapshot.demand_mw.push_back(bus.pd_mw);
    snapshot.demand_mvar.push_back(bus.qd_mvar);
    // A start of 0 is no start: some files leave Vm out.
    snapshot.start.vm_pu.push_back(bus.vm_pu > 0.0 ? bus.vm_pu : 1.0);
    snapshot.start.va_deg.push_back(bus.va_deg);
    snapshot.vm_set_pu.push_back(1.0);
    snapshot.va_set_deg.push_back(bus.va_deg);
  }
  std::vector<std::uint8_t> has_unit(data.buses.size(), 0);
  for (const Generator& unit : data.generators) {
    const std::size_t i = index.at(unit.bus);
    snapshot.generator_bus.emplace_back(i);
    if (unit.in_service) has_unit[i] = 1;
  }
  assign_types(data, has_unit, snapshot);
  add_units(data, snapshot);
  if (joined == JoinedBuses::merged) merge(snapshot);
  if (joined == JoinedBuses::apart) snapshot.merged = merge_buses(snapshot.grid, snapshot.branch_closed);
  const auto running =
      std::count_if(data.dc_lines.begin(), data.dc_lines.end(), [](const DcLine& d) { return d.in_service; });
  if (running > 0)
    snapshot.notes.push_back(fmt::format("DC lines in service: {}; left out, as MATPOWER's runpf does", running));
  return snapshot;
}

GeneratorOutput split_generation(const Case& data, const Snapshot& snapshot, const powerflow::FlowResult& result) {
  GeneratorOutput output = outputs_of_case(data, snapshot);
  const auto units = voltage_units(snapshot);
  const std::vector<double> demand_mvar = folded(snapshot.merged, snapshot.demand_mvar);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!units[i].empty()) split_reactive(data, units[i], result.q_mvar[i] + demand_mvar[i], output);
  }
  balance_slack(snapshot, units, result, output);
  return output;
}

GeneratorOutput split_generation_dc(const Case& data, const Snapshot& snapshot, const powerflow::FlowResult& result) {
  GeneratorOutput output = outputs_of_case(data, snapshot);
  balance_slack(snapshot, voltage_units(snapshot), result, output);
  return output;
}

}  // namespace gridplus::matpower
