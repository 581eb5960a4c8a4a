#include "sim/step/block_flows.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "sim/step/stage.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

using powerflow::BusType;
using powerflow::FlowState;

/// A load of 100 MW and 40 Mvar behind a lossless line of 0.2 p.u. from a bus at 1 p.u.
struct TwoBuses {
  static constexpr double x_pu = 0.2, p_pu = 1.0, q_pu = 0.4;
  std::unique_ptr<Model> model = std::make_unique<Model>();
  Topology topology;
  BusInjections bus;

  TwoBuses() {
    GridBuilder builder(100.0);
    for (const char* name : {"source", "town"}) builder.add(BusSpec{.name = name, .vn_kv = 110.0});
    builder.add(BranchSpec{.name = "line", .from_bus = "source", .to_bus = "town", .x_pu = x_pu});
    Diagnostics diagnostics;
    auto built = builder.build(diagnostics);
    diagnostics.throw_if_any();
    model->grid = built.grid;
    model->initially_closed = model->grid.initially_closed();
    topology = make_topology(*model, initial_state(*model));
    bus.p_mw = {0.0, -100.0 * p_pu};
    bus.q_mvar = {0.0, -100.0 * q_pu};
    bus.vm_set_pu = {1.0, 1.0};
    bus.participation = {1.0, 0.0};
    bus.q_min_mvar = bus.q_max_mvar = {0.0, 0.0};
    bus.holders = {1, 0};
    bus.type = {BusType::slack, BusType::pq};
    bus.slack_bus = {0};
  }

  /// |V| of the two solutions of |V|^4 + (2 Q x - 1) |V|^2 + x^2 (P^2 + Q^2) = 0.
  static double vm_pu(bool high) {
    const double half = 0.5 - q_pu * x_pu;
    const double root = std::sqrt(half * half - x_pu * x_pu * (p_pu * p_pu + q_pu * q_pu));
    return std::sqrt(high ? half + root : half - root);
  }
  static FlowState solution(bool high) {
    const double vm = vm_pu(high);
    return {{1.0, vm}, {0.0, std::atan2(-p_pu * x_pu, vm * vm + q_pu * x_pu) * 180.0 / std::numbers::pi}};
  }

  [[nodiscard]] FlowState solved_from(const FlowState& start) const {
    BlockFlows flows(model->grid, {});
    flows.prepare(topology);
    flows.begin(start);
    FlowState state;
    powerflow::SolveReport report;
    const BlockFlow flow{&bus, &state, &report};
    flows.solve({&flow, 1}, 1);
    EXPECT_TRUE(report.converged());
    return state;
  }
};

TEST(BlockFlows, StartOnTheBranchThatGridsAreRunOn) {
  const TwoBuses two;
  EXPECT_NEAR(two.solved_from(TwoBuses::solution(true)).vm_pu[1], TwoBuses::vm_pu(true), 1e-9);
}

TEST(BlockFlows, AStartOnAnotherBranchLeadsNoneThere) {
  const TwoBuses two;
  EXPECT_LT(TwoBuses::vm_pu(false), 0.3);
  EXPECT_NEAR(two.solved_from(TwoBuses::solution(false)).vm_pu[1], TwoBuses::vm_pu(true), 1e-9);
}

}  // namespace
}  // namespace gridplus
