// How two networks that need each other fall apart: the mutual giant component.
//
// Buldyrev, Parshani, Paul, Stanley, Havlin, "Catastrophic cascade of failures in interdependent networks", Nature 464
// (2010): a node works only if it is in the giant component of its own network and its partner in the other network
// works too. For two Erdos-Renyi networks of mean degree k with a share p of nodes left, the mutual giant component is
// P = p (1 - e^{-k P})^2; it vanishes in a jump at k p_c = 2.4554, from P = 1.2564 / k.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace gridplus::comms {

using Edges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// Nodes of two networks over the same `nodes` pairs that work in the end, when those with `alive` = 0 are taken out:
/// components outside the largest of either network are dropped in turn until nothing changes.
struct MutualComponent {
  std::vector<std::uint8_t> alive;
  std::size_t size = 0;
  std::size_t rounds = 0;  ///< of the cascade
};
[[nodiscard]] MutualComponent mutual_giant_component(std::size_t nodes, const Edges& power, const Edges& communication,
                                                     std::span<const std::uint8_t> alive);

/// A random graph with `nodes` * `mean_degree` / 2 edges drawn uniformly (Erdos-Renyi, G(n, m)).
[[nodiscard]] Edges random_graph(std::size_t nodes, double mean_degree, std::uint64_t seed, std::uint32_t stream);

/// The share of nodes in the mutual giant component, [replicate][p]. Results do not depend on `threads`.
[[nodiscard]] std::vector<std::vector<double>> percolation_shares(std::size_t nodes, const Edges& power,
                                                                  const Edges& communication, std::span<const double> p,
                                                                  std::uint64_t seed, std::uint32_t replicates,
                                                                  int threads);

/// The share of nodes in the mutual giant component for each share `p` of pairs left, mean of `replicates` draws; the
/// same pairs go first for every p, so that the curve is monotone.
[[nodiscard]] std::vector<double> percolation_curve(std::size_t nodes, const Edges& power, const Edges& communication,
                                                    std::span<const double> p, std::uint64_t seed,
                                                    std::uint32_t replicates);

}  // namespace gridplus::comms
