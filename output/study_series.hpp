// The series of all members of a study as arrays over its axes: links to the shards, or copies of what they hold.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "output/hdf5_file.hpp"
#include "output/member_series.hpp"
#include "output/study_table.hpp"

namespace gridplus::output {

struct StudySeries {
  enum class Form : std::uint8_t {
    links,  ///< virtual datasets over the shards, which must stay where they are
    copies  ///< everything in one file
  } form = Form::links;
  std::shared_ptr<const Schema> schema;
  /// Where members are to be found; for links shards only, in the folder `shards` beside the file.
  std::vector<std::unique_ptr<SeriesSource>> sources;
};

/// Adds the groups of the series. Of members without results, and of those that were not needed, cells have the fill
/// value: NaN, or the least number that an integer can be.
void add_study_series(Hdf5File& file, const StudyTable& table, const StudySeries& series);

}  // namespace gridplus::output
