#include "output/spool_records.hpp"

#include "output/deflate.hpp"
#include "output/summary_groups.hpp"

namespace gridplus::output {

namespace {

constexpr std::uint32_t k_spool_version = 1;

LoadedSummary load_summary_payload(std::span<const std::byte> payload) {
  ByteReader in(payload);
  LoadedSummary loaded;
  loaded.events = in.get<std::uint64_t>();
  loaded.summary = load_summary(in);
  return loaded;
}

}  // namespace

std::vector<std::byte> header_payload(const Fingerprint& fingerprint) {
  ByteWriter out;
  out.put(k_spool_version);
  out.put(static_cast<std::uint32_t>(fingerprint.size()));
  for (const auto& [part, sum] : fingerprint) {
    out.put(part);
    out.put(sum);
  }
  return out.take();
}

Fingerprint load_header(std::span<const std::byte> payload) {
  ByteReader in(payload);
  if (in.get<std::uint32_t>() != k_spool_version) return {};
  Fingerprint fingerprint(in.get<std::uint32_t>());
  for (auto& [part, sum] : fingerprint) {
    part = in.text();
    sum = in.text();
  }
  return fingerprint;
}

std::vector<std::byte> chunk_head(const ChunkPlace& place) {
  ByteWriter out;
  out.put(place.stream);
  out.put(place.chunk);
  out.put(place.first_row);
  return out.take();
}

ChunkPlace load_chunk_head(ByteReader& in) {
  ChunkPlace place;
  place.stream = in.get<std::uint32_t>();
  place.chunk = in.get<std::uint32_t>();
  place.first_row = in.get<std::int64_t>();
  return place;
}

std::vector<std::byte> events_payload(std::span<const Event> events, std::uint64_t first) {
  ByteWriter out;
  out.put(first);
  out.put(static_cast<std::uint64_t>(events.size()));
  for (const Event& event : events) {
    out.put(event.step);
    out.put(event.value);
    out.put(event.kind);
    out.put(event.subject);
    out.put(event.reason);
  }
  return out.take();
}

NumberedEvents load_events(std::span<const std::byte> payload) {
  ByteReader in(payload);
  NumberedEvents loaded;
  loaded.first = in.get<std::uint64_t>();
  loaded.events.resize(in.get<std::uint64_t>());
  for (Event& event : loaded.events) {
    event.step = in.get<std::int64_t>();
    event.value = in.get<double>();
    event.kind = in.text();
    event.subject = in.text();
    event.reason = in.text();
  }
  return loaded;
}

CheckpointRecord checkpoint_payload(const Checkpoint& checkpoint, std::uint64_t events, const RowBuffer* rows) {
  ByteWriter body;
  body.put(std::span(checkpoint.state));
  if (rows != nullptr) rows->save(body);
  ByteWriter head;
  head.put(checkpoint.next_step);
  head.put(events);
  head.put(static_cast<std::uint64_t>(checkpoint.state.size()));
  head.put(static_cast<std::uint64_t>(body.bytes().size()));
  return {head.take(), body.take()};
}

LoadedCheckpoint load_checkpoint(std::span<const std::byte> payload) {
  ByteReader in(payload);
  LoadedCheckpoint loaded;
  loaded.checkpoint.next_step = in.get<std::int64_t>();
  loaded.events = in.get<std::uint64_t>();
  const auto state_size = static_cast<std::ptrdiff_t>(in.get<std::uint64_t>());
  const auto body_size = in.get<std::uint64_t>();
  const std::vector<std::byte> body = decompress(in.rest(), body_size);
  loaded.checkpoint.state.assign(body.begin(), body.begin() + state_size);
  loaded.rows.assign(body.begin() + state_size, body.end());
  return loaded;
}

std::vector<std::byte> summary_payload(const RunSummary& summary, std::uint64_t events) {
  ByteWriter out;
  out.put(events);
  save(summary, out);
  return out.take();
}

ResumePoint find_resume_point(const Spool& spool) {
  ResumePoint point;
  std::vector<std::byte> checkpoint;
  spool.scan([&](const SpoolRecord& record) {
    if (record.kind == RecordKind::header) point.fingerprint = load_header(record.payload);
    if (record.kind == RecordKind::checkpoint) checkpoint.assign(record.payload.begin(), record.payload.end());
    if (record.kind == RecordKind::summary) point.summary = load_summary_payload(record.payload);
    if (record.kind == RecordKind::checkpoint || record.kind == RecordKind::summary) point.end = record.end;
  });
  if (!checkpoint.empty()) point.checkpoint = load_checkpoint(checkpoint);
  return point;
}

}  // namespace gridplus::output
