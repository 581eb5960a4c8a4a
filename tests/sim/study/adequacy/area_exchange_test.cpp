#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "sim/study/adequacy/area_exchange.hpp"
#include "tests/sim/study/adequacy/small_areas.hpp"

namespace gridplus::adequacy {
namespace {

using test::add_link;
using test::areas_with;

std::vector<Watts> watts(const std::vector<double>& mw) {
  std::vector<Watts> out;
  for (const double value : mw) out.push_back(to_watts(value));
  return out;
}

std::vector<double> mw(const std::vector<Watts>& values) {
  std::vector<double> out;
  for (const Watts value : values) out.push_back(to_mw(value));
  return out;
}

ExchangeResult exchange(const AdequacyModel& model, Sharing sharing, const std::vector<double>& balance,
                        std::vector<double> discharge = {}, std::vector<double> charge = {}) {
  discharge.resize(balance.size());
  charge.resize(balance.size());
  ExchangeResult out;
  AreaExchange(model, sharing)
      .solve(watts(balance), watts(discharge), watts(charge), std::vector<std::uint8_t>(model.links.size(), 1), out);
  return out;
}

/// A hub (area 1) with surplus, linked to three others.
AdequacyModel star(double to_2, double to_3, double to_4) {
  AdequacyModel model = areas_with({{0}, {0}, {0}, {0}});
  add_link(model, 0, 1, to_2, to_2);
  add_link(model, 0, 2, to_3, to_3);
  add_link(model, 0, 3, to_4, to_4);
  return model;
}

TEST(AreaExchange, AnAreaServesItselfFirst) {
  AdequacyModel model = areas_with({{0}, {0}});
  add_link(model, 0, 1, 100, 100);
  EXPECT_EQ(mw(exchange(model, Sharing::proportional, {0, -40}).unserved), (std::vector<double>{0, 40}));
  EXPECT_EQ(mw(exchange(model, Sharing::proportional, {30, -40}).unserved), (std::vector<double>{0, 10}));
}

TEST(AreaExchange, LimitsHoldInTheirDirection) {
  AdequacyModel model = areas_with({{0}, {0}});
  add_link(model, 0, 1, 25, 10);
  EXPECT_EQ(mw(exchange(model, Sharing::proportional, {60, -40}).unserved), (std::vector<double>{0, 15}));
  EXPECT_EQ(mw(exchange(model, Sharing::proportional, {-40, 60}).unserved), (std::vector<double>{30, 0}));
}

TEST(AreaExchange, HelpPassesThroughAnAreaThatIsShortItself) {
  AdequacyModel model = areas_with({{0}, {0}, {0}});
  add_link(model, 0, 1, 50, 50);
  add_link(model, 1, 2, 50, 50);
  EXPECT_EQ(mw(exchange(model, Sharing::proportional, {50, -20, -30}).unserved), (std::vector<double>{0, 0, 0}));
}

TEST(AreaExchange, ProportionalGivesEqualShares) {
  EXPECT_EQ(mw(exchange(star(100, 100, 100), Sharing::proportional, {30, -10, -20, -30}).unserved),
            (std::vector<double>{0, 5, 10, 15}));
}

TEST(AreaExchange, ProportionalLetsOthersGoOnWhereALinkHoldsOneBack) {
  // Area 4 gets 6 of 30 whatever is done; 24 are left for 10 + 20: four fifths each.
  EXPECT_EQ(mw(exchange(star(100, 100, 6), Sharing::proportional, {30, -10, -20, -30}).unserved),
            (std::vector<double>{0, 2, 4, 24}));
}

TEST(AreaExchange, PriorityServesAreasInTheirOrder) {
  EXPECT_EQ(mw(exchange(star(100, 100, 100), Sharing::priority, {25, -10, -20, -30}).unserved),
            (std::vector<double>{0, 0, 5, 30}));
}

TEST(AreaExchange, StorageGivesOnlyWhatGenerationLeavesOpen) {
  AdequacyModel model = areas_with({{0}, {0}});
  add_link(model, 0, 1, 20, 20);
  const ExchangeResult out = exchange(model, Sharing::proportional, {15, -40}, {50, 10});
  EXPECT_EQ(out.unserved[1], to_watts(10));
  EXPECT_EQ(out.discharged[0] + out.discharged[1], to_watts(15)) << "15 MW of surplus, 5 MW of the link, 10 MW at home";
}

TEST(AreaExchange, SurplusChargesStorageOfOtherAreas) {
  AdequacyModel model = areas_with({{0}, {0}});
  add_link(model, 0, 1, 20, 20);
  const ExchangeResult out = exchange(model, Sharing::proportional, {70, 5}, {}, {30, 40});
  EXPECT_EQ(mw(out.charged), (std::vector<double>{30, 25}));
}

/// A random system of up to five areas, with links between any of them.
RC_GTEST_PROP(AreaExchange, LeavesTheLeastThatTheMinimumCutAllows, ()) {
  const auto areas = static_cast<std::uint32_t>(*rc::gen::inRange(2, 6));
  AdequacyModel model = areas_with(std::vector<std::vector<double>>(areas, {0.0}));
  for (std::uint32_t a = 0; a < areas; ++a)
    for (std::uint32_t b = a + 1; b < areas; ++b)
      if (*rc::gen::inRange(0, 3) > 0) add_link(model, a, b, *rc::gen::inRange(0, 60), *rc::gen::inRange(0, 60));
  std::vector<double> balance, discharge, with_storage;
  for (std::uint32_t a = 0; a < areas; ++a) {
    balance.push_back(*rc::gen::inRange(-80, 80));
    discharge.push_back(*rc::gen::inRange(0, 20));
    with_storage.push_back(balance.back() + discharge.back());
  }
  const std::vector<bool> up(model.links.size(), true);
  const double least_mw = test::least_unserved_mw(model, with_storage, up);
  const double without_mw = test::least_unserved_mw(model, balance, up);
  for (const Sharing sharing : {Sharing::proportional, Sharing::priority}) {
    const ExchangeResult out = exchange(model, sharing, balance, discharge);
    const auto sum = [](const std::vector<Watts>& values) {
      return std::accumulate(values.begin(), values.end(), Watts{0});
    };
    RC_ASSERT(sum(out.unserved) == to_watts(least_mw));
    RC_ASSERT(sum(out.discharged) == to_watts(without_mw - least_mw));
    for (std::uint32_t a = 0; a < areas; ++a) {
      RC_ASSERT(out.unserved[a] >= 0 && out.unserved[a] <= std::max<Watts>(0, to_watts(-balance[a])));
      RC_ASSERT(out.discharged[a] >= 0 && out.discharged[a] <= to_watts(discharge[a]));
    }
  }
}

}  // namespace
}  // namespace gridplus::adequacy
