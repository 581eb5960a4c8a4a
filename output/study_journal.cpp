#include "output/study_journal.hpp"

#include <algorithm>

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

std::vector<std::byte> member_checkpoint_payload(std::int64_t member, const Checkpoint& checkpoint) {
  ByteWriter out;
  out.put(member);
  out.put(checkpoint.next_step);
  out.put(static_cast<std::uint64_t>(checkpoint.state.size()));
  out.put(std::span<const std::byte>(checkpoint.state));
  return out.take();
}

void load_member_checkpoint(std::span<const std::byte> payload, std::map<std::int64_t, Checkpoint>& unfinished) {
  ByteReader in(payload);
  Checkpoint& checkpoint = unfinished[in.get<std::int64_t>()];
  checkpoint.next_step = in.get<std::int64_t>();
  const auto bytes = in.take(in.get<std::uint64_t>());
  checkpoint.state.assign(bytes.begin(), bytes.end());
}

JournalContent scan(const Spool& spool) {
  JournalContent out;
  out.end = spool.scan([&](const SpoolRecord& record) {
    if (record.kind == RecordKind::header) out.fingerprint = load_header(record.payload);
    if (record.kind == RecordKind::names) out.members.tables.push_back(load_names(record.payload));
    if (record.kind == RecordKind::member_checkpoint) load_member_checkpoint(record.payload, out.unfinished);
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

StudyJournal::StudyJournal(std::string path, const Fingerprint& fingerprint, int seats,
                           std::map<std::int64_t, Checkpoint> unfinished)
    : spool_(std::move(path)), unfinished_(std::move(unfinished)), current_(static_cast<std::size_t>(seats), -1) {
  JournalContent content = scan(spool_);
  tables_ = std::move(content.members.tables);
  spool_.truncate(content.end);
  if (content.end > 0) return;
  const auto header = header_payload(fingerprint);
  spool_.append(RecordKind::header, {header});
}

std::optional<Checkpoint> StudyJournal::begin(int seat, std::int64_t member, const Model&) {
  const std::scoped_lock lock(guard_);
  current_[static_cast<std::size_t>(seat)] = member;
  const auto found = unfinished_.find(member);
  if (found == unfinished_.end()) return std::nullopt;
  std::optional<Checkpoint> checkpoint = std::move(found->second);
  unfinished_.erase(found);
  return checkpoint;
}

void StudyJournal::record(int, const StepBlock&) {}

void StudyJournal::checkpoint(int seat, const Checkpoint& checkpoint) {
  const auto payload = member_checkpoint_payload(current_[static_cast<std::size_t>(seat)], checkpoint);
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

void StudyJournal::finish(int, const study::MemberResult& result) {
  const std::scoped_lock lock(guard_);
  const auto payload = member_payload(result, known_table(result));
  spool_.append(RecordKind::member, {payload});
  const auto now = std::chrono::steady_clock::now();
  if (now - last_sync_ < k_between_syncs) return;
  last_sync_ = now;
  spool_.sync();
}

}  // namespace gridplus::output
