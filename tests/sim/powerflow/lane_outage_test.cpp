#include "sim/powerflow/lane_outage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sim/grid/islands.hpp"
#include "sim/powerflow/reference/newton.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::flat_start;
using test::Flow;
using test::Link;
using test::make_grid;

constexpr double k_same_vm_pu = 1e-8;
constexpr double k_same_va_deg = 1e-6;
constexpr double k_same_percent = 1e-5;

/// A grid with a solved flow that outages start from.
struct Intact {
  Grid grid;
  Flow flow;
  FlowState state;
  std::shared_ptr<const OutageBase> base;

  Intact(Grid made, Flow given) : grid(std::move(made)), flow(std::move(given)), state(flat_start(grid.bus_count())) {
    const Admittance admittance = make_admittance(grid, grid.initially_closed());
    reference::NewtonSolver solver(grid, admittance);
    EXPECT_TRUE(solver.solve(flow.input(), {.tolerance_pu = 1e-11}, state).converged());
    base = std::make_shared<OutageBase>(grid, grid.initially_closed(), flow.input(), state, limits_of(grid));
  }
  Intact(const Intact&) = delete;
  Intact& operator=(const Intact&) = delete;
};

struct Answer {
  std::vector<OutageResult> results;
  std::vector<FlowState> states;
};

Answer solve(const Intact& intact, std::span<const Outage> outages, std::string_view kernels,
             OutageStart start = OutageStart::chord, const FlowOptions& options = {}, int threads = 1) {
  LaneOutageSolver solver(intact.base, lane_kernels(kernels));
  Answer answer{std::vector<OutageResult>(outages.size()), std::vector<FlowState>(outages.size())};
  solver.solve(outages, options, answer.results, answer.states, threads, start);
  return answer;
}

/// The outaged grid by the scalar Newton, from scratch.
struct Expected {
  SolveReport report;
  FlowState state;
  SecurityFigures figures;
};

Expected outaged(const Intact& intact, const Outage& outage, const FlowOptions& options = {}) {
  std::vector<std::uint8_t> closed = intact.grid.initially_closed();
  for (const std::uint32_t branch : outage.open) closed[branch] = 0;
  Flow flow = intact.flow;
  for (const Outage::Change& change : outage.change) {
    flow.p_mw[change.bus] += change.p_mw;
    flow.q_mvar[change.bus] += change.q_mvar;
  }
  for (const Outage::Change& change : outage.released) {
    flow.p_mw[change.bus] = change.p_mw;
    flow.q_mvar[change.bus] = change.q_mvar;
    flow.type[change.bus] = BusType::pq;
  }
  for (const std::uint32_t bus : outage.lost) flow.type[bus] = BusType::out;
  const Admittance admittance = make_admittance(intact.grid, closed);
  reference::NewtonSolver solver(intact.grid, admittance);
  Expected expected{.state = intact.state};
  expected.report = solver.solve(flow.input(), options, expected.state);
  expected.figures = assess_security(intact.grid, admittance, expected.state, limits_of(intact.grid));
  return expected;
}

void expect_as_outaged(const Intact& intact, const Outage& outage, const OutageResult& result, const FlowState& state,
                       const FlowOptions& options = {}) {
  const Expected expected = outaged(intact, outage, options);
  ASSERT_TRUE(expected.report.converged());
  ASSERT_TRUE(result.report.converged()) << to_string(result.report.status);
  EXPECT_LE(result.report.max_mismatch_pu, 1e-8);
  for (std::size_t i = 0; i < state.vm_pu.size(); ++i) {
    EXPECT_NEAR(state.vm_pu[i], expected.state.vm_pu[i], k_same_vm_pu) << "bus " << i;
    EXPECT_NEAR(std::remainder(state.va_deg[i] - expected.state.va_deg[i], 360.0), 0.0, k_same_va_deg) << "bus " << i;
  }
  EXPECT_NEAR(result.figures.largest_loading_percent, expected.figures.largest_loading_percent, k_same_percent);
  EXPECT_EQ(result.figures.worst_branch, expected.figures.worst_branch);
  EXPECT_EQ(result.figures.overloads, expected.figures.overloads);
  EXPECT_NEAR(result.figures.overload_index, expected.figures.overload_index, 1e-5);
  EXPECT_NEAR(result.figures.lowest_vm_pu, expected.figures.lowest_vm_pu, k_same_vm_pu);
  EXPECT_NEAR(result.figures.highest_vm_pu, expected.figures.highest_vm_pu, k_same_vm_pu);
  EXPECT_EQ(result.figures.voltage_violations, expected.figures.voltage_violations);
  EXPECT_NEAR(result.figures.voltage_index, expected.figures.voltage_index, 1e-5);
}

/// A ring with chords and a line that hangs off it; a slack bus, PV buses and loads that a single outage leaves served.
/// Every branch is rated 100 MVA.
std::unique_ptr<Intact> random_grid(std::size_t ring, unsigned seed) {
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<Link> links;
  for (std::size_t i = 0; i < ring; ++i) {
    links.push_back({.from = i, .to = (i + 1) % ring, .r_pu = 0.01, .x_pu = 0.03 + 0.05 * uniform(draw), .b_pu = 0.02});
  }
  for (std::size_t k = 0; k < ring; ++k) {
    const std::size_t from = draw() % ring;
    const std::size_t to = draw() % ring;
    if (from != to) {
      links.push_back({.from = from, .to = to, .r_pu = 0.01, .x_pu = 0.1, .tap = 0.98, .shift_deg = 2.0, .g_pu = 1e-3});
    }
  }
  const std::size_t buses = ring + 3;  // the last three hang off bus 1 in a row
  for (std::size_t i = ring; i < buses; ++i) {
    links.push_back({.from = i == ring ? 1 : i - 1, .to = i, .r_pu = 0.01, .x_pu = 0.05});
  }
  Flow flow(buses);
  for (std::size_t i = 1; i < buses; ++i) {
    flow.p_mw[i] = -15.0 * uniform(draw);
    flow.q_mvar[i] = -5.0 * uniform(draw);
    if (i % 4 == 0 && i < ring) {
      flow.type[i] = BusType::pv;
      flow.p_mw[i] = 40.0;
      flow.vm_set_pu[i] = 1.01;
    }
  }
  flow.type[0] = BusType::slack;
  flow.vm_set_pu[0] = 1.02;
  flow.va_set_deg[0] = 5.0;
  return std::make_unique<Intact>(make_grid(buses, links), flow);
}

/// Every branch that is no bridge, alone.
std::vector<Outage> single_outages(const Intact& intact) {
  const auto closed = intact.grid.initially_closed();
  const auto bridges = find_bridges(intact.grid, closed);
  std::vector<Outage> outages;
  for (std::uint32_t k = 0; k < intact.grid.branch_count(); ++k) {
    if (std::find(bridges.begin(), bridges.end(), BranchId{k}) == bridges.end()) outages.push_back({.open = {k}});
  }
  return outages;
}

class EveryInstructionSet : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(LaneOutage, EveryInstructionSet, testing::ValuesIn(lane_kernel_names()),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(EveryInstructionSet, AgreesWithTheOutagedGridForEveryBranch) {
  for (const std::size_t ring : {5U, 16U, 41U}) {
    const auto intact = random_grid(ring, static_cast<unsigned>(ring));
    const auto outages = single_outages(*intact);
    for (const OutageStart start : {OutageStart::chord, OutageStart::newton}) {
      const Answer answer = solve(*intact, outages, GetParam(), start);
      for (std::size_t k = 0; k < outages.size(); ++k) {
        SCOPED_TRACE(testing::Message() << "ring " << ring << ", branch " << outages[k].open[0]);
        expect_as_outaged(*intact, outages[k], answer.results[k], answer.states[k]);
        EXPECT_TRUE(start == OutageStart::chord || answer.results[k].method == OutageMethod::newton);
      }
    }
  }
}

TEST_P(EveryInstructionSet, SolvesMostSingleOutagesByTheSharedFactor) {
  const auto intact = random_grid(41, 3);
  const auto outages = single_outages(*intact);
  const Answer answer = solve(*intact, outages, GetParam());
  const auto chord = std::count_if(answer.results.begin(), answer.results.end(),
                                   [](const OutageResult& r) { return r.method == OutageMethod::chord; });
  EXPECT_GE(chord, static_cast<std::ptrdiff_t>(9 * outages.size() / 10));
}

TEST_P(EveryInstructionSet, GivesABusWithoutItsUnitsAFreeVoltage) {
  const auto intact = random_grid(25, 4);
  std::vector<Outage> outages;
  for (std::uint32_t bus = 4; bus < 25; bus += 4) {
    outages.push_back({.released = {{bus, -5.0, -2.0}}});
    outages.push_back({.open = {bus}, .released = {{bus, -5.0, -2.0}}});  // with a branch at the bus
    outages.push_back({.change = {{bus, -20.0, 0.0}, {2, 3.0, 1.0}}});    // one of several units
  }
  for (const OutageStart start : {OutageStart::chord, OutageStart::newton}) {
    const Answer answer = solve(*intact, outages, GetParam(), start);
    for (std::size_t k = 0; k < outages.size(); ++k) {
      SCOPED_TRACE(k);
      expect_as_outaged(*intact, outages[k], answer.results[k], answer.states[k]);
    }
  }
}

TEST_P(EveryInstructionSet, KeepsTheMainPartExactWhenAPartIsCutOff) {
  const auto intact = random_grid(16, 5);
  const auto last = static_cast<std::uint32_t>(intact->grid.branch_count() - 1);
  const std::vector<Outage> outages{{.open = {last - 2}, .lost = {16, 17, 18}},
                                    {.open = {last - 1}, .lost = {17, 18}},
                                    {.open = {last}, .lost = {18}},
                                    {.open = {3, last - 1}, .lost = {17, 18}},
                                    {.open = {last - 1, last}, .lost = {17, 18}}};
  for (const OutageStart start : {OutageStart::chord, OutageStart::newton, OutageStart::reference}) {
    const Answer answer = solve(*intact, outages, GetParam(), start);
    for (std::size_t k = 0; k < outages.size(); ++k) {
      SCOPED_TRACE(k);
      expect_as_outaged(*intact, outages[k], answer.results[k], answer.states[k]);
      EXPECT_EQ(answer.states[k].vm_pu[18], 0.0);
    }
  }
}

TEST_P(EveryInstructionSet, AgreesForPairsOfBranches) {
  const auto intact = random_grid(20, 6);
  std::vector<Outage> outages;
  for (std::uint32_t a = 0; a < 20; a += 3) {
    for (std::uint32_t b = 20; b < 30; b += 2) outages.push_back({.open = {a, b}});
  }
  const Answer answer = solve(*intact, outages, GetParam());
  for (std::size_t k = 0; k < outages.size(); ++k) {
    SCOPED_TRACE(k);
    expect_as_outaged(*intact, outages[k], answer.results[k], answer.states[k]);
  }
}

TEST_P(EveryInstructionSet, AnswersBitwiseTheSameInAnyCompany) {
  const auto intact = random_grid(41, 7);
  auto outages = single_outages(*intact);
  outages.push_back({.released = {{8, 0.0, 0.0}}});
  outages.push_back({.change = {{5, -2000.0, 0.0}}});  // hopeless
  const Answer together = solve(*intact, outages, GetParam());
  const Answer threaded = solve(*intact, outages, GetParam(), OutageStart::chord, {}, 3);
  const std::vector<Outage> reversed(outages.rbegin(), outages.rend());
  const Answer backwards = solve(*intact, reversed, GetParam());
  for (std::size_t k = 0; k < outages.size(); ++k) {
    SCOPED_TRACE(k);
    const Answer alone = solve(*intact, {&outages[k], 1}, GetParam());
    const std::size_t back = outages.size() - 1 - k;
    const auto same = [&](const Answer& other, std::size_t i) {
      EXPECT_EQ(together.states[k].vm_pu, other.states[i].vm_pu);
      EXPECT_EQ(together.states[k].va_deg, other.states[i].va_deg);
      EXPECT_EQ(together.results[k].report.iterations, other.results[i].report.iterations);
      EXPECT_EQ(together.results[k].figures.severity(), other.results[i].figures.severity());
      EXPECT_EQ(together.results[k].figures.largest_loading_percent, other.results[i].figures.largest_loading_percent);
    };
    same(alone, 0);
    same(threaded, k);
    same(backwards, back);
  }
}

TEST_P(EveryInstructionSet, SharesTheMissingPowerAndKeepsReactiveLimits) {
  const auto plain = random_grid(16, 8);
  Flow flow = plain->flow;
  flow.participation.assign(flow.p_mw.size(), 0.0);
  flow.participation[0] = 0.5;
  flow.participation[4] = 0.3;
  flow.participation[8] = 0.2;
  flow.q_min_mvar.assign(flow.p_mw.size(), -8.0);
  flow.q_max_mvar.assign(flow.p_mw.size(), 12.0);
  const Intact intact(plain->grid, flow);
  const auto outages = single_outages(intact);
  const FlowOptions limits{.enforce_q_limits = true};
  for (const FlowOptions& options : {FlowOptions{}, limits}) {
    const Answer answer = solve(intact, outages, GetParam(), OutageStart::chord, options);
    for (std::size_t k = 0; k < outages.size(); ++k) {
      SCOPED_TRACE(k);
      expect_as_outaged(intact, outages[k], answer.results[k], answer.states[k], options);
    }
  }
}

/// Two parallel lossless lines carry P = sin(theta) / x each per unit; one alone must carry both shares. With x = 0.4
/// at 1 p.u. and 100 MVA, one line can carry 250 MW to a bus that holds its voltage.
TEST_P(EveryInstructionSet, DoublesTheFlowOfTheParallelLineThatStays) {
  for (const double demand_mw : {200.0, 300.0}) {
    Flow flow(2);
    flow.type = {BusType::slack, BusType::pv};
    flow.p_mw[1] = -demand_mw;
    const Intact intact(make_grid(2, {{.from = 0, .to = 1, .x_pu = 0.4}, {.from = 0, .to = 1, .x_pu = 0.4}}), flow);
    const std::vector<Outage> outages{{.open = {0}}, {.open = {1}}};
    const Answer answer = solve(intact, outages, GetParam());
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(answer.results[k].report.converged(), demand_mw < 250.0);
      if (demand_mw > 250.0) continue;
      const double theta = std::asin(demand_mw / 100.0 * 0.4);
      EXPECT_NEAR(answer.states[k].va_deg[1], -theta * 180.0 / M_PI, 1e-6);
      // Q = (1 - cos theta) / x at each end.
      const double mva = std::hypot(demand_mw, 100.0 * (1.0 - std::cos(theta)) / 0.4);
      EXPECT_NEAR(answer.results[k].figures.largest_loading_percent, mva, 1e-5);
      EXPECT_EQ(answer.results[k].figures.worst_branch, 1 - k);
    }
  }
}

TEST(LaneOutage, FindsAnotherSlackBusWhereTheOldOneIsLost) {
  const auto intact = random_grid(16, 9);
  // Bus 0 loses its unit and stays as a load; bus 4 takes over at its angle.
  Outage outage{.released = {{0, -5.0, -1.0}}, .new_slack = 4};
  const Answer answer = solve(*intact, {&outage, 1}, lane_kernels().name);
  ASSERT_TRUE(answer.results[0].report.converged());
  EXPECT_EQ(answer.results[0].method, OutageMethod::reference);
  EXPECT_EQ(answer.states[0].va_deg[4], intact->state.va_deg[4]);
  const Admittance admittance = make_admittance(intact->grid, intact->grid.initially_closed());
  const FlowResult flow = evaluate(intact->grid, admittance, answer.states[0]);
  EXPECT_NEAR(flow.p_mw[0], -5.0, 1e-6);
  EXPECT_NEAR(flow.q_mvar[0], -1.0, 1e-6);
  EXPECT_NEAR(flow.p_mw[8], intact->flow.p_mw[8], 1e-6);
}

/// x of J x = b in lane 0, per bus theta and rho.
std::vector<float> solve_once(const LaneBase& base, const std::vector<float>& b, const LaneCorrection& correction) {
  const LanePattern& pattern = base.pattern();
  const auto place = [&](std::size_t position, std::size_t part) { return (2 * position + part) * k_group_lanes; };
  LaneVector<float> x(pattern.bus.size() * 2 * k_group_lanes, 0.0F);
  LaneVector<double> state(x.size(), 0.0);
  for (std::size_t k = 0; k < pattern.bus.size(); ++k) {
    for (std::size_t part : {0U, 1U}) x[place(k, part)] = b[2 * static_cast<std::size_t>(pattern.bus[k]) + part];
    if (base.type()[static_cast<std::size_t>(pattern.bus[k])] != BusType::pq) x[place(k, 1)] = 0.0F;
  }
  const OutageKernels& kernels = outage_kernels("scalar");
  kernels.forward(base.factor(), x.data());
  correction.apply(x.data());
  kernels.move(base.factor(), x.data(), nullptr, state.data());
  std::vector<float> solution(b.size(), 0.0F);
  for (std::int32_t k = 0; k < pattern.active; ++k) {
    const auto bus = static_cast<std::size_t>(pattern.bus[static_cast<std::size_t>(k)]);
    for (std::size_t part : {0U, 1U}) solution[2 * bus + part] = x[place(static_cast<std::size_t>(k), part)];
  }
  return solution;
}

/// The Jacobian of the grid without a branch, at the base state: once by its own factor, once by the shared one and the
/// correction for that branch.
TEST(LaneCorrection, SolvesWithTheOutagedJacobian) {
  const auto intact = random_grid(30, 10);
  const auto& position = intact->base->lanes().pattern().position;
  std::mt19937 draw(1);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  CorrectionScratch scratch;
  for (std::uint32_t k = 0; k < 45; ++k) {
    SCOPED_TRACE(k);
    std::vector<std::uint8_t> closed = intact->grid.initially_closed();
    closed[k] = 0;
    const LaneBase own(make_admittance(intact->grid, closed), 100.0, intact->flow.type, intact->state);
    // -dF by angles and relative voltages, from differences of F around the base.
    const std::size_t ends[2] = {intact->grid.branch().from[k].index(), intact->grid.branch().to[k].index()};
    std::vector<LaneCorrection::Column> c;
    std::vector<LaneCorrection::Column> r;
    std::vector<double> d;
    const auto unknowns = [&](auto use) {
      for (std::size_t end : {0U, 1U}) {
        const BusType type = intact->flow.type[ends[end]];
        for (std::int32_t part : {0, 1}) {
          if (type == BusType::pq || (type == BusType::pv && part == 0)) use(end, part);
        }
      }
    };
    const auto flow_into = [&](std::size_t end, const Complex(&z)[2]) {
      const BranchAdmittance& y = intact->base->admittance().branch[k];
      Complex v[2];
      for (std::size_t e : {0U, 1U}) {
        v[e] = std::polar(intact->state.vm_pu[ends[e]], intact->state.va_deg[ends[e]] * M_PI / 180.0) * std::exp(z[e]);
      }
      return end == 0 ? v[0] * std::conj(y.ff * v[0] + y.ft * v[1]) : v[1] * std::conj(y.tf * v[0] + y.tt * v[1]);
    };
    unknowns([&](std::size_t row_end, std::int32_t row_part) {
      const LaneCorrection::Column unit{{{position[ends[row_end]], row_part}, 1.0}};
      c.push_back(unit);
      r.push_back(unit);
      unknowns([&](std::size_t end, std::int32_t part) {
        constexpr double h = 1e-6;
        Complex up[2];
        Complex down[2];
        up[end] = part == 0 ? Complex(0.0, h) : Complex(h, 0.0);
        down[end] = -up[end];
        const Complex slope = (flow_into(row_end, up) - flow_into(row_end, down)) / (2.0 * h);
        d.push_back(row_part == 0 ? -slope.real() : -slope.imag());
      });
    });
    LaneCorrection correction;
    ASSERT_TRUE(correction.make(intact->base->factor(), c, r, d, scratch));
    std::vector<float> b(2 * intact->grid.bus_count());
    for (float& value : b) value = uniform(draw);
    const std::vector<float> expected = solve_once(own, b, LaneCorrection());
    const std::vector<float> found = solve_once(intact->base->lanes(), b, correction);
    for (std::size_t i = 0; i < b.size(); ++i) {
      EXPECT_NEAR(found[i], expected[i], 2e-4F * (1.0F + std::abs(expected[i]))) << "bus " << i / 2;
    }
  }
}

}  // namespace
}  // namespace gridplus::powerflow
