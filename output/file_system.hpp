// Files at the level of the operating system: what the C++ library does not offer (locks, syncing, reserving space).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace gridplus::output {

/// An open file, closed at the end.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileDescriptor();
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

/// The system's words for an error number, such as `No space left on device`.
[[nodiscard]] std::string error_text(int error_number);

/// `12.3 MB`, for people.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// Makes the folder that `path` lies in, and those above it. Throws IoError.
void make_parent_folder(const std::string& path);

/// Reserves `bytes` on the disk for the file at `path`, whose length stays. Throws IoError where they are not free,
/// or where the process may not write a file of that size.
void reserve_space(const std::string& path, std::uint64_t bytes);

/// Brings the file at `path` to the disk, gives back reserved space beyond its end, and renames it to `final_path`.
/// Throws IoError.
void publish_file(const std::string& path, const std::string& final_path);

}  // namespace gridplus::output
