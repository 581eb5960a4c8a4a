#include "sim/comms/queue.hpp"

#include <algorithm>

namespace gridplus::comms {

double md1_wait(double rho) {
  constexpr double k_most = 0.95;
  const double r = std::clamp(rho, 0.0, k_most);
  return r / (2.0 * (1.0 - r));
}

QueueStep step_queue(const QueueInput& in, PerClass<double>& backlog_bit) {
  QueueStep out;
  const double capacity = in.capacity_bit_per_s * (1.0 - in.background);
  if (capacity <= 0.0) {
    for (std::size_t i = 0; i < k_classes; ++i) {
      out.lost_share[i] = in.offered_bit[i] > 0.0 ? 1.0 : 0.0;
      backlog_bit[i] = std::min(backlog_bit[i], in.buffer_bit);
    }
    out.load = 1.0;
    return out;
  }
  double left_bit = capacity * in.step_s, ahead_bit = 0.0, offered_bit = 0.0;
  for (std::size_t i = 0; i < k_classes; ++i) {
    const double waiting = backlog_bit[i] + in.offered_bit[i];
    const double served = std::min(waiting, left_bit);
    left_bit -= served;
    double rest = waiting - served;
    const double overflow = std::max(0.0, rest - in.buffer_bit);
    rest -= overflow;
    out.served_bit[i] = served;
    if (in.offered_bit[i] > 0.0) out.lost_share[i] = std::min(1.0, overflow / in.offered_bit[i]);
    backlog_bit[i] = rest;
    ahead_bit += rest;
    offered_bit += in.offered_bit[i];
    const double rho = offered_bit / (capacity * in.step_s);
    out.wait_s[i] = ahead_bit / capacity + md1_wait(rho) * in.message_bit[i] / capacity;
  }
  out.load = in.background + offered_bit / (in.capacity_bit_per_s * in.step_s);
  return out;
}

}  // namespace gridplus::comms
