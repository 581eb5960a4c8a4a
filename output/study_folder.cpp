#include "output/study_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "output/study_shard.hpp"
#include "sim/core/error.hpp"

namespace gridplus::output {

namespace {

namespace fs = std::filesystem;

std::string read_all(int file) {
  std::array<char, 512> text{};
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

/// `20 parts` of `20 parts; process 4711 on node7`.
std::string division_of(const std::string& owner) {
  return owner.substr(0, owner.find(';'));
}

std::string own_text(const ShardPlace& place) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{} part{}; process {} on {}\n", place.count, place.count == 1 ? "" : "s", ::getpid(),
                     host.data());
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw IoError(fmt::format("cannot remove '{}': {}", path.string(), error.message()));
}

}  // namespace

StudyFolder::StudyFolder(std::string path, ShardPlace place, FolderUse use, Fingerprint fingerprint)
    : path_(std::move(path)), place_(place), use_(use), fingerprint_(std::move(fingerprint)) {
  if (fs::exists(path_) && !fs::is_directory(path_))
    throw IoError(fmt::format("cannot write the study to '{}': it is a file; name a folder", path_));
  if (use == FolderUse::merge) {
    if (!fs::is_directory(path_ + "/shards"))
      throw IoError(fmt::format("'{}' is no folder of a study: it has no folder 'shards'", path_));
  } else {
    make_parent_folder(path_ + "/shards/x");
  }
  lock();
  check();
  if (use == FolderUse::restart) clear();
}

/// A lock goes with its process, so a file that nobody holds is left over and taken without more ado.
void StudyFolder::lock() {
  const std::string name = path_ + "/study.lock";
  lock_ = FileDescriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (lock_.get() < 0) throw IoError(fmt::format("cannot open '{}': {}", name, error_text(errno)));
  alone_ = ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0;
  if (use_ == FolderUse::merge) {
    if (alone_) return;
    throw IoError(fmt::format("'{}' is in use: {}; merge when it has ended", path_, read_all(lock_.get())));
  }
  const std::string own = own_text(place_);
  if (alone_) {
    if (::ftruncate(lock_.get(), 0) != 0 || ::pwrite(lock_.get(), own.data(), own.size(), 0) < 0)
      throw IoError(fmt::format("cannot write '{}': {}", name, error_text(errno)));
  }
  // Others hold the lock alone only for moments, unless they merge.
  constexpr int k_tries = 100;
  constexpr std::chrono::milliseconds k_pause{100};
  int tries = 0;
  while (::flock(lock_.get(), LOCK_SH | LOCK_NB) != 0) {
    if (++tries == k_tries) throw IoError(fmt::format("'{}' is in use: {}", path_, read_all(lock_.get())));
    std::this_thread::sleep_for(k_pause);
  }
  const std::string owner = read_all(lock_.get());
  if (division_of(owner) != division_of(own))
    throw IoError(
        fmt::format("'{}' is in use: a study works here in {}, this one would in {}; wait for it to end or "
                    "write to another folder with -o",
                    path_, owner.substr(0, owner.find('\n')), division_of(own)));
}

std::string StudyFolder::shard_name(int generation) const {
  return fmt::format("shard-{:05}-of-{:05}{}.h5", place_.index, place_.count,
                     generation == 0 ? std::string() : fmt::format("-{}", generation));
}

std::string StudyFolder::shard_path() const {
  for (int generation = 0;; ++generation) {
    std::string path = path_ + "/shards/" + shard_name(generation);
    if (!fs::exists(path)) return path;
    remove_file(journal_path(path));  // a kill came between the shard's last byte and this
  }
}

void StudyFolder::check() const {
  if (use_ != FolderUse::begin) return;
  const std::string own = path_ + "/shards/" + shard_name(0);
  bool taken = fs::exists(own) || fs::exists(journal_path(own)) || fs::exists(study_file());
  const std::string division = fmt::format("-of-{:05}", place_.count);
  for (const char* const ending : {".h5", ".partial"})
    for (const std::string& file : files(ending)) taken = taken || file.find(division) == std::string::npos;
  if (!taken) return;
  // Whether somebody is at work is the better answer than what is there.
  if (fs::exists(journal_path(own))) Spool probe(journal_path(own));
  throw IoError(
      fmt::format("'{}' holds results of a study already; continue it with --resume, or begin anew with "
                  "--restart, which discards them",
                  path_));
}

void StudyFolder::clear() const {
  if (alone_) {
    for (const char* const ending : {".h5", ".partial", ".assembling"})
      for (const std::string& file : files(ending)) remove_file(file);
    remove_file(study_file());
    return;
  }
  for (int generation = 0;; ++generation) {
    const std::string own = path_ + "/shards/" + shard_name(generation);
    if (!fs::exists(own) && !fs::exists(journal_path(own))) break;
    remove_file(own);
    remove_file(journal_path(own));
  }
  remove_file(study_file());
}

std::vector<std::string> StudyFolder::files(const std::string& ending) const {
  std::vector<std::string> out;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_ + "/shards"))
    if (entry.path().extension() == ending) out.push_back(entry.path().string());
  std::ranges::sort(out);
  return out;
}

void StudyFolder::check_fingerprint(const Fingerprint& found, const std::string& file) const {
  if (fingerprint_.empty()) return;
  const std::string differing = differing_parts(fingerprint_, found);
  if (!differing.empty())
    throw IoError(
        fmt::format("cannot continue with '{}': it was begun with another {}; go back to that, or begin anew "
                    "with --restart",
                    file, differing));
}

ShardContent StudyFolder::finished() const {
  ShardContent out;
  for (const std::string& file : files(".h5")) {
    ShardContent shard;
    try {
      shard = read_shard(file);
    } catch (const IoError& error) {
      fmt::print(stderr, "gridplus: {}; its members are computed again\n", error.what());
      if (use_ == FolderUse::resume) remove_file(file);
      continue;
    }
    if (!fingerprint_.empty() && shard.description.inputs != inputs_text(fingerprint_))
      throw IoError(
          fmt::format("cannot continue with '{}': it is of another study; begin anew with --restart, or write "
                      "to another folder with -o",
                      file));
    if (!out.description.inputs.empty() && out.description.inputs != shard.description.inputs)
      throw IoError(fmt::format("the shards in '{}' are of different studies", path_));
    out.description = std::move(shard.description);
    out.members.append(std::move(shard.members));
  }
  for (const std::string& file : files(".partial")) {
    JournalContent journal = read_journal(file);
    if (journal.fingerprint.empty()) continue;
    check_fingerprint(journal.fingerprint, file);
    out.members.append(std::move(journal.members));
  }
  out.members.sort_unique();
  return out;
}

std::map<std::int64_t, Checkpoint> StudyFolder::unfinished() const {
  std::map<std::int64_t, Checkpoint> out;
  for (const std::string& file : files(".partial"))
    for (auto& [member, checkpoint] : read_journal(file).unfinished)
      if (Checkpoint& known = out[member]; known.state.empty() || known.next_step < checkpoint.next_step)
        known = std::move(checkpoint);
  return out;
}

}  // namespace gridplus::output
