#include "scenarios/csv.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/scenarios/temporary_folder.hpp"

namespace gridplus {
namespace {

std::vector<std::vector<std::string>> rows_of(std::string_view text) {
  csv::Reader table = csv::Reader::over(text, "t.csv");
  std::vector<std::vector<std::string>> rows{{table.header().begin(), table.header().end()}};
  while (table.next()) rows.emplace_back(table.row().begin(), table.row().end());
  return rows;
}

using Rows = std::vector<std::vector<std::string>>;

TEST(Csv, ReadsPlainQuotedAndEmptyCells) {
  EXPECT_EQ(rows_of("a,b,c\n1, two ,\n\"x, \"\"y\"\"\",\"line\nend\",3\n"),
            (Rows{{"a", "b", "c"}, {"1", "two", ""}, {"x, \"y\"", "line\nend", "3"}}));
}

TEST(Csv, TakesByteOrderMarkCarriageReturnsBlankLinesAndNoLastLineEnd) {
  EXPECT_EQ(rows_of("\xEF\xBB\xBF"
                    "a,b\r\n\r\n1,2\r\n3,4"),
            (Rows{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
}

TEST(Csv, DividesBySemicolonWhereTheHeaderDoes) {
  EXPECT_EQ(rows_of("a;b\n1,5;2\n"), (Rows{{"a", "b"}, {"1,5", "2"}}));
}

TEST(Csv, SaysWhereACellStands) {
  csv::Reader table = csv::Reader::over("a,b\n\"x\ny\", q\n", "t.csv");
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.where(0), (SourceLocation{"t.csv", 2, 1}));
  EXPECT_EQ(table.where(1), (SourceLocation{"t.csv", 3, 5}));
  try {
    (void)table.number(1);
    FAIL() << "a word is no number";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "t.csv:3:5: column 'b': 'q' is not a number; allowed: a finite number");
  }
}

TEST(Csv, FindsColumnsByNameAndSuggestsNearOnes) {
  const csv::Reader table = csv::Reader::over("Bus,Load\n", "t.csv");
  EXPECT_EQ(table.need("load"), 1U);
  EXPECT_FALSE(table.find("gen").has_value());
  try {
    (void)table.need("Lod");
    FAIL() << "there is no such column";
  } catch (const InputError& error) {
    EXPECT_EQ(error.diagnostics()[0].hint, "did you mean 'Load'?");
  }
}

TEST(Csv, RefusesRowsAndFilesAboveTheLimits) {
  csv::Limits limits;
  limits.longest_row_bytes = 8;
  csv::Reader table = csv::Reader::over("a\n123456789\n", "t.csv", limits);
  EXPECT_THROW((void)table.next(), InputError);
  const test::TemporaryFolder folder;
  limits.largest_file_bytes = 4;
  EXPECT_THROW((void)csv::Reader::open(folder.write("t.csv", "a\n1\n2\n"), {}, limits), InputError);
  EXPECT_THROW((void)csv::Reader::open(folder.path() / "none.csv"), IoError);
}

TEST(Csv, ReadsAFileLongerThanItsBuffer) {
  const test::TemporaryFolder folder;
  std::string text = "n,square\n";
  for (int i = 0; i < 60000; ++i) text.append(std::to_string(i)).append(",").append(std::to_string(i * 2)).append("\n");
  csv::Reader table = csv::Reader::open(folder.write("t.csv", text));
  int i = 0;
  for (; table.next(); ++i) ASSERT_EQ(table.number(1), 2.0 * i);
  EXPECT_EQ(i, 60000);
}

RC_GTEST_PROP(Csv, QuotedCellsAreReadBackTheSame, ()) {
  const auto cell = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab,;\"\n x")));
  const auto cells = *rc::gen::container<std::vector<std::string>>(3, cell);
  std::string text = "h1,h2,h3,h4\nx";
  for (const std::string& c : cells) text += "," + csv::quoted(c);
  const Rows rows = rows_of(text + "\n");
  RC_ASSERT(rows.size() == 2U);
  RC_ASSERT(std::vector<std::string>(rows[1].begin() + 1, rows[1].end()) == cells);
}

}  // namespace
}  // namespace gridplus
