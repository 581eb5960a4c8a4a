// Progress of a run on standard error: a bar on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>

#include "sim/core/calendar.hpp"

namespace gridplus::tools {

class Progress {
 public:
  /// `first_step`: where the run starts or resumes.
  Progress(const TimeAxis& time, std::int64_t first_step, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Steps before `next_step` are done.
  void update(std::int64_t next_step);

 private:
  void draw(std::int64_t next_step, double elapsed_s) const;

  using Clock = std::chrono::steady_clock;
  TimeAxis time_;
  std::int64_t first_step_;
  bool quiet_, terminal_;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace gridplus::tools
