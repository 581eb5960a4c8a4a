#include "sim/comms/routing.hpp"

#include <boost/graph/dijkstra_shortest_paths_no_color_map.hpp>
#include <limits>

namespace gridplus::comms {

namespace {

constexpr double k_unreachable = std::numeric_limits<double>::infinity();

/// Notes the link by which each node was reached best, and the order in which nodes are final.
class TreeVisitor : public boost::dijkstra_visitor<> {
 public:
  TreeVisitor(const std::vector<double>& weight, Routes& routes) : weight_(&weight), routes_(&routes) {}

  template <class Edge, class Graph>
  void edge_relaxed(Edge edge, const Graph& graph) {
    const std::uint32_t link = boost::get(boost::edge_index, graph, edge);
    if ((*weight_)[link] == k_unreachable) return;
    const auto node = boost::target(edge, graph);
    routes_->parent[node] = static_cast<std::uint32_t>(boost::source(edge, graph));
    routes_->link[node] = link;
  }
  template <class Vertex, class Graph>
  void examine_vertex(Vertex node, const Graph&) {
    routes_->order.push_back(static_cast<std::uint32_t>(node));
    routes_->reaches[node] = 1;
  }

 private:
  const std::vector<double>* weight_;
  Routes* routes_;
};

}  // namespace

Router::Router(const Network& network)
    : network_(network), weight_(network.link_count()), distance_(network.node_count()) {}

void Router::find(std::span<const std::uint8_t> link_up, std::span<const std::uint8_t> node_up,
                  std::vector<Routes>& routes) {
  constexpr double k_tie_break_s = 1e-12;
  for (std::size_t l = 0; l < weight_.size(); ++l)
    weight_[l] =
        link_up[l] != 0 ? network_.link().latency_s[l] + k_tie_break_s * static_cast<double>(l + 1) : k_unreachable;
  routes.resize(network_.controller_count());
  for (std::size_t c = 0; c < routes.size(); ++c) {
    const std::size_t nodes = network_.node_count();
    routes[c].order.clear();
    routes[c].parent.assign(nodes, k_no_index);
    routes[c].link.assign(nodes, k_no_index);
    routes[c].reaches.assign(nodes, 0);
    if (node_up[network_.controller().node[c].index()] != 0) find_one(c, routes[c]);
  }
}

void Router::find_one(std::size_t controller, Routes& routes) {
  const BackboneGraph& graph = network_.graph();
  const std::size_t root = network_.controller().node[controller].index();
  const auto nodes = boost::get(boost::vertex_index, graph);
  const auto links = boost::get(boost::edge_index, graph);
  routes.parent[root] = static_cast<std::uint32_t>(root);
  boost::dijkstra_shortest_paths_no_color_map(
      graph, root,
      boost::weight_map(boost::make_iterator_property_map(weight_.begin(), links))
          .distance_map(boost::make_iterator_property_map(distance_.begin(), nodes))
          .distance_inf(k_unreachable)
          .distance_compare(std::less<double>())
          .visitor(TreeVisitor(weight_, routes)));
}

}  // namespace gridplus::comms
