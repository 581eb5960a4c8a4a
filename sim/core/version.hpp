// Which program this is: what results, checkpoints and `--version` say of their origin.
#pragma once

#include <string_view>

namespace gridplus {

struct ProgramVersion {
  std::string_view version;     ///< such as `0.1.0`
  std::string_view git_hash;    ///< abbreviated commit, `-dirty` appended where files differ from it; or `unknown`
  std::string_view compiler;    ///< such as `GNU 12.2.0`
  std::string_view build_type;  ///< such as `Release`
};

[[nodiscard]] const ProgramVersion& program_version();

}  // namespace gridplus
