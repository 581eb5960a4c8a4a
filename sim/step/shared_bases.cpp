#include "sim/step/shared_bases.hpp"

#include <algorithm>
#include <utility>

namespace gridplus {

using powerflow::BusType;
using powerflow::FlowInput;
using powerflow::FlowState;

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
  add(key, flow.branch_closed);
  add(key, flow.tap_positions);
  add(key, std::span<const BusType>(flow.bus->type));
  for (std::size_t b = 0; b < flow.bus->type.size(); ++b)
    if (holds(flow.bus->type[b])) add(key, flow.bus->vm_set_pu[b]);
}

/// 1 p.u. and the voltages held, all angles zero.
FlowState flat_state(const BusInjections& bus) {
  FlowState flat;
  flat.vm_pu.assign(bus.type.size(), 1.0);
  flat.va_deg.assign(bus.type.size(), 0.0);
  for (std::size_t b = 0; b < bus.type.size(); ++b)
    if (holds(bus.type[b])) flat.vm_pu[b] = bus.vm_set_pu[b];
  return flat;
}

/// A base at voltages far from normal would lead flows to another branch of the equations.
bool sound(const FlowState& state, std::span<const BusType> type) {
  constexpr double k_lowest_pu = 0.8, k_highest_pu = 1.3;
  for (std::size_t b = 0; b < type.size(); ++b)
    if (type[b] != BusType::out && !(state.vm_pu[b] >= k_lowest_pu && state.vm_pu[b] <= k_highest_pu)) return false;
  return true;
}

}  // namespace

struct SharedBases::Entry {
  Grid grid;  ///< keeps the arrays that the key names
  powerflow::FlowOptions options;
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
  if (!flow.tap_positions.empty())
    entry->admittance = powerflow::make_admittance(entry->grid, flow.branch_closed, flow.tap_positions);
  const powerflow::Admittance& admittance = flow.tap_positions.empty() ? *flow.first_admittance : entry->admittance;
  const std::span<const BusType> type(flow.bus->type);
  const auto pattern = std::make_shared<const powerflow::LanePattern>(powerflow::make_lane_pattern(admittance, type));
  const FlowState flat = flat_state(*flow.bus);
  const double base_mva = entry->grid.base_mva();
  entry->lanes = std::make_unique<powerflow::LaneSolver>(
      std::make_shared<const powerflow::LaneBase>(pattern, admittance, base_mva, type, flat), kernels_);

  const std::vector<double> nothing(type.size(), 0.0);
  FlowInput idle;
  idle.p_mw = idle.q_mvar = nothing;
  idle.type = type;
  idle.vm_set_pu = flow.bus->vm_set_pu;
  FlowState state;
  powerflow::SolveReport report;
  powerflow::FlowOptions options = entry->options;
  options.enforce_q_limits = false;
  entry->lanes->solve({&idle, 1}, options, {&state, 1}, {&report, 1});
  if (!report.converged() || !sound(state, type)) return entry;
  for (std::size_t b = 0; b < type.size(); ++b)
    if (type[b] == BusType::out) state.vm_pu[b] = flat.vm_pu[b];
  entry->lanes->move_to(std::make_shared<const powerflow::LaneBase>(pattern, admittance, base_mva, type, state));
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

void SharedBases::solve(std::span<const AskedFlow> flows) {
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
    solve_with(*entry, flows);
  }
}

/// Those of `flows` that together_ lists.
void SharedBases::solve_with(Entry& entry, std::span<const AskedFlow> flows) {
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
    entry.lanes->solve(inputs_, entry.options, std::span(states_).first(inputs_.size()),
                       std::span(reports_).first(inputs_.size()));
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
