// Shortest ways from every node to a controller over what is up.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/network.hpp"

namespace gridplus::comms {

/// The tree of ways to one controller.
struct Routes {
  std::vector<std::uint32_t> order;   ///< nodes that reach it, by length and link, the controller first
  std::vector<std::uint32_t> parent;  ///< per node: next node on the way; itself at the controller
  std::vector<std::uint32_t> link;    ///< per node: link to that node, or k_no_index
  std::vector<std::uint8_t> reaches;  ///< per node
  std::vector<double> length_s;       ///< per node: of the way; infinite where there is none
};

/// What a search found.
enum class Rerouting : std::uint8_t {
  not_needed,  ///< nothing has failed or returned since the last one
  same_ways,   ///< what has concerns no way
  other_ways
};

/// Shortest ways to every controller; the weight of a link is its median latency and a tie-break of 1e-12 s for each
/// place in the list of links; among ways of equal length the first link decides. So ways are a function of what is up
/// alone, and the next ones are found from the last: only nodes that lost their way or found a shorter one are looked
/// at (Ramalingam and Reps, Journal of Algorithms 21, 1996), to the same result as Dijkstra's search from the start.
class Router {
 public:
  explicit Router(const Network& network);
  /// `link_up`, `node_up`: one byte each, non-zero = up; links of nodes that are down must be down.
  Rerouting find(std::span<const std::uint8_t> link_up, std::span<const std::uint8_t> node_up);
  /// By controller; empty before find().
  [[nodiscard]] std::span<const Routes> routes() const { return routes_; }

 private:
  /// A way that a node may take; the lesser is the better.
  struct Offer {
    double length_s;
    std::uint32_t link, node;
    [[nodiscard]] auto operator<=>(const Offer&) const = default;
  };

  [[nodiscard]] Offer way_over(std::uint32_t link, std::uint32_t from, std::uint32_t node, const Routes& way) const;
  [[nodiscard]] bool shortens(const Offer& offer, const Routes& way) const;
  void begin(std::size_t controller, bool controller_up, Routes& way);
  bool repair(Routes& way);
  void forget_lost(Routes& way);
  void offer(std::uint32_t link, std::uint32_t from, std::uint32_t node, Routes& way);
  void search(Routes& way);

  const Network& network_;
  std::vector<double> weight_s_;                  ///< per link
  std::vector<std::uint8_t> link_up_, node_up_;   ///< of the last call
  std::vector<std::uint32_t> failed_, returned_;  ///< links, since the last call
  std::vector<Routes> routes_;
  std::vector<Offer> offers_, found_;  ///< a heap, the best on top; those taken, in their order
  std::vector<std::uint8_t> is_new_;   ///< per node: its way is not the one that `order` knows; all 0 between repairs
  std::vector<std::uint32_t> lost_, stays_;
};

}  // namespace gridplus::comms
