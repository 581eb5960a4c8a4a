#include "tools/gridplus/interrupt.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>

namespace gridplus::tools {

namespace {

std::atomic<std::int64_t> asked_at_ms{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler may touch lock-free atomics only");

/// The second request ends the program at once. timeout(1) says the first twice: to the process and to its group.
extern "C" void on_signal(int signal) {
  constexpr std::int64_t k_same_request_ms = 500;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  std::int64_t first_ms = 0;
  if (asked_at_ms.compare_exchange_strong(first_ms, now_ms) || now_ms - first_ms < k_same_request_ms) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void watch_for_interrupt() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  return asked_at_ms.load() != 0;
}

}  // namespace gridplus::tools
