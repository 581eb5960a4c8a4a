#include "output/results_writer.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "output/assembly.hpp"
#include "output/early_end.hpp"
#include "output/file_system.hpp"
#include "output/pipeline.hpp"
#include "output/reader.hpp"
#include "output/row_buffer.hpp"
#include "output/spool_records.hpp"
#include "output/summary_groups.hpp"

namespace gridplus::output {

namespace {

std::string spool_path(const std::string& path) {
  make_parent_folder(path);
  if (std::filesystem::is_directory(path))
    throw IoError(fmt::format("cannot write the results to '{}': it is a folder; name a file in it", path));
  return path + ".partial";
}

}  // namespace

ResultsFile::ResultsFile(Unbegun, const Model& model, std::string path, WriterOptions options)
    : model_(model),
      path_(std::move(path)),
      options_(options),
      schema_(make_schema(model)),
      fingerprint_(fingerprint_of(model, schema_)),
      spool_(spool_path(path_)) {}

ResultsFile::ResultsFile(const Model& model, std::string path, WriterOptions options)
    : ResultsFile(Unbegun{}, model, std::move(path), options) {
  if (!options_.discard_partial && find_resume_point(spool_).end > 0)
    throw IoError(fmt::format("'{}' is what an unfinished run left behind: {}; continue it with --resume, or remove it",
                              spool_.path(), what_is_kept()));
  begin_spool();
}

ResultsFile::~ResultsFile() {
  try {
    if (pipeline_ && worth_keeping_) pipeline_->drain();
    pipeline_.reset();
    if (!worth_keeping_) spool_.remove();
  } catch (const std::exception&) {
    // What could not be written is lost as after a kill; a spool that holds no checkpoint is begun anew.
  }
}

Resumed ResultsFile::resume(const Model& model, std::string path, WriterOptions options) {
  if (!std::filesystem::exists(path + ".partial") && std::filesystem::exists(path)) {
    const auto inputs = ResultsReader(path).text_attribute("inputs");
    if (inputs == inputs_text(fingerprint_of(model, make_schema(model)))) return {};
    throw IoError(
        fmt::format("nothing to continue: '{}' holds the results of another scenario; run without --resume "
                    "to replace it",
                    path));
  }
  Resumed resumed;
  resumed.file.reset(new ResultsFile(Unbegun{}, model, std::move(path), options));
  ResumePoint point = find_resume_point(resumed.file->spool_);
  if (point.end == 0) {
    resumed.file->begin_spool();
    return resumed;
  }
  resumed.file->continue_spool(point);
  if (point.summary)
    resumed.summary = std::move(point.summary->summary);
  else
    resumed.checkpoint = std::move(point.checkpoint->checkpoint);
  return resumed;
}

void ResultsFile::begin_spool() {
  worth_keeping_ = false;
  guarded([&] {
    spool_.truncate(0);
    const auto header = header_payload(fingerprint_);
    spool_.append(RecordKind::header, {header});
  });
  pipeline_ = std::make_unique<Pipeline>(schema_, spool_, options_.threads, options_.deflate_level);
}

void ResultsFile::continue_spool(const ResumePoint& point) {
  const std::string differing = differing_parts(fingerprint_, point.fingerprint);
  if (!differing.empty())
    throw IoError(
        fmt::format("cannot continue '{}': it was begun with another {}; go back to that, or remove it and "
                    "run without --resume",
                    spool_.path(), differing));
  spool_.truncate(point.end);
  if (point.summary) {
    event_count_ = point.summary->events;
    next_step_ = schema_.steps;
    return;
  }
  event_count_ = point.checkpoint->events;
  next_step_ = point.checkpoint->checkpoint.next_step;
  pipeline_ = std::make_unique<Pipeline>(schema_, spool_, options_.threads, options_.deflate_level);
  if (point.checkpoint->rows.empty()) return;
  rows_ = pipeline_->buffer();
  ByteReader in(point.checkpoint->rows);
  rows_->restore(in);
}

void ResultsFile::record(const StepBlock& block) {
  ensure(pipeline_ != nullptr, "nothing can be recorded after a failure or the end");
  ensure(block.first == next_step_, "blocks of steps must be recorded in order and without gaps");
  guarded([&] {
    events_.insert(events_.end(), block.events.begin(), block.events.end());
    std::size_t taken = 0;
    while (taken < block.count) {
      if (!rows_) {
        rows_ = pipeline_->buffer();
        rows_->begin((next_step_ + static_cast<std::int64_t>(taken)) / schema_.every_steps);
      }
      taken += rows_->take(block, taken);
      if (rows_->full()) flush_rows();
    }
  });
  next_step_ += static_cast<std::int64_t>(block.count);
}

void ResultsFile::flush_events() {
  if (events_.empty()) return;
  pipeline_->submit(RecordKind::events, {}, events_payload(events_, event_count_), false);
  event_count_ += events_.size();
  events_.clear();
}

void ResultsFile::flush_rows() {
  flush_events();
  pipeline_->submit(std::move(rows_));
}

void ResultsFile::checkpoint(const Checkpoint& checkpoint) {
  ensure(pipeline_ != nullptr, "nothing can be recorded after a failure or the end");
  ensure(checkpoint.next_step == next_step_, "a checkpoint must be of the step that comes next");
  guarded([&] {
    flush_events();
    CheckpointRecord record = checkpoint_payload(checkpoint, event_count_, rows_.get());
    pipeline_->submit(RecordKind::checkpoint, std::move(record.head), std::move(record.body), true);
    worth_keeping_ = true;
    last_checkpoint_ = std::chrono::steady_clock::now();
  });
}

bool ResultsFile::checkpoint_due() const {
  constexpr std::chrono::minutes k_longest_without{1};
  return !rows_ || std::chrono::steady_clock::now() - last_checkpoint_ > k_longest_without;
}

void ResultsFile::finish(const RunSummary& summary) {
  ensure(next_step_ == schema_.steps, "a run can only be finished after its last step");
  guarded([&] {
    if (pipeline_) complete_spool(summary);
    assemble(summary, schema_);
    spool_.remove();
  });
}

void ResultsFile::finish_early(const RunSummary& summary) {
  ensure(pipeline_ != nullptr && worth_keeping_ && events_.empty(), "an early end must follow a checkpoint");
  ensure(next_step_ > 0, "a run without a step has no results");
  guarded([&] {
    if (rows_) {
      rows_->end_early();
      flush_rows();
    }
    pipeline_->drain();
    pipeline_.reset();
    assemble(summary, shortened(schema_, next_step_));
  });
}

void ResultsFile::complete_spool(const RunSummary& summary) {
  flush_events();
  pipeline_->submit(RecordKind::summary, summary_payload(summary, event_count_), {}, false);
  pipeline_->drain();
  pipeline_.reset();
  worth_keeping_ = true;
}

void ResultsFile::assemble(const RunSummary& summary, const Schema& schema) const {
  AssemblyInput input{schema.content, event_count_, model_.time};
  auto& attributes = input.content.attributes;
  attributes = origin_attributes();
  attributes.insert(attributes.end(), schema.content.attributes.begin(), schema.content.attributes.end());
  attributes.push_back({"inputs", inputs_text(fingerprint_)});
  attributes.push_back({"threads", std::int64_t{options_.threads}});
  for (Attribute& attribute : summary_attributes(summary)) attributes.push_back(std::move(attribute));
  attributes.insert(attributes.end(), notes_.begin(), notes_.end());
  for (Group& group : summary_groups(summary, model_.provenance.currency))
    input.content.groups.push_back(std::move(group));
  assemble_results(spool_, schema, std::move(input), path_);
}

std::string ResultsFile::what_is_kept() const {
  const ResumePoint point = find_resume_point(spool_);
  if (point.summary) return "everything that was computed, only the final file is missing";
  if (!point.checkpoint) return "nothing that could be continued";
  return fmt::format("the results up to {}", format_local(model_.time.at(point.checkpoint->checkpoint.next_step)));
}

/// Adds to an IoError what is kept and how to go on.
template <class Action>
void ResultsFile::guarded(Action action) {
  try {
    action();
  } catch (const IoError& error) {
    pipeline_.reset();
    const double done = static_cast<double>(next_step_) / static_cast<double>(schema_.steps);
    const std::string in_all =
        next_step_ == 0 ? ""
                        : fmt::format("about {} are needed in all, twice that while the file is assembled; ",
                                      size_text(static_cast<std::uint64_t>(static_cast<double>(spool_.size()) / done)));
    throw IoError(fmt::format("{}; {}kept in '{}': {}; make room and run again with --resume", error.what(), in_all,
                              spool_.path(), what_is_kept()));
  }
}

}  // namespace gridplus::output
