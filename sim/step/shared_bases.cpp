#include "sim/step/shared_bases.hpp"

#include <algorithm>
#include <utility>

#include "sim/powerflow/idle_base.hpp"

namespace gridplus {

using powerflow::BusType;

namespace {

/// Bases in memory at most; the longest unused make room.
constexpr std::size_t k_most_bases = 256;

template <class T>
void add(std::string& key, std::span<const T> values) {
  key.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

template <class T>
void add(std::string& key, const T& value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

bool holds(BusType type) {
  return type == BusType::pv || type == BusType::slack;
}

/// All that decides the base of a flow and how it is solved. Copies of a grid have the same arrays.
void make_key(const AskedFlow& flow, std::string& key) {
  const BusArrays* const arrays = &flow.grid->bus();
  key.clear();
  add(key, arrays);
  add(key, flow.options->tolerance_pu);
  add(key, flow.options->max_iterations);
  add(key, flow.options->enforce_q_limits);
  add(key, flow.equations);
  add(key, flow.branch_closed);
  add(key, flow.tap_positions);
  add(key, std::span<const BusType>(flow.bus->type));
  for (std::size_t b = 0; b < flow.bus->type.size(); ++b)
    if (holds(flow.bus->type[b])) add(key, flow.bus->vm_set_pu[b]);
}

}  // namespace

struct SharedBases::Entry {
  Grid grid;  ///< keeps the arrays that the key names
  powerflow::FlowOptions options;
  powerflow::Equations equations = powerflow::Equations::ac;
  powerflow::Admittance admittance;  ///< only at tap positions other than the grid's
  std::unique_ptr<powerflow::LaneSolver> lanes;
  std::size_t last_used = 0;
};

SharedBases::SharedBases() : kernels_(powerflow::lane_kernels()) {}
SharedBases::~SharedBases() = default;

std::unique_ptr<SharedBases::Entry> SharedBases::make_entry(const AskedFlow& flow) const {
  auto entry = std::make_unique<Entry>();
  entry->grid = *flow.grid;
  entry->options = *flow.options;
  entry->equations = flow.equations;
  if (!flow.tap_positions.empty())
    entry->admittance = powerflow::make_admittance(entry->grid, flow.branch_closed, flow.tap_positions);
  const powerflow::Admittance& admittance = flow.tap_positions.empty() ? *flow.first_admittance : entry->admittance;
  entry->lanes = std::make_unique<powerflow::LaneSolver>(
      powerflow::make_idle_base(admittance, entry->grid.base_mva(), flow.bus->input(false), entry->options, kernels_),
      kernels_);
  return entry;
}

SharedBases::Entry& SharedBases::entry_of(const AskedFlow& flow) {
  make_key(flow, key_);
  auto found = entries_.find(key_);
  if (found == entries_.end()) found = entries_.emplace(key_, make_entry(flow)).first;
  found->second->last_used = solves_;
  return *found->second;
}

/// Never one that flows of the last solve() used: their admittances are still read.
void SharedBases::drop_oldest() {
  while (entries_.size() > k_most_bases) {
    const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.second->last_used < b.second->last_used;
    });
    if (oldest->second->last_used + 1 >= solves_) return;
    entries_.erase(oldest);
  }
}

void SharedBases::solve(std::span<const AskedFlow> flows, int threads) {
  ++solves_;
  drop_oldest();
  used_.clear();
  for (const AskedFlow& flow : flows) used_.push_back(&entry_of(flow));
  for (std::size_t i = 0; i < flows.size(); ++i) {
    Entry* const entry = used_[i];
    if (entry == nullptr) continue;
    together_.clear();
    for (std::size_t k = i; k < flows.size(); ++k)
      if (used_[k] == entry) {
        together_.push_back(k);
        used_[k] = nullptr;
      }
    solve_with(*entry, flows, threads);
  }
}

/// Those of `flows` that together_ lists.
void SharedBases::solve_with(Entry& entry, std::span<const AskedFlow> flows, int threads) {
  inputs_.clear();
  states_.resize(std::max(states_.size(), together_.size()));
  reports_.resize(std::max(reports_.size(), together_.size()));
  for (std::size_t i = 0; i < together_.size(); ++i) {
    inputs_.push_back(flows[together_[i]].bus->input(entry.options.enforce_q_limits));
    std::swap(states_[i], *flows[together_[i]].state);
  }
  const auto give_back = [&] {
    for (std::size_t i = 0; i < together_.size(); ++i) std::swap(states_[i], *flows[together_[i]].state);
  };
  try {
    const auto states = std::span(states_).first(inputs_.size());
    const auto reports = std::span(reports_).first(inputs_.size());
    if (entry.equations == powerflow::Equations::linear)
      entry.lanes->solve_linear(inputs_, states, reports, threads);
    else
      entry.lanes->solve(inputs_, entry.options, states, reports, threads);
  } catch (...) {
    give_back();
    throw;
  }
  give_back();
  for (std::size_t i = 0; i < together_.size(); ++i) {
    const AskedFlow& flow = flows[together_[i]];
    *flow.report = reports_[i];
    *flow.admittance = flow.tap_positions.empty() ? flow.first_admittance : &entry.admittance;
  }
}

}  // namespace gridplus
