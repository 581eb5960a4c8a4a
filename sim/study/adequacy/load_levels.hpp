// Demand under uncertainty, made ready for fast comparison with capacity.
//
// The demand of the whole period is known but for a common normal factor (load forecast uncertainty). As usual it is
// cut into seven classes one standard deviation wide (Billinton and Allan, Reliability Evaluation of Power Systems, 2nd
// ed., 1996, section 2.7): factor 1 + k s with the probability of the k-th class, k = -3 ... 3.
#pragma once

#include <span>
#include <vector>

#include "sim/study/adequacy/model.hpp"

namespace gridplus::adequacy {

/// Net demand (demand less what never fails) of one area under one factor.
struct NetDemand {
  static constexpr std::size_t k_block = 24;  ///< steps under one maximum
  std::vector<Watts> by_step;
  std::vector<Watts> block_maximum;
  Watts maximum = 0;
};

struct LoadLevel {
  double factor = 1.0, probability = 1.0;
  std::vector<NetDemand> areas;
};

class LoadLevels {
 public:
  /// Units whose capacity varies count as firm here, at their full capacity of the step: what is out is added back.
  LoadLevels(const AdequacyModel& model, double standard_deviation);

  [[nodiscard]] std::span<const LoadLevel> all() const { return levels_; }
  /// The level that a uniform number in (0, 1) stands for.
  [[nodiscard]] std::size_t draw(double u) const;
  /// The step of largest net demand of each calendar day, ascending.
  [[nodiscard]] const std::vector<std::uint32_t>& daily_peaks() const { return daily_peaks_; }

 private:
  std::vector<LoadLevel> levels_;
  std::vector<std::uint32_t> daily_peaks_;
};

}  // namespace gridplus::adequacy
