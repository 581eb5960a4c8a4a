// From full row buffers to records in the spool, beside the computing: worker threads encode and compress chunks, a
// writer thread appends the records in the order in which they were submitted. Buffers and the queue are bounded, so
// whoever submits waits when the disk is slower than the computing.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "output/row_buffer.hpp"
#include "output/schema.hpp"
#include "output/spool.hpp"

namespace gridplus::output {

class Pipeline {
 public:
  /// Starts `threads` workers, at least one, and the writer. `schema` and `spool` must outlive the pipeline, and only
  /// the pipeline may append to the spool. `level`: of compression, 1 to 12.
  Pipeline(const Schema& schema, Spool& spool, int threads, int level);
  /// Stops the threads; what is submitted and not yet written is dropped.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Each of the following throws what stopped the threads, if something did.

  /// A buffer to fill; waits until one is free.
  [[nodiscard]] std::unique_ptr<RowBuffer> buffer();
  /// Writes the buffer's rows as chunks.
  void submit(std::unique_ptr<RowBuffer> rows);
  /// Writes a record of `head` followed by `body`, the body compressed if `compress`.
  void submit(RecordKind kind, std::vector<std::byte> head, std::vector<std::byte> body, bool compress);
  /// Waits until everything submitted is written.
  void drain();

 private:
  struct Job {
    std::unique_ptr<RowBuffer> rows;  ///< chunks of these, or
    RecordKind kind = RecordKind::chunk;
    std::vector<std::byte> head, body;            ///< one record
    std::vector<std::vector<std::byte>> results;  ///< per task
    std::size_t next_task = 0, open_tasks = 0;
  };
  struct Task {
    std::size_t stream = 0, chunk = 0;
  };
  class Worker;

  void enqueue(std::unique_ptr<Job> job);
  void work(int level);
  Job* next_job_with_tasks();
  void write();
  void write_job(const Job& job);
  void fail(std::exception_ptr error);
  void rethrow_if_failed() const;

  const Schema& schema_;
  Spool& spool_;
  std::vector<Task> chunk_tasks_;

  std::mutex mutex_;
  std::condition_variable work_, done_, space_;
  std::deque<std::unique_ptr<Job>> jobs_;  ///< in the order of submission; the writer takes from the front
  std::vector<std::unique_ptr<RowBuffer>> free_buffers_;
  std::exception_ptr error_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gridplus::output
