// The IEEE Reliability Test System of 1979 (IEEE Trans. Power App. Syst. 98 (1979) 2047) and RTS-GMLC.
//
// Sources of the expected values: LOLE, LOEE and daily-peak LOLE as published by Allan, Billinton, Abdel-Gawad, "The
// IEEE reliability test system - extensions to and evaluation of the generating system", IEEE Trans. Power Systems 1
// (1986) 1 (9.39418 h, 1176 MWh, 1.36886 d), and with more digits, for variants and for RTS-GMLC, from the reference
// results of the public data folder (G. Preston's RTS3, and an independent convolution). The frequency is that folder's
// exact balance.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "scenarios/adequacy.hpp"
#include "sim/step/model.hpp"
#include "sim/study/adequacy/methods.hpp"
#include "tests/shared_data.hpp"
#include "tests/validation/csv_columns.hpp"

namespace gridplus::adequacy {
namespace {

constexpr double k_relative = 1e-4;  ///< of published and recomputed figures
constexpr double k_sharp = 1e-6;     ///< of figures given with as many digits
constexpr double k_errors = 3.0;     ///< standard errors of Monte Carlo

AdequacyModel rts79(std::vector<std::string> sets = {}) {
  LoadOptions options;
  options.sets = std::move(sets);
  const AdequacyCase study =
      load_adequacy(std::filesystem::path(GRIDPLUS_SOURCE_DIR) / "scenarios/catalogue/rts79/rts79.yaml", options);
  return reduce(*study.model, study.reduction);
}

void expect_indices(const AdequacyResult& result, double lole_h, double lole_days, double eens_mwh, double relative) {
  EXPECT_NEAR(result.system.lole_h.value, lole_h, relative * lole_h);
  EXPECT_NEAR(result.system.lole_days.value, lole_days, relative * lole_days);
  EXPECT_NEAR(result.system.eens_mwh.value, eens_mwh, relative * eens_mwh);
}

TEST(ValidationRts79, TheSystemIsThePublishedOne) {
  const AdequacyModel model = rts79();
  Watts installed = 0;
  for (const Unit& unit : model.units) installed += unit.capacity;
  EXPECT_EQ(model.units.size(), 32u);
  EXPECT_EQ(installed, to_watts(3405));
  EXPECT_EQ(model.steps(), 8736u);
  EXPECT_EQ(*std::max_element(model.areas[0].demand.begin(), model.areas[0].demand.end()), to_watts(2850));
}

TEST(ValidationRts79, ConvolutionMeetsThePublishedIndices) {
  const AdequacyResult result = analytic(rts79(), {}, {});
  expect_indices(result, 9.394175, 1.368863, 1176.30, k_relative);
  EXPECT_NEAR(result.system.lole_h.value, 9.394175, k_sharp * 9.394175);
  EXPECT_NEAR(result.system.lolf.value, 2.0197, 5e-5);
  EXPECT_NEAR(result.system.lold_h.value, 4.6513, 5e-5);
}

TEST(ValidationRts79, OtherPeaksAndLoadUncertaintyToo) {
  expect_indices(analytic(rts79({"consumers.load.demand.scale=3135 MW"}), {}, {}), 49.154010, 6.680513, 7326.63,
                 k_sharp);
  expect_indices(analytic(rts79({"consumers.load.demand.scale=2394 MW"}), {}, {}), 0.293049, 0.047559, 26.667,
                 k_relative);  // the source gives 26.67
  const AdequacyModel model = rts79();
  Options options;
  // Those who published them rounded the classes of the normal distribution, and the demand, each in their way.
  options.load_uncertainty = 0.02;
  expect_indices(analytic(model, options, {}), 10.019622, 1.451098, 1270.71, k_relative);
  options.load_uncertainty = 0.10;
  expect_indices(analytic(model, options, {}), 30.251170, 3.986842, 4958.91, k_relative);
  options.load_uncertainty = 0.15;
  expect_indices(analytic(model, options, {}), 68.422328, 8.205761, 14042.81, k_relative);
}

TEST(ValidationRts79, TwoAndThreeAreasWithoutLimitsAreOneLargerSystem) {
  const AdequacyModel one = rts79();
  AdequacyModel many = one;
  const std::array<std::array<double, 3>, 2> expected = {{{0.784656, 0.167889, 120.91}, {0.138914, 0.037999, 24.26}}};
  for (std::size_t n = 2; n <= 3; ++n) {
    many.units.insert(many.units.end(), one.units.begin(), one.units.end());
    for (std::size_t k = 0; k < one.steps(); ++k) many.areas[0].demand[k] += one.areas[0].demand[k];
    const auto& [lole_h, lole_days, eens_mwh] = expected[n - 2];
    expect_indices(analytic(many, {}, {}), lole_h, lole_days, eens_mwh, k_relative);
  }
}

TEST(ValidationRts79, TwoAreasOverAWideLinkAreOneLargerSystem) {
  const AdequacyModel one = rts79();
  AdequacyModel two = one;
  two.areas.push_back(one.areas[0]);
  two.areas[1].name = "second";
  for (Unit unit : one.units) {
    unit.area = 1;
    two.units.push_back(unit);
  }
  two.links.push_back({"wide", 0, 1, to_watts(10'000), to_watts(10'000), {}});
  Options options;
  options.samples = 400'000;
  options.rare_events = RareEvents::cross_entropy;
  const AdequacyResult result = state_sampling(two, options, {2, {}, {}});
  EXPECT_LT(result.coefficient_of_variation, 0.01);
  EXPECT_NEAR(result.system.lole_h.value, 0.784656, k_errors * result.system.lole_h.standard_error);
  EXPECT_NEAR(result.system.eens_mwh.value, 120.91, k_errors * result.system.eens_mwh.standard_error);
}

TEST(ValidationRts79, MonteCarloIsWithinThreeStandardErrors) {
  const AdequacyModel model = rts79();
  Options states;
  states.rare_events = RareEvents::cross_entropy;
  states.samples = 300'000;
  for (const AdequacyResult& result : {sequential(model, {}, {2, {}, {}}), state_sampling(model, {}, {2, {}, {}}),
                                       state_sampling(model, states, {2, {}, {}})}) {
    const Indices& s = result.system;
    EXPECT_LT(result.coefficient_of_variation, 0.04);
    EXPECT_NEAR(s.lole_h.value, 9.394175, k_errors * s.lole_h.standard_error);
    EXPECT_NEAR(s.lole_days.value, 1.368863, k_errors * s.lole_days.standard_error);
    EXPECT_NEAR(s.eens_mwh.value, 1176.30, k_errors * s.eens_mwh.standard_error);
    EXPECT_NEAR(s.lolf.value, 2.0197, k_errors * s.lolf.standard_error);
    EXPECT_NEAR(s.lold_h.value, 4.6513, k_errors * s.lold_h.standard_error);
  }
}

TEST(ValidationRts79, TheLoadIsThatOfThePublicData) {
  GRIDPLUS_NEED_SHARED();
  const auto load = test::read_columns(test::shared_folder() / "data/adequacy/load_8736h_pu.csv").at("load_pu");
  const AdequacyModel model = rts79();
  ASSERT_EQ(load.size(), model.steps());
  for (std::size_t k = 0; k < load.size(); ++k)
    ASSERT_NEAR(to_mw(model.areas[0].demand[k]), 2850.0 * load[k], 2e-5) << "hour " << k;
}

TEST(ValidationRtsGmlc, ConvolutionMeetsTheReferenceOfTheCopperPlate) {
  GRIDPLUS_NEED_SHARED();
  const std::filesystem::path folder = test::shared_folder() / "data/adequacy/rts_gmlc";
  const auto hours = test::read_columns(folder / "hourly_2020_pu.csv");
  AdequacyModel model;
  const auto steps = hours.at("wind_pu").size();
  model.time = TimeAxis(parse_time("2020-01-01T00:00Z"), 3600, static_cast<std::int64_t>(steps));
  model.areas = {{"system", {}, {}}};
  for (std::size_t k = 0; k < steps; ++k) {
    model.areas[0].demand.push_back(to_watts(8191.8 * hours.at("demand_pu_of_8191.8MW")[k]));
    model.areas[0].firm.push_back(to_watts(1000 * hours.at("hydro_pu")[k] + 810 * hours.at("wind_pu")[k] +
                                           250 * (hours.at("pv_pu")[k] + hours.at("rooftop_pv_pu")[k])));
  }
  std::ifstream units(folder / "units.csv");  // capacity, forced outage rate, then words
  std::string line;
  std::getline(units, line);
  while (std::getline(units, line)) {
    Unit unit;
    char comma = 0;
    double capacity_mw = 0.0;
    std::istringstream(line) >> capacity_mw >> comma >> unit.outage.unavailability;
    unit.capacity = to_watts(capacity_mw);
    model.units.push_back(unit);
  }
  expect_indices(analytic(model, {}, {}), 0.236470, 0.100005, 36.853, k_relative);
}

}  // namespace
}  // namespace gridplus::adequacy
