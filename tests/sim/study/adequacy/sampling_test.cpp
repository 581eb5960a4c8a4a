#include <gtest/gtest.h>

#include "sim/core/error.hpp"
#include "sim/study/adequacy/methods.hpp"
#include "sim/study/adequacy/outage_draws.hpp"
#include "sim/study/adequacy/state_draws.hpp"
#include "tests/sim/study/adequacy/small_areas.hpp"

namespace gridplus::adequacy {
namespace {

using test::ExactIndices;

/// Standard errors that an estimate may be off. Seeds are fixed: a test never fails by chance.
constexpr double k_errors = 3.0;

void expect_near(const Estimate& estimate, double exact, const char* what) {
  EXPECT_GT(estimate.standard_error, 0.0) << what;
  EXPECT_LT(estimate.standard_error, 0.2 * exact) << what << ": too coarse to say anything";
  EXPECT_NEAR(estimate.value, exact, k_errors * estimate.standard_error) << what;
}

void expect_near(const AdequacyResult& result, const ExactIndices& exact) {
  expect_near(result.system.lole_h, exact.lole_h, "LOLE");
  expect_near(result.system.eens_mwh, exact.eens_mwh, "EENS");
  expect_near(result.system.lolf, exact.lolf, "LOLF");
}

Options with_samples(std::int64_t samples) {
  Options options;
  options.samples = samples;
  return options;
}

TEST(StateSampling, AgreesWithAllStatesOfTwoAreas) {
  expect_near(state_sampling(test::two_areas(), with_samples(200'000), {}), test::by_enumeration(test::two_areas()));
}

TEST(StateSampling, AgreesWithAllStatesOfThreeAreas) {
  expect_near(state_sampling(test::three_areas(), with_samples(200'000), {}),
              test::by_enumeration(test::three_areas()));
}

TEST(Sequential, AgreesWithAllStatesOfTwoAreas) {
  expect_near(sequential(test::two_areas(), with_samples(10'000), {}), test::by_enumeration(test::two_areas()));
}

TEST(Sequential, AgreesWithAllStatesOfThreeAreas) {
  expect_near(sequential(test::three_areas(), with_samples(10'000), {}), test::by_enumeration(test::three_areas()));
}

TEST(Sequential, EachOfTwoAreasBearsWhatItsLinkCannotBring) {
  // Two areas, one 10 MW unit each, demand 6 and 6: who is down gets the 4 MW the other can spare, or 3 over the link.
  test::AdequacyModel model = test::areas_with({std::vector<double>(200, 6.0), std::vector<double>(200, 6.0)});
  test::add_unit(model, 0, 10, 90, 10);
  test::add_unit(model, 1, 10, 80, 20);
  test::add_link(model, 0, 1, 3, 100);
  const AdequacyResult result = sequential(model, with_samples(4000), {});
  const double a = 0.1, b = 0.2, hours = 200;
  expect_near(result.area[0].eens_mwh, hours * (a * (1 - b) * 2 + a * b * 6), "area 1, helped by 4 MW");
  expect_near(result.area[1].eens_mwh, hours * (b * (1 - a) * 3 + a * b * 6), "area 2, helped by 3 MW");
  expect_near(result.area[0].lole_h, hours * a, "area 1");
  expect_near(result.system.lole_h, hours * (a + b - a * b), "either");
}

TEST(Sequential, OutagesInStepsKeepProbabilitiesAndStayOnSteps) {
  const test::AdequacyModel model = test::two_areas();
  Options options = with_samples(10'000);
  options.durations = Durations::steps;
  const AdequacyResult result = sequential(model, options, {});
  const ExactIndices exact = test::by_enumeration(model);
  expect_near(result.system.lole_h, exact.lole_h, "LOLE");
  expect_near(result.system.eens_mwh, exact.eens_mwh, "EENS");
  for (const SampleRecord& worst : result.worst)
    for (const Outage& outage : worst.outages) {
      EXPECT_EQ(outage.from_h, std::round(outage.from_h));
      EXPECT_EQ(outage.to_h, std::round(outage.to_h));
    }
}

TEST(OutageDraws, UpAndDownTimesHaveTheirMeansAndUnavailability) {
  test::AdequacyModel model = test::areas_with({std::vector<double>(20'000, 1.0)});
  test::add_unit(model, 0, 10, 45, 5);
  std::vector<Outage> outages;
  double down_h = 0.0, lasting_h = 0.0, count = 0.0;
  for (std::int64_t sample = 0; sample < 50; ++sample) {
    OutageDraws(model, Durations::exponential).draw(sample, outages);
    for (const Outage& outage : outages) {
      down_h += outage.to_h - outage.from_h;
      if (outage.from_h == 0.0 || outage.to_h == model.time.duration_h()) continue;
      lasting_h += outage.to_h - outage.from_h;
      count += 1.0;
    }
  }
  EXPECT_NEAR(down_h / (50 * model.time.duration_h()), 0.1, 0.002);
  EXPECT_NEAR(lasting_h / count, 5.0, 5.0 * 3.0 / std::sqrt(count));
}

TEST(Adequacy, ThreadsDoNotChangeABit) {
  for (const auto method : {sequential, state_sampling}) {
    Options options = with_samples(300'000);
    options.precision = 0.05;
    const AdequacyResult one = method(test::three_areas(), options, {1, {}, {}});
    for (const int threads : {2, 5}) {
      const AdequacyResult many = method(test::three_areas(), options, {threads, {}, {}});
      EXPECT_EQ(one.samples, many.samples);
      EXPECT_LT(one.samples, options.samples) << "the precision is never reached: nothing is shown of where it stops";
      EXPECT_EQ(one.system.eens_mwh.value, many.system.eens_mwh.value);
      EXPECT_EQ(one.system.lolf.standard_error, many.system.lolf.standard_error);
      EXPECT_EQ(one.system_profile.unserved_mw, many.system_profile.unserved_mw);
      ASSERT_EQ(one.worst.size(), many.worst.size());
      for (std::size_t i = 0; i < one.worst.size(); ++i) EXPECT_EQ(one.worst[i].sample, many.worst[i].sample);
    }
  }
}

TEST(Adequacy, StopsAtTheWantedPrecision) {
  Options options = with_samples(1'000'000);
  options.precision = 0.02;
  const AdequacyResult result = sequential(test::two_areas(), options, {});
  EXPECT_TRUE(result.precision_reached);
  EXPECT_LE(result.coefficient_of_variation, 0.02);
  EXPECT_GT(result.coefficient_of_variation, 0.015) << "far more samples than asked for";
  options.samples = 200;
  EXPECT_FALSE(sequential(test::two_areas(), options, {}).precision_reached);
}

TEST(Adequacy, TheProfileSumsToTheIndices) {
  const AdequacyResult result = sequential(test::two_areas(), with_samples(500), {});
  double lole_h = 0.0, eens_mwh = 0.0;
  for (std::size_t k = 0; k < result.system_profile.lolp.size(); ++k) {
    lole_h += result.system_profile.lolp[k];
    eens_mwh += result.system_profile.unserved_mw[k];
  }
  EXPECT_NEAR(lole_h, result.system.lole_h.value, 1e-9);
  EXPECT_NEAR(eens_mwh, result.system.eens_mwh.value, 1e-9);
}

TEST(Adequacy, TheWorstSampleIsTheWorstAndComesBackAlone) {
  const test::AdequacyModel model = test::two_areas();
  Options options = with_samples(500);
  options.method = Method::sequential;
  const AdequacyResult result = run(model, options, {});
  double most = 0.0;
  for (const PeriodTotals& period : result.periods) most = std::max(most, period.eens_mwh);
  ASSERT_EQ(result.worst.size(), 10u);
  EXPECT_EQ(result.worst[0].eens_mwh, most);
  const SampleRecord again = replay(model, options, {}, result.worst[0].sample);
  EXPECT_EQ(again.eens_mwh, most);
  ASSERT_EQ(again.outages.size(), result.worst[0].outages.size());
  for (std::size_t i = 0; i < again.outages.size(); ++i)
    EXPECT_EQ(again.outages[i].to_h, result.worst[0].outages[i].to_h);
}

/// Ten units that all but never leave too little.
test::AdequacyModel rare() {
  test::AdequacyModel model = test::areas_with({test::swinging(60, 20)});
  for (int i = 0; i < 10; ++i) test::add_unit(model, 0, 12 + i % 3, 1980, 20);
  return model;
}

TEST(RareEvents, CrossEntropyIsUnbiased) {
  const test::AdequacyModel model = rare();
  const AdequacyResult exact = analytic(model, {}, {});
  EXPECT_LT(exact.system.lolp.value, 1e-6) << "not rare";
  Options options = with_samples(100'000);
  options.rare_events = RareEvents::cross_entropy;
  const AdequacyResult result = state_sampling(model, options, {});
  expect_near(result.system.lole_h, exact.system.lole_h.value, "LOLE");
  expect_near(result.system.eens_mwh, exact.system.eens_mwh.value, "EENS");
  expect_near(result.system.lolf, exact.system.lolf.value, "LOLF");
  EXPECT_LT(result.coefficient_of_variation, 0.02);
  EXPECT_GT(result.variance_reduction, 1000.0);
  const AdequacyResult plain = state_sampling(model, with_samples(100'000), {});
  EXPECT_EQ(plain.system.eens_mwh.value, 0.0) << "plain sampling finds nothing in as many samples";
}

TEST(RareEvents, IntervalsOfManySeedsHoldTheAnswerAsOftenAsTheySay) {
  test::AdequacyModel model = rare();
  const double exact_mwh = analytic(model, {}, {}).system.eens_mwh.value;
  Options options = with_samples(8192);
  options.rare_events = RareEvents::cross_entropy;
  int held = 0;
  double sum_mwh = 0.0, sum_squares = 0.0;
  constexpr int k_seeds = 24;
  for (int seed = 0; seed < k_seeds; ++seed) {
    model.seed = static_cast<std::uint64_t>(seed) + 100;
    const Estimate eens = state_sampling(model, options, {}).system.eens_mwh;
    held += eens.low <= exact_mwh && exact_mwh <= eens.high ? 1 : 0;
    sum_mwh += eens.value;
    sum_squares += eens.standard_error * eens.standard_error;
  }
  EXPECT_GE(held, 20) << "of 24 intervals of 95 %";
  EXPECT_NEAR(sum_mwh / k_seeds, exact_mwh, k_errors * std::sqrt(sum_squares) / k_seeds);
}

TEST(RareEvents, TheMeanWeightIsOne) {
  const test::AdequacyModel model = test::two_areas();
  const LoadLevels levels(model, 0.05);
  StateDraws draws(model, levels);
  std::vector<SystemState> states(2000);
  for (std::size_t i = 0; i < states.size(); ++i) draws.draw(static_cast<std::int64_t>(i), 1, states[i]);
  std::erase_if(states, [](const SystemState& state) { return state.down_parts.size() < 3; });
  ASSERT_GT(states.size(), 20u);
  draws.learn(states);
  double sum = 0.0, squares = 0.0;
  constexpr int k_draws = 100'000;
  SystemState state;
  for (int i = 0; i < k_draws; ++i) {
    draws.draw(i, 2, state);
    sum += state.weight;
    squares += state.weight * state.weight;
  }
  const double mean = sum / k_draws, error = std::sqrt((squares / k_draws - mean * mean) / k_draws);
  EXPECT_GT(error, 0.0);
  EXPECT_NEAR(mean, 1.0, k_errors * error);
}

TEST(LoadUncertainty, MonteCarloAgreesWithConvolution) {
  test::AdequacyModel model = test::areas_with({test::swinging(70, 20)});
  for (const double mw : {40.0, 30.0, 30.0, 20.0}) test::add_unit(model, 0, mw, 190, 10);
  Options options = with_samples(20'000);
  options.load_uncertainty = 0.1;
  const AdequacyResult exact = analytic(model, options, {});
  EXPECT_GT(exact.system.lole_h.value, 1.2 * analytic(model, {}, {}).system.lole_h.value);
  const AdequacyResult walked = sequential(model, options, {});
  expect_near(walked.system.lole_h, exact.system.lole_h.value, "LOLE");
  expect_near(walked.system.eens_mwh, exact.system.eens_mwh.value, "EENS");
  expect_near(walked.system.lolf, exact.system.lolf.value, "LOLF");
  expect_near(walked.system.lole_days, exact.system.lole_days.value, "days");
}

TEST(Adequacy, WhatAMethodCannotDoIsSaid) {
  const auto refusal = [](const test::AdequacyModel& model, Options options) {
    try {
      (void)run(model, options, {});
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Options analytic_method;
  analytic_method.method = Method::analytic;
  EXPECT_NE(refusal(test::two_areas(), analytic_method).find("knows one area, the system has 2"), std::string::npos);
  test::AdequacyModel no_times = test::two_areas();
  no_times.units[0].outage = {};
  no_times.units[0].outage.unavailability = 0.1;
  Options sequential_method;
  sequential_method.method = Method::sequential;
  EXPECT_NE(refusal(no_times, sequential_method).find("'unit_1' has a forced outage rate but no mean time"),
            std::string::npos);
  Options automatic = with_samples(2000);
  EXPECT_EQ(run(no_times, automatic, {}).method, Method::state_sampling);
  EXPECT_TRUE(std::isnan(run(no_times, automatic, {}).system.lolf.value)) << "no times, no frequency";
}

}  // namespace
}  // namespace gridplus::adequacy
