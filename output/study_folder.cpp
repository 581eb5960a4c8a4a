#include "output/study_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "output/series_schema.hpp"
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

/// What a shard says of series; nothing where it has none or is damaged, which find() tells of.
std::optional<Schema> series_of(const std::string& shard) {
  try {
    return read_series(ResultsReader(shard));
  } catch (const IoError&) {
    return std::nullopt;
  }
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
  if (use != FolderUse::merge) sweep();
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

/// Takes away what a kill left of files that were being assembled: all, or those of this part where others are at work.
void StudyFolder::sweep() const {
  const std::string own = path_ + "/shards/" + fmt::format("shard-{:05}-of-{:05}", place_.index, place_.count);
  for (const std::string& file : files(".assembling"))
    if (alone_ || file.starts_with(own)) remove_file(file);
  if (!alone_) return;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_))
    if (entry.path().filename().string().starts_with("study.h5.") && entry.path().extension() == ".assembling")
      remove_file(entry.path());
}

void StudyFolder::clear() const {
  if (alone_) {
    for (const char* const ending : {".h5", ".partial"})
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

bool StudyFolder::in_scope(const std::string& file, Scope scope) const {
  if (scope == Scope::all) return true;
  const std::string name = fs::path(file).filename().string();
  const bool same_division = name.find(fmt::format("-of-{:05}", place_.count)) != std::string::npos;
  return !same_division || name.starts_with(fmt::format("shard-{:05}-", place_.index));
}

void StudyFolder::add_shard(const std::string& file, Found& found) const {
  ShardContent shard;
  try {
    shard = read_shard(file);
  } catch (const IoError& error) {
    fmt::print(stderr, "gridplus: {}; its members are computed again\n", error.what());
    if (use_ == FolderUse::resume) remove_file(file);
    return;
  }
  if (!fingerprint_.empty() && shard.description.inputs != inputs_text(fingerprint_))
    throw IoError(
        fmt::format("cannot continue with '{}': it is of another study; begin anew with --restart, or write "
                    "to another folder with -o",
                    file));
  if (!found.description.inputs.empty() && found.description.inputs != shard.description.inputs)
    throw IoError(fmt::format("the shards in '{}' are of different studies", path_));
  found.description = std::move(shard.description);
  found.members.append(std::move(shard.members));
}

void StudyFolder::add_journal(const std::string& file, Found& found) const {
  JournalContent journal;
  try {
    journal = read_journal(file);
  } catch (const IoError&) {
    if (fs::exists(file)) throw;
    return;  // it has become a shard in the meantime
  }
  if (journal.fingerprint.empty()) return;
  check_fingerprint(journal.fingerprint, file);
  found.members.append(std::move(journal.members));
  for (auto& [member, place] : journal.unfinished)
    if (UnfinishedMember& known = found.unfinished[member]; known.journal.empty() || known.next_step < place.next_step)
      known = std::move(place);
}

StudyFolder::Found StudyFolder::find(Scope scope) const {
  Found found;
  // Journals before shards: what becomes a shard while we look is then seen at least once.
  for (const std::string& file : files(".partial"))
    if (in_scope(file, scope)) add_journal(file, found);
  for (const std::string& file : files(".h5"))
    if (in_scope(file, scope)) add_shard(file, found);
  found.members.sort_unique();
  for (const MemberRow& row : found.members.rows) found.unfinished.erase(row.member);
  return found;
}

bool StudyFolder::may_be_complete(const std::function<bool(std::int64_t)>& needed) const {
  const std::string division = fmt::format("-of-{:05}", place_.count);
  std::vector<std::uint8_t> there(static_cast<std::size_t>(place_.count));
  for (const char* const ending : {".h5", ".partial"})
    for (const std::string& file : files(ending)) {
      const std::string name = fs::path(file).filename().string();
      if (name.find(division) == std::string::npos) return true;
      std::size_t index = 0;
      const char* const digits = name.data() + std::string_view("shard-").size();
      std::from_chars(digits, name.data() + name.size(), index);
      if (index < there.size() && ending == std::string_view(".h5")) there[index] = 1;
    }
  for (std::int64_t index = 0; index < place_.count; ++index)
    if (there[static_cast<std::size_t>(index)] == 0 && needed(index)) return false;
  return true;
}

bool StudyFolder::seal(const StudyDescription& description, const Schema* series) const {
  bool sealed = true;
  for (const std::string& file : files(".partial")) {
    std::unique_ptr<Spool> journal;
    try {
      journal = std::make_unique<Spool>(file);
    } catch (const IoError&) {  // somebody is writing it
      sealed = false;
      continue;
    }
    const std::string shard = file.substr(0, file.size() - std::string_view(".partial").size());
    if (!fs::exists(shard) && !read_journal(file).members.rows.empty()) write_shard(shard, file, description, series);
    journal->remove();
  }
  return sealed;
}

std::vector<std::unique_ptr<SeriesSource>> StudyFolder::series(const Schema& schema) const {
  std::vector<std::unique_ptr<SeriesSource>> sources;
  for (const std::string& file : files(".h5"))
    if (series_of(file)) sources.push_back(open_shard_series(file, schema));
  for (const std::string& file : files(".partial")) sources.push_back(open_journal_series(file, schema));
  return sources;
}

std::shared_ptr<const Schema> StudyFolder::series_schema() const {
  for (const std::string& file : files(".h5"))
    if (auto schema = series_of(file)) return std::make_shared<const Schema>(std::move(*schema));
  return nullptr;
}

}  // namespace gridplus::output
