#include "sim/step/prices.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/step/local_control.hpp"
#include "sim/step/simulation.hpp"
#include "tests/sim/step/connected_system.hpp"
#include "tests/sim/step/recorded.hpp"

namespace gridplus {
namespace {

constexpr double k_reference = 600.0, k_elasticity = -0.2;
constexpr std::int64_t k_steps = 240;

/// 400 and 900 by turns of six hours.
double tariff(std::int64_t step) {
  return step / 6 % 2 == 0 ? 400.0 : 900.0;
}

/// The small system with a retail price and towns that follow it.
std::unique_ptr<Model> priced_system(double elasticity = k_elasticity) {
  auto model = test::small_system(k_steps);
  std::vector<double> prices;
  for (std::int64_t k = 0; k < k_steps; ++k) prices.push_back(tariff(k));
  model->retail_price = {{1.0, model->profiles.add("tariff", prices)}, k_reference};
  const auto towns = [&](double scale) {
    models::Load::Params params;
    params.demand_mw = {scale, ProfileId(0)};
    params.power_factor = 0.97;
    params.price_elasticity = elasticity;
    return test::prepared<models::Load>(params);
  };
  model->consumer_banks.clear();
  model->consumer_banks.push_back(std::make_unique<Bank<models::Load>>(std::vector{towns(1.0), towns(0.5)}));
  return model;
}

/// `model` under the network of `wish`, with prices that are sent every `interval_h` and hold for `validity_h`.
std::unique_ptr<Model> connected(std::unique_ptr<Model> model, const test::Wish& wish, double interval_h = 1.0,
                                 double validity_h = 24.0) {
  auto plan = test::network_of(*model, wish);
  plan->transport.prices = true;
  plan->transport.classes[static_cast<std::size_t>(comms::MessageClass::price)].interval_s = interval_h * 3600.0;
  plan->transport.price_validity_s = validity_h * 3600.0;
  model->communication = std::move(plan);
  return model;
}

std::vector<double> recorded(const Model& model, int threads = 1) {
  Simulation simulation(model, threads);
  return test::record(simulation);
}

/// Demand of the first town, step by step.
std::vector<double> demand_of(const Model& model) {
  std::vector<double> demand;
  Simulation simulation(model, 1);
  test::record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) demand.push_back(block.of(ConsumerVar::demand_mw, s)[0]);
  });
  return demand;
}

TEST(RetailPrice, MovesDemandByItsElasticity) {
  const std::vector<double> rigid = demand_of(*priced_system(0.0)), elastic = demand_of(*priced_system());
  ASSERT_EQ(elastic.size(), static_cast<std::size_t>(k_steps));
  for (std::size_t k = 0; k < elastic.size(); ++k)
    EXPECT_NEAR(elastic[k], rigid[k] * std::pow(tariff(static_cast<std::int64_t>(k)) / k_reference, k_elasticity),
                1e-12 * rigid[k]);
}

TEST(RetailPrice, IsPaidForWhatIsServed) {
  const auto model = priced_system();
  Simulation simulation(*model, 1);
  double bill = 0.0;
  test::record(simulation, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s)
      bill += block.of(StepVar::served_mw, s) * tariff(block.first + static_cast<std::int64_t>(s));
  });
  EXPECT_NEAR(test::figure(simulation.summary(), "retail_bill"), bill, 1e-9 * bill);
}

TEST(RetailPrice, OverAnIdealNetworkChangesNoBit) {
  test::Wish wish;
  wish.hop = test::ideal();
  EXPECT_EQ(recorded(*connected(priced_system(), wish)), recorded(*priced_system()));
}

TEST(RetailPrice, IsKnownFromTheLastMessage) {
  test::Wish wish;
  wish.hop = test::ideal();
  const auto model = connected(priced_system(), wish, 4.0, 8.0);
  CommunicationState messages;
  messages.transport.price_step = {10};  // carries the tariff of the steps 11 to 14
  const auto known = [&](std::int64_t step) { return known_price_ratio(*model, 0, step, messages) * k_reference; };
  EXPECT_DOUBLE_EQ(known(11), 400.0 + 500.0);
  EXPECT_DOUBLE_EQ(known(12), 400.0) << "the tariff of the step itself";
  EXPECT_DOUBLE_EQ(known(14), 400.0);
  EXPECT_DOUBLE_EQ(known(18), 400.0) << "900 now, but nobody said so";
  EXPECT_DOUBLE_EQ(known(22), 400.0) << "eight hours after the last step it was for";
  EXPECT_DOUBLE_EQ(known(23), k_reference) << "too old: no price";
  EXPECT_DOUBLE_EQ(known_price_ratio(*model, comms::k_no_index, 23, messages) * k_reference, tariff(23))
      << "a device without an endpoint knows the present";
}

TEST(RetailPrice, ThatDoesNotComeThroughLeavesDemandAsItIs) {
  test::Wish wish;
  wish.hop = test::ideal();
  wish.coverage = 0.0;
  const auto model = connected(priced_system(), wish, 1.0, 0.0);
  const std::vector<double> deaf = demand_of(*model), rigid = demand_of(*priced_system(0.0));
  for (std::size_t k = 1; k < deaf.size(); ++k) EXPECT_DOUBLE_EQ(deaf[k], rigid[k]);
}

TEST(RetailPrice, IsGoneByAsForgedUntilTheNextTrueMessage) {
  test::Wish wish;
  wish.hop = test::ideal();
  constexpr std::int64_t k_start = 20, k_hours = 10;
  auto model = priced_system();
  auto plan = test::network_of(*model, wish);
  plan->transport.classes[static_cast<std::size_t>(comms::MessageClass::price)].interval_s = 3600.0;
  plan->transport.prices = true;
  comms::Attack attack;
  attack.kind = comms::AttackKind::false_prices;
  attack.endpoints = {4};  // the first town's
  attack.bias = 0.5;
  attack.start_step = k_start;
  attack.duration_h = static_cast<double>(k_hours);
  plan->attacks.attacks = {attack};
  model->communication = std::move(plan);
  const std::vector<double> forged = demand_of(*model), rigid = demand_of(*priced_system(0.0));
  for (std::int64_t k = 0; k < k_steps; ++k) {
    const bool fooled = k > k_start && k <= k_start + k_hours;
    EXPECT_NEAR(forged[static_cast<std::size_t>(k)] / rigid[static_cast<std::size_t>(k)],
                std::pow(tariff(k) * (fooled ? 1.5 : 1.0) / k_reference, k_elasticity), 1e-12)
        << k;
  }
}

TEST(RetailPrice, IsTheSameForEveryNumberOfThreadsAndAfterACheckpoint) {
  test::Wish wish = test::poor(Fallback::local_price);
  wish.hop.latency_ms = 5'000'000.0;  // hours: messages arrive in later steps
  wish.hop.latency_max_ms = comms::k_never_h;
  const auto model = connected(priced_system(), wish);
  const std::vector<double> whole = recorded(*model);
  EXPECT_TRUE(recorded(*model, 2) == whole);
  Simulation first(*model, 1);
  std::size_t before = 0;
  while (first.next_step() < k_steps / 2) {
    const StepBlock& block = first.advance();
    for (const GroupBlock* group :
         {&block.bus, &block.branch, &block.producer, &block.consumer, &block.storage, &block.step})
      before += group->variables().size() * group->steps_of(0, block.count).size();
  }
  Simulation second(*model, 2);
  second.restore(first.checkpoint());
  EXPECT_TRUE(test::record(second) ==
              std::vector<double>(whole.begin() + static_cast<std::ptrdiff_t>(before), whole.end()));
}

TEST(LocalPrice, ChargesWhenEnergyIsCheapAndDischargesWhenItIsDear) {
  StorageOffer offer;
  offer.max_charge_mw = 3.0;
  offer.max_discharge_mw = 2.0;
  const auto at = [&](double ratio) {
    return storage_fallback_mw(offer, {Fallback::local_price, 0.0}, {}, {1.0, {}, ratio}, {});
  };
  EXPECT_DOUBLE_EQ(at(0.9), -3.0);
  EXPECT_DOUBLE_EQ(at(1.0), 0.0);
  EXPECT_DOUBLE_EQ(at(1.1), 2.0);
}

TEST(LocalPrice, MovesDemandThatCanBeMoved) {
  ConsumerOffer offer;
  offer.demand_mw = 4.0;
  offer.flexible_up_mw = 1.0;
  offer.flexible_down_mw = 3.0;
  const auto at = [&](double ratio) {
    return consumer_fallback_mw(offer, {Fallback::local_price, 0.0}, {}, {1.0, {}, ratio});
  };
  EXPECT_DOUBLE_EQ(at(0.5), 5.0);
  EXPECT_DOUBLE_EQ(at(1.0), 4.0);
  EXPECT_DOUBLE_EQ(at(2.0), 1.0);
}

TEST(PortfolioAccount, CreditIsWhatFollowedInNineteenOfTwentySteps) {
  PortfolioAccount account;
  for (int step = 0; step < 100; ++step) account.add_step(step < 5 ? 2.0 : (step < 50 ? 8.0 : 10.0), 10.0, 0.25);
  EXPECT_DOUBLE_EQ(account.credit(0.95), 0.8);
  EXPECT_DOUBLE_EQ(account.credit(0.96), 0.2);
  EXPECT_DOUBLE_EQ(account.credit(0.5), 1.0);
  EXPECT_NEAR(account.availability(), (5 * 0.2 + 45 * 0.8 + 50) / 100, 1e-12);
  EXPECT_DOUBLE_EQ(PortfolioAccount().credit(0.95), 1.0);
}

}  // namespace
}  // namespace gridplus
