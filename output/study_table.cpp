#include "output/study_table.hpp"

#include <algorithm>

#include "sim/study/stopping.hpp"

namespace gridplus::output {

namespace {

using study::MemberStatus;

/// The rule's key figure of all members that are known, on a board.
std::unique_ptr<study::LocalStopBoard> board_of(const study::Design& design, const MemberRows& members) {
  auto board = std::make_unique<study::LocalStopBoard>(design.stop ? design.members() : 0);
  if (!design.stop) return board;
  for (const MemberRow& row : members.rows) {
    double value = study::k_not_known;
    if (!row.values.empty()) {
      const auto& kpis = members.tables[row.table].kpis;
      const auto found = std::ranges::find(kpis, design.stop->kpi, &Kpi::name);
      if (found != kpis.end()) value = row.values[static_cast<std::size_t>(found - kpis.begin())];
    }
    board->publish(row.member, value);
  }
  return board;
}

}  // namespace

std::vector<std::int64_t> missing_members(const study::Design& design, const MemberRows& members) {
  const auto board = board_of(design, members);
  study::StoppingTracker stopping(design, *board);
  std::vector<std::int64_t> missing;
  auto row = members.rows.begin();
  for (std::int64_t member = 0; member < design.members(); ++member) {
    while (row != members.rows.end() && row->member < member) ++row;
    const bool known = row != members.rows.end() && row->member == member;
    if (!known && stopping.needed(member)) missing.push_back(member);
  }
  return missing;
}

StudyTable make_table(const study::Design& design, const MemberRows& members) {
  StudyTable table;
  table.design = design;
  std::vector<NameTable> used;
  for (const MemberRow& row : members.rows)  // in the order of the members, so that every split has the same
    if (!row.values.empty() && (used.empty() || !used.back().same_as(members.tables[row.table])))
      if (std::ranges::none_of(used, [&](const NameTable& t) { return t.same_as(members.tables[row.table]); }))
        used.push_back(members.tables[row.table]);
  table.names = unite(used);
  std::vector<std::vector<std::ptrdiff_t>> places;
  for (const NameTable& names : members.tables) places.push_back(places_in(table.names, names));
  const auto cells = static_cast<std::size_t>(design.members());
  table.values.assign(table.names.width(), std::vector<double>(cells, study::k_not_known));
  table.status.assign(cells, MemberStatus::missing);
  const auto board = board_of(design, members);
  study::StoppingTracker stopping(design, *board);
  const auto cell_of = [&](std::int64_t member) { return static_cast<std::size_t>(design.cell(member)); };
  if (design.stop)
    for (std::int64_t member = 0; member < design.members(); ++member)
      if (!stopping.needed(member)) table.status[cell_of(member)] = MemberStatus::not_needed;
  for (const MemberRow& row : members.rows) {
    if (!stopping.needed(row.member)) continue;
    const std::size_t cell = cell_of(row.member);
    table.status[cell] = row.status;
    if (row.status != MemberStatus::done) {
      table.flagged.push_back(row);
      table.flagged.back().values.clear();
    }
    if (row.values.empty()) continue;
    for (std::size_t n = 0; n < table.values.size(); ++n)
      if (const std::ptrdiff_t place = places[row.table][n]; place >= 0)
        table.values[n][cell] = row.values[static_cast<std::size_t>(place)];
  }
  return table;
}

std::optional<std::size_t> StudyTable::find_kpi(std::string_view name) const {
  const auto found = std::ranges::find(names.kpis, name, &Kpi::name);
  if (found == names.kpis.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.kpis.begin());
}

std::span<const double> StudyTable::replicates(std::size_t number, std::int64_t point) const {
  return std::span(values[number])
      .subspan(static_cast<std::size_t>(point * design.replicates), static_cast<std::size_t>(design.replicates));
}

study::Estimate StudyTable::mean(std::size_t number, std::int64_t point) const {
  return study::estimate(replicates(number, point), design.confidence);
}

study::Estimate StudyTable::difference(std::size_t number, std::int64_t point) const {
  const auto base = design.baseline_point(point);
  if (!base) return {};
  const auto own = replicates(number, point), other = replicates(number, *base);
  study::RunningMean mean;
  for (std::size_t r = 0; r < own.size(); ++r)
    if (const double delta = own[r] - other[r]; delta == delta) mean.add(delta);
  return mean.estimate(design.confidence);
}

std::vector<study::Estimate> StudyTable::attribution(std::size_t number, std::int64_t sweep_point) const {
  const std::int64_t sets = design.cause_sets();
  std::vector<study::RunningMean> means(design.causes.size() + 1);
  std::vector<double> v(static_cast<std::size_t>(sets));
  for (std::size_t r = 0; r < static_cast<std::size_t>(design.replicates); ++r) {
    for (std::int64_t set = 0; set < sets; ++set)
      v[static_cast<std::size_t>(set)] = replicates(number, sweep_point * sets + set)[r];
    if (std::ranges::any_of(v, [](double value) { return value != value; })) continue;
    const std::vector<double> shares = study::shapley_values(v);
    for (std::size_t i = 0; i < shares.size(); ++i) means[i].add(shares[i]);
    means.back().add(v.back() - v.front());
  }
  std::vector<study::Estimate> out;
  for (const study::RunningMean& mean : means) out.push_back(mean.estimate(design.confidence));
  return out;
}

std::int64_t StudyTable::count(MemberStatus wanted) const {
  return std::ranges::count(status, wanted);
}

}  // namespace gridplus::output
