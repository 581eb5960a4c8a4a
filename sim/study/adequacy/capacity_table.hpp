// The capacity outage probability table, with frequencies.
//
// Units are added one by one (Billinton and Allan, Reliability Evaluation of Power Systems, 2nd ed., 1996,
// sections 2.2.4 and 2.3.3). With P(X) the probability that X or more is out, and F(X) the frequency of passing from
// less than X to X or more out, a unit of capacity C, unavailability q and repair rate m gives
//
//   P(X) = (1 - q) P'(X) + q P'(X - C)
//   F(X) = (1 - q) F'(X) + q F'(X - C) + q m (P'(X - C) - P'(X))
//
// where P'(X) = 1 and F'(X) = 0 for X <= 0. Capacities are multiples of an increment; one that is none is split between
// its two neighbours so that its mean is kept, which makes the table inexact.
#pragma once

#include <span>
#include <vector>

#include "sim/study/adequacy/options.hpp"

namespace gridplus::adequacy {

/// A unit as the table sees it.
struct TableUnit {
  Watts capacity = 0;
  ForcedOutage outage;
};

/// The increment in which `capacities` are exact, if a table of `installed` then has at most `most_entries`, else the
/// one that gives so many.
[[nodiscard]] Watts choose_increment(std::span<const Watts> capacities, Watts installed, Watts most_entries);

class CapacityTable {
 public:
  /// `increment` > 0. Frequencies are NaN if a unit has no times.
  CapacityTable(std::span<const TableUnit> units, Watts increment);
  /// The same with more units.
  [[nodiscard]] CapacityTable with(std::span<const TableUnit> units) const;

  /// That demand exceeds what is available; `net_demand` may be negative.
  [[nodiscard]] double loss_probability(Watts net_demand) const;
  /// Of passing from enough to too little, per hour, with that demand held.
  [[nodiscard]] double loss_frequency_per_h(Watts net_demand) const;
  /// The expectation of what is lacking.
  [[nodiscard]] double expected_unserved_mw(Watts net_demand) const;

  [[nodiscard]] Watts installed() const { return installed_; }
  /// States with a probability above `least`, ascending by what is out.
  [[nodiscard]] std::vector<CapacityState> states(double least) const;

 private:
  void add(std::span<const TableUnit> units);
  void add(const TableUnit& unit);
  /// The first entry with more out than may be; 0 where even nothing out is too much.
  [[nodiscard]] std::size_t first_short(Watts net_demand) const;

  Watts increment_ = 1, installed_ = 0;
  std::vector<double> probability_;  ///< [k]: of k increments or more out
  std::vector<double> frequency_;    ///< [k]: of passing to k increments or more out, per hour
  std::vector<double> tail_;         ///< [k]: sum of probability_ from k on
};

}  // namespace gridplus::adequacy
