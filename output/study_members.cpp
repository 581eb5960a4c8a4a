#include "output/study_members.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace gridplus::output {

namespace {

constexpr std::array<CategoryColumnInfo, 6> k_columns = {
    {{"capacity_mw", "MW", "rated active power of its producers", &CategoryTotal::capacity_mw},
     {"energy_mwh", "MWh", "energy generated", &CategoryTotal::energy_mwh},
     {"available_mwh", "MWh", "energy that resource and machines could give", &CategoryTotal::available_mwh},
     {"curtailed_mwh", "MWh", "energy of free resources that was not used", &CategoryTotal::curtailed_mwh},
     {"cost", "currency", "operating cost", &CategoryTotal::cost},
     {"co2_t", "t", "carbon dioxide emitted", &CategoryTotal::co2_t}}};

}  // namespace

std::span<const CategoryColumnInfo> category_columns() {
  return k_columns;
}

bool NameTable::same_as(const NameTable& other) const {
  return categories == other.categories && std::ranges::equal(kpis, other.kpis, {}, &Kpi::name, &Kpi::name);
}

std::uint32_t MemberRows::table_index(const NameTable& table) {
  const auto found = std::ranges::find_if(tables, [&](const NameTable& known) { return known.same_as(table); });
  const auto index = static_cast<std::uint32_t>(found - tables.begin());
  if (found == tables.end()) tables.push_back(table);
  return index;
}

void MemberRows::append(MemberRows other) {
  std::vector<std::uint32_t> index;
  for (const NameTable& table : other.tables) index.push_back(table_index(table));
  for (MemberRow& row : other.rows)
    if (row.table < index.size()) row.table = index[row.table];
  std::move(other.rows.begin(), other.rows.end(), std::back_inserter(rows));
}

void MemberRows::sort_unique() {
  std::ranges::stable_sort(rows, {}, &MemberRow::member);
  const auto same = [](const MemberRow& a, const MemberRow& b) { return a.member == b.member; };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
}

NameTable names_of(const study::MemberResult& result) {
  NameTable table;
  table.kpis = result.kpis;
  for (Kpi& kpi : table.kpis) kpi.value = 0.0;
  for (const CategoryTotal& total : result.categories) table.categories.push_back(total.category);
  // Categories come by their energy, which differs from member to member.
  std::ranges::sort(table.categories);
  return table;
}

std::vector<double> values_of(const study::MemberResult& result) {
  std::vector<double> values;
  for (const Kpi& kpi : result.kpis) values.push_back(kpi.value);
  std::vector<const CategoryTotal*> sorted;
  for (const CategoryTotal& total : result.categories) sorted.push_back(&total);
  std::ranges::sort(sorted, {}, &CategoryTotal::category);
  for (const CategoryTotal* const total : sorted)
    for (const CategoryColumnInfo& column : k_columns) values.push_back(total->*column.member);
  return values;
}

NameTable unite(std::span<const NameTable> tables) {
  NameTable out;
  for (const NameTable& table : tables) {
    for (const Kpi& kpi : table.kpis)
      if (std::ranges::find(out.kpis, kpi.name, &Kpi::name) == out.kpis.end()) out.kpis.push_back(kpi);
    for (const std::string& category : table.categories)
      if (std::ranges::find(out.categories, category) == out.categories.end()) out.categories.push_back(category);
  }
  std::ranges::sort(out.categories);
  return out;
}

std::vector<std::ptrdiff_t> places_in(const NameTable& wide, const NameTable& table) {
  std::vector<std::ptrdiff_t> places;
  for (const Kpi& kpi : wide.kpis) {
    const auto found = std::ranges::find(table.kpis, kpi.name, &Kpi::name);
    places.push_back(found == table.kpis.end() ? -1 : found - table.kpis.begin());
  }
  for (const std::string& category : wide.categories) {
    const auto found = std::ranges::find(table.categories, category);
    for (std::size_t c = 0; c < k_columns.size(); ++c)
      places.push_back(found == table.categories.end()
                           ? -1
                           : static_cast<std::ptrdiff_t>(table.kpis.size() + c) +
                                 (found - table.categories.begin()) * static_cast<std::ptrdiff_t>(k_columns.size()));
  }
  return places;
}

}  // namespace gridplus::output
