// The tables of docs/output-format.md say what the code says.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "output/content.hpp"
#include "sim/step/variables.hpp"

namespace gridplus::output {
namespace {

std::string page() {
  std::ifstream in(GRIDPLUS_SOURCE_DIR "/docs/output-format.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string stored_as(const VariableInfo& info) {
  if (info.storage == Storage::flag) return info.flag_meanings.empty() ? "int32" : "int8";
  std::string type = info.storage == Storage::exact ? "float64" : "float32";
  if (info.resolution > 0.0) type += fmt::format(", to {:.2g}", info.resolution);
  if (info.significant_bits > 0) type += fmt::format(", {} bits", info.significant_bits);
  return type;
}

/// The row of a variable as the page must have it.
std::string row(std::string_view group, const VariableInfo& info) {
  const std::string meanings = info.flag_meanings.empty() ? "" : fmt::format(" ({})", info.flag_meanings);
  return fmt::format("| `{}/{}` | {} | {} | {}{} |\n", group, info.name, info.unit, stored_as(info), info.long_name,
                     meanings);
}

void expect_rows(const std::string& text, std::string_view group, std::span<const VariableInfo> variables) {
  for (const VariableInfo& info : variables)
    EXPECT_NE(text.find(row(group, info)), std::string::npos) << "docs/output-format.md lacks: " << row(group, info);
}

TEST(FormatPage, ListsEveryVariableWithItsUnitAndType) {
  const std::string text = page();
  expect_rows(text, "bus", k_bus_variables);
  expect_rows(text, "branch", k_branch_variables);
  expect_rows(text, "producer", k_producer_variables);
  expect_rows(text, "consumer", k_consumer_variables);
  expect_rows(text, "storage", k_storage_variables);
  expect_rows(text, "step", k_step_variables);
  expect_rows(text, "node", k_node_variables);
  expect_rows(text, "link", k_link_variables);
  expect_rows(text, "endpoint_class", k_endpoint_class_variables);
  expect_rows(text, "controller", k_controller_variables);
  expect_rows(text, "attack", k_attack_variables);
}

TEST(FormatPage, NamesTheVersionThatIsWritten) {
  EXPECT_NE(page().find(fmt::format("Version [{}, {}]", k_format_major, k_format_minor)), std::string::npos);
}

}  // namespace
}  // namespace gridplus::output
