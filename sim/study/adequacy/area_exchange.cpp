#include "sim/study/adequacy/area_exchange.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <numeric>

#include "sim/core/error.hpp"

namespace gridplus::adequacy {

namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                                    boost::property<boost::edge_index_t, std::size_t>>;
using Edge = boost::graph_traits<Graph>::edge_descriptor;
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;

}  // namespace

/// Areas 0 ... n - 1, then the source, then the sink. Edges come in pairs 2 i, 2 i + 1 that are each other's reverse: n
/// from the source, n to the sink, then the links. What one flow leaves over is the capacity of the next.
struct AreaExchange::Network {
  explicit Network(const AdequacyModel& model)
      : areas(model.areas.size()), links(model.links), graph(areas + 2), source(areas), sink(areas + 1) {
    for (std::size_t a = 0; a < areas; ++a) add_pair(source, a);
    for (std::size_t a = 0; a < areas; ++a) add_pair(a, sink);
    for (const Link& link : links) add_pair(link.from, link.to);
    capacity.assign(reverse.size(), 0);
    residual.assign(reverse.size(), 0);
    predecessor.resize(areas + 2);
    color.resize(areas + 2);
    distance.resize(areas + 2);
  }

  void add_pair(Vertex from, Vertex to) {
    const Edge there = boost::add_edge(from, to, reverse.size(), graph).first;
    const Edge back = boost::add_edge(to, from, reverse.size() + 1, graph).first;
    reverse.push_back(back);
    reverse.push_back(there);
  }

  void set_links(std::span<const std::uint8_t> up) {
    for (std::size_t i = 0; i < links.size(); ++i) {
      capacity[link_edge(i)] = up[i] != 0 ? links[i].forward : 0;
      capacity[link_edge(i) + 1] = up[i] != 0 ? links[i].backward : 0;
    }
  }

  /// New supply and demand of every area; the links keep what they have left.
  void set_ends(std::span<const Watts> supply, std::span<const Watts> demand) {
    for (std::size_t a = 0; a < areas; ++a) {
      capacity[supply_edge(a)] = supply[a];
      capacity[demand_edge(a)] = demand[a];
      capacity[supply_edge(a) + 1] = capacity[demand_edge(a) + 1] = 0;
    }
  }

  /// The largest flow; what it leaves over becomes the capacity.
  Watts augment() {
    const auto index = boost::get(boost::edge_index, graph);
    const auto vertex = boost::get(boost::vertex_index, graph);
    const Watts value = boost::boykov_kolmogorov_max_flow(
        graph, boost::make_iterator_property_map(capacity.begin(), index),
        boost::make_iterator_property_map(residual.begin(), index),
        boost::make_iterator_property_map(reverse.begin(), index),
        boost::make_iterator_property_map(predecessor.begin(), vertex),
        boost::make_iterator_property_map(color.begin(), vertex),
        boost::make_iterator_property_map(distance.begin(), vertex), vertex, source, sink);
    capacity.swap(residual);
    return value;
  }

  /// Whether the last flow left a way from the source to the area: it is on the source's side of the minimum cut.
  [[nodiscard]] bool reached(std::size_t area) const { return color[area] == boost::black_color; }

  [[nodiscard]] std::size_t supply_edge(std::size_t area) const { return 2 * area; }
  [[nodiscard]] std::size_t demand_edge(std::size_t area) const { return 2 * (areas + area); }
  [[nodiscard]] std::size_t link_edge(std::size_t link) const { return 2 * (2 * areas + link); }

  std::size_t areas;
  std::vector<Link> links;
  Graph graph;
  Vertex source, sink;
  std::vector<Edge> reverse, predecessor;
  std::vector<Watts> capacity, residual;
  std::vector<boost::default_color_type> color;
  std::vector<long> distance;
};

AreaExchange::AreaExchange(const AdequacyModel& model, Sharing sharing)
    : sharing_(sharing), areas_(model.areas.size()), network_(std::make_unique<Network>(model)) {}
AreaExchange::~AreaExchange() = default;
AreaExchange::AreaExchange(AreaExchange&&) noexcept = default;

void AreaExchange::solve_one_area(Watts balance, Watts discharge, Watts charge, ExchangeResult& out) const {
  out.discharged[0] = std::min(std::max<Watts>(-balance, 0), discharge);
  out.unserved[0] = std::max<Watts>(-balance, 0) - out.discharged[0];
  out.charged[0] = std::min(std::max<Watts>(balance, 0), charge);
}

void AreaExchange::solve(std::span<const Watts> balance, std::span<const Watts> discharge,
                         std::span<const Watts> charge, std::span<const std::uint8_t> link_up, ExchangeResult& out) {
  out.unserved.assign(areas_, 0);
  out.discharged.assign(areas_, 0);
  out.charged.assign(areas_, 0);
  if (areas_ == 1) {
    solve_one_area(balance[0], discharge[0], charge[0], out);
    return;
  }
  Network& network = *network_;
  std::vector<Watts> surplus(areas_), shortage(areas_), supply(areas_);
  for (std::size_t a = 0; a < areas_; ++a) {
    surplus[a] = std::max<Watts>(balance[a], 0);
    shortage[a] = std::max<Watts>(-balance[a], 0);
    supply[a] = surplus[a] + discharge[a];
  }
  network.set_links(link_up);
  const std::vector<Watts> links(network.capacity);
  const auto restore_links = [&] { network.capacity = links; };

  const Watts wanted = std::accumulate(shortage.begin(), shortage.end(), Watts{0});
  std::vector<Watts> served = shortage;
  if (wanted > 0) {
    network.set_ends(supply, shortage);
    if (network.augment() < wanted) {
      restore_links();
      served = shares(supply, shortage);
    }
    restore_links();
  }
  // Generation first, then storage into what generation leaves open: storage gives no more than is needed.
  network.set_ends(surplus, served);
  if (wanted > 0) network.augment();
  std::vector<Watts> open(areas_);
  for (std::size_t a = 0; a < areas_; ++a) {
    surplus[a] = network.capacity[network.supply_edge(a)];
    open[a] = network.capacity[network.demand_edge(a)];
    out.unserved[a] = shortage[a] - served[a];
  }
  const auto sum = [](std::span<const Watts> values) {
    return std::accumulate(values.begin(), values.end(), Watts{0});
  };
  if (sum(open) > 0) {
    network.set_ends(discharge, open);
    network.augment();
    for (std::size_t a = 0; a < areas_; ++a)
      out.discharged[a] = discharge[a] - network.capacity[network.supply_edge(a)];
  }
  if (sum(charge) > 0 && sum(surplus) > 0) {
    network.set_ends(surplus, charge);
    network.augment();
    for (std::size_t a = 0; a < areas_; ++a) out.charged[a] = charge[a] - network.capacity[network.demand_edge(a)];
  }
}

std::vector<Watts> AreaExchange::shares(std::span<const Watts> supply, std::span<const Watts> shortage) {
  const std::vector<Watts> links(network_->capacity);
  std::vector<Watts> served =
      sharing_ == Sharing::proportional ? proportional_shares(supply, shortage) : std::vector<Watts>(areas_, 0);
  // One area after the other as far as possible: all of `priority`, and the watts that shares were rounded down by.
  for (std::size_t a = 0; a < areas_; ++a) {
    if (served[a] == shortage[a]) continue;
    std::vector<Watts> wanted = served;
    wanted[a] = shortage[a];
    const Watts sum = std::accumulate(wanted.begin(), wanted.end(), Watts{0});
    network_->capacity = links;
    network_->set_ends(supply, wanted);
    served[a] = shortage[a] - (sum - network_->augment());
  }
  network_->capacity = links;
  return served;
}

std::vector<Watts> AreaExchange::proportional_shares(std::span<const Watts> supply, std::span<const Watts> shortage) {
  Network& network = *network_;
  const std::vector<Watts> links(network.capacity);
  std::vector<Watts> served(shortage.begin(), shortage.end());
  std::vector<std::uint8_t> settled(areas_, 0);
  for (std::size_t a = 0; a < areas_; ++a) settled[a] = shortage[a] == 0 ? 1 : 0;
  while (std::find(settled.begin(), settled.end(), std::uint8_t{0}) != settled.end()) {
    double share = 1.0;
    std::vector<std::uint8_t> held_back(areas_, 0);
    for (;;) {
      for (std::size_t a = 0; a < areas_; ++a)
        if (settled[a] == 0) served[a] = static_cast<Watts>(share * static_cast<double>(shortage[a]));
      network.capacity = links;
      network.set_ends(supply, served);
      const Watts lacking = std::accumulate(served.begin(), served.end(), Watts{0}) - network.augment();
      if (lacking <= 0) break;
      // Areas beyond the cut get `lacking` too much together: lower the share of those still open.
      double open = 0.0;
      for (std::size_t a = 0; a < areas_; ++a) {
        held_back[a] = settled[a] == 0 && !network.reached(a) ? 1 : 0;
        if (held_back[a] != 0) open += static_cast<double>(shortage[a]);
      }
      ensure(open > 0.0 && share > 0.0, "settled shares of areas do not fit the links");
      share = std::max(0.0, share - static_cast<double>(lacking) / open);
    }
    if (share == 1.0) break;
    for (std::size_t a = 0; a < areas_; ++a)
      if (held_back[a] != 0) settled[a] = 1;
  }
  network.capacity = links;
  return served;
}

}  // namespace gridplus::adequacy
