// Set points from outside the run: a client beside the simulated controllers takes devices over, one by one.
//
// In every step the engine asks a source what has come. A set point acts from the begin of that step for `valid_s` of
// simulated time. While it holds, the dispatch takes the device's power as given and plans the rest around it; with
// communications the set point travels to the device as a command like any other. When it has run out unrenewed, a
// device behind a communication network does what its fallback says until it is given another set point or is
// released; a device that is controlled without messages returns to the dispatch.
//
// What a source gave, and when, is all that a run depends on beside its model: given again, it makes the same bits.
// A run with a source goes step by step, each a block of its own, so that a source sees the step before as a whole.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/device/model.hpp"
#include "sim/step/block.hpp"

namespace gridplus {

/// A set point for one device.
struct SetPoint {
  DeviceKind kind = DeviceKind::producer;
  std::uint32_t index = 0;  ///< of the device among those of its kind
  double p_mw = 0.0;        ///< producers: injected; storage: discharge positive; consumers: drawn. Limits still apply
  double valid_s = 0.0;     ///< above 0; it holds for every step that begins before the end of this time
  bool release = false;     ///< gives the device back to the dispatch; the other values do not count
};

/// What comes in a step, in the order in which it came.
struct OutsideInput {
  std::vector<SetPoint> set_points;
  std::vector<Event> happenings;  ///< such as the loss of the connection; the engine fills in their step
};

class SetPointSource {
 public:
  virtual ~SetPointSource() = default;
  /// Adds to `input` what shall act from the begin of `step` on. Asked once for every step, in order.
  virtual void take(std::int64_t step, OutsideInput& input) = 0;
};

/// The set point that a device holds. Without padding: states are compared as bytes.
struct HeldSetPoint {
  double p_mw = 0.0;
  std::int64_t until_step = k_free;  ///< the first step in which it no longer holds
  static constexpr std::int64_t k_free = -1;

  [[nodiscard]] bool taken() const { return until_step != k_free; }
  [[nodiscard]] bool valid(std::int64_t step) const { return step < until_step; }
};

/// The part of a run's state that set points from outside add. Empty: none has come yet.
struct OutsideState {
  std::vector<HeldSetPoint> producers, storages, consumers;
};

}  // namespace gridplus
