#include "output/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sim/core/error.hpp"

namespace gridplus::output {

namespace {

constexpr std::uint32_t k_magic = 0x43525047;  // "GPRC"

struct RecordHeader {
  std::uint32_t magic = k_magic;
  std::uint32_t kind = 0;
  std::uint64_t length = 0;
  std::uint32_t payload_crc = 0;
  std::uint32_t header_crc = 0;  ///< of the fields above

  [[nodiscard]] std::uint32_t own_crc() const { return libdeflate_crc32(0, this, offsetof(RecordHeader, header_crc)); }
};

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw IoError(fmt::format("cannot {} '{}': {}", what, path, error_text(errno)));
}

/// Reads exactly `count` bytes at `offset`; false where the file ends before.
bool read_at(int file, void* to, std::uint64_t count, std::uint64_t offset) {
  auto* at = static_cast<std::byte*>(to);
  while (count > 0) {
    const ssize_t got = ::pread(file, at, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::uint64_t>(got);
  }
  return true;
}

/// Reads the record at `at` of a file of that size; false where there is no whole one.
bool read_record(int file, std::uint64_t at, std::uint64_t file_size, RecordHeader& header,
                 std::vector<std::byte>& payload) {
  if (!read_at(file, &header, sizeof header, at)) return false;
  const std::uint64_t begin = at + sizeof header;
  if (header.magic != k_magic || header.header_crc != header.own_crc() || header.length > file_size - begin)
    return false;
  payload.resize(header.length);
  return read_at(file, payload.data(), header.length, begin) &&
         libdeflate_crc32(0, payload.data(), payload.size()) == header.payload_crc;
}

/// Writes all bytes at `offset`; returns 0 or the error number.
int write_at(int file, const void* from, std::uint64_t count, std::uint64_t offset) {
  const auto* at = static_cast<const std::byte*>(from);
  while (count > 0) {
    const ssize_t put = ::pwrite(file, at, count, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    if (put == 0) return ENOSPC;
    at += put;
    offset += static_cast<std::uint64_t>(put);
    count -= static_cast<std::uint64_t>(put);
  }
  return 0;
}

/// Whether `file` is what stands under `path`: another process may have taken the name away before we had the lock.
bool is_file_at(int file, const std::string& path) {
  struct stat open_file {
  }, named_file{};
  return ::fstat(file, &open_file) == 0 && ::stat(path.c_str(), &named_file) == 0 &&
         open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
}

}  // namespace

Spool::Spool(std::string path) : path_(std::move(path)) {
  do {
    file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (file_.get() < 0) fail("open", path_);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) fail("lock", path_);
      throw IoError(
          fmt::format("'{}' is in use: another gridplus is writing these results; wait for it to end or write "
                      "to another file with -o",
                      path_));
    }
  } while (!is_file_at(file_.get(), path_));
}

Spool Spool::for_reading(std::string path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail("open", path);
  return {std::move(path), std::move(file)};
}

std::uint64_t Spool::scan(const std::function<void(const SpoolRecord&)>& visit) const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) fail("read", path_);
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  std::uint64_t at = 0;
  RecordHeader header;
  std::vector<std::byte> payload;
  while (read_record(file_.get(), at, file_size, header, payload)) {
    const std::uint64_t begin = at;
    at += sizeof header + header.length;
    visit({static_cast<RecordKind>(header.kind), payload, begin, at});
  }
  return at;
}

std::optional<std::vector<std::byte>> Spool::read(RecordKind kind, std::uint64_t begin) const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) fail("read", path_);
  RecordHeader header;
  std::vector<std::byte> payload;
  if (!read_record(file_.get(), begin, static_cast<std::uint64_t>(status.st_size), header, payload) ||
      header.kind != static_cast<std::uint32_t>(kind))
    return std::nullopt;
  return payload;
}

void Spool::append(RecordKind kind, std::initializer_list<std::span<const std::byte>> pieces) {
  RecordHeader header;
  header.kind = static_cast<std::uint32_t>(kind);
  for (const auto piece : pieces) {
    header.length += piece.size();
    // For a null pointer, which an empty piece may have, libdeflate begins a new checksum.
    if (!piece.empty()) header.payload_crc = libdeflate_crc32(header.payload_crc, piece.data(), piece.size());
  }
  header.header_crc = header.own_crc();
  std::uint64_t at = size_;
  int error = write_at(file_.get(), &header, sizeof header, at);
  at += sizeof header;
  for (const auto piece : pieces) {
    if (error != 0) break;
    error = write_at(file_.get(), piece.data(), piece.size(), at);
    at += piece.size();
  }
  if (error != 0) {
    // The record is not whole: take it back, so that its space is free for others too.
    [[maybe_unused]] const int ignored = ::ftruncate(file_.get(), static_cast<off_t>(size_));
    throw IoError(fmt::format("cannot write '{}': {}; {} are written, and the next {} do not fit", path_,
                              error_text(error), size_text(size_), size_text(header.length)));
  }
  size_ = at;
}

void Spool::truncate(std::uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) fail("shorten", path_);
  size_ = size;
}

void Spool::sync() const {
  if (::fdatasync(file_.get()) != 0) fail("write", path_);
}

void Spool::remove() {
  if (::unlink(path_.c_str()) != 0) fail("remove", path_);
  file_ = FileDescriptor();
}

}  // namespace gridplus::output
