// The payloads of the spool's records, and what of a spool can be continued.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "output/fingerprint.hpp"
#include "output/row_buffer.hpp"
#include "output/spool.hpp"
#include "sim/step/checkpoint.hpp"
#include "sim/step/kpi.hpp"

namespace gridplus::output {

[[nodiscard]] std::vector<std::byte> header_payload(const Fingerprint& fingerprint);
/// Empty where the record is of another version.
[[nodiscard]] Fingerprint load_header(std::span<const std::byte> payload);

/// Where a chunk goes; in the record the compressed bytes follow.
struct ChunkPlace {
  std::uint32_t stream = 0, chunk = 0;
  std::int64_t first_row = 0;
};
[[nodiscard]] std::vector<std::byte> chunk_head(const ChunkPlace& place);
[[nodiscard]] ChunkPlace load_chunk_head(ByteReader& in);

/// Events in a row, with the number of the first.
[[nodiscard]] std::vector<std::byte> events_payload(std::span<const Event> events, std::uint64_t first);
struct NumberedEvents {
  std::uint64_t first = 0;
  std::vector<Event> events;
};
[[nodiscard]] NumberedEvents load_events(std::span<const std::byte> payload);

/// A checkpoint: `head` is small and plain, `body` worth compressing. `rows` may be null: no row is unfinished.
struct CheckpointRecord {
  std::vector<std::byte> head, body;
};
[[nodiscard]] CheckpointRecord checkpoint_payload(const Checkpoint& checkpoint, std::uint64_t events,
                                                  const RowBuffer* rows);
struct LoadedCheckpoint {
  Checkpoint checkpoint;
  std::uint64_t events = 0;     ///< recorded before it
  std::vector<std::byte> rows;  ///< for RowBuffer::restore; empty: none
};
[[nodiscard]] LoadedCheckpoint load_checkpoint(std::span<const std::byte> payload);

[[nodiscard]] std::vector<std::byte> summary_payload(const RunSummary& summary, std::uint64_t events);
struct LoadedSummary {
  RunSummary summary;
  std::uint64_t events = 0;
};

/// What a spool holds that can be continued.
struct ResumePoint {
  Fingerprint fingerprint;                     ///< empty: the spool has no header that this program can read
  std::uint64_t end = 0;                       ///< where the checkpoint or the summary ends; 0: there is neither
  std::optional<LoadedCheckpoint> checkpoint;  ///< the last
  std::optional<LoadedSummary> summary;        ///< the whole run is in the spool
};
[[nodiscard]] ResumePoint find_resume_point(const Spool& spool);

}  // namespace gridplus::output
