// The append-only file that a run writes while it goes on: records with length and checksum, so that what a kill or a
// full disk leaves behind has a prefix that is known to be good. docs/output-format.md specifies it.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "output/file_system.hpp"

namespace gridplus::output {

enum class RecordKind : std::uint32_t {
  header = 1,
  chunk = 2,
  events = 3,
  checkpoint = 4,
  summary = 5,
  // of a study
  names = 16,
  member = 17,
  member_checkpoint = 18,
  member_series = 19
};

struct SpoolRecord {
  RecordKind kind = RecordKind::header;
  std::span<const std::byte> payload;
  std::uint64_t begin = 0, end = 0;  ///< where the record is in the file
};

class Spool {
 public:
  /// Opens `path`, making it where it is missing, and locks it until the Spool is destroyed or removed. Throws IoError,
  /// also where another process has it locked.
  explicit Spool(std::string path);
  /// Opens an existing file without a lock, for scan() only. Throws IoError.
  [[nodiscard]] static Spool for_reading(std::string path);

  /// Calls `visit` for each record from the first on until the file ends or a record is not whole. Returns where the
  /// last whole record ends.
  std::uint64_t scan(const std::function<void(const SpoolRecord&)>& visit) const;

  /// The payload of the record that begins at `begin`; nothing where there is no whole record of that kind.
  [[nodiscard]] std::optional<std::vector<std::byte>> read(RecordKind kind, std::uint64_t begin) const;

  /// Adds a record whose payload is the pieces in a row. Throws IoError if they cannot all be written; what was there
  /// before stays whole.
  void append(RecordKind kind, std::initializer_list<std::span<const std::byte>> pieces);

  /// Drops what lies beyond `size`; the next record goes there.
  void truncate(std::uint64_t size);
  void sync() const;
  /// Takes the file away.
  void remove();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Spool(std::string path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace gridplus::output
