#include "sim/core/calendar.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>

namespace gridplus {
namespace {

constexpr std::int32_t k_beijing_s = 8 * 3600;

TEST(Calendar, TimesAreReadWithTheirOffset) {
  // 1514764800 s: 2018-01-01T00:00:00Z (POSIX).
  EXPECT_EQ(parse_time("2018-01-01T00:00Z").utc, 1514764800);
  EXPECT_EQ(parse_time("2018-01-01T00:00+08:00").utc, 1514764800 - k_beijing_s);
  EXPECT_EQ(parse_time("2018-01-01T00:00:30-03:30").utc, 1514764830 + 12600);
  EXPECT_EQ(parse_time("2018-01-01 06:15").utc, 1514764800 + 22500);
}

TEST(Calendar, WithoutAnOffsetTheDefaultHolds) {
  const ZonedTime time = parse_time("2018-01-01", k_beijing_s);
  EXPECT_EQ(time.utc, 1514764800 - k_beijing_s);
  EXPECT_EQ(time.offset_s, k_beijing_s);
  EXPECT_EQ(parse_time("2018-01-01Z", k_beijing_s).offset_s, 0);
}

TEST(Calendar, LeapYearsFollowTheGregorianRule) {
  EXPECT_TRUE(is_leap_year(2020));
  EXPECT_TRUE(is_leap_year(2000));
  EXPECT_FALSE(is_leap_year(2100));
  EXPECT_FALSE(is_leap_year(2019));
  EXPECT_EQ(days_in_month(2020, 2), 29);
  EXPECT_EQ(days_in_month(2019, 2), 28);
  EXPECT_EQ(days_in_month(2019, 12), 31);
}

TEST(Calendar, LocalDatesKnowTheirDayOfTheWeekAndYear) {
  const CivilTime c = civil(parse_time("2020-02-29T23:59:58+08:00"));
  EXPECT_EQ(c.year, 2020);
  EXPECT_EQ(c.month, 2);
  EXPECT_EQ(c.day, 29);
  EXPECT_EQ(c.hour, 23);
  EXPECT_EQ(c.minute, 59);
  EXPECT_EQ(c.second, 58);
  EXPECT_EQ(c.day_of_year, 60);
  EXPECT_EQ(c.weekday, 6);  // a Saturday
}

TEST(Calendar, TheLocalDateIsNotTheDateInUtc) {
  const CivilTime c = civil(parse_time("2018-01-01T02:00+08:00"));
  EXPECT_EQ(c.year, 2018);
  EXPECT_EQ(civil({parse_time("2018-01-01T02:00+08:00").utc, 0}).year, 2017);
}

TEST(Calendar, TimesAreWrittenAsIso8601) {
  EXPECT_EQ(format_time(parse_time("2018-01-01T00:00Z")), "2018-01-01T00:00:00Z");
  EXPECT_EQ(format_time(parse_time("2018-01-01T00:00-03:30")), "2018-01-01T00:00:00-03:30");
  EXPECT_EQ(format_local(parse_time("2018-01-01T07:05+08:00")), "2018-01-01 07:05");
}

class WrongTimes : public testing::TestWithParam<const char*> {};

TEST_P(WrongTimes, AreRefused) {
  EXPECT_THROW((void)parse_time(GetParam()), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Calendar, WrongTimes,
                         testing::Values("", "2018", "2018-13-01", "2018-00-01", "2019-02-29", "2018-04-31", "2018-1-1",
                                         "2018-01-01T24:00", "2018-01-01T00:60", "2018-01-01T00:00:60",
                                         "2018-01-01T00:00+99:00", "2018-01-01T00:00 Z", "2018-01-01T0000",
                                         "2018-01-01T00:00+08:00x", "18-01-01", "2018/01/01", "now"));

RC_GTEST_PROP(Calendar, WritingAndReadingGivesTheSameTime, ()) {
  const ZonedTime time{*rc::gen::inRange<std::int64_t>(-2'000'000'000, 10'000'000'000),
                       60 * *rc::gen::inRange(-14 * 60, 14 * 60)};
  const ZonedTime again = parse_time(format_time(time), 1);
  RC_ASSERT(again.utc == time.utc);
  RC_ASSERT(again.offset_s == time.offset_s);
  RC_ASSERT(from_civil(civil(time), time.offset_s).utc == time.utc);
}

TEST(TimeAxis, StepsAreEvenAndALeapYearHas8784Hours) {
  const ZonedTime start = parse_time("2020-01-01T00:00-07:00");
  const TimeAxis axis(start, 3600, 8784);
  EXPECT_EQ(axis.duration_h(), 8784.0);
  EXPECT_EQ(format_time(axis.at(8784)), "2021-01-01T00:00:00-07:00");
}

TEST(TimeAxis, TheFirstStepFromATimeDoesNotBeginBeforeIt) {
  const TimeAxis axis({1000, 0}, 60, 10);
  EXPECT_EQ(axis.first_step_from(0), 0);
  EXPECT_EQ(axis.first_step_from(1000), 0);
  EXPECT_EQ(axis.first_step_from(1001), 1);
  EXPECT_EQ(axis.first_step_from(1060), 1);
  EXPECT_EQ(axis.first_step_from(1061), 2);
  EXPECT_EQ(axis.first_step_from(999999), 10);
}

}  // namespace
}  // namespace gridplus
