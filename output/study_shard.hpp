// A finished shard: what one worker of a study computed, as an HDF5 file that stays.
#pragma once

#include <string>

#include "output/fingerprint.hpp"
#include "output/schema.hpp"
#include "output/study_design.hpp"
#include "output/study_members.hpp"

namespace gridplus::output {

/// What all shards of a study have in common: with it they can be merged without the scenario.
struct StudyDescription {
  study::Design design;
  Provenance provenance;  ///< of the scenario as it is written, without any of the sweep's values
  std::string inputs;     ///< as inputs_text() gives
};

/// Makes a shard of the journal at `journal`, under a temporary name that is changed at the end. `series`: what was
/// recorded of every member; nullptr: nothing. Throws IoError.
void write_shard(const std::string& path, const std::string& journal, const StudyDescription& description,
                 const Schema* series);

struct ShardContent {
  StudyDescription description;
  MemberRows members;
};
/// Throws IoError where it is damaged, cut off, or no shard.
[[nodiscard]] ShardContent read_shard(const std::string& path);

}  // namespace gridplus::output
