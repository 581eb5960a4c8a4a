#include "sim/grid/islands.hpp"

#include <algorithm>
#include <boost/graph/biconnected_components.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/property_map/property_map.hpp>
#include <iterator>
#include <utility>

namespace gridplus {

namespace {

/// True for the edges that carry current: closed, with both buses in service.
class IsLive {
 public:
  IsLive() = default;  // required by Boost's iterators
  IsLive(const Grid& grid, std::span<const std::uint8_t> closed) : grid_(&grid), closed_(closed) {}

  bool operator()(std::uint32_t branch) const {
    const auto& in_service = grid_->bus().in_service;
    return closed_[branch] != 0 && in_service[grid_->branch().from[branch].index()] != 0 &&
           in_service[grid_->branch().to[branch].index()] != 0;
  }
  bool operator()(const PowerGraph::edge_descriptor& edge) const {
    return (*this)(boost::get(boost::edge_index, grid_->graph(), edge));
  }

 private:
  const Grid* grid_ = nullptr;
  std::span<const std::uint8_t> closed_;
};

/// All vertices stay in the view (Boost sizes its colour maps by their number); a bus out of service has no edge.
using LiveGraph = boost::filtered_graph<PowerGraph, IsLive>;

using BusPair = std::pair<std::uint32_t, std::uint32_t>;

BusPair ends(const Grid& grid, std::size_t branch) {
  const std::uint32_t from = grid.branch().from[branch].index();
  const std::uint32_t to = grid.branch().to[branch].index();
  return std::minmax(from, to);
}

/// Pairs of buses joined by more than one live branch, sorted.
std::vector<BusPair> joined_twice(const Grid& grid, const IsLive& live) {
  std::vector<BusPair> pairs;
  pairs.reserve(grid.branch_count());
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    if (live(static_cast<std::uint32_t>(k))) pairs.push_back(ends(grid, k));
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<BusPair> twice;
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    if (pairs[i] == pairs[i - 1]) twice.push_back(pairs[i]);
  }
  return twice;
}

}  // namespace

Islands find_islands(const Grid& grid, std::span<const std::uint8_t> branch_closed) {
  ensure(branch_closed.size() == grid.branch_count(), "find_islands needs one switch state per branch");
  const LiveGraph view(grid.graph(), IsLive(grid, branch_closed));
  Islands islands;
  islands.of_bus.resize(grid.bus_count());
  const auto component = boost::make_iterator_property_map(islands.of_bus.begin(), get(boost::vertex_index, view));
  const std::uint32_t components = boost::connected_components(view, component);

  // A bus out of service is a component of its own: take those out and number the rest by their lowest bus.
  std::vector<std::uint32_t> number(components, Islands::k_none);
  for (std::size_t i = 0; i < grid.bus_count(); ++i) {
    std::uint32_t& island = islands.of_bus[i];
    if (grid.bus().in_service[i] == 0) {
      island = Islands::k_none;
      continue;
    }
    if (number[island] == Islands::k_none) number[island] = islands.count++;
    island = number[island];
  }
  return islands;
}

std::vector<BranchId> find_bridges(const Grid& grid, std::span<const std::uint8_t> branch_closed) {
  ensure(branch_closed.size() == grid.branch_count(), "find_bridges needs one switch state per branch");
  constexpr std::size_t k_none = static_cast<std::size_t>(-1);
  const IsLive live(grid, branch_closed);
  const LiveGraph view(grid.graph(), live);
  std::vector<std::size_t> block(grid.branch_count(), k_none);
  const auto block_of_edge = boost::make_iterator_property_map(block.begin(), get(boost::edge_index, view));
  const std::size_t blocks = boost::biconnected_components(view, block_of_edge);

  // A bridge is a block of one branch. Boost looks at one of several parallel branches only, so these are sorted out.
  std::vector<std::uint32_t> branches_in_block(blocks, 0);
  for (const std::size_t b : block) {
    if (b != k_none) ++branches_in_block[b];
  }
  const std::vector<BusPair> parallel = joined_twice(grid, live);
  std::vector<BranchId> bridges;
  for (std::size_t k = 0; k < block.size(); ++k) {
    if (block[k] == k_none || branches_in_block[block[k]] != 1) continue;
    if (!std::binary_search(parallel.begin(), parallel.end(), ends(grid, k))) bridges.emplace_back(k);
  }
  return bridges;
}

}  // namespace gridplus
