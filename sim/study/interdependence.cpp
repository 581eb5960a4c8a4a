#include "sim/study/interdependence.hpp"

#include <algorithm>
#include <boost/pending/disjoint_sets.hpp>
#include <vector>

#include "sim/core/error.hpp"

namespace gridplus::study {

namespace {

constexpr std::uint32_t k_nowhere = comms::k_no_index;

/// Links between places. Nodes without a bus that hang together are one hub; its neighbours are joined in a chain.
comms::Edges links_of(const comms::Network& network) {
  const std::size_t nodes = network.node_count();
  const std::vector<std::uint32_t>& bus = network.node().bus;
  std::vector<std::uint32_t> rank(nodes, 0), parent(nodes), last(nodes, k_nowhere);
  boost::disjoint_sets<std::uint32_t*, std::uint32_t*> hubs(rank.data(), parent.data());
  for (std::uint32_t n = 0; n < nodes; ++n) hubs.make_set(n);
  comms::Edges edges, to_hubs;
  for (std::size_t l = 0; l < network.link_count(); ++l) {
    const std::uint32_t a = network.link().from[l].index(), b = network.link().to[l].index();
    if (bus[a] == k_nowhere && bus[b] == k_nowhere)
      hubs.union_set(a, b);
    else if (bus[a] == k_nowhere || bus[b] == k_nowhere)
      to_hubs.emplace_back(bus[a] == k_nowhere ? a : b, bus[a] == k_nowhere ? bus[b] : bus[a]);
    else if (bus[a] != bus[b])
      edges.emplace_back(bus[a], bus[b]);
  }
  for (const auto& [hub, place] : to_hubs) {
    std::uint32_t& before = last[hubs.find_set(hub)];
    if (before != k_nowhere && before != place) edges.emplace_back(before, place);
    before = place;
  }
  return edges;
}

}  // namespace

Interdependence interdependence(const Model& model) {
  ensure(model.communication != nullptr, "a percolation study needs communications");
  Interdependence out;
  out.places = model.grid.bus_count();
  const BranchArrays& branch = model.grid.branch();
  for (std::size_t l = 0; l < model.grid.branch_count(); ++l)
    if (model.initially_closed[l] != 0) out.power.emplace_back(branch.from[l].index(), branch.to[l].index());
  const comms::Network& network = model.communication->network;
  out.communication = links_of(network);
  std::vector<std::uint8_t> has_node(out.places, 0);
  for (const std::uint32_t bus : network.node().bus)
    if (bus != k_nowhere) has_node[bus] = 1;
  out.without_node = static_cast<std::size_t>(std::count(has_node.begin(), has_node.end(), std::uint8_t{0}));
  return out;
}

}  // namespace gridplus::study
