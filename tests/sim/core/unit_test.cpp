#include "sim/core/unit.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gridplus {
namespace {

std::string message_of(auto call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Units, QuantitiesComeOutInTheUnitAskedFor) {
  EXPECT_DOUBLE_EQ(quantity_in("150 kW", "MW"), 0.15);
  EXPECT_DOUBLE_EQ(quantity_in("1.5GW", "MW"), 1500.0);
  EXPECT_DOUBLE_EQ(quantity_in("15 min", "h"), 0.25);
  EXPECT_DOUBLE_EQ(quantity_in("2.5 %/min", "1/h"), 1.5);
  EXPECT_DOUBLE_EQ(quantity_in("3.6 GJ", "MWh"), 1.0);
  EXPECT_DOUBLE_EQ(quantity_in("10.5 GJ/MWh", "GJ/MWh"), 10.5);
  EXPECT_DOUBLE_EQ(quantity_in("7.2 MW/min", "MW/h"), 432.0);
  EXPECT_DOUBLE_EQ(quantity_in("90 deg", "rad"), 1.5707963267948966);
  EXPECT_DOUBLE_EQ(quantity_in("-3 kV", "kV"), -3.0);
  EXPECT_DOUBLE_EQ(quantity_in("+3 p.u.", "1"), 3.0);
}

TEST(Units, BritishThermalUnitsAndPoundsAreTheInternationalOnes) {
  // 1 Btu(IT) = 1055.05585262 J and 1 lb = 0.45359237 kg (NIST SP 811, appendix B.8).
  EXPECT_DOUBLE_EQ(quantity_in("1 MMBTU", "GJ"), 1.05505585262);
  EXPECT_DOUBLE_EQ(quantity_in("1 lb", "kg"), 0.45359237);
}

TEST(Units, DecimalFiguresStayExactUnderPowersOfTen) {
  EXPECT_EQ(quantity_in("120.5 kW", "MW"), 0.1205);
  EXPECT_EQ(quantity_in("0.7 uS", "S"), 0.7e-6);
  EXPECT_EQ(quantity_in("7 %", "1"), 0.07);
}

TEST(Units, TemperaturesKeepTheirZero) {
  EXPECT_DOUBLE_EQ(quantity_in("25 degC", "degC"), 25.0);
  EXPECT_DOUBLE_EQ(quantity_in("25 degC", "K"), 298.15);
  EXPECT_DOUBLE_EQ(quantity_in("0 K", "degC"), -273.15);
}

TEST(Units, PlainNumbersAreForPlainQuantitiesOnly) {
  EXPECT_DOUBLE_EQ(quantity_in("0.97", "1"), 0.97);
  const std::string message = message_of([] { (void)quantity_in("150", "MW"); });
  EXPECT_NE(message.find("without a unit"), std::string::npos) << message;
  EXPECT_NE(message.find("150 MW"), std::string::npos) << message;
}

TEST(Units, AWrongDimensionNamesBoth) {
  const std::string message = message_of([] { (void)quantity_in("150 kWh", "MW"); });
  EXPECT_NE(message.find("energy (MWh) is given where power (MW) is needed"), std::string::npos) << message;
}

TEST(Units, ActiveReactiveAndApparentPowerDoNotMix) {
  EXPECT_THROW((void)quantity_in("5 MVAr", "MW"), std::invalid_argument);
  EXPECT_THROW((void)quantity_in("5 MVA", "MW"), std::invalid_argument);
  EXPECT_THROW((void)quantity_in("5 MW", "MVA"), std::invalid_argument);
}

TEST(Units, MoneyOfAnotherCurrencyIsRefused) {
  EXPECT_DOUBLE_EQ(quantity_in("60 CNY/MWh", "currency/MWh", "CNY"), 60.0);
  EXPECT_DOUBLE_EQ(quantity_in("60 currency/MWh", "currency/MWh", "CNY"), 60.0);
  const std::string message = message_of([] { (void)quantity_in("60 EUR/MWh", "currency/MWh", "CNY"); });
  EXPECT_NE(message.find("EUR"), std::string::npos) << message;
  EXPECT_NE(message.find("CNY"), std::string::npos) << message;
}

TEST(Units, AnUnknownUnitSuggestsANearOne) {
  const std::string message = message_of([] { (void)quantity_in("150 MWatt", "MW"); });
  EXPECT_NE(message.find("unknown unit 'MWatt'"), std::string::npos) << message;
  EXPECT_NE(message_of([] { (void)parse_unit("kwh"); }).find("did you mean 'kWh'?"), std::string::npos);
}

class WrongNumbers : public testing::TestWithParam<const char*> {};

TEST_P(WrongNumbers, AreRefused) {
  EXPECT_THROW((void)parse_number(GetParam()), std::invalid_argument);
  EXPECT_THROW((void)quantity_in(GetParam(), "1"), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Units, WrongNumbers,
                         testing::Values("", " ", "abc", "nan", "NaN", "inf", "-infinity", "0x10", "1e999", "1,5",
                                         "--3", "+-3", "+", "1 2", "3..4", "1e", "\xff\xfe"));

TEST(Units, NamesDimensionsInWords) {
  EXPECT_EQ(parse_unit("EUR/MWh").dimension.text(), "money per energy (currency/MWh)");
  EXPECT_EQ(parse_unit("m/s").dimension.text(), "speed (m/s)");
  EXPECT_EQ(parse_unit("t*K").dimension.text(), "t^1 K^1");
}

RC_GTEST_PROP(Units, ConversionThereAndBackIsTheSameNumber, ()) {
  const double value = *rc::gen::map(rc::gen::inRange(-1'000'000, 1'000'000), [](int i) { return i / 1024.0; });
  const auto [from, to] = *rc::gen::elementOf(std::vector<std::pair<std::string, std::string>>{
      {"kW", "GW"}, {"min", "d"}, {"GJ", "MWh"}, {"degC", "K"}, {"lb", "t"}, {"uS", "S"}, {"rad", "deg"}});
  const double there = convert({value, parse_unit(from), false}, to);
  const double back = convert({there, parse_unit(to), false}, from);
  RC_ASSERT(std::abs(back - value) <= 1e-9 * (1.0 + std::abs(value)));
}

RC_GTEST_PROP(Units, AnyTextGivesAQuantityOrAnInvalidArgument, (const std::string& text)) {
  try {
    (void)parse_quantity(text);
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace
}  // namespace gridplus
