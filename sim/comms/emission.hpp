// When endpoints send: phases spread by hash, and what a step's messages add up to at each node.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/comms/network.hpp"
#include "sim/comms/queue.hpp"

namespace gridplus::comms {

/// The sending times of the endpoints of one class. Endpoint e sends in step k where (k + phase) % interval == 0.
class Emission {
 public:
  Emission() = default;
  /// `interval_steps`: per endpoint, 0 for those that do not send. `phases`: a number per endpoint, taken modulo its
  /// interval. `path`: controller * nodes + parent. `weight`: messages an endpoint puts on the way, attempts included.
  Emission(std::vector<std::uint32_t> interval_steps, const std::vector<std::uint32_t>& phases,
           const std::vector<std::uint32_t>& path, const std::vector<double>& weight, std::size_t paths);

  [[nodiscard]] bool used() const { return !tables_.empty(); }
  [[nodiscard]] bool sends(std::uint32_t e, std::int64_t step) const {
    const std::uint32_t n = interval_[e];
    if (n <= 1) return n == 1;
    return (static_cast<std::uint64_t>(step) + phase_[e]) % n == 0;
  }
  /// Sets `bits` (per path) to what is offered in `step` with messages of `message_bit`.
  void offered(std::int64_t step, double message_bit, std::vector<double>& bits) const;

 private:
  struct Table {
    std::uint32_t interval = 1;
    std::vector<float> weight;  ///< [step % interval][path]
  };
  std::vector<std::uint32_t> interval_, phase_;
  std::vector<Table> tables_;
  std::size_t paths_ = 0;
};

}  // namespace gridplus::comms
