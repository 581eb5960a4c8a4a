// Every contingency against a full solve of a grid that is built anew without what failed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sim/powerflow/reference/newton.hpp"
#include "sim/study/contingency_analysis.hpp"
#include "tests/sim/study/contingency_grid.hpp"

namespace gridplus::study {
namespace {

using powerflow::BusType;
using powerflow::FlowState;
using powerflow::Outage;
using powerflow::OutageMethod;
using powerflow::test::Link;

constexpr double k_same_vm_pu = 1e-7;
constexpr double k_same_va_deg = 1e-5;

struct Traits {
  bool couplers = false, dependent = false, shared = false, limits = false;
};

/// A ring of sixteen buses with chords and a tail of three, units at every fourth bus; with couplers two substations of
/// two sections each, one of them with a unit in both, and the tail's last bus behind a coupler.
struct Plan {
  std::vector<Link> links;
  ContingencyCase data;

  explicit Plan(const Traits& traits, unsigned seed) {
    std::mt19937 draw(seed);
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    constexpr std::size_t k_ring = 16;
    for (std::size_t i = 0; i < k_ring; ++i)
      links.push_back(
          {.from = i, .to = (i + 1) % k_ring, .r_pu = 0.01, .x_pu = 0.03 + 0.05 * uniform(draw), .b_pu = 0.02});
    for (std::size_t k = 0; k < 8; ++k)
      links.push_back({.from = k, .to = (k + 5 + draw() % 6) % k_ring, .r_pu = 0.01, .x_pu = 0.1, .tap = 0.98});
    links.push_back({.from = 1, .to = 16, .r_pu = 0.01, .x_pu = 0.05});
    links.push_back({.from = 16, .to = 17, .r_pu = 0.01, .x_pu = 0.05});
    links.push_back({.from = 17, .to = 18, .r_pu = 0.01, .x_pu = 0.05});
    std::vector<ContingencyUnit> units{{.name = "b", .bus = 4, .p_mw = 45.0, .holds_voltage = true},
                                       {.name = "c", .bus = 8, .p_mw = 45.0, .holds_voltage = true},
                                       {.name = "d", .bus = 12, .p_mw = 30.0, .holds_voltage = true},
                                       {.name = "e", .bus = 6, .p_mw = 9.0, .q_mvar = 2.0}};
    if (traits.couplers) {
      links.push_back({.from = 4, .to = 5, .r_pu = 0.0, .x_pu = 0.0});
      links.push_back({.from = 9, .to = 10, .r_pu = 0.0, .x_pu = 0.0});
      links.push_back({.from = 9, .to = 10, .r_pu = 0.0, .x_pu = 0.0});
      links[26] = {.from = 17, .to = 18, .r_pu = 0.0, .x_pu = 0.0};
      units.push_back({.name = "f", .bus = 5, .p_mw = 12.0, .holds_voltage = true});
    }
    for (ContingencyUnit& unit : units) {
      unit.q_min_mvar = -40.0;
      unit.q_max_mvar = traits.limits ? 12.0 : 60.0;
    }
    data = unsolved(19, units);
    if (traits.dependent) {
      for (auto* part : {&data.p_current_mw, &data.q_current_mvar, &data.p_impedance_mw, &data.q_impedance_mvar})
        for (std::size_t i = 0; i < 19; ++i) part->push_back(-2.0 * uniform(draw));
    }
    if (traits.shared) {
      data.participation.assign(19, 0.0);
      data.participation[0] = 0.4;
      data.participation[4] = 0.35;
      data.participation[8] = 0.25;
    }
    EXPECT_TRUE(solve_base(data, {}).converged());
  }

  [[nodiscard]] ContingencyCase unsolved(std::size_t buses, const std::vector<ContingencyUnit>& units) const {
    ContingencyCase made = test::bare_case(buses, links, 8.0, 1.01);
    made.q_min_mvar = made.q_max_mvar = made.q_mvar;
    const auto add = [&](const ContingencyUnit& unit) {
      test::add_unit(made, unit);
      if (!unit.holds_voltage) return;
      made.q_min_mvar[unit.bus] += unit.q_min_mvar;
      made.q_max_mvar[unit.bus] += unit.q_max_mvar;
    };
    add({.name = "a", .bus = 0, .q_min_mvar = -90.0, .q_max_mvar = 90.0, .holds_voltage = true});
    for (const ContingencyUnit& unit : units) add(unit);
    return made;
  }
};

/// Takes a unit away. Its bus's share stays where another unit holds the voltage.
void stop(ContingencyCase& data, const ContingencyUnit& unit) {
  data.p_mw[unit.bus] -= unit.p_mw;
  data.q_mvar[unit.bus] -= unit.q_mvar;
  if (!unit.holds_voltage) return;
  data.q_min_mvar[unit.bus] -= unit.q_min_mvar;
  data.q_max_mvar[unit.bus] -= unit.q_max_mvar;
  data.type[unit.bus] = BusType::pq;
  const std::vector<std::uint32_t> into = merge_buses(data.grid, data.branch_closed).into;
  const bool held = std::any_of(data.units.begin(), data.units.end(), [&](const ContingencyUnit& other) {
    return other.name != unit.name && other.holds_voltage && into[other.bus] == into[unit.bus];
  });
  if (!held && !data.participation.empty()) data.participation[unit.bus] = 0.0;
}

/// The plan's grid without the failed elements and the lost buses, with the slack where the contingency puts it.
FlowState full_solve(const Plan& plan, const Contingency& contingency, const powerflow::FlowOptions& options) {
  ContingencyCase data = plan.data;
  const Outage& outage = contingency.outage;
  std::vector<Link> links = plan.links;
  if (contingency.kind == ContingencyKind::generator) stop(data, plan.data.units[contingency.elements.front()]);
  if (outage.new_slack != Outage::k_none) {
    for (std::uint32_t i = 0; i < data.type.size(); ++i)
      if (data.type[i] == BusType::slack) data.type[i] = BusType::pv;
    data.type[outage.new_slack] = BusType::slack;
    data.va_set_deg.assign(data.type.size(), 0.0);
    data.va_set_deg[outage.new_slack] = data.state.va_deg[outage.new_slack];
  }
  for (auto k = outage.open.rbegin(); k != outage.open.rend(); ++k)
    links.erase(links.begin() + static_cast<std::ptrdiff_t>(*k));
  std::erase_if(links, [&](const Link& link) {
    return std::binary_search(outage.lost.begin(), outage.lost.end(), link.from) ||
           std::binary_search(outage.lost.begin(), outage.lost.end(), link.to);
  });
  for (const std::uint32_t bus : outage.lost) {
    data.type[bus] = BusType::out;
    if (!data.participation.empty()) data.participation[bus] = 0.0;
  }
  double shares = 0.0;
  for (const double share : data.participation) shares += share;
  for (double& share : data.participation) share /= shares;
  data.grid = powerflow::test::make_grid(data.type.size(), links);
  data.branch_closed = data.grid.initially_closed();
  const powerflow::Admittance admittance = powerflow::make_admittance(data.grid, data.branch_closed);
  powerflow::reference::NewtonSolver solver(data.grid, admittance);
  FlowState state = powerflow::test::flat_start(data.type.size());
  const powerflow::StoredFlow flow = data.merged_flow();
  EXPECT_TRUE(solver.solve(flow.input(), options, state).converged());
  spread(admittance.merged, state.vm_pu);
  spread(admittance.merged, state.va_deg);
  return state;
}

/// How many were solved by which method.
struct Count {
  std::size_t chord = 0, newton = 0, reference = 0;
};

Count expect_full_solves(const Plan& plan, std::span<const Contingency> list,
                         const powerflow::FlowOptions& options = {}) {
  std::vector<Outage> outages;
  for (const Contingency& contingency : list) outages.push_back(contingency.outage);
  powerflow::LaneOutageSolver solver(std::make_shared<powerflow::OutageBase>(
      plan.data.grid, plan.data.branch_closed, plan.data.input(), plan.data.state, plan.data.limits));
  std::vector<powerflow::OutageResult> results(outages.size());
  std::vector<FlowState> states(outages.size());
  solver.solve(outages, options, results, states);
  Count count;
  for (std::size_t k = 0; k < list.size(); ++k) {
    SCOPED_TRACE(std::string(to_string(list[k].kind)) + " " + name_of(plan.data, list[k]));
    if (!list[k].main_island_lives) continue;
    EXPECT_TRUE(results[k].report.converged());
    if (!results[k].report.converged()) continue;
    const FlowState expected = full_solve(plan, list[k], options);
    const double turn_deg = states[k].va_deg[0] == 0.0 ? 0.0 : states[k].va_deg[0] - expected.va_deg[0];
    for (std::size_t i = 0; i < expected.vm_pu.size(); ++i) {
      EXPECT_NEAR(states[k].vm_pu[i], expected.vm_pu[i], k_same_vm_pu) << "bus " << i;
      EXPECT_NEAR(states[k].va_deg[i], expected.va_deg[i] + (expected.vm_pu[i] > 0.0 ? turn_deg : 0.0), k_same_va_deg)
          << "bus " << i;
    }
    const OutageMethod method = results[k].method;
    ++(method == OutageMethod::chord ? count.chord : method == OutageMethod::newton ? count.newton : count.reference);
  }
  return count;
}

std::vector<Contingency> all_contingencies(const ContingencyCase& data) {
  const ContingencyLister lister(data);
  std::vector<Contingency> list = lister.branches();
  for (Contingency& contingency : lister.generators()) list.push_back(std::move(contingency));
  for (std::uint32_t k = 0; k + 7 < data.grid.branch_count(); k += 3) list.push_back(lister.pair(k, k + 7));
  return list;
}

TEST(ContingencyFlows, AreThoseOfTheGridBuiltAnew) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    const Plan plan({}, seed);
    const auto list = all_contingencies(plan.data);
    const Count count = expect_full_solves(plan, list);
    EXPECT_GT(count.chord, list.size() / 2);
  }
}

TEST(ContingencyFlows, AreThoseOfTheGridBuiltAnewWhereCouplersJoinBuses) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    const Plan plan({.couplers = true}, seed);
    const auto list = all_contingencies(plan.data);
    const Count count = expect_full_solves(plan, list);
    EXPECT_GT(count.chord, list.size() / 2);
    // Each opened coupler that parts its buses goes to the outaged grid's own solver; one of two parallel does not.
    EXPECT_GE(count.reference, 2U);
  }
}

TEST(ContingencyFlows, AreThoseOfTheGridBuiltAnewWithEveryTraitAlone) {
  for (const Traits& traits : {Traits{.dependent = true}, Traits{.shared = true}, Traits{.limits = true}}) {
    const Plan plan(traits, 4);
    const auto list = all_contingencies(plan.data);
    (void)expect_full_solves(plan, list, {.enforce_q_limits = traits.limits});
  }
}

TEST(ContingencyFlows, AreThoseOfTheGridBuiltAnewWithAllTraitsTogether) {
  const Plan plan({.couplers = true, .dependent = true, .shared = true, .limits = true}, 5);
  const auto list = all_contingencies(plan.data);
  (void)expect_full_solves(plan, list);
  (void)expect_full_solves(plan, list, {.enforce_q_limits = true});
}

/// Half the demand of a bus behind two parallel lines is constant impedance: without one line the voltage falls, and
/// the bus draws less than a bus of constant power would.
TEST(ContingencyFlows, LetDemandThatFollowsTheVoltageDrawLess) {
  const std::vector<Link> links{test::line(0, 1), test::line(0, 1)};
  ContingencyCase data = test::make_case(2, links);
  data.p_mw[1] = -40.0;
  data.p_current_mw = data.q_current_mvar = data.q_impedance_mvar = {0.0, 0.0};
  data.p_impedance_mw = {0.0, -40.0};
  ASSERT_TRUE(solve_base(data, {}).converged());
  const Analysis analysis = analyse_contingencies(data, {.generators = false});
  ASSERT_TRUE(analysis.outcomes[0].solved());
  const double vm_pu = analysis.outcomes[0].result.figures.lowest_vm_pu;
  EXPECT_LT(vm_pu, 0.995);
  // The balance of bus 1: S = V conj(y (V - 1)) at |V| = vm_pu draws 40 + 40 vm_pu^2 MW.
  const double loading = analysis.outcomes[0].result.figures.largest_loading_percent;
  const double r = 0.01, x = 0.05, p = 0.4 + 0.4 * vm_pu * vm_pu, q = 0.02;
  const double received = std::hypot(p, q) / vm_pu;  // current
  EXPECT_NEAR(loading, 100.0 * std::hypot(p + r * received * received, q + x * received * received), 1e-4);
}

TEST(ContingencyFlows, GiveNoEstimateForCouplersAndTheRightOnesBesideThem) {
  const Plan plan({.couplers = true}, 6);
  const auto list = ContingencyLister(plan.data).branches();
  const auto estimates = screen(plan.data, list, 1);
  const auto results = analyse(plan.data, list, {});
  for (std::size_t k = 0; k < list.size(); ++k) {
    SCOPED_TRACE(name_of(plan.data, list[k]));
    const bool coupler = plan.data.grid.is_coupler(list[k].elements.front());
    EXPECT_EQ(estimates[k].has_value(), !coupler && list[k].outage.lost.empty());
    if (!estimates[k] || *estimates[k] == 0.0) continue;
    // Of the branches that the outage loads more; the largest loading may be another's.
    EXPECT_LT(*estimates[k], results[k].figures.largest_loading_percent + 3.0);
  }
}

}  // namespace
}  // namespace gridplus::study
