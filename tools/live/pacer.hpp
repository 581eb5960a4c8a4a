// Keeps a run in step with the clock on the wall.
//
// Step i of a session begins at start + i d, d being the length of a step over the speed. A step is late if it is not
// finished when the next one should begin. What is late is made up for as soon as computing allows; nothing is skipped.
#pragma once

#include <cstdint>
#include <functional>

namespace gridplus::live {

/// Time as a pacer sees it; tests bring their own.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Seconds since some moment; never goes back.
  [[nodiscard]] virtual double now_s() const = 0;
  virtual void sleep(double s) = 0;
};

/// The machine's steady clock.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] double now_s() const override;
  void sleep(double s) override;
};

class Pacer {
 public:
  /// `step_wall_s` > 0; `clock` must outlive the pacer. `stop`: asked while waiting, at least every 50 ms.
  Pacer(double step_wall_s, Clock& clock, std::function<bool()> stop);

  /// Waits until the next step shall begin; the first begins at once. False if it was stopped.
  [[nodiscard]] bool wait();
  /// By how much the step at hand is late by now, 0 if it is not.
  [[nodiscard]] double late_s() const;
  /// The step is finished.
  void finish();

  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] std::int64_t late_steps() const { return late_; }
  [[nodiscard]] double latest_s() const { return latest_s_; }  ///< of all steps, the largest lateness
  /// Of all steps, the largest share of its time that one took.
  [[nodiscard]] double largest_load() const { return largest_load_; }

 private:
  double step_wall_s_;
  Clock& clock_;
  std::function<bool()> stop_;
  double start_s_ = 0.0, began_s_ = 0.0;
  std::int64_t steps_ = 0;  ///< finished
  std::int64_t late_ = 0;
  double latest_s_ = 0.0, largest_load_ = 0.0;
  bool running_ = false;
};

}  // namespace gridplus::live
