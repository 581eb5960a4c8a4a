// What can be chosen in an adequacy study, and what it gives.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/study/adequacy/model.hpp"

namespace gridplus::adequacy {

enum class Method : std::uint8_t {
  automatic,       ///< analytic where it applies, else sequential
  analytic,        ///< convolution of the units' outages; one area, no storage
  state_sampling,  ///< non-sequential Monte Carlo; no storage
  sequential       ///< Monte Carlo through time
};
inline constexpr std::array<std::string_view, 4> k_method_names = {"automatic", "analytic", "state_sampling",
                                                                   "sequential"};

enum class Durations : std::uint8_t {
  exponential,  ///< failures and repairs at any instant
  steps         ///< at the begin of steps only: the same process looked at once a step
};
inline constexpr std::array<std::string_view, 2> k_duration_names = {"exponential", "steps"};

/// Who bears what cannot be served where several areas share.
enum class Sharing : std::uint8_t {
  proportional,  ///< equal shares of every area's shortage, as far as the links allow
  priority       ///< areas in their order: the first is helped first
};
inline constexpr std::array<std::string_view, 2> k_sharing_names = {"proportional", "priority"};

enum class RareEvents : std::uint8_t { none, cross_entropy };
inline constexpr std::array<std::string_view, 2> k_rare_event_names = {"none", "cross_entropy"};

enum class PrecisionOf : std::uint8_t { eens, lole };
inline constexpr std::array<std::string_view, 2> k_precision_of_names = {"eens", "lole"};

struct Options {
  Method method = Method::automatic;
  std::int64_t samples = 0;  ///< at most; 0: 10 000 periods, or 2 000 000 states
  double precision = 0.0;    ///< stop at this standard error over value; 0: take all samples
  PrecisionOf precision_of = PrecisionOf::eens;
  double confidence = 0.95;
  Durations durations = Durations::exponential;
  Sharing sharing = Sharing::proportional;
  RareEvents rare_events = RareEvents::none;
  double load_uncertainty = 0.0;  ///< standard deviation of the whole period's demand, as a share of it
  std::int64_t worst = 10;        ///< samples kept in full
  Watts increment = 0;            ///< of the capacity table; 0: exact, or fine enough
};

/// An estimated index. An analytic one has no error: standard_error 0, low = high = value. NaN: not known.
struct Estimate {
  double value = 0.0, standard_error = 0.0;
  double low = 0.0, high = 0.0;  ///< confidence interval
};

/// The indices of the system or an area, for the period studied.
struct Indices {
  Estimate lolp;       ///< share of time with unserved demand
  Estimate lole_h;     ///< hours with unserved demand
  Estimate lole_days;  ///< days, each counted by the share of its peak step with unserved demand
  Estimate eens_mwh;   ///< demand not served
  Estimate lolf;       ///< interruptions
  Estimate lold_h;     ///< mean duration of an interruption: lole_h / lolf
};

/// What may be expected of every step.
struct Profile {
  std::vector<double> lolp;         ///< probability of unserved demand, as a share of the step's time
  std::vector<double> unserved_mw;  ///< expected
};

/// One period of a sequential study.
struct PeriodTotals {
  double eens_mwh = 0.0, lole_h = 0.0, events = 0.0, lole_days = 0.0;
};

/// A part out of service, in hours since the start of the period.
struct Outage {
  std::uint32_t component = 0;  ///< see AdequacyModel::name_of
  double from_h = 0.0, to_h = 0.0;
};

/// A sample kept in full. It is a function of the seed and its number alone.
struct SampleRecord {
  std::int64_t sample = 0;
  double eens_mwh = 0.0;  ///< of the sample: not weighted
  double lole_h = 0.0;
  double weight = 1.0;          ///< likelihood ratio, where rare events are drawn more often
  double load_factor = 1.0;     ///< on all demand
  std::int64_t first_step = 0;  ///< in which demand is first unserved
  std::vector<Outage> outages;
};

/// A state of the capacity table.
struct CapacityState {
  double outage_mw = 0.0;
  double probability = 0.0;             ///< of exactly this capacity out
  double cumulative_probability = 0.0;  ///< of this or more out
  double cumulative_frequency_per_h = 0.0;
};

struct AdequacyResult {
  Method method = Method::analytic;
  std::int64_t samples = 0;
  bool precision_reached = true;
  double coefficient_of_variation = 0.0;  ///< of the index that `precision` is about
  double demand_mwh = 0.0;                ///< expected, of the system
  Indices system;
  std::vector<Indices> area;
  Profile system_profile;
  std::vector<Profile> area_profile;
  std::vector<PeriodTotals> periods;  ///< sequential: one a sample, of the first two million
  std::vector<SampleRecord> worst;    ///< most unserved energy first
  std::vector<CapacityState> table;   ///< analytic, of the first step's capacities
  double variance_reduction = 1.0;    ///< rare events: variance of plain sampling over that of this one, EENS
};

}  // namespace gridplus::adequacy
