// The last hop of an endpoint: what a message meets on it, and who can be reached at all in a step.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/draws.hpp"
#include "sim/comms/transport.hpp"

namespace gridplus::comms {

/// A last hop, ready for use.
struct Hop {
  double log_latency_s = 0.0, sigma = 0.0, max_s = 0.0, success = 1.0;
  PerClass<double> sending_s{};  ///< message size over capacity
  TwoState process;
  double backup_h = 0.0;
};

struct Outcome {
  bool delivered = false;
  float latency_s = 0.0F;
};

/// What becomes of one message; `draw`: of losses, of latency, and two for the caller.
inline Outcome travel(const Path& path, const Hop& hop, const ClassOptions& options, std::size_t message_class,
                      const std::array<double, 4>& draw) {
  const double fails = 1.0 - static_cast<double>(path.success) * hop.success;
  std::int32_t failed = 0;
  for (double threshold = fails; failed <= options.retries && draw[0] < threshold; threshold *= fails) ++failed;
  if (failed > options.retries) return {};
  double latency_s = hop.max_s;
  if (hop.log_latency_s > -1e300) {
    const double z = hop.sigma > 0.0 ? hop.sigma * quick_normal_quantile(draw[1]) : 0.0;
    latency_s = std::min(hop.max_s, static_cast<double>(std::exp(static_cast<float>(hop.log_latency_s + z))));
  }
  latency_s += static_cast<double>(path.latency_s) + hop.sending_s[message_class] + failed * options.retry_spacing_s;
  return {true, static_cast<float>(latency_s)};
}

/// Last hops that fail and return, coverage, and the power of endpoints.
class LastHops {
 public:
  LastHops(const Network& network, const PerClass<double>& message_bit, double step_s, DrawSource draws, int threads);

  [[nodiscard]] std::span<const Hop> hops() const { return hops_; }
  /// Draws which last hops work before step 0, and when each changes.
  void initial(TransportState& state) const;
  /// Failures and repairs of step `step`.
  void advance(std::int64_t step, TransportState& state) const;
  /// Notes which endpoints are covered and have power, where that is not all.
  void settle(std::int64_t step, const Surroundings& around, const TransportState& state);
  /// Whether messages can leave and reach endpoint `e`, as settle() found last.
  [[nodiscard]] bool alive(std::size_t e) const { return all_alive_ || alive_[e] != 0; }

 private:
  /// The step at which the last hop of `e` changes, drawn when it last did.
  [[nodiscard]] std::int64_t next_toggle(std::size_t e, std::int64_t step, const TransportState& state) const;

  const Network& network_;
  double step_s_;
  DrawSource draws_;
  int threads_;
  std::vector<Hop> hops_;
  bool hops_fail_ = false, all_alive_ = true;
  std::vector<float> quantile_;       ///< per endpoint: covered where below the covered share
  std::vector<float> covered_share_;  ///< per coverage timeline, in this step
  std::vector<std::uint8_t> alive_;
};

}  // namespace gridplus::comms
