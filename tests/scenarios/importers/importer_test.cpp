// Promise: people are told which formats and options there are when they ask for another.
#include "scenarios/importers/importer.hpp"

#include <gtest/gtest.h>

#include "tests/scenarios/importers/folder.hpp"

namespace gridplus {
namespace {

TEST(Importers, AnUnknownFormatIsAnErrorThatNamesTheNearOne) {
  const std::string text = test::problems_of([] { (void)import_scenario("simbnch", "anywhere"); });
  EXPECT_NE(text.find("'simbnch'"), std::string::npos) << text;
  EXPECT_NE(text.find("matpower, rts-gmlc, simbench"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'simbench'?"), std::string::npos) << text;
}

TEST(Importers, EveryUnknownOptionIsAnErrorThatNamesTheNearOne) {
  const std::string text = test::problems_of([] {
    (void)import_scenario("rts-gmlc", "anywhere", {{"resolutoin", "x"}, {"colour", "red"}});
  });
  EXPECT_NE(text.find("no option 'colour'"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'resolution'?"), std::string::npos) << text;
}

TEST(Importers, AValueThatIsNoChoiceIsAnErrorThatNamesTheChoices) {
  const test::Folder folder;
  folder.write("SourceData/gen.csv", "GEN UID\n");
  const std::string text = test::problems_of([&] {
    (void)import_scenario("rts-gmlc", folder.path(), {{"resolution", "dayahead"}});
  });
  EXPECT_NE(text.find("option resolution: 'dayahead' is no choice"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'day_ahead'?"), std::string::npos) << text;
}

TEST(Importers, EachSaysWhatItsSourceAndItsOptionsAre) {
  ASSERT_EQ(importers().size(), 3u);
  for (const Importer& importer : importers()) {
    EXPECT_FALSE(importer.doc.empty()) << importer.format;
    EXPECT_NE(importer.run, nullptr) << importer.format;
    for (const ImportOption& option : importer.options)
      EXPECT_FALSE(option.key.empty() || option.values.empty() || option.doc.empty()) << importer.format;
  }
}

TEST(Importers, AFolderThatIsNotThereIsAnErrorOfReading) {
  EXPECT_THROW((void)import_scenario("simbench", "/no/such/folder"), IoError);
  EXPECT_THROW((void)import_scenario("rts-gmlc", "/no/such/folder"), IoError);
  EXPECT_THROW((void)import_scenario("matpower", "/no/such/case.m"), IoError);
}

}  // namespace
}  // namespace gridplus
