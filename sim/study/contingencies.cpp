#include "sim/study/contingencies.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "sim/grid/islands.hpp"
#include "sim/grid/merged_buses.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "sim/powerflow/solution_branch.hpp"

namespace gridplus::study {

namespace {

using powerflow::BusType;
using powerflow::Outage;

constexpr std::uint32_t k_none = 0xffffffffU;

}  // namespace

powerflow::FlowInput ContingencyCase::input() const {
  return {p_mw,       q_mvar,     type,         vm_set_pu,      va_set_deg,     participation,
          q_min_mvar, q_max_mvar, p_current_mw, q_current_mvar, p_impedance_mw, q_impedance_mvar};
}

powerflow::Admittance ContingencyCase::admittance(std::span<const std::uint32_t> open) const {
  std::vector<std::uint8_t> closed = branch_closed;
  for (const std::uint32_t branch : open) closed[branch] = 0;
  return powerflow::make_admittance(grid, closed, tap_positions);
}

powerflow::StoredFlow ContingencyCase::merged_flow() const {
  powerflow::StoredFlow flow(input());
  flow.merge(merge_buses(grid, branch_closed));
  return flow;
}

powerflow::SolveReport solve_base(ContingencyCase& data, const powerflow::FlowOptions& options) {
  const powerflow::Admittance admittance = data.admittance();
  powerflow::reference::NewtonSolver solver(data.grid, admittance);
  powerflow::FlowOptions sharp = options;
  sharp.tolerance_pu = 0.01 * options.tolerance_pu;  // so that outages start from a base that is no approximation
  const powerflow::StoredFlow flow = data.merged_flow();
  powerflow::FlowState state = data.state;
  powerflow::SolveReport report = solver.solve(flow.input(), sharp, state);
  if (!report.converged()) {
    state = data.state;
    report = solver.solve(flow.input(), options, state);
  }
  if (report.converged() && powerflow::SolutionBranch(data.grid, admittance).is_another(flow.input(), state))
    report.status = powerflow::SolveStatus::other_branch;
  data.state = std::move(state);
  if (!report.converged()) return report;
  // What the slack buses, or those that share, take up becomes part of their injections and of their first unit.
  const powerflow::FlowResult result = powerflow::evaluate(data.grid, admittance, data.state);
  std::vector<double> taken_mw(data.grid.bus_count(), 0.0);
  for (std::size_t i = 0; i < taken_mw.size(); ++i) {
    const bool shares = !flow.participation.empty() && flow.participation[i] > 0.0;
    if (flow.type[i] == BusType::out || !(flow.type[i] == BusType::slack || shares)) continue;
    const double dependent_mw =
        powerflow::voltage_dependent_power(flow.input(), i, data.state.vm_pu[i]).power_mva.real();
    taken_mw[i] = result.p_mw[i] - dependent_mw - flow.p_mw[i];
  }
  const auto& first_of = admittance.merged.into;
  for (ContingencyUnit& unit : data.units) {
    if (!unit.holds_voltage) continue;
    unit.p_mw += taken_mw[first_of[unit.bus]];
    data.p_mw[unit.bus] += taken_mw[first_of[unit.bus]];
    taken_mw[first_of[unit.bus]] = 0.0;
  }
  for (std::size_t i = 0; i < taken_mw.size(); ++i) data.p_mw[i] += taken_mw[i];
  spread(admittance.merged, data.state.vm_pu);
  spread(admittance.merged, data.state.va_deg);
  return report;
}

std::string_view to_string(ContingencyKind kind) {
  switch (kind) {
    case ContingencyKind::branch:
      return "branch";
    case ContingencyKind::generator:
      return "generator";
    case ContingencyKind::branch_pair:
      return "branch_pair";
  }
  return "";
}

std::string name_of(const ContingencyCase& data, const Contingency& contingency) {
  std::string name;
  for (const std::uint32_t element : contingency.elements) {
    if (!name.empty()) name += " + ";
    name += contingency.kind == ContingencyKind::generator ? data.units[element].name : data.names.branch[element];
  }
  return name;
}

ContingencyLister::ContingencyLister(const ContingencyCase& data)
    : data_(data),
      merged_(merge_buses(data.grid, data.branch_closed)),
      flow_(data.merged_flow()),
      incident_(data.grid.bus_count()),
      units_at_bus_(data.grid.bus_count()) {
  const BranchArrays& branch = data.grid.branch();
  for (std::uint32_t k = 0; k < data.grid.branch_count(); ++k) {
    const std::uint32_t from = branch.from[k].index();
    const std::uint32_t to = branch.to[k].index();
    const bool dead = flow_.type[merged_.into[from]] == BusType::out || flow_.type[merged_.into[to]] == BusType::out;
    if (data.branch_closed[k] == 0 || dead) continue;
    incident_[from].push_back(k);
    incident_[to].push_back(k);
  }
  for (std::uint32_t u = 0; u < data.units.size(); ++u) {
    if (data.units[u].holds_voltage) units_at_bus_[data.units[u].bus].push_back(u);
  }
  grow_trees();
}

/// Depth first, so that the buses below a bus follow it without a gap.
void ContingencyLister::grow_trees() {
  const std::size_t buses = data_.grid.bus_count();
  place_.assign(buses, k_none);
  below_.assign(buses, 0);
  parent_branch_.assign(buses, k_none);
  slack_of_bus_.assign(buses, k_none);
  std::vector<std::uint32_t> parent(buses, k_none);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> stack;  // bus, branch that leads there
  for (std::uint32_t slack = 0; slack < buses; ++slack) {
    if (data_.type[slack] != BusType::slack) continue;
    stack.emplace_back(slack, k_none);
    while (!stack.empty()) {
      const auto [bus, branch] = stack.back();
      stack.pop_back();
      if (place_[bus] != k_none) continue;
      place_[bus] = static_cast<std::uint32_t>(order_.size());
      order_.push_back(bus);
      slack_of_bus_[bus] = slack;
      parent_branch_[bus] = branch;
      if (branch != k_none) {
        const std::uint32_t from = data_.grid.branch().from[branch].index();
        parent[bus] = from == bus ? data_.grid.branch().to[branch].index() : from;
      }
      for (const std::uint32_t k : incident_[bus]) {
        const std::uint32_t from = data_.grid.branch().from[k].index();
        const std::uint32_t other = from == bus ? data_.grid.branch().to[k].index() : from;
        if (place_[other] == k_none) stack.emplace_back(other, k);
      }
    }
  }
  for (std::size_t p = order_.size(); p-- > 0;) {
    ++below_[order_[p]];
    if (parent[order_[p]] != k_none) below_[parent[order_[p]]] += below_[order_[p]];
  }
}

/// The buses that hang together with `from` while branches are open.
std::vector<std::uint32_t> ContingencyLister::reached(std::uint32_t from, std::span<const std::uint32_t> open) const {
  std::vector<std::uint32_t> buses{from};
  std::vector<std::uint8_t> seen(data_.grid.bus_count(), 0);
  seen[from] = 1;
  for (std::size_t k = 0; k < buses.size(); ++k) {
    for (const std::uint32_t branch : incident_[buses[k]]) {
      if (std::find(open.begin(), open.end(), branch) != open.end()) continue;
      const std::uint32_t end = data_.grid.branch().from[branch].index();
      const std::uint32_t other = end == buses[k] ? data_.grid.branch().to[branch].index() : end;
      if (seen[other] != 0) continue;
      seen[other] = 1;
      buses.push_back(other);
    }
  }
  return buses;
}

/// The bus of `part` whose units deliver most and can hold a voltage, other than `but`.
std::uint32_t ContingencyLister::new_slack(std::span<const std::uint32_t> part, std::uint32_t but) const {
  std::uint32_t best = k_none;
  double best_mw = 0.0;
  for (const std::uint32_t bus : part) {
    if (bus == but || units_at_bus_[bus].empty() || data_.type[bus] != BusType::pv) continue;
    double mw = 0.0;
    for (const std::uint32_t u : units_at_bus_[bus]) mw += data_.units[u].p_mw;
    if (best != k_none && (mw < best_mw || (mw == best_mw && bus > best))) continue;
    best = bus;
    best_mw = mw;
  }
  return best;
}

void ContingencyLister::lose(Contingency& contingency, std::vector<std::uint32_t> buses) const {
  std::sort(buses.begin(), buses.end());
  std::vector<std::uint32_t>& lost = contingency.outage.lost;
  const auto middle = static_cast<std::ptrdiff_t>(lost.size());
  lost.insert(lost.end(), buses.begin(), buses.end());
  std::inplace_merge(lost.begin(), lost.begin() + middle, lost.end());
  for (const std::uint32_t bus : buses) contingency.unserved_mw += data_.demand_mw[bus];
  for (const ContingencyUnit& unit : data_.units) {
    if (std::binary_search(buses.begin(), buses.end(), unit.bus)) contingency.lost_generation_mw += unit.p_mw;
  }
}

/// Decides which part of an island lives on: that of the slack bus, unless the other is larger and a unit can hold it.
void ContingencyLister::split(Contingency& contingency, std::vector<std::uint32_t> without_slack) const {
  const std::uint32_t slack = slack_of_bus_[without_slack.front()];
  const std::size_t whole = below_[slack];
  if (2 * without_slack.size() > whole) {
    const std::uint32_t other = new_slack(without_slack, k_none);
    if (other != k_none) {
      contingency.outage.new_slack = other;
      without_slack = reached(slack, contingency.outage.open);
    }
  }
  lose(contingency, std::move(without_slack));
}

std::vector<Contingency> ContingencyLister::branches() const {
  std::vector<std::uint8_t> is_bridge(data_.grid.branch_count(), 0);
  for (const BranchId k : find_bridges(data_.grid, data_.branch_closed)) is_bridge[k.index()] = 1;
  std::vector<Contingency> list;
  for (std::uint32_t k = 0; k < data_.grid.branch_count(); ++k) {
    const std::uint32_t from = data_.grid.branch().from[k].index();
    const std::uint32_t to = data_.grid.branch().to[k].index();
    if (data_.branch_closed[k] == 0 || place_[from] == k_none || place_[to] == k_none) continue;
    Contingency contingency;
    contingency.elements = {k};
    contingency.outage.open = {k};
    if (is_bridge[k] != 0) {
      const std::uint32_t child = parent_branch_[from] == k ? from : to;
      const auto first = order_.begin() + place_[child];
      split(contingency, {first, first + below_[child]});
    }
    list.push_back(std::move(contingency));
  }
  return list;
}

Contingency ContingencyLister::pair(std::uint32_t first, std::uint32_t second) const {
  Contingency contingency;
  contingency.kind = ContingencyKind::branch_pair;
  contingency.elements = {first, second};
  contingency.outage.open = {first, second};
  std::vector<std::uint8_t> lost(data_.grid.bus_count(), 0);
  std::vector<std::vector<std::uint32_t>> parts;
  for (const std::uint32_t branch : contingency.outage.open) {
    for (const BusId end : {data_.grid.branch().from[branch], data_.grid.branch().to[branch]}) {
      const std::uint32_t bus = end.index();
      if (lost[bus] != 0) continue;
      std::vector<std::uint32_t> part = reached(bus, contingency.outage.open);
      for (const std::uint32_t b : part) lost[b] = 1;
      parts.push_back(std::move(part));
    }
  }
  // The parts without their slack bus; of an island that is split the largest that can live does.
  for (const auto& part : parts) {
    const std::uint32_t slack = slack_of_bus_[part.front()];
    if (std::find(part.begin(), part.end(), slack) != part.end()) continue;
    if (2 * part.size() > below_[slack] && new_slack(part, k_none) != k_none &&
        contingency.outage.new_slack == k_none) {
      contingency.outage.new_slack = new_slack(part, k_none);
      for (const auto& other : parts) {
        if (&other != &part && slack_of_bus_[other.front()] == slack) lose(contingency, other);
      }
      return contingency;
    }
  }
  for (const auto& part : parts) {
    const std::uint32_t slack = slack_of_bus_[part.front()];
    if (std::find(part.begin(), part.end(), slack) == part.end()) lose(contingency, part);
  }
  return contingency;
}

std::vector<Contingency> ContingencyLister::generators() const {
  std::vector<Contingency> list;
  for (std::uint32_t u = 0; u < data_.units.size(); ++u) {
    if (place_[data_.units[u].bus] != k_none) list.push_back(generator(u));
  }
  return list;
}

/// Units that hold the voltage of `bus` and of the buses that couplers join to it.
std::size_t ContingencyLister::holders_with(std::uint32_t bus) const {
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < units_at_bus_.size(); ++i) {
    if (merged_.into[i] == merged_.into[bus]) count += units_at_bus_[i].size();
  }
  return count;
}

Contingency ContingencyLister::generator(std::uint32_t u) const {
  const ContingencyUnit& unit = data_.units[u];
  Contingency contingency;
  contingency.kind = ContingencyKind::generator;
  contingency.elements = {u};
  contingency.lost_generation_mw = unit.p_mw;
  if (!unit.holds_voltage) {
    contingency.outage.change = {{unit.bus, -unit.p_mw, -unit.q_mvar}};
    return contingency;
  }
  // Where units stay, they hold the voltage; at a slack bus they also take up the power.
  const std::uint32_t place = merged_.into[unit.bus];
  const bool slack = flow_.type[place] == BusType::slack;
  if (holders_with(unit.bus) > 1) {
    contingency.outage.change = {{unit.bus, slack ? 0.0 : -unit.p_mw, 0.0, -unit.q_min_mvar, -unit.q_max_mvar}};
    return contingency;
  }
  contingency.outage.released = {{unit.bus, flow_.p_mw[place] - unit.p_mw, flow_.q_mvar[place] - unit.q_mvar}};
  if (!slack) return contingency;
  const std::uint32_t root = slack_of_bus_[unit.bus];
  const std::span<const std::uint32_t> island(order_.data() + place_[root], below_[root]);
  contingency.outage.new_slack = new_slack(island, unit.bus);
  if (contingency.outage.new_slack == k_none) {
    contingency.main_island_lives = false;
    for (const std::uint32_t bus : island) contingency.unserved_mw += data_.demand_mw[bus];
  }
  return contingency;
}

std::vector<powerflow::OutageResult> analyse(const ContingencyCase& data, std::span<const Contingency> contingencies,
                                             const powerflow::FlowOptions& options, int threads,
                                             powerflow::OutageStart start) {
  const auto base = std::make_shared<const powerflow::OutageBase>(data.grid, data.branch_closed, data.input(),
                                                                  data.state, data.limits, data.tap_positions);
  powerflow::LaneOutageSolver solver(base);
  std::vector<std::size_t> solved;
  std::vector<Outage> outages;
  for (std::size_t k = 0; k < contingencies.size(); ++k) {
    if (!contingencies[k].main_island_lives) continue;
    solved.push_back(k);
    outages.push_back(contingencies[k].outage);
  }
  std::vector<powerflow::OutageResult> found(outages.size());
  solver.solve(outages, options, found, {}, threads, start);
  std::vector<powerflow::OutageResult> results(contingencies.size());
  for (auto& result : results) result.report.status = powerflow::SolveStatus::no_slack;
  for (std::size_t k = 0; k < solved.size(); ++k) results[solved[k]] = found[k];
  return results;
}

std::vector<std::size_t> rank(std::span<const Contingency> contingencies,
                              std::span<const powerflow::OutageResult> results) {
  std::vector<std::size_t> order(contingencies.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t k) {
    const auto& r = results[k];
    const bool solved = r.report.converged();
    return std::tuple(solved, solved ? -r.figures.severity() : 0.0, -contingencies[k].unserved_mw,
                      solved ? -r.figures.largest_loading_percent : 0.0, k);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return order;
}

}  // namespace gridplus::study
