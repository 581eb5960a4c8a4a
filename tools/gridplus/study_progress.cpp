#include "tools/gridplus/study_progress.hpp"

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

StudyProgress::StudyProgress(std::int64_t members, bool quiet)
    : members_(members), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

StudyProgress::~StudyProgress() {
  if (!quiet_ && terminal_) fmt::print(stderr, "\r\033[K");
}

void StudyProgress::update(study::MemberStatus status) {
  ++ended_;
  if (status == study::MemberStatus::failed || status == study::MemberStatus::not_converged) ++flagged_;
  if (quiet_) return;
  const Clock::time_point now = Clock::now();
  if (std::chrono::duration<double>(now - last_).count() < (terminal_ ? k_redraw_s : k_line_s)) return;
  last_ = now;
  draw(std::chrono::duration<double>(now - start_).count());
}

void StudyProgress::draw(double elapsed_s) const {
  const double share = static_cast<double>(ended_) / static_cast<double>(std::max<std::int64_t>(members_, 1));
  const double rate = static_cast<double>(ended_) / std::max(elapsed_s, 1e-9);
  const double left_s = static_cast<double>(members_ - ended_) / std::max(rate, 1e-9);
  std::string facts = fmt::format("{:3.0f} %  {} of {} members  {} a second  {} left", 100.0 * share, ended_, members_,
                                  grouped(rate), duration(left_s));
  if (flagged_ > 0) facts += fmt::format("  {} flagged", flagged_);
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
