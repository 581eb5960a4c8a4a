// How a device fails by chance: the two-state model of reliability studies.
#pragma once

#include <cmath>
#include <limits>

namespace gridplus {

/// Up for an exponentially distributed time of mean `mttf_h`, then down for one of mean `mttr_h`, and so on. Read by
/// adequacy studies; a run has planned outages only.
struct ForcedOutage {
  double unavailability = 0.0;  ///< share of time down: MTTR / (MTTF + MTTR), the forced outage rate; 0: never fails
  double mttf_h = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not known
  double mttr_h = std::numeric_limits<double>::quiet_NaN();

  [[nodiscard]] static ForcedOutage from_times(double mttf_h, double mttr_h) {
    return {mttr_h / (mttf_h + mttr_h), mttf_h, mttr_h};
  }
  [[nodiscard]] bool fails() const { return unavailability > 0.0; }
  [[nodiscard]] bool has_times() const { return std::isfinite(mttf_h) && std::isfinite(mttr_h); }
};

}  // namespace gridplus
