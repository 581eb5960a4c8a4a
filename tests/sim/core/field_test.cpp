#include "sim/core/field.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/core/id.hpp"

namespace gridplus {
namespace {

enum class Colour : std::uint8_t { red, green };
constexpr std::array<std::string_view, 2> k_colours{"red", "green"};

struct Params {
  double capacity_mw = 5.0;
  std::int32_t tier = 2;
  bool flexible = true;
  Colour colour = Colour::green;
  Series price{.scale = 30.0};
  Curve fuel{};
};

constexpr auto k_fields = std::make_tuple(
    field(&Params::capacity_mw, "capacity", "MW", "rated power").required().above(0.0).at_most(1e4),
    field(&Params::tier, "tier", "1", "priority").between(1, 9), field(&Params::flexible, "flexible", "1", "may shift"),
    field(&Params::colour, "colour", "1", "of the label").one_of(k_colours),
    field(&Params::price, "price", "currency/MWh", "paid"),
    field(&Params::fuel, "fuel", "MW", "fuel over output").gives("GJ/h"));

TEST(Fields, KeepWhatTheDescriptionSays) {
  const auto fields = erased_fields<Params, k_fields>();
  ASSERT_EQ(fields.size(), 6u);
  EXPECT_EQ(fields[0].key, "capacity");
  EXPECT_EQ(fields[0].unit, "MW");
  EXPECT_TRUE(fields[0].required);
  EXPECT_EQ(fields[0].min, 0.0);
  EXPECT_TRUE(fields[0].min_excluded);
  EXPECT_EQ(fields[0].max, 1e4);
  EXPECT_FALSE(fields[1].required);
  EXPECT_TRUE(std::isinf(fields[4].max));
  EXPECT_EQ(fields[5].y_unit, "GJ/h");
  EXPECT_EQ(fields[3].choices.size(), 2u);
}

TEST(Fields, KnowTheirKindFromTheMembersType) {
  const auto fields = erased_fields<Params, k_fields>();
  const std::vector<FieldKind> kinds{FieldKind::number, FieldKind::integer, FieldKind::boolean,
                                     FieldKind::choice, FieldKind::series,  FieldKind::curve};
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(fields[i].kind, kinds[i]) << fields[i].key;
}

TEST(Fields, TakeTheirDefaultFromADefaultMadeOwner) {
  const auto fields = erased_fields<Params, k_fields>();
  EXPECT_EQ(std::get<double>(fields[0].default_value), 5.0);
  EXPECT_EQ(std::get<std::int64_t>(fields[1].default_value), 2);
  EXPECT_TRUE(std::get<bool>(fields[2].default_value));
  EXPECT_EQ(std::get<std::int64_t>(fields[3].default_value), 1);
  EXPECT_EQ(std::get<Series>(fields[4].default_value).scale, 30.0);
}

TEST(Fields, WhatIsSetIsReadBack) {
  const auto fields = erased_fields<Params, k_fields>();
  Params params;
  fields[0].set(&params, 7.5);
  fields[1].set(&params, std::int64_t{9});
  fields[2].set(&params, false);
  fields[3].set(&params, std::int64_t{0});
  fields[4].set(&params, Series{.scale = 1.0, .profile = ProfileId{4}});
  EXPECT_EQ(params.capacity_mw, 7.5);
  EXPECT_EQ(params.tier, 9);
  EXPECT_FALSE(params.flexible);
  EXPECT_EQ(params.colour, Colour::red);
  EXPECT_FALSE(params.price.constant());
  EXPECT_EQ(std::get<double>(fields[0].get(&params)), 7.5);
  EXPECT_EQ(std::get<std::int64_t>(fields[3].get(&params)), 0);
  EXPECT_EQ(std::get<Series>(fields[4].get(&params)).profile, ProfileId{4});
}

TEST(Ids, AreInvalidUntilAssigned) {
  EXPECT_FALSE(BusId{}.valid());
  EXPECT_TRUE(BusId{0}.valid());
  EXPECT_EQ(BusId{7}.index(), 7u);
  EXPECT_LT(BusId{1}, BusId{2});
}

template <class A, class B>
concept Mixes = requires(A a, B b) {
  a == b;
};

TEST(Ids, OfDifferentKindsDoNotMix) {
  EXPECT_TRUE((Mixes<BusId, BusId>));
  EXPECT_FALSE((Mixes<BusId, BranchId>));
  EXPECT_FALSE((std::is_convertible_v<std::size_t, BusId>));
}

}  // namespace
}  // namespace gridplus
