// Means of replicates with their standard errors and confidence intervals.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace gridplus::study {

inline constexpr double k_not_known = std::numeric_limits<double>::quiet_NaN();

struct Estimate {
  std::int64_t count = 0;  ///< values that are numbers
  double mean = k_not_known;
  double standard_error = k_not_known;                 ///< of the mean; NaN below two values
  double ci_low = k_not_known, ci_high = k_not_known;  ///< of the mean, by Student's t
  double cvar95 = k_not_known;                         ///< mean of the highest 5 % of the values
};

/// Of the values that are no NaN; they are added in their order. `confidence` in (0, 1).
[[nodiscard]] Estimate estimate(std::span<const double> values, double confidence);

/// Conditional value at risk: the mean of the highest `tail` of the values, the last of them counted in part; NaN where
/// there are none. `values` hold no NaN.
[[nodiscard]] double mean_of_highest(std::vector<double> values, double tail);

/// The quantile of Student's t distribution; p in (0, 1), degrees of freedom > 0.
[[nodiscard]] double student_t_quantile(double p, double degrees_of_freedom);

/// Mean and spread of values that come one by one (Welford 1962).
class RunningMean {
 public:
  void add(double value) {
    ++count_;
    const double delta = value - mean_;
    mean_ += delta / static_cast<double>(count_);
    squares_ += delta * (value - mean_);
  }
  [[nodiscard]] Estimate estimate(double confidence) const;

 private:
  std::int64_t count_ = 0;
  double mean_ = 0.0, squares_ = 0.0;
};

}  // namespace gridplus::study
