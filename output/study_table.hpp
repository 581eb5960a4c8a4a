// The results of a study as full tables: every number by point and replicate, and what follows for every point.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "output/study_members.hpp"
#include "sim/study/design.hpp"
#include "sim/study/statistics.hpp"

namespace gridplus::output {

/// Members that are missing, and would be needed.
[[nodiscard]] std::vector<std::int64_t> missing_members(const study::Design& design, const MemberRows& members);

struct StudyTable {
  study::Design design;
  NameTable names;
  /// [number][point * replicates + replicate]; NaN where there is none. Numbers as in `names`.
  std::vector<std::vector<double>> values;
  std::vector<study::MemberStatus> status;  ///< [point * replicates + replicate]
  std::vector<MemberRow> flagged;           ///< failed or not converged, by member; without values

  [[nodiscard]] std::optional<std::size_t> find_kpi(std::string_view name) const;
  /// All replicates of a number at a point.
  [[nodiscard]] std::span<const double> replicates(std::size_t number, std::int64_t point) const;
  /// Of the replicates at a point that have a value.
  [[nodiscard]] study::Estimate mean(std::size_t number, std::int64_t point) const;
  /// Of the differences to the baseline, replicate by replicate: what both share falls out. The baseline's own are
  /// zero.
  [[nodiscard]] study::Estimate difference(std::size_t number, std::int64_t point) const;
  /// Of the Shapley values of each cause, replicate by replicate, at a point of the sweep (counted without the axis of
  /// causes); the last entry is of what all causes together make. Replicates with a member that has no value are left
  /// out.
  [[nodiscard]] std::vector<study::Estimate> attribution(std::size_t number, std::int64_t sweep_point) const;
  [[nodiscard]] std::int64_t count(study::MemberStatus wanted) const;
};

/// From rows sorted by member. Members beyond the end of their point are left out, whether computed or not.
[[nodiscard]] StudyTable make_table(const study::Design& design, const MemberRows& members);

}  // namespace gridplus::output
