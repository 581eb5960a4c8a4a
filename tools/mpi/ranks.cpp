#include "tools/mpi/ranks.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>

#include "sim/core/error.hpp"

namespace gridplus::tools {

namespace {

/// MPI calls of a rank's threads come one at a time: that is all that MPI_THREAD_SERIALIZED asks for.
std::mutex& one_call() {
  static std::mutex guard;
  return guard;
}

}  // namespace

MpiSession::MpiSession(int* argc, char*** argv) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided);
  if (provided < MPI_THREAD_SERIALIZED) throw IoError("this MPI does not allow calls from several threads");
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
}

MpiSession::~MpiSession() {
  MPI_Finalize();
}

void MpiSession::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

void MpiSession::broadcast(std::vector<std::int64_t>& list) {
  auto count = static_cast<std::int64_t>(list.size());
  MPI_Bcast(&count, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  list.resize(static_cast<std::size_t>(count));
  MPI_Bcast(list.data(), static_cast<int>(count), MPI_INT64_T, 0, MPI_COMM_WORLD);
}

void MpiSession::broadcast(std::string& text) {
  auto count = static_cast<std::int64_t>(text.size());
  MPI_Bcast(&count, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  text.resize(static_cast<std::size_t>(count));
  MPI_Bcast(text.data(), static_cast<int>(count), MPI_CHAR, 0, MPI_COMM_WORLD);
}

bool MpiSession::all(bool yes) {
  int own = yes ? 1 : 0, every = 0;
  MPI_Allreduce(&own, &every, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return every == 1;
}

struct SharedWords::Window {
  MPI_Win handle = MPI_WIN_NULL;
  std::uint64_t* memory = nullptr;
};

SharedWords::SharedWords(std::int64_t count, std::uint64_t initial) : window_(std::make_unique<Window>()) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const std::int64_t own = rank == 0 ? count : 0;
  MPI_Win_allocate(own * static_cast<MPI_Aint>(sizeof(std::uint64_t)), sizeof(std::uint64_t), MPI_INFO_NULL,
                   MPI_COMM_WORLD, static_cast<void*>(&window_->memory), &window_->handle);
  MPI_Win_lock_all(0, window_->handle);
  std::fill_n(window_->memory, own, initial);
  MPI_Win_sync(window_->handle);
  MPI_Barrier(MPI_COMM_WORLD);
}

SharedWords::~SharedWords() {
  MPI_Win_unlock_all(window_->handle);
  MPI_Win_free(&window_->handle);
}

std::uint64_t SharedWords::fetch_add(std::int64_t index, std::uint64_t value) {
  const std::scoped_lock lock(one_call());
  std::uint64_t before = 0;
  MPI_Fetch_and_op(&value, &before, MPI_UINT64_T, 0, index, MPI_SUM, window_->handle);
  MPI_Win_flush(0, window_->handle);
  return before;
}

void SharedWords::store(std::int64_t index, std::uint64_t value) {
  const std::scoped_lock lock(one_call());
  MPI_Accumulate(&value, 1, MPI_UINT64_T, 0, index, 1, MPI_UINT64_T, MPI_REPLACE, window_->handle);
  MPI_Win_flush(0, window_->handle);
}

std::uint64_t SharedWords::load(std::int64_t index) {
  const std::scoped_lock lock(one_call());
  std::uint64_t value = 0;
  MPI_Fetch_and_op(nullptr, &value, MPI_UINT64_T, 0, index, MPI_NO_OP, window_->handle);
  MPI_Win_flush(0, window_->handle);
  return value;
}

RankWork::RankWork(std::int64_t count, std::int64_t workers)
    : count_(count), size_(study::range_size(count, workers)), counter_(1, 0) {}

std::optional<std::pair<std::int64_t, std::int64_t>> RankWork::next() {
  const auto first = static_cast<std::int64_t>(counter_.fetch_add(0, static_cast<std::uint64_t>(size_)));
  if (first >= count_) return std::nullopt;
  return std::pair{first, std::min(first + size_, count_)};
}

RankStopBoard::RankStopBoard(std::int64_t members)
    : known_(members), words_(members, study::LocalStopBoard::k_unknown) {}

void RankStopBoard::publish(std::int64_t member, double value) {
  known_.publish(member, value);
  words_.store(member, study::LocalStopBoard::to_bits(value));
}

bool RankStopBoard::find(std::int64_t member, double& value) {
  if (known_.find(member, value)) return true;
  if (!study::LocalStopBoard::from_bits(words_.load(member), value)) return false;
  known_.publish(member, value);
  return true;
}

}  // namespace gridplus::tools
