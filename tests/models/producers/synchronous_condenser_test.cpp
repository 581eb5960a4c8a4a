#include "models/producers/synchronous_condenser.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;

TEST(SynchronousCondenser, DrawsItsLossesAndNothingElse) {
  SynchronousCondenser::Params params;
  params.losses_mw = 1.5;
  SynchronousCondenser::State state;
  const ProducerResponse response = SynchronousCondenser::step(params, state, {true, 100}, context_of());
  EXPECT_EQ(response.p_mw, -1.5);
  EXPECT_TRUE(response.online);
  EXPECT_FALSE(SynchronousCondenser::offer(params, state, context_of()).balancing);
}

TEST(SynchronousCondenser, LeavesTheGridOnOutage) {
  SynchronousCondenser::Params params;
  params.losses_mw = 1.5;
  params.availability = {0.0, {}};
  SynchronousCondenser::State state;
  const ProducerResponse response = SynchronousCondenser::step(params, state, {true, 0}, context_of());
  EXPECT_FALSE(response.online);
  EXPECT_EQ(response.p_mw, 0.0);
}

TEST(SynchronousCondenser, DeliversWhatItOffers) {
  EXPECT_TRUE(rc::check([] {
    SynchronousCondenser::Params params;
    params.losses_mw = test::number(0.0, 5.0);
    params.availability = {test::number(0.0, 1.0), {}};
    SynchronousCondenser::State state;
    const ProducerCommand wild{*rc::gen::arbitrary<bool>(), test::wild_power_mw(5)};
    (void)test::expect_delivers<SynchronousCondenser>(params, state, wild, context_of());
  }));
}

}  // namespace
}  // namespace gridplus::models
