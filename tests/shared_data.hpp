// Where the public test data are: the folder named by GRIDPLUS_SHARED.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace gridplus::test {

/// The data folder, or an empty path if GRIDPLUS_SHARED does not name one.
inline std::filesystem::path shared_folder() {
  const char* folder = std::getenv("GRIDPLUS_SHARED");
  return folder != nullptr && std::filesystem::exists(folder) ? std::filesystem::path(folder) : std::filesystem::path{};
}

}  // namespace gridplus::test

/// Skips the test where the public data are absent; in CI their absence is a failure.
#define GRIDPLUS_NEED_SHARED()                                                                                       \
  if (::gridplus::test::shared_folder().empty()) {                                                                   \
    if (std::getenv("CI") != nullptr) FAIL() << "GRIDPLUS_SHARED names no folder, and in CI the data must be there"; \
    GTEST_SKIP() << "set GRIDPLUS_SHARED to a folder with the public data (MATPOWER cases, RTS-GMLC, SimBench)";     \
  }
