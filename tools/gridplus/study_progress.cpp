#include "tools/gridplus/study_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {
constexpr double k_redraw_s = 0.1;  // on a terminal
constexpr double k_line_s = 10.0;   // in a log
constexpr double k_count_s = 1.0;   // where another process shows it
}  // namespace

StudyProgress::StudyProgress(Size size, bool quiet, CountEnded count)
    : size_(std::move(size)), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), count_(std::move(count)) {}

StudyProgress::~StudyProgress() {
  if (!quiet_ && terminal_) fmt::print(stderr, "\r\033[K");
}

void StudyProgress::update(study::MemberStatus status) {
  ++new_.all;
  if (status == study::MemberStatus::failed || status == study::MemberStatus::not_converged) ++new_.flagged;
  const Clock::time_point now = Clock::now();
  const double interval_s = quiet_ ? k_count_s : terminal_ ? k_redraw_s : k_line_s;
  if (std::chrono::duration<double>(now - last_).count() < interval_s) return;
  last_ = now;
  if (count_)
    ended_ = count_(new_);
  else
    ended_ = {ended_.all + new_.all, ended_.flagged + new_.flagged};
  new_ = {};
  if (!quiet_) draw(std::chrono::duration<double>(now - start_).count());
}

void StudyProgress::draw(double elapsed_s) const {
  const std::int64_t ended = size_.finished + ended_.all, left = size_.members - ended;
  const double share = static_cast<double>(ended) / static_cast<double>(std::max<std::int64_t>(size_.members, 1));
  const double rate = static_cast<double>(ended_.all) / std::max(elapsed_s, 1e-9);
  std::string facts =
      fmt::format("{}{:3.0f} %  {} of {} members  {} a second  {} left", size_.label, std::floor(100.0 * share),
                  grouped(static_cast<double>(ended), 0), grouped(static_cast<double>(size_.members), 0), grouped(rate),
                  duration(static_cast<double>(left) / std::max(rate, 1e-9)));
  if (ended_.flagged > 0) facts += fmt::format("  {} flagged", ended_.flagged);
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
