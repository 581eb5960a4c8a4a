#include "tools/gridplus/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {
constexpr double k_redraw_s = 0.1;  // on a terminal
constexpr double k_line_s = 10.0;   // in a log
}  // namespace

Progress::Progress(const TimeAxis& time, std::int64_t first_step, bool quiet)
    : time_(time), first_step_(first_step), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (!quiet_ && terminal_) fmt::print(stderr, "\r\033[K");
}

void Progress::update(std::int64_t next_step) {
  if (quiet_) return;
  const Clock::time_point now = Clock::now();
  if (std::chrono::duration<double>(now - last_).count() < (terminal_ ? k_redraw_s : k_line_s)) return;
  last_ = now;
  draw(next_step, std::chrono::duration<double>(now - start_).count());
}

void Progress::draw(std::int64_t next_step, double elapsed_s) const {
  const double share = static_cast<double>(next_step) / static_cast<double>(std::max<std::int64_t>(time_.steps(), 1));
  const double rate = static_cast<double>(next_step - first_step_) / std::max(elapsed_s, 1e-9);
  const double left_s = static_cast<double>(time_.steps() - next_step) / std::max(rate, 1e-9);
  const std::string facts = fmt::format("{:3.0f} %  {}  {} steps/s  {} left", 100.0 * share,
                                        format_local(time_.at(next_step)), grouped(rate, 0), duration(left_s));
  if (!terminal_) {
    fmt::print(stderr, "{}\n", facts);
    return;
  }
  constexpr std::size_t k_width = 28;
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(k_width));
  fmt::print(stderr, "\r\033[K[{}{}] {}", std::string(filled, '#'), std::string(k_width - filled, '.'), facts);
  std::fflush(stderr);
}

}  // namespace gridplus::tools
