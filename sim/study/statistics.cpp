#include "sim/study/statistics.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace gridplus::study {

double student_t_quantile(double p, double degrees_of_freedom) {
  return boost::math::quantile(boost::math::students_t(degrees_of_freedom), p);
}

Estimate RunningMean::estimate(double confidence) const {
  Estimate out;
  out.count = count_;
  if (count_ == 0) return out;
  out.mean = mean_;
  if (count_ == 1) return out;
  const auto n = static_cast<double>(count_);
  out.standard_error = std::sqrt(squares_ / (n - 1.0) / n);
  const double half = student_t_quantile(0.5 + 0.5 * confidence, n - 1.0) * out.standard_error;
  out.ci_low = mean_ - half;
  out.ci_high = mean_ + half;
  return out;
}

Estimate estimate(std::span<const double> values, double confidence) {
  RunningMean mean;
  for (const double value : values)
    if (!std::isnan(value)) mean.add(value);
  return mean.estimate(confidence);
}

}  // namespace gridplus::study
