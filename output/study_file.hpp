// study.h5: the key figures of a study on its named axes. docs/output-format.md specifies it.
#pragma once

#include <string>

#include "output/study_series.hpp"
#include "output/study_shard.hpp"
#include "output/study_table.hpp"

namespace gridplus::output {

/// Writes the file under a temporary name and renames it. Depends on the members' results only, not on how the work was
/// divided, but for the attributes that say when and by what it was written. `series`: of the members, where they are
/// recorded. Throws IoError.
void write_study(const std::string& path, const StudyTable& table, const StudyDescription& description,
                 const StudySeries* series);

}  // namespace gridplus::output
