#include "output/pipeline.hpp"

#include <algorithm>
#include <chrono>

#include "output/deflate.hpp"
#include "output/rounding.hpp"
#include "output/spool_records.hpp"

namespace gridplus::output {

namespace {

constexpr std::size_t k_buffers = 3;    ///< one that fills, two on their way
constexpr std::size_t k_most_jobs = 8;  ///< waiting; buffers bound those that are large
constexpr std::chrono::seconds k_between_syncs{10};

}  // namespace

/// What one thread needs to make chunks.
class Pipeline::Worker {
 public:
  Worker(const Schema& schema, int level) : schema_(schema), compressor_(level) {}

  std::vector<std::byte> chunk(const RowBuffer& rows, const Task& task) {
    const Stream& stream = schema_.streams[task.stream];
    const std::size_t first = task.chunk * stream.chunk_columns;
    const ChunkValues values{rows.stream(task.stream).data() + first, rows.rows(),
                             std::min(stream.chunk_columns, stream.entities - first), stream.entities};
    encode_chunk(stream, values, static_cast<std::size_t>(schema_.chunk_rows), stream.chunk_columns, cells_, planes_);
    return compressor_.compress(planes_);
  }
  std::vector<std::byte> compress(std::span<const std::byte> bytes) { return compressor_.compress(bytes); }

 private:
  const Schema& schema_;
  Compressor compressor_;
  std::vector<std::byte> cells_, planes_;
};

Pipeline::Pipeline(const Schema& schema, Spool& spool, int threads, int level) : schema_(schema), spool_(spool) {
  for (std::size_t s = 0; s < schema.streams.size(); ++s)
    for (std::size_t c = 0; c < schema.streams[s].chunks(); ++c) chunk_tasks_.push_back({s, c});
  for (std::size_t i = 0; i < k_buffers; ++i) free_buffers_.push_back(std::make_unique<RowBuffer>(schema));
  for (int i = 0; i < std::max(1, threads); ++i) threads_.emplace_back([this, level] { work(level); });
  threads_.emplace_back([this] { write(); });
}

Pipeline::~Pipeline() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  done_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Pipeline::rethrow_if_failed() const {
  if (error_) std::rethrow_exception(error_);
}

void Pipeline::fail(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    stopping_ = true;
  }
  work_.notify_all();
  done_.notify_all();
  space_.notify_all();
}

std::unique_ptr<RowBuffer> Pipeline::buffer() {
  std::unique_lock lock(mutex_);
  space_.wait(lock, [&] { return error_ || !free_buffers_.empty(); });
  rethrow_if_failed();
  std::unique_ptr<RowBuffer> buffer = std::move(free_buffers_.back());
  free_buffers_.pop_back();
  return buffer;
}

void Pipeline::enqueue(std::unique_ptr<Job> job) {
  {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return error_ || jobs_.size() < k_most_jobs; });
    rethrow_if_failed();
    jobs_.push_back(std::move(job));
  }
  work_.notify_all();
  done_.notify_all();
}

void Pipeline::submit(std::unique_ptr<RowBuffer> rows) {
  auto job = std::make_unique<Job>();
  job->rows = std::move(rows);
  job->open_tasks = chunk_tasks_.size();
  job->results.resize(chunk_tasks_.size());
  enqueue(std::move(job));
}

void Pipeline::submit(RecordKind kind, std::vector<std::byte> head, std::vector<std::byte> body, bool compress) {
  auto job = std::make_unique<Job>();
  job->kind = kind;
  job->head = std::move(head);
  job->body = std::move(body);
  job->open_tasks = compress ? 1 : 0;
  job->results.resize(job->open_tasks);
  enqueue(std::move(job));
}

void Pipeline::drain() {
  std::unique_lock lock(mutex_);
  space_.wait(lock, [&] { return error_ || jobs_.empty(); });
  rethrow_if_failed();
}

Pipeline::Job* Pipeline::next_job_with_tasks() {
  for (const auto& job : jobs_)
    if (job->next_task < job->results.size()) return job.get();
  return nullptr;
}

void Pipeline::work(int level) {
  try {
    Worker worker(schema_, level);
    std::unique_lock lock(mutex_);
    while (true) {
      Job* job = nullptr;
      work_.wait(lock, [&] { return stopping_ || (job = next_job_with_tasks()) != nullptr; });
      if (stopping_) return;
      const std::size_t task = job->next_task++;
      lock.unlock();
      auto result = job->rows ? worker.chunk(*job->rows, chunk_tasks_[task]) : worker.compress(job->body);
      lock.lock();
      job->results[task] = std::move(result);
      if (--job->open_tasks == 0) done_.notify_one();
    }
  } catch (...) {
    fail(std::current_exception());
  }
}

void Pipeline::write() {
  try {
    auto last_sync = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (true) {
      done_.wait(lock, [&] { return stopping_ || (!jobs_.empty() && jobs_.front()->open_tasks == 0); });
      if (stopping_) return;
      Job& job = *jobs_.front();
      lock.unlock();
      write_job(job);
      if (job.kind == RecordKind::checkpoint && std::chrono::steady_clock::now() - last_sync > k_between_syncs) {
        spool_.sync();
        last_sync = std::chrono::steady_clock::now();
      }
      lock.lock();
      if (job.rows) free_buffers_.push_back(std::move(job.rows));
      jobs_.pop_front();
      space_.notify_all();
    }
  } catch (...) {
    fail(std::current_exception());
  }
}

void Pipeline::write_job(const Job& job) {
  if (!job.rows) {
    const std::vector<std::byte>& body = job.results.empty() ? job.body : job.results[0];
    spool_.append(job.kind, {job.head, body});
    return;
  }
  for (std::size_t task = 0; task < chunk_tasks_.size(); ++task) {
    const auto [stream, chunk] = chunk_tasks_[task];
    const auto head =
        chunk_head({static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(chunk), job.rows->first_row()});
    spool_.append(RecordKind::chunk, {head, job.results[task]});
  }
}

}  // namespace gridplus::output
