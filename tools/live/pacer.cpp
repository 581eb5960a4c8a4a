#include "tools/live/pacer.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "sim/core/error.hpp"

namespace gridplus::live {

double SteadyClock::now_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void SteadyClock::sleep(double s) {
  std::this_thread::sleep_for(std::chrono::duration<double>(s));
}

Pacer::Pacer(double step_wall_s, Clock& clock, std::function<bool()> stop)
    : step_wall_s_(step_wall_s), clock_(clock), stop_(std::move(stop)) {
  ensure(step_wall_s > 0.0, "a paced step takes no time");
}

bool Pacer::wait() {
  constexpr double k_nap_s = 0.05;
  if (!running_) {
    start_s_ = clock_.now_s();
    running_ = true;
  }
  const double begin_s = start_s_ + static_cast<double>(steps_) * step_wall_s_;
  while (true) {
    if (stop_()) return false;
    const double left_s = begin_s - clock_.now_s();
    if (left_s <= 0.0) break;
    clock_.sleep(std::min(left_s, k_nap_s));
  }
  began_s_ = clock_.now_s();
  return true;
}

double Pacer::late_s() const {
  return std::max(0.0, clock_.now_s() - (start_s_ + static_cast<double>(steps_ + 1) * step_wall_s_));
}

void Pacer::finish() {
  const double late = late_s();
  if (late > 0.0) ++late_;
  latest_s_ = std::max(latest_s_, late);
  largest_load_ = std::max(largest_load_, (clock_.now_s() - began_s_) / step_wall_s_);
  ++steps_;
}

}  // namespace gridplus::live
