// What happens to a message between each node and each controller in a step: routes, queues, loss and latency.
#pragma once

#include <span>
#include <vector>

#include "sim/comms/availability.hpp"
#include "sim/comms/network.hpp"
#include "sim/comms/queue.hpp"
#include "sim/comms/routing.hpp"

namespace gridplus::comms {

/// The way between a node and a controller. No way: success is 0.
struct Path {
  float latency_s = 0.0F;  ///< sum of the links' medians and waits
  float success = 0.0F;    ///< 1 - probability that a message is lost on it
};

/// Bits offered at each (controller, node), index controller * nodes + node.
struct OfferedTraffic {
  PerClass<std::vector<double>> up_bit, down_bit;  ///< empty: the class is not in use
  [[nodiscard]] bool operator==(const OfferedTraffic&) const = default;
};

class PathTable {
 public:
  PathTable(const Network& network, double step_s, const PerClass<double>& message_bit);

  /// Finds ways anew if the up-set differs from that of the last call. Returns whether it did.
  bool route(const AvailabilityState& availability);
  /// Runs every queue for one step and works out the paths of the classes in use. Where a step offers what the last one
  /// did and nothing waits, they are as they were.
  void load(const OfferedTraffic& offered, const Surroundings& around, Backlogs& backlogs);

  [[nodiscard]] std::span<const Path> up(MessageClass c) const { return up_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] std::span<const Path> down(MessageClass c) const { return down_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] std::span<const Routes> routes() const { return router_.routes(); }
  [[nodiscard]] std::span<const QueueStep> queues() const { return queue_; }  ///< as Backlogs

 private:
  /// All that load() works with beside the ways and the network.
  struct Load {
    OfferedTraffic offered;
    std::vector<double> capacity_factor, extra_loss;
    [[nodiscard]] bool is(const OfferedTraffic& traffic, const Surroundings& around) const;
  };

  bool run_queues(const Surroundings& around, Backlogs& backlogs);
  void spread(const std::vector<double>& at_node, std::size_t message_class, bool upwards);
  void follow(std::size_t message_class, bool upwards, const Surroundings& around, std::vector<Path>& paths) const;

  const Network& network_;
  double step_s_;
  PerClass<double> message_bit_;
  Router router_;
  std::vector<PerClass<double>> offered_bit_, offered_before_bit_;  ///< per link and direction
  std::vector<QueueStep> queue_;
  std::vector<std::uint8_t> calm_;  ///< per queue: nothing waited before its last step, nor after
  std::vector<double> carried_;
  Load load_;             ///< of the last step
  bool settled_ = false;  ///< ways are those of the last step, in which nothing waited: the same load gives the same
  PerClass<std::vector<Path>> up_, down_;
};

}  // namespace gridplus::comms
