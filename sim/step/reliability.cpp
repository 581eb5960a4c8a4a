#include "sim/step/reliability.hpp"

#include <algorithm>

namespace gridplus {

void ReliabilityAccount::add_step(std::span<const double> interrupted_share, std::span<const double> customers,
                                  double step_h) {
  for (auto* values : {&run_h, &run_customers, &run_customer_h}) values->resize(customers.size(), 0.0);
  for (std::size_t c = 0; c < customers.size(); ++c) {
    const double out = interrupted_share[c] * customers[c];
    if (out <= 0.0) {
      close(c);
      continue;
    }
    run_h[c] += step_h;
    run_customers[c] = std::max(run_customers[c], out);
    run_customer_h[c] += out * step_h;
  }
}

void ReliabilityAccount::close(std::size_t c) {
  constexpr double k_rounding = 1.0 + 1e-9;
  if (run_h[c] > k_momentary_h * k_rounding) {
    sustained += run_customers[c];
    sustained_h += run_customer_h[c];
  } else {
    momentary += run_customers[c];
  }
  run_h[c] = run_customers[c] = run_customer_h[c] = 0.0;
}

ReliabilityIndices ReliabilityAccount::indices(std::span<const double> customers) const {
  double total = 0.0;
  for (const double number : customers) total += number;
  if (total <= 0.0) return {};
  ReliabilityAccount closed = *this;
  for (std::size_t c = 0; c < closed.run_h.size(); ++c)
    if (closed.run_h[c] > 0.0) closed.close(c);
  return {closed.sustained / total, closed.sustained_h / total, closed.momentary / total};
}

}  // namespace gridplus
