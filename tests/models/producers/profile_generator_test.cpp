#include "models/producers/profile_generator.hpp"

#include "tests/models/promises.hpp"

namespace gridplus::models {
namespace {

using test::context_of;
using test::number;
using test::prepared;

ProfileGenerator::Params generator(double output_mw) {
  ProfileGenerator::Params params;
  params.capacity_mw = 100;
  params.output_mw = {output_mw, {}};
  return params;
}

TEST(ProfileGenerator, IsTakenAsItIsUnlessCurtailable) {
  auto params = generator(40);
  ProfileGenerator::State state;
  EXPECT_EQ(ProfileGenerator::step(params, state, {true, 10}, context_of()).p_mw, 10);
  EXPECT_EQ(ProfileGenerator::step(params, state, {false, 0}, context_of()).p_mw, 0);
  params.curtailable = false;
  EXPECT_EQ(ProfileGenerator::step(params, state, {true, 10}, context_of()).p_mw, 40);
  EXPECT_EQ(ProfileGenerator::step(params, state, {false, 0}, context_of()).p_mw, 40);
  EXPECT_EQ(ProfileGenerator::offer(params, state, context_of()).min_mw, 40);
  EXPECT_FALSE(ProfileGenerator::offer(params, state, context_of()).curtailable);
}

TEST(ProfileGenerator, NeverGivesMoreThanItsCapacity) {
  EXPECT_EQ(ProfileGenerator::offer(generator(130), {}, context_of()).available_mw, 100);
}

TEST(ProfileGenerator, PaysForItsEmissions) {
  auto params = generator(40);
  params.variable_cost_per_mwh = {5.0, {}};
  params.emission_rate_t_per_mwh = 0.1;
  StepContext context = context_of();
  context.co2_price_per_t = 30;
  EXPECT_DOUBLE_EQ(ProfileGenerator::cost(params, 10, context).cost_per_h, 80);
  EXPECT_DOUBLE_EQ(ProfileGenerator::cost(params, 10, context).co2_t_per_h, 1);
}

TEST(ProfileGenerator, DeliversWhatItOffers) {
  EXPECT_TRUE(rc::check([] {
    auto params = generator(number(-10.0, 150.0));
    params.availability = {number(0.0, 1.0), {}};
    params.curtailable = *rc::gen::arbitrary<bool>();
    params.variable_cost_per_mwh = {number(-50.0, 50.0), {}};
    params = prepared<ProfileGenerator>(params);
    const StepContext context = context_of(test::step_length_h());
    ProfileGenerator::State state;
    const ProducerCommand wild{*rc::gen::arbitrary<bool>(), test::wild_power_mw(100)};
    const auto response = test::expect_delivers<ProfileGenerator>(params, state, wild, context);
    RC_ASSERT(response.p_mw >= 0.0 && response.p_mw <= 100.0);
    const double most_mw = response.available_mw;
    test::expect_cost_matches_segments<ProfileGenerator>(params, state, most_mw * number(0, 1), most_mw, context);
  }));
}

}  // namespace
}  // namespace gridplus::models
