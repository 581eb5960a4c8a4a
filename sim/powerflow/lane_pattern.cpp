#include "sim/powerflow/lane_pattern.hpp"

#include <amd.h>

#include <algorithm>

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

}  // namespace

LanePattern make_lane_pattern(const Admittance& admittance, std::span<const BusType> type) {
  ensure(type.size() == admittance.bus_count(), "make_lane_pattern needs one type per bus");
  LanePattern pattern;
  pattern.bus = elimination_order(admittance, type);
  place_buses(pattern, type);
  find_couplings(admittance, pattern);
  find_lower(pattern);
  transpose_lower(pattern);
  return pattern;
}

}  // namespace gridplus::powerflow
