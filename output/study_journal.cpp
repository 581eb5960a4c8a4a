#include "output/study_journal.hpp"

#include <algorithm>
#include <filesystem>

#include "output/byte_stream.hpp"
#include "output/spool_records.hpp"

namespace gridplus::output {

namespace {

constexpr std::chrono::seconds k_between_syncs{10};

std::vector<std::byte> names_payload(const NameTable& table) {
  ByteWriter out;
  out.put(static_cast<std::uint64_t>(table.kpis.size()));
  for (const Kpi& kpi : table.kpis) {
    out.put(kpi.name);
    out.put(kpi.unit);
    out.put(kpi.long_name);
  }
  out.put(static_cast<std::uint64_t>(table.categories.size()));
  for (const std::string& category : table.categories) out.put(category);
  return out.take();
}

NameTable load_names(std::span<const std::byte> payload) {
  ByteReader in(payload);
  NameTable table;
  table.kpis.resize(in.get<std::uint64_t>());
  for (Kpi& kpi : table.kpis) {
    kpi.name = in.text();
    kpi.unit = in.text();
    kpi.long_name = in.text();
  }
  table.categories.resize(in.get<std::uint64_t>());
  for (std::string& category : table.categories) category = in.text();
  return table;
}

std::vector<std::byte> member_payload(const study::MemberResult& result, std::uint32_t table) {
  ByteWriter out;
  out.put(result.member);
  out.put(static_cast<std::uint64_t>(result.status));
  out.put(static_cast<std::uint64_t>(table));
  out.put(result.wall_s);
  out.put(result.reason);
  const std::vector<double> values = values_of(result);
  out.put(static_cast<std::uint64_t>(values.size()));
  out.put(std::as_bytes(std::span(values)));
  return out.take();
}

MemberRow load_member(std::span<const std::byte> payload) {
  ByteReader in(payload);
  MemberRow row;
  row.member = in.get<std::int64_t>();
  row.status = static_cast<study::MemberStatus>(in.get<std::uint64_t>());
  row.table = static_cast<std::uint32_t>(in.get<std::uint64_t>());
  row.wall_s = in.get<double>();
  row.reason = in.text();
  row.values.resize(in.get<std::uint64_t>());
  const auto bytes = in.take(row.values.size() * sizeof(double));
  std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(row.values)).begin());
  return row;
}

std::vector<std::byte> member_checkpoint_payload(std::int64_t member, const Checkpoint& checkpoint,
                                                 std::span<const std::byte> rows) {
  ByteWriter out;
  out.put(member);
  out.put(checkpoint.next_step);
  out.put(static_cast<std::uint64_t>(checkpoint.state.size()));
  out.put(std::span<const std::byte>(checkpoint.state));
  out.put(rows);
  return out.take();
}

struct LoadedMemberCheckpoint {
  std::int64_t member = 0;
  Checkpoint checkpoint;
  std::vector<std::byte> rows;  ///< of its series, in no record yet
};

LoadedMemberCheckpoint load_member_checkpoint(std::span<const std::byte> payload) {
  ByteReader in(payload);
  LoadedMemberCheckpoint out;
  out.member = in.get<std::int64_t>();
  out.checkpoint.next_step = in.get<std::int64_t>();
  const auto bytes = in.take(in.get<std::uint64_t>());
  out.checkpoint.state.assign(bytes.begin(), bytes.end());
  out.rows.assign(in.rest().begin(), in.rest().end());
  return out;
}

JournalContent scan(const Spool& spool) {
  JournalContent out;
  out.end = spool.scan([&](const SpoolRecord& record) {
    if (record.kind == RecordKind::header) out.fingerprint = load_header(record.payload);
    if (record.kind == RecordKind::names) out.members.tables.push_back(load_names(record.payload));
    if (record.kind == RecordKind::member_checkpoint) {
      ByteReader in(record.payload);
      const auto member = in.get<std::int64_t>();
      out.unfinished[member] = {spool.path(), record.begin, in.get<std::int64_t>()};
    }
    if (record.kind == RecordKind::member_series) {
      const SeriesRecordHead head = load_series_head(record.payload);
      out.series[head.member][head.first_row] = record.begin;
    }
    if (record.kind != RecordKind::member) return;
    out.members.rows.push_back(load_member(record.payload));
    out.unfinished.erase(out.members.rows.back().member);
  });
  return out;
}

}  // namespace

JournalContent read_journal(const std::string& path) {
  return scan(Spool::for_reading(path));
}

StudyJournal::StudyJournal(std::string path, const Fingerprint& fingerprint, int seats, UnfinishedMembers unfinished,
                           const Schema* series)
    : spool_(std::move(path)),
      series_(series),
      unfinished_(std::move(unfinished)),
      slots_(static_cast<std::size_t>(seats)) {
  JournalContent content = scan(spool_);
  tables_ = std::move(content.members.tables);
  spool_.truncate(content.end);
  if (series_ != nullptr)
    for (Slot& slot : slots_) slot.series = std::make_unique<MemberSeries>(*series_);
  if (content.end > 0) return;
  const auto header = header_payload(fingerprint);
  spool_.append(RecordKind::header, {header});
}

std::optional<Checkpoint> StudyJournal::begin(int seat, std::int64_t member, const Model&) {
  const std::scoped_lock lock(guard_);
  Slot& slot = slots_.at(static_cast<std::size_t>(seat));
  slot.member = member;
  if (slot.series) slot.series->begin(member, {});
  const auto found = unfinished_.find(member);
  if (found == unfinished_.end()) return std::nullopt;
  const UnfinishedMember place = std::move(found->second);
  unfinished_.erase(found);
  return load(member, place, slot);
}

/// Nothing where the journal is no longer what it was: the member then begins anew.
std::optional<Checkpoint> StudyJournal::load(std::int64_t member, const UnfinishedMember& place, Slot& slot) {
  try {
    const Spool journal = Spool::for_reading(place.journal);
    const auto payload = journal.read(RecordKind::member_checkpoint, place.begin);
    if (!payload) return std::nullopt;
    LoadedMemberCheckpoint loaded = load_member_checkpoint(*payload);
    if (loaded.member != member || loaded.checkpoint.next_step != place.next_step) return std::nullopt;
    if (slot.series) {
      if (place.journal != spool_.path()) {  // what it has recorded goes where the rest will be
        JournalContent content = scan(journal);
        for (const auto& [row, begin] : content.series[member])
          if (const auto series = journal.read(RecordKind::member_series, begin))
            spool_.append(RecordKind::member_series, {*series});
      }
      slot.series->begin(member, loaded.rows);
    }
    return std::move(loaded.checkpoint);
  } catch (const IoError&) {
    if (!std::filesystem::exists(place.journal)) return std::nullopt;
    throw;
  }
}

void StudyJournal::append_series(std::span<const std::byte> payload) {
  const std::scoped_lock lock(guard_);
  spool_.append(RecordKind::member_series, {payload});
}

void StudyJournal::record(int seat, const StepBlock& block) {
  const Slot& slot = slots_.at(static_cast<std::size_t>(seat));
  if (slot.series) slot.series->record(block, [this](std::span<const std::byte> payload) { append_series(payload); });
}

void StudyJournal::checkpoint(int seat, const Checkpoint& checkpoint) {
  const Slot& slot = slots_.at(static_cast<std::size_t>(seat));
  const std::vector<std::byte> rows = slot.series ? slot.series->unfinished_rows() : std::vector<std::byte>();
  const auto payload = member_checkpoint_payload(slot.member, checkpoint, rows);
  const std::scoped_lock lock(guard_);
  spool_.append(RecordKind::member_checkpoint, {payload});
  spool_.sync();
}

std::uint32_t StudyJournal::known_table(const study::MemberResult& result) {
  const NameTable table = names_of(result);
  for (std::size_t i = 0; i < tables_.size(); ++i)
    if (tables_[i].same_as(table)) return static_cast<std::uint32_t>(i);
  const auto payload = names_payload(table);
  spool_.append(RecordKind::names, {payload});
  tables_.push_back(table);
  return static_cast<std::uint32_t>(tables_.size() - 1);
}

void StudyJournal::finish(int seat, const study::MemberResult& result) {
  const Slot& slot = slots_.at(static_cast<std::size_t>(seat));
  if (slot.series && !result.kpis.empty())
    slot.series->finish([this](std::span<const std::byte> payload) { append_series(payload); });
  const std::scoped_lock lock(guard_);
  const auto payload = member_payload(result, known_table(result));
  spool_.append(RecordKind::member, {payload});
  const auto now = std::chrono::steady_clock::now();
  if (now - last_sync_ < k_between_syncs) return;
  last_sync_ = now;
  spool_.sync();
}

}  // namespace gridplus::output
