// Failures, storms and repairs (docs/outages.md): what goes out by chance, and when it comes back.
//
// A component is up or down. From one step to the next it fails and returns with the exact chances of a two-state
// Markov process with rates lambda = 1/MTTF and mu = 1/MTTR:
//
//   p(up -> down) = lambda / (lambda + mu) (1 - e^{-(lambda + mu) dt}),  p(down -> up) = mu / (lambda + mu) (1 - ...)
//
// Only what a crew works on can return. Draws are keyed by seed, replicate, name and step: they are the same whatever
// else a scenario holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/field.hpp"

namespace gridplus {

struct Model;
struct StepContext;
struct Event;

/// A branch, producer or storage that outages act on.
struct OutageSubject {
  enum class Kind : std::uint8_t { branch, producer, storage } kind = Kind::branch;
  std::uint32_t index = 0;
};

/// Components that fail and return together: one of them, or a common-cause group.
struct FailureGroup {
  std::string name;
  std::uint32_t random_key = 0;
  std::vector<OutageSubject> members;
  double failure_rate_per_h = 0.0;   ///< 1/MTTF; 0: fails by storms only
  double repair_rate_per_h = 0.125;  ///< 1/MTTR of random failures
  std::int32_t priority = 1;         ///< 1 is repaired first
};

/// Wind over some of the groups. A group has one strength a storm: it goes out when the chance of failure at the
/// present wind first reaches that draw, however long the steps are.
struct Storm {
  struct Exposure {
    std::uint32_t group = 0;
    double spans = 1.0;  ///< as many chances to fail: length over the reference length
  };
  std::string name;
  std::uint32_t random_key = 0;
  Series wind_m_per_s;
  Curve fragility;              ///< chance of failure over wind, m/s; used where no median is given
  double median_m_per_s = 0.0;  ///< above 0: lognormal fragility
  double sigma = 0.0;           ///< of its logarithm
  double repair_rate_per_h = 0.125;
  double safe_wind_m_per_s = 20.0;  ///< crews do not work on what is exposed to more
  std::vector<Exposure> exposed;

  /// Chance that a span has failed at `speed_m_per_s`.
  [[nodiscard]] double chance(double speed_m_per_s) const;
};

struct RepairOptions {
  std::int64_t crews = 0;                  ///< 0: as many as there are failures
  std::int64_t detection_steps = 0;        ///< from a failure to the earliest start of its repair
  std::int64_t blind_detection_steps = 0;  ///< the same while no telemetry reports on it
  double blind_factor = 1.0;               ///< repairs take so many times longer meanwhile

  /// Whether it matters what telemetry sees.
  [[nodiscard]] bool look() const { return blind_factor != 1.0 || blind_detection_steps != detection_steps; }
};

/// Everything that happens by chance. Part of the Model.
struct OutagePlan {
  std::vector<FailureGroup> groups;
  std::vector<Storm> storms;
  RepairOptions repairs;
};

/// Where each group stands; one entry a group. Part of the run's state.
struct OutageState {
  enum Status : std::uint8_t { up = 0, waiting = 1, in_repair = 2 };
  std::vector<std::uint8_t> status;
  std::vector<std::int64_t> since_step;   ///< of the failure
  std::vector<double> repair_rate_per_h;  ///< of the present failure's cause
};

[[nodiscard]] OutageState initial_outages(const OutagePlan& plan);

/// Chances of the exact two-state process over a step.
struct TwoStateChances {
  double fail = 0.0, repair = 0.0;
};
[[nodiscard]] TwoStateChances two_state_chances(double failure_rate_per_h, double repair_rate_per_h, double step_h);

/// Takes `state` into the step of `context`: repairs, failures, storms, crews. Adds what happened to `events`; returns
/// whether anything went out or came back. `blind`: per group, whether nothing reports on it; empty: all are seen.
bool advance_outages(const OutagePlan& plan, const StepContext& context, OutageState& state, std::vector<Event>& events,
                     std::vector<std::uint8_t> blind = {});

}  // namespace gridplus
