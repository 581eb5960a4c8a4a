// Shortest ways from every node to a controller over what is up.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/network.hpp"

namespace gridplus::comms {

/// The tree of ways to one controller.
struct Routes {
  std::vector<std::uint32_t> order;   ///< nodes that reach it, by distance, the controller first
  std::vector<std::uint32_t> parent;  ///< per node: next node on the way; itself at the controller
  std::vector<std::uint32_t> link;    ///< per node: link to that node, or k_no_index
  std::vector<std::uint8_t> reaches;  ///< per node
};

/// Dijkstra from every controller; the weight of a link is its median latency and a tie-break of 1e-12 s for each place
/// in the list of links. `link_up`, `node_up`: one byte each, non-zero = up.
class Router {
 public:
  explicit Router(const Network& network);
  void find(std::span<const std::uint8_t> link_up, std::span<const std::uint8_t> node_up, std::vector<Routes>& routes);

 private:
  void find_one(std::size_t controller, Routes& routes);
  const Network& network_;
  std::vector<double> weight_, distance_;
};

}  // namespace gridplus::comms
