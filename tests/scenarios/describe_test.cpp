// What is told of the models is what they are.
#include "scenarios/describe.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "models/registry.hpp"
#include "scenarios/sections.hpp"
#include "sim/core/unit.hpp"
#include "tests/scenarios/temporary_folder.hpp"

namespace gridplus {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

/// With GRIDPLUS_UPDATE_DOCS set, the tables in the documentation are written anew instead.
TEST(Describe, TheTablesInTheDocumentationAreCurrent) {
  const fs::path docs = fs::path(GRIDPLUS_SOURCE) / "docs";
  std::size_t tables = 0;
  for (const auto& entry : fs::recursive_directory_iterator(docs)) {
    if (entry.path().extension() != ".md") continue;
    const std::string text = text_of(entry.path());
    if (text.find("<!-- fields") == std::string::npos) continue;
    ++tables;
    const std::string current = with_field_tables(text, entry.path().stem().string());
    if (std::getenv("GRIDPLUS_UPDATE_DOCS") != nullptr) {
      std::ofstream(entry.path()) << current;
    } else {
      EXPECT_EQ(text, current) << entry.path() << " is out of date: run this test with GRIDPLUS_UPDATE_DOCS=1";
    }
  }
  EXPECT_GE(tables, device_models().size());
}

TEST(Describe, UpdatingTablesTwiceChangesNothing) {
  const std::string once = with_field_tables("# Load\n\n<!-- fields -->\n\nText.\n<!-- fields: record -->\n", "load");
  EXPECT_NE(once.find("| `demand` | MW | required |"), std::string::npos);
  EXPECT_NE(once.find("| `precision` |"), std::string::npos);
  EXPECT_EQ(with_field_tables(once, "load"), once);
}

TEST(Describe, EveryModelIsListedAndDescribed) {
  for (const ModelInfo& model : device_models()) {
    EXPECT_NE(list_models().find(model.type), std::string::npos);
    for (const FieldInfo& field : model.fields)
      EXPECT_NE(describe_model(model.type).find(field.key), std::string::npos) << model.type;
  }
  EXPECT_NE(describe_model("wind_speed").find("m/s"), std::string::npos);
  try {
    (void)describe_model("batery");
    FAIL() << "there is no such model";
  } catch (const InputError& error) {
    EXPECT_EQ(error.diagnostics()[0].hint, "did you mean 'battery'?");
  }
}

TEST(Describe, TheUnitOfEveryFieldIsKnown) {
  for (const ModelInfo& model : device_models())
    for (const FieldInfo& field : model.fields)
      EXPECT_NO_THROW((void)parse_unit(field.unit)) << model.type << " " << field.key;
  for (const scenario::SectionInfo& section : scenario::sections())
    for (const FieldInfo& field : section.fields)
      EXPECT_NO_THROW((void)parse_unit(field.unit)) << section.path << " " << field.key;
}

TEST(Schema, TakesAllRightScenariosAndRefusesWrongOnes) {
  if (std::system("python3 -c 'import jsonschema, yaml' 2> /dev/null") != 0)
    GTEST_SKIP() << "python3-jsonschema and python3-yaml are needed";
  const test::TemporaryFolder folder;
  const fs::path schema = folder.write("schema.json", scenario_schema());
  const fs::path checker = fs::path(GRIDPLUS_TEST_SCENARIOS) / "check_schema.py";
  const auto run = [&](const std::string& arguments) {
    return std::system(("python3 " + checker.string() + " " + schema.string() + " " + arguments).c_str());
  };
  EXPECT_EQ(run("right " + (fs::path(GRIDPLUS_TEST_SCENARIOS) / "good").string() + " " +
                (fs::path(GRIDPLUS_SOURCE) / "scenarios/catalogue").string()),
            0);
  EXPECT_EQ(run("wrong " + (fs::path(GRIDPLUS_TEST_SCENARIOS) / "bad").string() +
                " block_unknown device_key_unknown model_unknown choice_misspelt device_key_required count_zero "
                "record_group_unknown bus_without_voltage boolean_yes version_unknown"),
            0);
}

}  // namespace
}  // namespace gridplus
