// A folder of small source files, made by a test and removed after it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/importers/importer.hpp"
#include "sim/core/error.hpp"

namespace gridplus::test {

class Folder {
 public:
  Folder() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("gridplus_") + info->test_suite_name() + "_" + info->name());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Text of one imported file; a failure if there is none of that name.
inline std::string file_text(const ImportedFiles& imported, std::string_view name) {
  for (const auto& [file, text] : imported.files)
    if (file == name) return text;
  ADD_FAILURE() << "no file " << name << " was written";
  return {};
}

inline bool has_file(const ImportedFiles& imported, std::string_view name) {
  return std::any_of(imported.files.begin(), imported.files.end(), [&](const auto& f) { return f.first == name; });
}

inline bool has_note(const ImportedFiles& imported, std::string_view part) {
  return std::any_of(imported.notes.begin(), imported.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

/// The problems that `run` throws as InputError, one a line; empty if it throws nothing.
inline std::string problems_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const InputError& error) {
    std::string all;
    for (const Diagnostic& d : error.diagnostics()) all += d.text() + '\n';
    return all;
  }
  return {};
}

/// `text` with the first `from` replaced by `to`; a failure if there is none.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) {
    ADD_FAILURE() << "'" << from << "' is not in the text";
    return text;
  }
  return text.replace(at, from.size(), to);
}

}  // namespace gridplus::test
