#include "models/producers/external_grid.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;

ExternalGrid::Params tie() {
  ExternalGrid::Params params;
  params.import_limit_mw = 300;
  params.export_limit_mw = 100;
  params.import_price_per_mwh = {60.0, {}};
  params.export_price_per_mwh = {40.0, {}};
  params.emission_rate_t_per_mwh = 0.5;
  return params;
}

TEST(ExternalGrid, BuysAndSellsWithinItsLimits) {
  const auto params = tie();
  ExternalGrid::State state;
  EXPECT_EQ(ExternalGrid::step(params, state, {true, 1e6}, context_of()).p_mw, 300);
  EXPECT_EQ(ExternalGrid::step(params, state, {true, -1e6}, context_of()).p_mw, -100);
  const ProducerResponse idle = ExternalGrid::step(params, state, {true, 0}, context_of());
  EXPECT_EQ(idle.balancing_up_mw, 300);
  EXPECT_EQ(idle.balancing_down_mw, 100);
  EXPECT_TRUE(ExternalGrid::offer(params, state, context_of()).balancing);
}

TEST(ExternalGrid, PaysForImportsAndEarnsFromExports) {
  EXPECT_DOUBLE_EQ(ExternalGrid::cost(tie(), 10, context_of()).cost_per_h, 600);
  EXPECT_DOUBLE_EQ(ExternalGrid::cost(tie(), 10, context_of()).co2_t_per_h, 5);
  EXPECT_DOUBLE_EQ(ExternalGrid::cost(tie(), -10, context_of()).cost_per_h, -400);
  EXPECT_DOUBLE_EQ(ExternalGrid::cost(tie(), -10, context_of()).co2_t_per_h, 0);
}

TEST(ExternalGrid, ExportsAsMuchAsItImportsUnlessTold) {
  auto params = tie();
  params.export_limit_mw = k_not_given;
  EXPECT_EQ(ExternalGrid::offer(params, {}, context_of()).min_mw, -300);
  params.export_limit_mw = 0;
  EXPECT_EQ(ExternalGrid::offer(params, {}, context_of()).min_mw, 0);
}

TEST(ExternalGrid, DoesNotSellForMoreThanItBuysAtTheSameTime) {
  auto params = tie();
  params.export_price_per_mwh = {90.0, {}};
  EXPECT_DOUBLE_EQ(ExternalGrid::cost(params, -10, context_of()).cost_per_h, -600);
}

TEST(ExternalGrid, DeliversWhatItOffersAtTheOfferedPrice) {
  EXPECT_TRUE(rc::check([] {
    ExternalGrid::Params params;
    params.import_limit_mw = number(0.0, 500.0);
    if (*rc::gen::arbitrary<bool>()) params.export_limit_mw = number(0.0, 500.0);
    params.import_price_per_mwh = {number(-50.0, 200.0), {}};
    params.export_price_per_mwh = {number(-50.0, 200.0), {}};
    params.availability = {number(0.0, 1.0), {}};
    const StepContext context = context_of();
    ExternalGrid::State state;
    const ProducerOffer offer = ExternalGrid::offer(params, state, context);
    (void)test::expect_delivers<ExternalGrid>(params, state, {true, test::wild_power_mw(500)}, context);
    const auto anywhere = [&] { return offer.min_mw + (offer.max_mw - offer.min_mw) * number(0.0, 1.0); };
    test::expect_cost_matches_segments<ExternalGrid>(params, state, anywhere(), anywhere(), context);
  }));
}

}  // namespace
}  // namespace gridplus::models
