// Interruptions of customers, counted as IEEE Std 1366 does: an interruption is a run of steps without full supply.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace gridplus {

/// Longest interruption that counts as momentary (IEEE 1366): it is in MAIFI, not in SAIFI and SAIDI.
inline constexpr double k_momentary_h = 5.0 / 60.0;

/// Sums over the customers, per customer.
struct ReliabilityIndices {
  double saifi = 0.0;    ///< sustained interruptions
  double saidi_h = 0.0;  ///< hours of sustained interruptions
  double maifi = 0.0;    ///< momentary interruptions
};

/// Running count; plain data, part of the state. Where a consumer is served in part, that part of its customers counts
/// as interrupted.
struct ReliabilityAccount {
  std::vector<double> run_h, run_customers, run_customer_h;    ///< per consumer: the interruption that goes on
  double sustained = 0.0, sustained_h = 0.0, momentary = 0.0;  ///< customers, customer hours, customers

  /// `interrupted_share` per consumer, in a step of `step_h`.
  void add_step(std::span<const double> interrupted_share, std::span<const double> customers, double step_h);
  /// The indices so far; interruptions that still go on are counted as they stand.
  [[nodiscard]] ReliabilityIndices indices(std::span<const double> customers) const;

 private:
  void close(std::size_t consumer);
};

}  // namespace gridplus
