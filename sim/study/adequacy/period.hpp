// One period of the sequential method: outages come and go, demand changes from step to step, storage fills and
// empties.
//
// Between two such changes everything is constant, so energy and time are exact: storage that runs empty (or full)
// within a step ends its part there, and what follows is a new interval. Storage discharges only into demand that would
// go unserved, and charges whenever there is a surplus. Among several, the one that could hold out longest goes first,
// and is charged last (by time to go; Evans, Tindemans, Angeli, IEEE Trans. Power Systems 34 (2019) 3247).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/study/adequacy/area_exchange.hpp"
#include "sim/study/adequacy/load_levels.hpp"
#include "sim/study/adequacy/outage_draws.hpp"

namespace gridplus::adequacy {

/// Unserved demand of an area (or of the system: area == number of areas) within a step.
struct StepShortage {
  std::uint32_t step = 0, area = 0;
  double hours = 0.0, energy_mwh = 0.0;
};

struct PeriodOutcome {
  PeriodTotals system;
  std::vector<PeriodTotals> areas;
  std::vector<StepShortage> shortages;  ///< in the order of time; a step and area may come several times
  std::vector<Outage> outages;
  double load_factor = 1.0;
};

/// Walks through periods. Holds scratch memory: one a thread.
class PeriodWalk {
 public:
  PeriodWalk(const AdequacyModel& model, const LoadLevels& levels, const OutageDraws& draws, Sharing sharing);
  /// The outcome of a sample; valid until the next call.
  const PeriodOutcome& walk(std::int64_t sample);

 private:
  struct Change {
    double at_h;
    std::uint32_t component;
    bool down;
  };
  void start(std::int64_t sample);
  void apply(const Change& change);
  /// Everything constant from `from_h` to `to_h` but demand.
  void pass(double from_h, double to_h);
  [[nodiscard]] bool storage_rests() const;
  [[nodiscard]] bool enough_for_block(std::size_t block) const;
  [[nodiscard]] bool enough_for_period() const;
  /// From `from_h` to `to_h`, all within `step`.
  void settle(std::size_t step, double from_h, double to_h);
  /// Gives every storage its part of its area's discharge or charge; returns until when (hours) none runs empty or
  /// full.
  double share_storage(double most_h);
  void offer_storage();
  void record(std::size_t step, double from_h, double to_h);
  void count_days();

  const AdequacyModel& model_;
  const LoadLevels& levels_;
  const OutageDraws& draws_;
  AreaExchange exchange_;
  const LoadLevel* level_ = nullptr;
  PeriodOutcome outcome_;
  std::vector<Change> changes_;
  std::vector<Watts> available_;    ///< of every area, units of constant capacity that are up
  std::vector<Watts> may_be_down_;  ///< of every area, largest capacity of varying units that are down
  std::vector<std::uint32_t> varying_down_;
  std::vector<std::uint8_t> storage_up_, link_up_;
  std::vector<double> energy_wh_;
  std::vector<Watts> storage_power_, balance_, discharge_, charge_;
  std::vector<std::uint32_t> order_;
  ExchangeResult exchanged_;
  std::vector<double> short_until_h_;  ///< of every area, then of the system
};

}  // namespace gridplus::adequacy
