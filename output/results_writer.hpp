// Writes the results of a run: the Recorder that the program uses. docs/output-format.md specifies the file.
//
// While the run goes on, compressed chunks go to a spool beside the final file (`run.h5.partial`). finish() assembles
// the HDF5 file from it under a temporary name and renames it: under the final name there is never a file that is not
// complete, and what a kill or a full disk leaves behind can be continued with resume().
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "output/fingerprint.hpp"
#include "output/schema.hpp"
#include "output/spool.hpp"
#include "sim/step/checkpoint.hpp"
#include "sim/step/recorder.hpp"

namespace gridplus::output {

class Pipeline;
class RowBuffer;
struct ResumePoint;
struct Resumed;

struct WriterOptions {
  int threads = 1;               ///< that compress, beside those that compute
  int deflate_level = 1;         ///< 1 (fast) to 12 (small)
  bool discard_partial = false;  ///< begin anew even where a spool could be continued
};

class ResultsFile final : public Recorder {
 public:
  /// Begins new results at `path`. `model` must outlive the object. An existing file at `path` stays as it is until
  /// finish() replaces it. Throws InputError for a wrong `record:`; IoError where the files cannot be made, where
  /// another process is writing them, or where a killed run left a spool that could be continued (see
  /// WriterOptions::discard_partial).
  ResultsFile(const Model& model, std::string path, WriterOptions options);
  /// Without finish(): what has been recorded up to the last checkpoint stays in the spool, to be continued.
  ~ResultsFile() override;

  /// Continues what a killed run left behind; begins anew where it left nothing. Throws IoError also where the spool is
  /// of another program version or other inputs, and says which differ.
  [[nodiscard]] static Resumed resume(const Model& model, std::string path, WriterOptions options);

  void record(const StepBlock& block) override;
  void checkpoint(const Checkpoint& checkpoint) override;
  void finish(const RunSummary& summary) override;

  /// Writes what is recorded so far as results of a run that ended there, after a checkpoint of the same moment. What
  /// --resume continues from stays; nothing more can be recorded by this object.
  void finish_early(const RunSummary& summary);

  /// A number that becomes a root attribute of the file; for what is of this session and not of the model.
  void note(std::string name, double value) { notes_.push_back({std::move(name), value}); }

  /// Whether a checkpoint is worth its cost now: at the edge of a block of chunks, where it is small, and in any case
  /// once a minute. (What a checkpoint would have to hold elsewhere are the rows of the unfinished block.)
  [[nodiscard]] bool checkpoint_due() const;

 private:
  struct Unbegun {};
  ResultsFile(Unbegun, const Model& model, std::string path, WriterOptions options);

  void begin_spool();
  void continue_spool(const ResumePoint& point);
  void flush_events();
  void flush_rows();
  void complete_spool(const RunSummary& summary);
  void assemble(const RunSummary& summary, const Schema& schema) const;
  [[nodiscard]] std::string what_is_kept() const;
  template <class Action>
  void guarded(Action action);

  const Model& model_;
  std::string path_;
  WriterOptions options_;
  Schema schema_;
  Fingerprint fingerprint_;
  Spool spool_;
  std::unique_ptr<Pipeline> pipeline_;  ///< none where the spool is complete
  std::unique_ptr<RowBuffer> rows_;     ///< filling; none at the edge of a block
  std::vector<Event> events_;           ///< not yet submitted
  std::vector<Attribute> notes_;
  std::uint64_t event_count_ = 0;  ///< submitted since the begin of the run
  std::int64_t next_step_ = 0;
  std::chrono::steady_clock::time_point last_checkpoint_ = std::chrono::steady_clock::now();
  bool worth_keeping_ = true;  ///< the spool may hold something to continue, or is gone
};

/// What resume() found.
struct Resumed {
  std::unique_ptr<ResultsFile> file;     ///< none: the results at the path are complete already
  std::optional<Checkpoint> checkpoint;  ///< continue from here; none: begin at step 0, unless there is a summary
  std::optional<RunSummary> summary;     ///< everything is computed: only finish(*summary) is missing
};

}  // namespace gridplus::output
