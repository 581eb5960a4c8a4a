#include "sim/powerflow/flow_evaluator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::powerflow {
namespace {

using test::Link;
using test::make_grid;

constexpr double k_same_mw = 1e-9;

struct Quantities {
  FlowResult memory;
  FlowQuantities view;

  Quantities(std::size_t buses, std::size_t branches) {
    for (auto* numbers : {&memory.p_mw, &memory.q_mvar}) numbers->assign(buses, -1.0);
    for (auto* numbers : {&memory.p_from_mw, &memory.q_from_mvar, &memory.p_to_mw, &memory.q_to_mvar,
                          &memory.loading_percent, &memory.losses_mw, &memory.i_from_ka, &memory.i_to_ka}) {
      numbers->assign(branches, -1.0);
    }
    view = {memory.p_mw,      memory.q_mvar,          memory.p_from_mw, memory.q_from_mvar, memory.p_to_mw,
            memory.q_to_mvar, memory.loading_percent, memory.losses_mw, memory.i_from_ka,   memory.i_to_ka};
  }
};

void expect_near(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], k_same_mw * (1.0 + std::abs(b[i]))) << i;
}

class EvaluatorOnEverySet : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(FlowEvaluator, EvaluatorOnEverySet, testing::ValuesIn(lane_kernel_names()),
                         [](const auto& instance) { return std::string(instance.param); });

/// Ring grids whose branches fill whole vectors and do not, with taps, shifters, charging, an open branch and a bus
/// that is not energised.
TEST_P(EvaluatorOnEverySet, AgreesWithThePlainEquations) {
  std::mt19937 draw(3);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  for (const std::size_t buses : {3U, 8U, 16U, 29U}) {
    SCOPED_TRACE(buses);
    std::vector<Link> links;
    for (std::size_t i = 0; i < buses; ++i) {
      links.push_back({.from = i,
                       .to = (i + 1) % buses,
                       .r_pu = 0.01,
                       .x_pu = 0.1 + 0.05 * uniform(draw),
                       .b_pu = 0.02,
                       .tap = 1.0 + 0.05 * uniform(draw),
                       .shift_deg = 10.0 * uniform(draw)});
    }
    const Grid grid = make_grid(buses, links);
    auto closed = std::vector<std::uint8_t>(grid.branch_count(), 1);
    closed[1] = 0;
    const Admittance admittance = make_admittance(grid, closed);
    FlowState state;
    for (std::size_t i = 0; i < buses; ++i) {
      state.vm_pu.push_back(i == 2 ? 0.0 : 1.0 + 0.1 * uniform(draw));
      state.va_deg.push_back(i == 2 ? 0.0 : 180.0 * uniform(draw));
    }
    const FlowEvaluator evaluator(grid, admittance, lane_kernels(GetParam()));
    FlowEvaluator::Scratch scratch;
    Quantities found(buses, links.size());
    evaluator.evaluate(state, scratch, found.view);
    const FlowResult expected = evaluate(grid, admittance, state);
    expect_near(found.memory.p_mw, expected.p_mw);
    expect_near(found.memory.q_mvar, expected.q_mvar);
    expect_near(found.memory.p_from_mw, expected.p_from_mw);
    expect_near(found.memory.q_from_mvar, expected.q_from_mvar);
    expect_near(found.memory.p_to_mw, expected.p_to_mw);
    expect_near(found.memory.q_to_mvar, expected.q_to_mvar);
    expect_near(found.memory.loading_percent, expected.loading_percent);
    expect_near(found.memory.losses_mw, expected.losses_mw);
    expect_near(found.memory.i_from_ka, expected.i_from_ka);
    expect_near(found.memory.i_to_ka, expected.i_to_ka);
    EXPECT_EQ(found.memory.p_from_mw[1], 0.0);
  }
}

}  // namespace
}  // namespace gridplus::powerflow
