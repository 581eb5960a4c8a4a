// Which nodes and links work: two-state failure processes, common causes, batteries of powered nodes.
//
// A process that fails with rate lambda = 1/MTBF and is repaired with rate mu = 1/MTTR is a two-state Markov chain.
// Over a step dt its transition probabilities are exactly
//   p(up -> down) = lambda/(lambda + mu) (1 - e^{-(lambda + mu) dt}),   p(down -> up) = mu/(lambda + mu) (1 - e^{...})
// so that its availability is MTBF/(MTBF + MTTR) whatever the step; lambda dt alone would be wrong where mu dt > 0.1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/network.hpp"
#include "sim/core/random.hpp"

namespace gridplus::comms {

struct TwoState {
  double fails = 0.0;    ///< probability that what is up at a step's begin is down at its end
  double returns = 1.0;  ///< the other way
  double available = 1.0;
};

/// `mtbf_h` > 0, may be infinite; `mttr_h` > 0; `step_h` > 0.
[[nodiscard]] TwoState two_state(double mtbf_h, double mttr_h, double step_h);

/// What the communication network must know of the world in a step. Empty spans: nothing is out, nobody attacks.
struct Surroundings {
  std::span<const std::uint8_t> bus_energised;   ///< by bus
  std::span<const std::uint8_t> branch_closed;   ///< by power branch
  std::span<const double> link_capacity_factor;  ///< by link: 1 - a of an attack that takes the share a
  std::span<const double> link_extra_loss;       ///< by link: probability that an attack adds
  std::span<const std::uint8_t> node_out;        ///< by node: taken out of service
  std::span<const std::uint8_t> endpoint_out;    ///< by endpoint: its last hop is jammed
};

/// What works in a step.
struct AvailabilityState {
  std::vector<std::uint8_t> process_up;  ///< links, then nodes, then common-cause groups
  std::vector<double> battery_left_h;    ///< per node
  std::vector<double> dark_h;            ///< per bus: since when it is dead; 0 where it is not
  std::vector<std::uint8_t> node_up, link_up;
};

class Availability {
 public:
  /// Results do not depend on `threads`.
  Availability(const Network& network, double step_h, int threads = 1);

  /// Processes drawn from their stationary distribution, batteries full.
  [[nodiscard]] AvailabilityState initial(const RandomKey& key) const;
  /// Failures and repairs of the step that `key` names. Draws do not depend on anything else.
  void advance(const RandomKey& key, AvailabilityState& state) const;
  /// Works out node_up and link_up of a step from processes, batteries as they are at its begin, and surroundings.
  /// Returns whether any has changed. A battery carries its node through a step if it lasts for half of it.
  bool settle(const Surroundings& around, AvailabilityState& state) const;
  /// Lets batteries of dark nodes run down and those of lit ones charge (at 0.2 of the battery per hour).
  void run_batteries(const Surroundings& around, AvailabilityState& state) const;

 private:
  [[nodiscard]] bool lit(std::uint32_t bus, const Surroundings& around) const {
    return bus == k_no_index || bus >= around.bus_energised.size() || around.bus_energised[bus] != 0;
  }
  const Network& network_;
  double step_h_;
  int threads_;
  std::vector<TwoState> process_;
  std::size_t buses_ = 0;
};

}  // namespace gridplus::comms
