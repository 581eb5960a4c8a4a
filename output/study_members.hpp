// What is known of the members of a study, in little room: results as rows of numbers under shared names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/study/ensemble.hpp"

namespace gridplus::output {

/// The columns of a category's totals, in the order in which rows hold them.
struct CategoryColumnInfo {
  const char* name;
  const char* unit;
  const char* long_name;
  double CategoryTotal::*member;
};
[[nodiscard]] std::span<const CategoryColumnInfo> category_columns();

/// Names of the numbers in a row: the key figures, then the columns of every category.
struct NameTable {
  std::vector<Kpi> kpis;  ///< values unused
  std::vector<std::string> categories;
  [[nodiscard]] std::size_t width() const { return kpis.size() + categories.size() * category_columns().size(); }
  [[nodiscard]] bool same_as(const NameTable& other) const;
};

struct MemberRow {
  std::int64_t member = 0;
  study::MemberStatus status = study::MemberStatus::missing;
  std::uint32_t table = 0;  ///< of its names
  double wall_s = 0.0;
  std::string reason;
  std::vector<double> values;  ///< none where it failed
};

struct MemberRows {
  std::vector<NameTable> tables;
  std::vector<MemberRow> rows;

  /// The index of a table like this one, added if it is new.
  std::uint32_t table_index(const NameTable& table);
  /// Adds rows of another set.
  void append(MemberRows other);
  /// One row a member, ascending. Where a member was computed twice both rows are the same, and one is kept.
  void sort_unique();
};

/// A member's names and numbers.
[[nodiscard]] NameTable names_of(const study::MemberResult& result);
[[nodiscard]] std::vector<double> values_of(const study::MemberResult& result);

/// All tables as one: names in the order in which they come first.
[[nodiscard]] NameTable unite(std::span<const NameTable> tables);

/// For every number of `wide` its place in a row of `table`; -1: it has none.
[[nodiscard]] std::vector<std::ptrdiff_t> places_in(const NameTable& wide, const NameTable& table);

}  // namespace gridplus::output
