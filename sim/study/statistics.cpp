#include "sim/study/statistics.hpp"

#include <algorithm>
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
  constexpr double k_tail = 0.05;
  RunningMean mean;
  std::vector<double> known;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    mean.add(value);
    known.push_back(value);
  }
  Estimate out = mean.estimate(confidence);
  out.cvar95 = mean_of_highest(std::move(known), k_tail);
  return out;
}

double mean_of_highest(std::vector<double> values, double tail) {
  if (values.empty()) return k_not_known;
  std::sort(values.begin(), values.end(), [](double a, double b) { return a > b; });
  const double wanted = std::max(tail * static_cast<double>(values.size()), 1e-9);
  double sum = 0.0, open = wanted;
  for (const double value : values) {
    const double weight = std::min(1.0, open);
    sum += weight * value;
    open -= weight;
    if (open <= 0.0) break;
  }
  return sum / wanted;
}

}  // namespace gridplus::study
