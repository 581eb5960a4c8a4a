#include "sim/comms/percolation.hpp"

#include <algorithm>
#include <boost/pending/disjoint_sets.hpp>

#include "sim/core/parallel.hpp"
#include "sim/core/random.hpp"

namespace gridplus::comms {

namespace {

/// Drops from `alive` what is not in the largest component of the graph among alive nodes. Returns how many are left.
std::size_t keep_largest(const Edges& edges, std::vector<std::uint8_t>& alive) {
  const std::size_t nodes = alive.size();
  std::vector<std::uint32_t> rank(nodes, 0), parent(nodes);
  boost::disjoint_sets<std::uint32_t*, std::uint32_t*> sets(rank.data(), parent.data());
  for (std::uint32_t n = 0; n < nodes; ++n) sets.make_set(n);
  for (const auto& [a, b] : edges)
    if (alive[a] != 0 && alive[b] != 0) sets.union_set(a, b);
  std::vector<std::uint32_t> size(nodes, 0);
  for (std::uint32_t n = 0; n < nodes; ++n)
    if (alive[n] != 0) ++size[sets.find_set(n)];
  const auto largest = static_cast<std::uint32_t>(std::max_element(size.begin(), size.end()) - size.begin());
  for (std::uint32_t n = 0; n < nodes; ++n)
    if (alive[n] != 0 && sets.find_set(n) != largest) alive[n] = 0;
  return nodes == 0 ? 0 : size[largest];
}

}  // namespace

MutualComponent mutual_giant_component(std::size_t nodes, const Edges& power, const Edges& communication,
                                       std::span<const std::uint8_t> alive) {
  MutualComponent result;
  result.alive.assign(alive.begin(), alive.end());
  result.alive.resize(nodes, 0);
  std::size_t before = nodes + 1;
  for (result.size = nodes; result.size != before && result.size > 0; ++result.rounds) {
    before = result.size;
    keep_largest(power, result.alive);
    result.size = keep_largest(communication, result.alive);
  }
  return result;
}

Edges random_graph(std::size_t nodes, double mean_degree, std::uint64_t seed, std::uint32_t stream) {
  Edges edges(static_cast<std::size_t>(0.5 * mean_degree * static_cast<double>(nodes)));
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const RandomKey key{seed, stream, RandomStream::communication, static_cast<std::uint32_t>(i), 0};
    const auto pick = [&](std::uint32_t draw) {
      return static_cast<std::uint32_t>(uniform(key, draw) * static_cast<double>(nodes));
    };
    edges[i] = {pick(0), pick(1)};
    for (std::uint32_t draw = 2; edges[i].first == edges[i].second; ++draw) edges[i].second = pick(draw);
  }
  return edges;
}

std::vector<std::vector<double>> percolation_shares(std::size_t nodes, const Edges& power, const Edges& communication,
                                                    std::span<const double> p, std::uint64_t seed,
                                                    std::uint32_t replicates, int threads) {
  std::vector<std::vector<double>> shares(replicates, std::vector<double>(p.size(), 0.0));
  parallel_for(replicates * p.size(), threads, 1, [&](std::size_t job, int) {
    const std::size_t r = job / p.size(), i = job % p.size();
    std::vector<std::uint8_t> alive(nodes);
    for (std::size_t n = 0; n < nodes; ++n) {
      const RandomKey key{seed, static_cast<std::uint32_t>(r), RandomStream::outage, static_cast<std::uint32_t>(n), 0};
      alive[n] = uniform(key) < p[i] ? 1 : 0;
    }
    const std::size_t size = mutual_giant_component(nodes, power, communication, alive).size;
    shares[r][i] = static_cast<double>(size) / static_cast<double>(std::max<std::size_t>(nodes, 1));
  });
  return shares;
}

std::vector<double> percolation_curve(std::size_t nodes, const Edges& power, const Edges& communication,
                                      std::span<const double> p, std::uint64_t seed, std::uint32_t replicates) {
  std::vector<double> mean(p.size(), 0.0);
  for (const auto& shares : percolation_shares(nodes, power, communication, p, seed, replicates, 1))
    for (std::size_t i = 0; i < p.size(); ++i) mean[i] += shares[i] / static_cast<double>(replicates);
  return mean;
}

}  // namespace gridplus::comms
