#include "sim/powerflow/tap_regulator.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace gridplus::powerflow {

namespace {

/// Part of the way to the band's edge that is taken at once.
constexpr double k_careful = 0.8;
/// A changer that has turned round this often is held.
constexpr int k_most_turns = 2;

/// Whether `bus` is nearer to the `from` end of `branch` than to its `to` end, by branches in between.
bool is_on_from_side(const Grid& grid, std::span<const std::uint8_t> closed, std::size_t branch, std::size_t bus) {
  const std::size_t from = grid.branch().from[branch].index(), to = grid.branch().to[branch].index();
  std::vector<std::uint8_t> seen(grid.bus_count(), 0);
  std::deque<std::size_t> next{bus};
  seen[bus] = 1;
  while (!next.empty()) {
    const std::size_t at = next.front();
    next.pop_front();
    if (at == to) return false;
    if (at == from) return true;
    const auto [begin, end] = boost::out_edges(at, grid.graph());
    for (auto edge = begin; edge != end; ++edge) {
      const std::size_t other = boost::target(*edge, grid.graph());
      const std::size_t k = boost::get(boost::edge_index, grid.graph(), *edge);
      if (closed[k] == 0 || k == branch || seen[other] != 0) continue;
      seen[other] = 1;
      next.push_back(other);
    }
  }
  return false;
}

}  // namespace

std::string_view to_string(TapState state) {
  switch (state) {
    case TapState::fixed:
      return "fixed";
    case TapState::regulated:
      return "regulated";
    case TapState::at_limit:
      return "at its last position";
    case TapState::hunting:
      return "hunting";
  }
  return "unknown";
}

TapRegulator::TapRegulator(const Grid& grid, std::span<const std::uint8_t> branch_closed)
    : grid_(grid), state_(grid.tap_changers().size(), TapState::fixed) {
  const auto changers = grid.tap_changers();
  for (std::size_t i = 0; i < changers.size(); ++i) {
    const TapChanger& changer = changers[i];
    position_.push_back(changer.position);
    if (changer.control == TapControl::none || branch_closed[changer.branch.index()] == 0) continue;
    Control control;
    control.changer = i;
    if (changer.control == TapControl::active_power) {
      control.direction = changer.shift_step_deg > 0.0 ? -1 : 1;
    } else {
      // The voltage rises at the end where the changer sits, and falls at the other, when its ratio rises.
      const bool on_from_side = is_on_from_side(grid, branch_closed, changer.branch.index(), changer.bus.index());
      const bool own_side = on_from_side == (changer.end == BranchEnd::from);
      control.direction = own_side == (changer.ratio_step > 0.0) ? 1 : -1;
      control.change = std::abs(changer.ratio_step);
    }
    controls_.push_back(control);
  }
}

double TapRegulator::quantity(const TapChanger& changer, const FlowState& state,
                              std::span<const double> p_from_mw) const {
  return changer.control == TapControl::voltage ? state.vm_pu[changer.bus.index()] : p_from_mw[changer.branch.index()];
}

bool TapRegulator::adjust(const FlowState& state, std::span<const double> p_from_mw) {
  bool moved = false;
  for (Control& control : controls_) {
    const TapChanger& changer = grid_.tap_changers()[control.changer];
    const std::size_t held_bus = changer.control == TapControl::voltage
                                     ? changer.bus.index()
                                     : grid_.branch().from[changer.branch.index()].index();
    if (!(state.vm_pu[held_bus] > 0.0)) {
      state_[control.changer] = TapState::fixed;  // no voltage to control
      continue;
    }
    moved = adjust(control, quantity(changer, state, p_from_mw)) || moved;
  }
  return moved;
}

/// Positions towards the band, not beyond its near edge as far as can be known; the sign is that of the error.
int TapRegulator::wanted_move(const Control& control, double error) const {
  const TapChanger& changer = grid_.tap_changers()[control.changer];
  const double outside = std::abs(error) - 0.5 * changer.dead_band;
  if (outside <= 0.0) return 0;
  const double positions = control.change > 0.0 ? std::floor(k_careful * outside / control.change) : 0.0;
  const int range = changer.highest - changer.lowest;
  const int count = static_cast<int>(std::clamp(positions, 1.0, static_cast<double>(std::max(1, range))));
  return (error > 0.0 ? 1 : -1) * control.direction * count;
}

bool TapRegulator::adjust(Control& control, double value) {
  const TapChanger& changer = grid_.tap_changers()[control.changer];
  std::int32_t& position = position_[control.changer];
  TapState& own = state_[control.changer];
  const double error = changer.set_point - value;
  if (control.moved && changer.control == TapControl::active_power)
    control.change = std::abs((error - control.last_error) / control.last_move);
  if (!control.seen || std::abs(error) < control.least_error) {
    control.least_error = std::abs(error);
    control.best = position;
  }
  control.seen = true;
  control.last_error = error;
  int move = wanted_move(control, error);
  if (control.held) {
    own = move == 0 ? TapState::regulated : TapState::hunting;
    return false;
  }
  if (move != 0 && control.last_move != 0 && (move > 0) != (control.last_move > 0)) {
    ++control.turns;
    move = move > 0 ? 1 : -1;
  }
  if (control.turns >= k_most_turns) {
    control.held = true;
    own = TapState::hunting;
    move = control.best - position;
  } else {
    move = std::clamp(position + move, changer.lowest, changer.highest) - position;
    const bool inside = std::abs(error) <= 0.5 * changer.dead_band;
    own = inside ? TapState::regulated : TapState::at_limit;
  }
  control.moved = move != 0;
  if (control.moved) control.last_move = move;
  position += move;
  return move != 0;
}

}  // namespace gridplus::powerflow
