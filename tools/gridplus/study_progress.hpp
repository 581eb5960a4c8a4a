// Progress of a study on standard error: a bar on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "sim/study/ensemble.hpp"

namespace gridplus::tools {

/// Members that have come to their end.
struct EndedMembers {
  std::int64_t all = 0, flagged = 0;
};
/// Adds members that ended in this process to those of all processes, and says how many that makes. Called a few times
/// a second.
using CountEnded = std::function<EndedMembers(EndedMembers here)>;

class StudyProgress {
 public:
  struct Size {
    std::int64_t members = 0;   ///< of what is shown
    std::int64_t finished = 0;  ///< of them, before this process began
    std::string label;          ///< what is shown; empty: the study
  };
  /// `count`: nothing where the members of this process are all there are.
  StudyProgress(Size size, bool quiet, CountEnded count);
  ~StudyProgress();
  StudyProgress(const StudyProgress&) = delete;
  StudyProgress& operator=(const StudyProgress&) = delete;

  /// One more member has ended.
  void update(study::MemberStatus status);

 private:
  void draw(double elapsed_s) const;

  using Clock = std::chrono::steady_clock;
  Size size_;
  bool quiet_, terminal_;
  CountEnded count_;
  EndedMembers ended_;  ///< as far as known, since this process began
  EndedMembers new_;    ///< here, not yet counted
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace gridplus::tools
