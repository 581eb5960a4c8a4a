// Columns of a plain CSV file of numbers, for tests that compare with published results.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace gridplus::test {

/// Column by name. The file has a header and no quotes; an empty cell is 0.
using Columns = std::map<std::string, std::vector<double>>;

inline Columns read_columns(const std::filesystem::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << "cannot read " << file;
  const auto split = [](std::string line) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::string line;
  std::getline(stream, line);
  const std::vector<std::string> names = split(line);
  Columns columns;
  for (const std::string& name : names) columns[name];
  while (std::getline(stream, line)) {
    const std::vector<std::string> cells = split(line);
    for (std::size_t i = 0; i < names.size(); ++i) {
      columns[names[i]].push_back(i < cells.size() && !cells[i].empty() ? std::stod(cells[i]) : 0.0);
    }
  }
  return columns;
}

}  // namespace gridplus::test
