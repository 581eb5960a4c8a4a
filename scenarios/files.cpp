#include "scenarios/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace gridplus::scenario {

namespace fs = std::filesystem;

namespace {

/// Longer names are mistakes or attacks; no file system here takes them.
constexpr std::size_t k_longest_name = 1024;

void check_name(std::string_view name) {
  if (name.empty()) throw std::invalid_argument("the file name is empty");
  if (name.size() > k_longest_name)
    throw std::invalid_argument(fmt::format("the file name has {} characters", name.size()));
  if (name.find('\0') != std::string_view::npos) throw std::invalid_argument("the file name holds a NUL byte");
}

bool lies_within(const fs::path& path, const fs::path& root) {
  const auto [in_root, in_path] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return in_root == root.end();
}

}  // namespace

DiskFiles::DiskFiles(const fs::path& root) {
  std::error_code error;
  root_ = fs::canonical(root.empty() ? fs::path(".") : root, error);
  if (error || !fs::is_directory(root_)) throw IoError(fmt::format("'{}' is no folder", root.string()));
}

std::string DiskFiles::find(const std::string& folder, std::string_view name) const {
  check_name(name);
  std::error_code error;
  const fs::path path = fs::weakly_canonical(fs::path(folder) / fs::path(name), error);
  if (error) throw std::invalid_argument(fmt::format("the file '{}' cannot be reached: {}", name, error.message()));
  if (!lies_within(path, root_))
    throw std::invalid_argument(fmt::format("the file '{}' lies outside the scenario's folder", name));
  if (!fs::exists(path, error)) throw std::invalid_argument(fmt::format("there is no file '{}'", name));
  return path.string();
}

std::string DiskFiles::folder_of(const std::string& key) const {
  return fs::path(key).parent_path().string();
}

fs::path DiskFiles::disk_path(const std::string& key) const {
  return key;
}

std::string DiskFiles::read(const std::string& key, std::size_t most_bytes) const {
  std::error_code error;
  if (!fs::is_regular_file(key, error)) throw std::invalid_argument("it is no regular file");
  const std::uintmax_t size = fs::file_size(key, error);
  if (!error && size > most_bytes)
    throw std::invalid_argument(
        fmt::format("the file has {} MB, more than {} MB", size / 1'000'000, most_bytes / 1'000'000));
  std::ifstream in(key, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in) throw IoError(fmt::format("cannot read '{}'", key));
  return text;
}

csv::Reader DiskFiles::open_table(const std::string& key, const std::string& display, const csv::Limits& limits) const {
  return csv::Reader::open(key, display, limits);
}

MemoryFiles::MemoryFiles(std::vector<std::pair<std::string, std::string>> files) {
  for (auto& [name, text] : files) files_.emplace(fs::path(name).lexically_normal().string(), std::move(text));
}

std::string MemoryFiles::find(const std::string& folder, std::string_view name) const {
  check_name(name);
  const std::string key = (fs::path(folder) / fs::path(name)).lexically_normal().string();
  if (!files_.contains(key)) throw std::invalid_argument(fmt::format("there is no file '{}'", name));
  return key;
}

std::string MemoryFiles::folder_of(const std::string& key) const {
  return fs::path(key).parent_path().string();
}

fs::path MemoryFiles::disk_path(const std::string&) const {
  throw std::invalid_argument("an imported scenario cannot import");
}

std::string MemoryFiles::read(const std::string& key, std::size_t most_bytes) const {
  const std::string& text = files_.at(key);
  if (text.size() > most_bytes)
    throw std::invalid_argument(
        fmt::format("the file has {} MB, more than {} MB", text.size() / 1'000'000, most_bytes / 1'000'000));
  return text;
}

csv::Reader MemoryFiles::open_table(const std::string& key, const std::string& display,
                                    const csv::Limits& limits) const {
  return csv::Reader::over(files_.at(key), display, limits);
}

std::string shown_name(const SourceFile& from, std::string_view name) {
  return (fs::path(from.name).parent_path() / fs::path(name)).lexically_normal().string();
}

}  // namespace gridplus::scenario
