// Key figures of a run: what the summary, `--json`, the results' kpi group and a study report under the same names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gridplus {

/// One figure. Names are snake_case with their unit, such as `unserved_energy_mwh`.
struct Kpi {
  std::string name;
  double value = 0.0;
  std::string unit;
  std::string long_name;
};

/// A figure with the place and time it was seen, such as the lowest voltage.
struct Extreme {
  double value = 0.0;
  std::string subject;
  std::string local_time;
};

/// Energy, money and emissions of one category of producers.
struct CategoryTotal {
  std::string category;
  double capacity_mw = 0.0;
  double energy_mwh = 0.0;
  double available_mwh = 0.0;
  double curtailed_mwh = 0.0;
  double cost = 0.0;
  double co2_t = 0.0;
};

/// What a controller could count on and what it knew, over the whole run.
struct PortfolioTotal {
  std::string controller;
  double controllable_mw = 0.0;             ///< power of the devices that it commands
  double control_availability = 1.0;        ///< share of it, over time, that followed
  double capacity_credit = 1.0;             ///< share of it that followed in at least 95 % of the steps
  std::vector<std::uint64_t> measurements;  ///< by age, in the bins of comms::AgeHistogram
};

struct StageTime {
  std::string label;
  double wall_s = 0.0;
};

/// What a finished run says of itself.
struct RunSummary {
  std::vector<Kpi> kpis;
  std::vector<CategoryTotal> categories;
  std::vector<PortfolioTotal> portfolios;  ///< per controller; with communications
  std::vector<StageTime> stage_times;
  Extreme lowest_voltage, highest_voltage, highest_loading;
  double wall_s = 0.0;
  std::int64_t steps = 0;
  std::int64_t steps_not_converged = 0;
};

}  // namespace gridplus
