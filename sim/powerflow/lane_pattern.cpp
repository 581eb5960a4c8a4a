#include "sim/powerflow/lane_pattern.hpp"

#include <amd.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace gridplus::powerflow {

namespace {

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

/// Calls use(bus, entry) for every bus that a closed branch couples to `row`, itself left out.
template <class Use>
void for_each_neighbour(const Admittance& admittance, std::size_t row, const Use& use) {
  for (std::int32_t e = admittance.row_start[row]; e < admittance.row_start[row + 1]; ++e) {
    if (e != admittance.diagonal[row] && admittance.value[at(e)] != Complex{}) use(admittance.column[at(e)], e);
  }
}

/// The buses with unknowns, in elimination order.
std::vector<std::int32_t> elimination_order(const Admittance& admittance, std::span<const BusType> type) {
  std::vector<std::int32_t> node(type.size(), -1);
  std::vector<std::int32_t> bus;
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (type[i] != BusType::pq && type[i] != BusType::pv) continue;
    node[i] = static_cast<std::int32_t>(bus.size());
    bus.push_back(static_cast<std::int32_t>(i));
  }
  IndexRows graph;
  for (const std::int32_t i : bus) {
    for_each_neighbour(admittance, at(i), [&](std::int32_t j, std::int32_t) {
      if (node[at(j)] >= 0) graph.column.push_back(node[at(j)]);
    });
    graph.start.push_back(static_cast<std::int32_t>(graph.column.size()));
  }
  std::vector<std::int32_t> order(bus.size());
  if (!bus.empty()) {
    graph.column.reserve(1);
    const int status = amd_order(static_cast<std::int32_t>(bus.size()), graph.start.data(), graph.column.data(),
                                 order.data(), nullptr, nullptr);
    ensure(status == AMD_OK || status == AMD_OK_BUT_JUMBLED, "the bus graph could not be ordered");
  }
  for (auto& k : order) k = bus[at(k)];
  return order;
}

void place_buses(LanePattern& pattern, std::span<const BusType> type) {
  pattern.active = static_cast<std::int32_t>(pattern.bus.size());
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (type[i] == BusType::slack) pattern.bus.push_back(static_cast<std::int32_t>(i));
  }
  pattern.slack = static_cast<std::int32_t>(pattern.bus.size()) - pattern.active;
  pattern.position.assign(type.size(), LanePattern::k_out);
  for (std::size_t k = 0; k < pattern.bus.size(); ++k) {
    pattern.position[at(pattern.bus[k])] = static_cast<std::int32_t>(k);
  }
}

void find_couplings(const Admittance& admittance, LanePattern& pattern) {
  std::vector<std::pair<std::int32_t, std::int32_t>> row;
  for (const std::int32_t bus : pattern.bus) {
    row.assign(1, {pattern.position[at(bus)], admittance.diagonal[at(bus)]});
    for_each_neighbour(admittance, at(bus), [&](std::int32_t j, std::int32_t entry) {
      if (pattern.position[at(j)] != LanePattern::k_out) row.emplace_back(pattern.position[at(j)], entry);
    });
    std::sort(row.begin(), row.end());
    for (const auto& [position, entry] : row) {
      pattern.coupling.column.push_back(position);
      pattern.coupling_entry.push_back(entry);
    }
    pattern.coupling.start.push_back(static_cast<std::int32_t>(pattern.coupling.column.size()));
  }
}

/// Row i of L: every column on the paths of the elimination tree from the neighbours of i below it up to i.
void find_lower(LanePattern& pattern) {
  const auto rows = at(pattern.positions());
  std::vector<std::int32_t> parent(rows, -1);
  std::vector<std::int32_t> mark(rows, -1);
  for (std::int32_t i = 0; i < pattern.positions(); ++i) {
    const std::size_t begin = pattern.lower.column.size();
    mark[at(i)] = i;
    for (const std::int32_t neighbour : pattern.coupling.row(at(i))) {
      if (neighbour >= i) break;
      for (std::int32_t k = neighbour; mark[at(k)] != i; k = parent[at(k)]) {
        mark[at(k)] = i;
        pattern.lower.column.push_back(k);
        if (parent[at(k)] < 0) parent[at(k)] = i;
      }
    }
    std::sort(pattern.lower.column.begin() + static_cast<std::ptrdiff_t>(begin), pattern.lower.column.end());
    pattern.lower.start.push_back(static_cast<std::int32_t>(pattern.lower.column.size()));
  }
}

/// The pattern is symmetric: row i of U is column i of L.
void transpose_lower(LanePattern& pattern) {
  const auto rows = at(pattern.positions());
  IndexRows& upper = pattern.upper;
  upper.start.assign(rows + 1, 0);
  for (const std::int32_t column : pattern.lower.column) ++upper.start[at(column) + 1];
  for (std::size_t i = 0; i < rows; ++i) upper.start[i + 1] += upper.start[i];
  upper.column.resize(pattern.lower.column.size());
  std::vector<std::int32_t> next(upper.start.begin(), upper.start.end() - 1);
  for (std::size_t i = 0; i < rows; ++i) {
    for (const std::int32_t column : pattern.lower.row(i)) {
      upper.column[at(next[at(column)]++)] = static_cast<std::int32_t>(i);
    }
  }
}

/// The elimination tree: per active row the first row above it that depends on it, -1 at a root.
std::vector<std::int32_t> elimination_tree(const LanePattern& pattern) {
  std::vector<std::int32_t> parent(at(pattern.active), -1);
  for (std::size_t i = 0; i < parent.size(); ++i) {
    const auto above = pattern.upper.row(i);
    if (!above.empty() && above.front() < pattern.active) parent[i] = above.front();
  }
  return parent;
}

/// Rows of each subtree, its root among them.
std::vector<std::int32_t> subtree_sizes(const std::vector<std::int32_t>& parent) {
  std::vector<std::int32_t> size(parent.size(), 1);
  for (std::size_t i = 0; i < parent.size(); ++i)
    if (parent[i] >= 0) size[at(parent[i])] += size[i];
  return size;
}

/// The rows in an order in which every subtree is in one piece.
std::vector<std::int32_t> postorder(const std::vector<std::int32_t>& parent, const std::vector<std::int32_t>& size) {
  // From the last row on each takes the end of what is left of its parent's place.
  std::vector<std::int32_t> end(parent.size());
  std::vector<std::int32_t> order(parent.size());
  auto roots_end = static_cast<std::int32_t>(parent.size());
  for (std::size_t i = parent.size(); i-- > 0;) {
    std::int32_t& left = parent[i] < 0 ? roots_end : end[at(parent[i])];
    order[at(left - 1)] = static_cast<std::int32_t>(i);
    end[i] = left - 1;
    left -= size[i];
  }
  return order;
}

/// How the kernels branch at each row, in one number: height in the tree, PV or not, and how often their loops turn.
std::vector<std::uint64_t> row_kinds(const LanePattern& pattern, std::span<const BusType> type,
                                     const std::vector<std::int32_t>& parent) {
  constexpr std::uint64_t k_most = 1023;
  const auto is_pv = [&](std::int32_t row) { return type[at(pattern.bus[at(row)])] == BusType::pv; };
  std::vector<std::uint64_t> height(parent.size(), 0);
  std::vector<std::uint64_t> kinds(parent.size());
  for (std::size_t i = 0; i < parent.size(); ++i) {
    if (parent[i] >= 0) height[at(parent[i])] = std::max(height[at(parent[i])], height[i] + 1);
    std::array<std::uint64_t, 2> upper{};
    std::array<std::uint64_t, 2> lower{};
    for (const std::int32_t j : pattern.upper.row(i))
      if (j < pattern.active) ++upper[is_pv(j) ? 1 : 0];
    for (const std::int32_t j : pattern.lower.row(i)) ++lower[is_pv(j) ? 1 : 0];
    const bool pv = is_pv(static_cast<std::int32_t>(i));
    kinds[i] = height[i];  // fits in what is left of the number for all rows that are sorted
    for (const std::uint64_t part : {std::uint64_t{pv}, upper[0], upper[1], pattern.coupling.row(i).size(), lower[0]})
      kinds[i] = (kinds[i] << 10U) | std::min<std::uint64_t>(part, k_most);
  }
  return kinds;
}

/// The rows so that alike ones follow each other, which lets the processor foresee where the loops over them end. Each
/// stays below its parent, and near where it was in a postorder: in reach of a second-level cache.
std::vector<std::int32_t> alike_together(const LanePattern& pattern, std::span<const BusType> type) {
  constexpr std::int32_t k_most_rows = 2048;
  const std::vector<std::int32_t> parent = elimination_tree(pattern);
  const std::vector<std::int32_t> size = subtree_sizes(parent);
  const std::vector<std::uint64_t> kinds = row_kinds(pattern, type, parent);
  std::vector<std::int32_t> rows = postorder(parent, size);
  std::int32_t first = 0;  // of those that are sorted next
  const auto sort_up_to = [&](std::int32_t end) {
    std::stable_sort(rows.begin() + first, rows.begin() + end,
                     [&](std::int32_t a, std::int32_t b) { return kinds[at(a)] < kinds[at(b)]; });
    first = end;
  };
  for (std::int32_t k = 0; k < pattern.active; ++k) {
    const std::int32_t below = size[at(rows[at(k)])];
    if (below > k_most_rows) {  // above large subtrees: stays where it is
      sort_up_to(k);
      first = k + 1;
    } else if (k + 1 - first > k_most_rows) {
      sort_up_to(k + 1 - below);
    }
  }
  sort_up_to(pattern.active);
  return rows;
}

}  // namespace

LanePattern make_lane_pattern(const Admittance& admittance, std::span<const BusType> type) {
  ensure(type.size() == admittance.bus_count(), "make_lane_pattern needs one type per bus");
  LanePattern pattern;
  const auto arrange = [&](std::vector<std::int32_t> buses) {
    pattern = {};
    pattern.bus = std::move(buses);
    place_buses(pattern, type);
    find_couplings(admittance, pattern);
    find_lower(pattern);
    transpose_lower(pattern);
  };
  arrange(elimination_order(admittance, type));
  std::vector<std::int32_t> buses = alike_together(pattern, type);
  for (std::int32_t& row : buses) row = pattern.bus[at(row)];
  arrange(std::move(buses));
  return pattern;
}

}  // namespace gridplus::powerflow
