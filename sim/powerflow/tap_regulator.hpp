// Tap changers that hold a voltage or a power within a dead band, stepwise, as an outer loop over any solver:
//
//   TapRegulator taps(grid, branch_closed);
//   do { solve with make_admittance(grid, branch_closed, taps.positions()), evaluate } while (taps.adjust(state,
//   result));
//
// Every flow begins at the positions of the grid, so that it depends on no flow solved before. After each solve every
// tap changer outside its band moves towards it, all at once: by as many positions as surely do not pass the near edge
// of the band (a position changes |V| by at most about its ratio step; of the rest of the way 80 % are taken), and at
// least by one. A quantity that is within its band is left there, so that the first position in the band on the way
// from the start is the answer, as of a real changer that moves one position at a time.
//
// Hunting: a changer whose band is narrower than what a position changes, or two that disturb each other, would go to
// and fro for ever. A changer may turn round twice; then it is held at the best of the positions it has seen, and its
// state is `hunting`. So the loop ends: positions are finite, and each changer crosses its range at most three times.
//
// Power of a phase shifter: more P flows into the `from` end when the shift there is smaller, so a P below its band
// asks for a smaller shift. How much a position changes is learnt from the last move; before any, it moves by one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sim/powerflow/flow.hpp"

namespace gridplus::powerflow {

enum class TapState : std::uint8_t {
  fixed,      ///< controls nothing, or its branch or the bus it controls is out
  regulated,  ///< what it controls is within its band
  at_limit,   ///< it is not, and the last position is reached
  hunting     ///< it cannot be held within the band; at the best position it has seen
};
[[nodiscard]] std::string_view to_string(TapState state);

/// The tap changers of one flow on their way to rest.
class TapRegulator {
 public:
  /// `grid` must outlive it. `branch_closed`: one byte per branch.
  TapRegulator(const Grid& grid, std::span<const std::uint8_t> branch_closed);

  /// Whether any tap changer controls something.
  [[nodiscard]] bool active() const { return !controls_.empty(); }

  /// Of every tap changer of the grid.
  [[nodiscard]] std::span<const std::int32_t> positions() const { return position_; }
  [[nodiscard]] std::span<const TapState> states() const { return state_; }

  /// Moves the tap changers by what the solved flow shows: its voltages, and P into every branch at its `from` end.
  /// False: none moved, the flow is final.
  bool adjust(const FlowState& state, std::span<const double> p_from_mw);

 private:
  /// A tap changer that controls something.
  struct Control {
    std::size_t changer = 0;
    int direction = 1;    ///< sign of d quantity / d position
    double change = 0.0;  ///< of the quantity by one position, as far as is known; 0: not known
    int last_move = 0;
    int turns = 0;
    double last_error = 0.0;
    double least_error = 0.0;  ///< seen so far
    std::int32_t best = 0;     ///< the position that had it
    bool seen = false, moved = false, held = false;
  };

  [[nodiscard]] double quantity(const TapChanger& changer, const FlowState& state,
                                std::span<const double> p_from_mw) const;
  bool adjust(Control& control, double value);
  [[nodiscard]] int wanted_move(const Control& control, double error) const;

  const Grid& grid_;
  std::vector<std::int32_t> position_;
  std::vector<TapState> state_;
  std::vector<Control> controls_;
};

}  // namespace gridplus::powerflow
