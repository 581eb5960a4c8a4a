#include "sim/comms/routing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gridplus::comms {

namespace {

constexpr double k_unreachable_s = std::numeric_limits<double>::infinity();

/// Strictly longer than `length_s`, so that no way can go around in a circle at no cost.
double lengthened(double length_s, double weight_s) {
  return std::max(length_s + weight_s, std::nextafter(length_s, k_unreachable_s));
}

}  // namespace

Router::Router(const Network& network)
    : network_(network), weight_s_(network.link_count()), is_new_(network.node_count(), 0) {
  constexpr double k_tie_break_s = 1e-12;
  for (std::size_t l = 0; l < weight_s_.size(); ++l)
    weight_s_[l] = network.link().latency_s[l] + k_tie_break_s * static_cast<double>(l + 1);
}

Rerouting Router::find(std::span<const std::uint8_t> link_up, std::span<const std::uint8_t> node_up) {
  const bool first = routes_.empty();
  if (!first && std::ranges::equal(link_up, link_up_) && std::ranges::equal(node_up, node_up_))
    return Rerouting::not_needed;
  failed_.clear();
  returned_.clear();
  for (std::uint32_t l = 0; l < link_up_.size(); ++l)
    if ((link_up[l] != 0) != (link_up_[l] != 0)) (link_up[l] != 0 ? returned_ : failed_).push_back(l);
  link_up_.assign(link_up.begin(), link_up.end());
  routes_.resize(network_.controller_count());
  bool changed = first;
  for (std::size_t c = 0; c < routes_.size(); ++c) {
    const std::size_t root = network_.controller().node[c].index();
    const bool anew = first || (node_up[root] != 0) != (node_up_[root] != 0);
    if (anew) begin(c, node_up[root] != 0, routes_[c]);
    changed = anew || repair(routes_[c]) || changed;
  }
  node_up_.assign(node_up.begin(), node_up.end());
  return changed ? Rerouting::other_ways : Rerouting::same_ways;
}

void Router::begin(std::size_t controller, bool controller_up, Routes& way) {
  const std::size_t nodes = network_.node_count();
  way.order.clear();
  way.parent.assign(nodes, k_no_index);
  way.link.assign(nodes, k_no_index);
  way.reaches.assign(nodes, 0);
  way.length_s.assign(nodes, k_unreachable_s);
  if (!controller_up) return;
  const auto root = static_cast<std::uint32_t>(network_.controller().node[controller].index());
  way.parent[root] = root;
  way.length_s[root] = 0.0;
  offers_.assign(1, {0.0, k_no_index, root});
  search(way);
}

/// Brings the ways to one controller up to date. Returns whether any has changed.
bool Router::repair(Routes& way) {
  if (way.order.empty()) return false;
  const auto end = [](NodeId node) { return static_cast<std::uint32_t>(node.index()); };
  const LinkArrays& link = network_.link();
  const auto carries = [&](std::uint32_t l) {
    return way.link[end(link.from[l])] == l || way.link[end(link.to[l])] == l;
  };
  const auto helps = [&](std::uint32_t l) {
    const std::uint32_t a = end(link.from[l]), b = end(link.to[l]);
    return shortens(way_over(l, a, b, way), way) || shortens(way_over(l, b, a, way), way);
  };
  const bool loses = std::ranges::any_of(failed_, carries);
  if (!loses && std::ranges::none_of(returned_, helps)) return false;
  offers_.clear();
  if (loses) forget_lost(way);
  for (const std::uint32_t l : returned_) {
    offer(l, end(link.from[l]), end(link.to[l]), way);
    offer(l, end(link.to[l]), end(link.from[l]), way);
  }
  search(way);
  return true;
}

/// Takes their way from all whose way goes over a link that failed, and offers them the ways of their neighbours.
void Router::forget_lost(Routes& way) {
  lost_.clear();
  for (const std::uint32_t n : way.order) {
    const std::uint32_t next = way.parent[n];
    if (next == n || (link_up_[way.link[n]] != 0 && way.reaches[next] != 0)) continue;
    way.reaches[n] = 0;
    lost_.push_back(n);
  }
  for (const std::uint32_t n : lost_) {
    way.parent[n] = way.link[n] = k_no_index;
    way.length_s[n] = k_unreachable_s;
    is_new_[n] = 1;
  }
  const BackboneGraph& graph = network_.graph();
  for (const std::uint32_t n : lost_)
    for (const auto edge : boost::make_iterator_range(boost::out_edges(n, graph)))
      offer(boost::get(boost::edge_index, graph, edge), static_cast<std::uint32_t>(boost::target(edge, graph)), n, way);
}

/// What `link` offers its end `node` if that goes by its other end `from`.
Router::Offer Router::way_over(std::uint32_t link, std::uint32_t from, std::uint32_t node, const Routes& way) const {
  return {lengthened(way.length_s[from], weight_s_[link]), link, node};
}

bool Router::shortens(const Offer& offer, const Routes& way) const {
  return offer.length_s < k_unreachable_s && offer < Offer{way.length_s[offer.node], way.link[offer.node], offer.node};
}

void Router::offer(std::uint32_t link, std::uint32_t from, std::uint32_t node, Routes& way) {
  if (link_up_[link] == 0) return;
  const Offer over = way_over(link, from, node, way);
  if (!shortens(over, way)) return;
  way.length_s[node] = over.length_s;
  way.link[node] = link;
  way.parent[node] = from;
  is_new_[node] = 1;
  offers_.push_back(over);
  std::ranges::push_heap(offers_, std::greater<>());
}

/// Dijkstra's search from the offers made; then puts the nodes with new ways in their places in the order.
void Router::search(Routes& way) {
  const BackboneGraph& graph = network_.graph();
  found_.clear();
  while (!offers_.empty()) {
    std::ranges::pop_heap(offers_, std::greater<>());
    const Offer best = offers_.back();
    offers_.pop_back();
    if (best.length_s != way.length_s[best.node] || best.link != way.link[best.node]) continue;  // there was a better
    way.reaches[best.node] = 1;
    found_.push_back(best);
    for (const auto edge : boost::make_iterator_range(boost::out_edges(best.node, graph)))
      offer(boost::get(boost::edge_index, graph, edge), best.node,
            static_cast<std::uint32_t>(boost::target(edge, graph)), way);
  }
  stays_.clear();
  std::ranges::copy_if(way.order, std::back_inserter(stays_), [&](std::uint32_t n) { return is_new_[n] == 0; });
  for (const std::uint32_t n : way.order) is_new_[n] = 0;
  way.order.clear();
  auto stays = stays_.begin();
  for (const Offer& next : found_) {
    const auto before = [&](std::uint32_t n) { return Offer{way.length_s[n], way.link[n], n} < next; };
    while (stays != stays_.end() && before(*stays)) way.order.push_back(*stays++);
    way.order.push_back(next.node);
    is_new_[next.node] = 0;
  }
  way.order.insert(way.order.end(), stays, stays_.end());
}

}  // namespace gridplus::comms
