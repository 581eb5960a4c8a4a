// Draws of outages: pure functions of the seed, the sample's number and the part's number.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/study/adequacy/options.hpp"

namespace gridplus::adequacy {

/// The uniform number that decides the load level of a sample.
[[nodiscard]] double draw_load_level(std::uint64_t seed, std::int64_t sample);

/// All outages of one period, in the order of the parts. At its start every part is up or down with its long-run
/// probability; memoryless times need no more of the past. Outages still going on end with the period.
///
/// With Durations::steps a part changes at begins of steps only: down at a step's begin after up at the one before with
/// probability U (1 - exp(-(l + m) dt)), l and m its failure and repair rate, and back alike. That is what the
/// exponential process shows to who looks once a step, so lole_h and eens_mwh are the same in expectation.
class OutageDraws {
 public:
  OutageDraws(const AdequacyModel& model, Durations durations);
  void draw(std::int64_t sample, std::vector<Outage>& out) const;

 private:
  struct Part {
    std::uint32_t component = 0;
    double unavailability = 0.0;
    double up_h = 0.0, down_h = 0.0;  ///< means, or 1 / log of staying (geometric), in hours or steps
  };
  void draw_part(const Part& part, std::int64_t sample, std::vector<Outage>& out) const;
  [[nodiscard]] double duration_h(double mean, double u) const;

  std::vector<Part> parts_;
  std::uint64_t seed_;
  double period_h_, step_h_;
  bool in_steps_;
};

}  // namespace gridplus::adequacy
