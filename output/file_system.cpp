#include "output/file_system.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "sim/core/error.hpp"

namespace gridplus::output {

namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path, int error_number) {
  throw IoError(fmt::format("cannot {} '{}': {}", what, path, error_text(error_number)));
}

[[noreturn]] void fail_for_space(const std::string& path, std::uint64_t needed, const std::string& available) {
  throw IoError(fmt::format("cannot write '{}': it needs {}, and {}", path, size_text(needed), available));
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string error_text(int error_number) {
  return std::generic_category().message(error_number);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> k_units = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000.0 && unit + 1 < k_units.size(); ++unit) value /= 1000.0;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, k_units[unit]);
}

void make_parent_folder(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) fail("make the folder", parent.string(), error.value());
}

void reserve_space(const std::string& path, std::uint64_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur)
    fail_for_space(path, bytes, fmt::format("this process may write files of {} at most", size_text(limit.rlim_cur)));
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.get() < 0) fail("open", path, errno);
  if (::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0) return;
  const int error = errno;
  struct statvfs disk {};
  const bool known = ::fstatvfs(file.get(), &disk) == 0;
  const std::uint64_t available = known ? std::uint64_t{disk.f_bavail} * disk.f_frsize : 0;
  // Where a file system cannot reserve, what is free now is the best that can be said.
  if ((error == EOPNOTSUPP || error == ENOSYS) && (!known || available >= bytes)) return;
  if (error != ENOSPC && error != EOPNOTSUPP && error != ENOSYS) fail("write", path, error);
  fail_for_space(path, bytes, fmt::format("only {} are free on the disk", size_text(available)));
}

void publish_file(const std::string& path, const std::string& final_path) {
  {
    const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) fail("open", path, errno);
    if (::ftruncate(file.get(), status.st_size) != 0 || ::fsync(file.get()) != 0) fail("finish", path, errno);
  }
  if (::rename(path.c_str(), final_path.c_str()) != 0) fail("rename to its final name", path, errno);
  std::filesystem::path parent = std::filesystem::path(final_path).parent_path();
  if (parent.empty()) parent = ".";
  const FileDescriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

}  // namespace gridplus::output
