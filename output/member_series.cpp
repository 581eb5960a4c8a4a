#include "output/member_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "output/reader.hpp"
#include "output/rounding.hpp"
#include "output/spool.hpp"
#include "output/study_journal.hpp"

namespace gridplus::output {

namespace {

constexpr int k_deflate_level = 1;

}  // namespace

MemberSeries::MemberSeries(const Schema& schema) : schema_(schema), rows_(schema), compressor_(k_deflate_level) {}

void MemberSeries::begin(std::int64_t member, std::span<const std::byte> rows) {
  member_ = member;
  filling_ = !rows.empty();
  if (!filling_) return;
  ByteReader in(rows);
  rows_.restore(in);
}

void MemberSeries::record(const StepBlock& block, const Sink& sink) {
  for (std::size_t taken = 0; taken < block.count;) {
    if (!filling_) rows_.begin((block.first + static_cast<std::int64_t>(taken)) / schema_.every_steps);
    filling_ = true;
    taken += rows_.take(block, taken);
    if (rows_.full()) flush(sink);
  }
}

std::vector<std::byte> MemberSeries::unfinished_rows() const {
  ByteWriter out;
  if (filling_) rows_.save(out);
  return out.take();
}

void MemberSeries::finish(const Sink& sink) {
  if (filling_) flush(sink);
}

/// A record: member and first row, then the chunks of every stream in their order, each with its length.
void MemberSeries::flush(const Sink& sink) {
  ByteWriter out;
  out.put(member_);
  out.put(rows_.first_row());
  for (std::size_t s = 0; s < schema_.streams.size(); ++s) {
    const Stream& stream = schema_.streams[s];
    for (std::size_t c = 0; c < stream.chunks(); ++c) {
      const std::size_t first = c * stream.chunk_columns;
      const ChunkValues values{rows_.stream(s).data() + first, rows_.rows(),
                               std::min(stream.chunk_columns, stream.entities - first), stream.entities};
      encode_chunk(stream, values, static_cast<std::size_t>(schema_.chunk_rows), stream.chunk_columns, cells_, planes_);
      const std::vector<std::byte> chunk = compressor_.compress(planes_);
      out.put(static_cast<std::uint64_t>(chunk.size()));
      out.put(std::span<const std::byte>(chunk));
    }
  }
  filling_ = false;
  sink(out.bytes());
}

SeriesRecordHead load_series_head(std::span<const std::byte> payload) {
  ByteReader in(payload);
  SeriesRecordHead head;
  head.member = in.get<std::int64_t>();
  head.first_row = in.get<std::int64_t>();
  return head;
}

namespace {

[[noreturn]] void fail_missing(const std::string& path, std::int64_t member) {
  throw IoError(
      fmt::format("'{}' has been damaged since it was written: series of member {} are missing", path, member));
}

class JournalSeries final : public SeriesSource {
 public:
  JournalSeries(std::string path, const Schema& schema) : schema_(schema), spool_(Spool::for_reading(std::move(path))) {
    JournalContent content = read_journal(spool_.path());
    records_ = std::move(content.series);
    for (const MemberRow& row : content.members.rows)
      if (!row.values.empty() && records_.contains(row.member)) members_.push_back(row.member);
  }
  [[nodiscard]] const std::string& path() const override { return spool_.path(); }
  [[nodiscard]] const std::vector<std::int64_t>& members() const override { return members_; }

  void visit(std::int64_t member, const SeriesVisitor& visitor) const override {
    const SeriesRecords& records = records_.at(member);
    for (std::int64_t row = 0; row < schema_.rows; row += schema_.chunk_rows) {
      const auto found = records.find(row);
      if (found == records.end()) fail_missing(path(), member);
      const auto payload = spool_.read(RecordKind::member_series, found->second);
      if (!payload) fail_missing(path(), member);
      visit_record(*payload, visitor);
    }
  }

 private:
  void visit_record(std::span<const std::byte> payload, const SeriesVisitor& visitor) const {
    ByteReader in(payload);
    (void)in.get<std::int64_t>();
    const auto first_row = static_cast<std::uint64_t>(in.get<std::int64_t>());
    for (std::size_t s = 0; s < schema_.streams.size(); ++s)
      for (std::size_t c = 0; c < schema_.streams[s].chunks(); ++c)
        visitor({s, first_row, c * schema_.streams[s].chunk_columns, in.take(in.get<std::uint64_t>())});
  }

  const Schema& schema_;
  Spool spool_;
  std::map<std::int64_t, SeriesRecords> records_;
  std::vector<std::int64_t> members_;
};

class ShardSeries final : public SeriesSource {
 public:
  ShardSeries(const std::string& path, const Schema& schema) : schema_(schema), reader_(path) {
    for (const double member : reader_.read(schema.content.groups.front().name, "member")) {
      row_[static_cast<std::int64_t>(member)] = members_.size();
      members_.push_back(static_cast<std::int64_t>(member));
    }
  }
  [[nodiscard]] const std::string& path() const override { return reader_.path(); }
  [[nodiscard]] const std::vector<std::int64_t>& members() const override { return members_; }

  void visit(std::int64_t member, const SeriesVisitor& visitor) const override {
    for (std::int64_t row = 0; row < schema_.rows; row += schema_.chunk_rows)
      for (std::size_t s = 0; s < schema_.streams.size(); ++s) {
        const Stream& stream = schema_.streams[s];
        const Group& group = schema_.content.groups[stream.group];
        for (std::size_t column = 0; column < stream.entities; column += stream.chunk_columns) {
          std::vector<std::uint64_t> offset{row_.at(member), static_cast<std::uint64_t>(row)};
          if (!stream.one_dimensional) offset.push_back(column);
          const auto bytes = reader_.read_chunk(group.name, group.datasets[stream.dataset].name, offset);
          if (bytes.empty()) fail_missing(path(), member);
          visitor({s, static_cast<std::uint64_t>(row), column, bytes});
        }
      }
  }

 private:
  const Schema& schema_;
  ResultsReader reader_;
  std::vector<std::int64_t> members_;
  std::map<std::int64_t, std::uint64_t> row_;
};

}  // namespace

std::unique_ptr<SeriesSource> open_journal_series(const std::string& path, const Schema& schema) {
  return std::make_unique<JournalSeries>(path, schema);
}

std::unique_ptr<SeriesSource> open_shard_series(const std::string& path, const Schema& schema) {
  return std::make_unique<ShardSeries>(path, schema);
}

}  // namespace gridplus::output
