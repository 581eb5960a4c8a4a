// Progress of a study on standard error: a bar on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>

#include "sim/study/ensemble.hpp"

namespace gridplus::tools {

class StudyProgress {
 public:
  StudyProgress(std::int64_t members, bool quiet);
  ~StudyProgress();
  StudyProgress(const StudyProgress&) = delete;
  StudyProgress& operator=(const StudyProgress&) = delete;

  /// One more member has ended.
  void update(study::MemberStatus status);

 private:
  void draw(double elapsed_s) const;

  using Clock = std::chrono::steady_clock;
  std::int64_t members_, ended_ = 0, flagged_ = 0;
  bool quiet_, terminal_;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace gridplus::tools
