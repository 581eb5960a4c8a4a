// Time series of the members of a study: from blocks of steps to records of a worker's journal, and from journals and
// shards back to chunks that are copied as they are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "output/deflate.hpp"
#include "output/row_buffer.hpp"
#include "output/schema.hpp"

namespace gridplus::output {

/// Takes the rows of one member after the other. Of one thread.
class MemberSeries {
 public:
  /// Takes the payload of a record of the journal.
  using Sink = std::function<void(std::span<const std::byte> payload)>;

  /// `schema`: as make_series_schema gives; must outlive it.
  explicit MemberSeries(const Schema& schema);

  /// A member begins. `rows`: what unfinished_rows() gave at its checkpoint; empty otherwise.
  void begin(std::int64_t member, std::span<const std::byte> rows);
  void record(const StepBlock& block, const Sink& sink);
  /// The rows that are in no record yet.
  [[nodiscard]] std::vector<std::byte> unfinished_rows() const;
  /// The member is at its end.
  void finish(const Sink& sink);

 private:
  void flush(const Sink& sink);

  const Schema& schema_;
  RowBuffer rows_;
  bool filling_ = false;
  std::int64_t member_ = -1;
  Compressor compressor_;
  std::vector<std::byte> cells_, planes_;
};

/// What the head of a series record says.
struct SeriesRecordHead {
  std::int64_t member = 0, first_row = 0;
};
[[nodiscard]] SeriesRecordHead load_series_head(std::span<const std::byte> payload);

/// A chunk of a member's series, shuffled and deflated.
struct SeriesChunk {
  std::size_t stream = 0;
  std::uint64_t first_row = 0, first_column = 0;
  std::span<const std::byte> bytes;
};
using SeriesVisitor = std::function<void(const SeriesChunk&)>;

/// A file that holds series of members. Both kinds have the same chunks.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  [[nodiscard]] virtual const std::string& path() const = 0;
  /// Finished members with series, in the order of their rows in the file.
  [[nodiscard]] virtual const std::vector<std::int64_t>& members() const = 0;
  /// Goes through all chunks of a member, which must be one of members(). Throws IoError where the file is damaged.
  virtual void visit(std::int64_t member, const SeriesVisitor& visitor) const = 0;
};

/// Throw IoError where the file cannot be read. `schema` must outlive the source.
[[nodiscard]] std::unique_ptr<SeriesSource> open_journal_series(const std::string& path, const Schema& schema);
[[nodiscard]] std::unique_ptr<SeriesSource> open_shard_series(const std::string& path, const Schema& schema);

}  // namespace gridplus::output
