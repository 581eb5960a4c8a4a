#include "sim/core/error.hpp"

#include <gtest/gtest.h>

namespace gridplus {
namespace {

TEST(Errors, ADiagnosticReadsAsPlacePathProblemAllowedHint) {
  const Diagnostic diagnostic{
      {"a.yaml", 3, 7}, "producers[0].capcity", "unknown key", "capacity, bus", "did you mean 'capacity'?"};
  EXPECT_EQ(diagnostic.text(),
            "a.yaml:3:7: producers[0].capcity: unknown key; allowed: capacity, bus; did you mean 'capacity'?");
}

TEST(Errors, PartsThatAreUnknownLeaveNoTrace) {
  EXPECT_EQ((Diagnostic{{"a.yaml", 0, 0}, "", "is empty", "", ""}).text(), "a.yaml: is empty");
  EXPECT_EQ((Diagnostic{{}, "--set time", "no such path", "", ""}).text(), "--set time: no such path");
}

TEST(Errors, ProblemsAreThrownTogetherInTheOrderOfTheirPlaces) {
  Diagnostics diagnostics;
  diagnostics.add({{"b.yaml", 1, 1}, "", "third", "", ""});
  diagnostics.add({{"a.yaml", 9, 1}, "", "second", "", ""});
  diagnostics.add({{"a.yaml", 2, 5}, "", "first", "", ""});
  try {
    diagnostics.throw_if_any();
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    ASSERT_EQ(error.diagnostics().size(), 3u);
    EXPECT_STREQ(error.what(), "a.yaml:2:5: first\na.yaml:9:1: second\nb.yaml:1:1: third");
  }
}

TEST(Errors, WithoutProblemsNothingIsThrown) {
  Diagnostics diagnostics;
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_NO_THROW(diagnostics.throw_if_any());
}

TEST(Diagnostics, SaysOnceWhatHoldsForManyRows) {
  Diagnostics diagnostics;
  for (int row = 0; row < 20; ++row)
    diagnostics.add({{"a.yaml", 3, 5}, "producers[" + std::to_string(row) + "].capacity", "is no number", "", ""});
  diagnostics.add({{"a.yaml", 3, 5}, "producers[0].ramp_rate", "is no rate", "", ""});
  try {
    diagnostics.throw_if_any();
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    ASSERT_EQ(error.diagnostics().size(), 2U);
    EXPECT_EQ(error.diagnostics()[0].problem, "is no number (and 19 more entries that it holds for)");
    EXPECT_EQ(error.diagnostics()[1].problem, "is no rate");
  }
}

TEST(Errors, ABrokenPromiseSaysThatItIsOurs) {
  EXPECT_NO_THROW(ensure(true, "holds"));
  try {
    ensure(false, "bus 7 has no island");
    FAIL() << "nothing was thrown";
  } catch (const InvariantError& error) {
    EXPECT_STREQ(error.what(), "internal error, please report it: bus 7 has no island");
  }
}

TEST(DidYouMean, NamesTheNearestWordWhateverItsCase) {
  const std::vector<std::string> words{"battery", "pumped_hydro", "wind"};
  EXPECT_EQ(did_you_mean("batery", words), "did you mean 'battery'?");
  EXPECT_EQ(did_you_mean("WIND", words), "did you mean 'wind'?");
}

TEST(DidYouMean, IsSilentWhereNothingIsNear) {
  const std::vector<std::string> words{"battery", "pumped_hydro"};
  EXPECT_EQ(did_you_mean("photovoltaic", words), "");
  EXPECT_EQ(did_you_mean("", words), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 'x'), words), "");
}

}  // namespace
}  // namespace gridplus
