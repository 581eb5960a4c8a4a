// Adds up a run's key figures while it runs. Sums run over steps in order, entities in order: one result for every
// thread count.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/comms/transport.hpp"
#include "sim/step/block.hpp"
#include "sim/step/kpi.hpp"
#include "sim/step/microgrids.hpp"
#include "sim/step/reliability.hpp"

namespace gridplus {

struct Model;

/// How much of a portfolio follows commands, step by step. Plain data without padding.
class PortfolioAccount {
 public:
  void add_step(double under_control_mw, double controllable_mw, double step_h);
  /// Share of power and time that followed commands; 1 for an empty portfolio.
  [[nodiscard]] double availability() const;
  /// Share of the power that followed commands in at least `confidence` of all steps, rounded down to 1/k_bins; 1 for
  /// an empty portfolio.
  [[nodiscard]] double credit(double confidence) const;
  [[nodiscard]] double controllable_mwh() const { return controllable_mwh_; }

 private:
  static constexpr std::size_t k_bins = 200;
  double under_control_mwh_ = 0.0, controllable_mwh_ = 0.0;
  std::array<std::uint64_t, k_bins + 1> steps_{};  ///< by share that followed
};

/// Running sums; plain data, part of the state.
struct KpiAccount {
  /// Where and when an extreme was seen.
  struct Sighting {
    double value = 0.0;
    std::uint32_t subject = 0;
    std::int64_t step = -1;  ///< -1: nothing seen yet
  };
  double demand_mwh = 0.0, served_mwh = 0.0, losses_mwh = 0.0, charged_mwh = 0.0, discharged_mwh = 0.0;
  double curtailed_mwh = 0.0, start_cost = 0.0, wear_cost = 0.0, unserved_cost = 0.0;
  double peak_demand_mw = 0.0, largest_imbalance_mw = 0.0;
  double due_mwh = 0.0, missed_mwh = 0.0;
  double retail_bill = 0.0;
  double storage_start_mwh = 0.0, storage_end_mwh = 0.0;
  std::int64_t starts = 0, steps = 0, steps_not_converged = 0, steps_unserved = 0;
  std::vector<double> energy_mwh, available_mwh, curtailed_by_unit_mwh, cost, co2_t;  ///< per producer
  std::vector<double> discharged_by_unit_mwh;                                         ///< per storage
  std::vector<double> tier_demand_mwh, tier_unserved_mwh;                             ///< by priority, from 1
  ReliabilityAccount reliability;
  double triangle_h = 0.0;                            ///< integral of 1 - served share
  double below_90_h = 0.0, longest_below_90_h = 0.0;  ///< of the shortage that goes on; longest
  Sighting lowest_voltage, highest_voltage, highest_loading;

  /// What communications add; all zero without them.
  struct Communication {
    comms::PerClass<comms::ClassCount> classes{};
    std::uint64_t meter_intervals = 0, meter_received = 0, meter_lost = 0, controllable = 0, under_control = 0;
    double reported_mwh = 0.0, observed_mwh = 0.0;
    double local_shedding_mwh = 0.0;
    std::array<double, 7> fallback_mwh{};  ///< by Fallback: weight of devices times time
    std::uint64_t reroutes = 0;
  };
  Communication communication;
  std::vector<comms::AgeHistogram> ages;     ///< per controller
  std::vector<PortfolioAccount> portfolios;  ///< per controller, then of all together; with communications

  /// What attacks add; all zero without them.
  struct Cyber {
    double attacks = 0, detected = 0, restored = 0, detection_h = 0, restoration_h = 0;
    double endpoint_h = 0, spoofed_delivered = 0, spoofed_refused = 0, reports_refused = 0, reports_read = 0;
    double falsified_mwh = 0, falsified_peak_mw = 0, malicious_mwh = 0, malicious_peak_mw = 0, withheld_mwh = 0;
    double voltage_trips = 0;
  };
  Cyber cyber;
};

/// What the account needs of a step beyond the block.
struct StepCosts {
  double start_cost = 0.0, wear_cost = 0.0, unserved_cost = 0.0;
  std::int64_t starts = 0;
  double due_mwh = 0.0, missed_mwh = 0.0;                ///< service that fell due, and that was not given
  std::vector<double> tier_demand_mw, tier_unserved_mw;  ///< by priority, from 1

  void begin_step();
  void add_consumer(std::int32_t priority, double demand_mw, double unserved_mw);
};

/// Adds step `s` of `block` to `account`.
void add_step(KpiAccount& account, const Model& model, const StepBlock& block, std::size_t s, const StepCosts& costs);

/// The figures of `account` under the names that every report uses.
[[nodiscard]] RunSummary summarise(const KpiAccount& account, const Model& model,
                                   const MicrogridState& microgrids = {});

}  // namespace gridplus
