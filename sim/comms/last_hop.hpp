// The last hop of an endpoint: what a message meets on it, and who can be reached at all in a step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/draws.hpp"
#include "sim/comms/latency.hpp"
#include "sim/comms/transport.hpp"

namespace gridplus::comms {

/// A last hop, ready for use.
struct Hop {
  HopTime time;
  double success = 1.0;
  PerClass<float> sending_s{};  ///< message size over capacity
  TwoState process;
  double backup_h = 0.0;
};

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
  /// Whether what hangs at a bus by last hop `access` has power: its bus has, or its backup lasts for half of the step.
  [[nodiscard]] bool powered(std::uint32_t bus, std::uint32_t access, const Surroundings& around,
                             const TransportState& state) const;
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
