// Promise: what is wrong with a source table is said with its file, line and column, all problems in one go.
#include "scenarios/importers/source_table.hpp"

#include <gtest/gtest.h>

#include "tests/scenarios/importers/folder.hpp"

namespace gridplus::foreign {
namespace {

SourceTable table_of(const test::Folder& folder, std::string_view text, Diagnostics& problems) {
  folder.write("t.csv", text);
  return SourceTable::read(folder.path() / "t.csv", "t.csv", problems);
}

TEST(SourceTable, ReadsNumbersAndTellsBlankCellsFromZeros) {
  const test::Folder folder;
  Diagnostics problems;
  const SourceTable table = table_of(folder, "id;x\na;1.5\nb;NULL\nc;NA\nd;0\n", problems);
  ASSERT_EQ(table.rows(), 4u);
  EXPECT_EQ(table.number(0, "x"), 1.5);
  EXPECT_EQ(table.number_or(1, "x", 7.0), 7.0);
  EXPECT_EQ(table.number_or(2, "x", 7.0), 7.0);
  EXPECT_EQ(table.number_or(3, "x", 7.0), 0.0);
  EXPECT_EQ(table.number_or(0, "no such column", 7.0), 7.0);
  EXPECT_TRUE(problems.empty());
}

TEST(SourceTable, CollectsEveryCellThatIsNoNumberWithItsPlace) {
  const test::Folder folder;
  Diagnostics problems;
  const SourceTable table = table_of(folder, "id,x\r\na,Unit-specific\r\nb,2\r\nc,nan\r\n", problems);
  for (std::size_t row = 0; row < table.rows(); ++row) (void)table.number(row, "x");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems.list()[0].where, (SourceLocation{"t.csv", 2, 3}));
  EXPECT_EQ(problems.list()[1].where, (SourceLocation{"t.csv", 4, 3}));
}

TEST(SourceTable, AMissingColumnIsAnErrorThatNamesTheNearOne) {
  const test::Folder folder;
  Diagnostics problems;
  const SourceTable table = table_of(folder, "id,PMax MW\na,1\n", problems);
  const std::string text = test::problems_of([&] { (void)table.number(0, "PMax MVA"); });
  EXPECT_NE(text.find("t.csv:1:1: the column 'PMax MVA' is missing"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'PMax MW'?"), std::string::npos) << text;
}

TEST(NameIndex, NotesNamesThatAreDoubledEmptyOrUnknown) {
  const test::Folder folder;
  Diagnostics problems;
  folder.write("buses.csv", "id\nnorth\nsouth\nnorth\n\"\"\n");
  const SourceTable buses = SourceTable::read(folder.path() / "buses.csv", "buses.csv", problems);
  const NameIndex index(buses, "id");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_NE(problems.list()[0].text().find("buses.csv:4:1: id: 'north' stands here twice, first in line 2"),
            std::string::npos);
  const SourceTable lines = table_of(folder, "at\nsouht\n", problems);
  EXPECT_FALSE(index.need(lines, 0, "at", "bus").has_value());
  const std::string text = problems.list()[2].text();
  EXPECT_NE(text.find("t.csv:2:1: at: there is no bus 'souht'"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'south'?"), std::string::npos) << text;
}

TEST(SourceFolder, FindsFilesWithoutRegardToLetterCase) {
  const test::Folder folder;
  folder.write("Hydro/DAY_AHEAD_hydro.csv", "x\n1\n");
  const SourceFolder source(folder.path());
  ASSERT_TRUE(source.find("HYDRO/day_ahead_hydro.csv").has_value());
  EXPECT_TRUE(std::filesystem::equivalent(*source.find("HYDRO/day_ahead_hydro.csv"),
                                          folder.path() / "Hydro/DAY_AHEAD_hydro.csv"));
  EXPECT_FALSE(source.find("HYDRO/other.csv").has_value());
}

TEST(SourceFolder, NeverLeavesTheFolder) {
  const test::Folder folder;
  folder.write("secret.csv", "x\n1\n");
  folder.write("inner/a.csv", "x\n1\n");
  const SourceFolder source(folder.path() / "inner");
  EXPECT_FALSE(source.find("../secret.csv").has_value());
  EXPECT_FALSE(source.find((folder.path() / "secret.csv").string()).has_value());
}

TEST(SourceFolder, AMissingFileIsAnErrorThatSaysWhatIsThere) {
  const test::Folder folder;
  folder.write("Nodes.csv", "id\n");
  Diagnostics problems;
  const std::string text = test::problems_of([&] { (void)SourceFolder(folder.path()).need("Node.csv", problems); });
  EXPECT_NE(text.find("Node.csv: the file is missing"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'Nodes.csv'?"), std::string::npos) << text;
}

}  // namespace
}  // namespace gridplus::foreign
