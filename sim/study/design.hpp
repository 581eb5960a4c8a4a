// The design of a study: which members an ensemble has. Values only; what a member changes in a scenario is the matter
// of who reads scenarios.
//
// A point is one choice of values of all axes, a member is a point and a replicate. Members are numbered once and for
// all, replicate by replicate: member = replicate * points + point, so that the first members of every point come first
// and members with the same replicate (the same random weather) stand together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/study/attribution.hpp"

namespace gridplus::study {

enum class Sweep : std::uint8_t {
  grid,            ///< every value of an axis with every value of the others
  paired,          ///< the first values of all axes, the second values of all axes, ...
  latin_hypercube  ///< samples spread evenly over every axis
};

/// One axis of a sweep. Values of a grid stand once; of the other sweeps one for each point.
struct Axis {
  std::string name;
  std::string unit;                 ///< of `values`; `1` for plain numbers; empty where the values are no numbers
  std::vector<std::string> labels;  ///< as they are written
  std::vector<double> values;       ///< as numbers in `unit`; empty where they are none
};

/// Ends the replicates of a point once a key figure's mean is known well enough.
struct StoppingRule {
  std::string kpi;
  double half_width = 0.0;    ///< wanted half width of the confidence interval
  bool relative = false;      ///< `half_width` is a share of the mean, else in the figure's unit
  std::int64_t minimum = 10;  ///< replicates before the first decision
  std::int64_t every = 10;    ///< replicates between decisions
};

struct MemberKey {
  std::int64_t point = 0;
  std::uint32_t replicate = 0;
};

struct Design {
  Sweep sweep = Sweep::grid;
  std::vector<Axis> axes;
  std::int64_t replicates = 1;  ///< the most, where a rule may stop earlier
  /// Per axis the index that differences are taken to; none: differences are taken at the same value of this axis.
  /// Empty: there is no baseline. Paired sweeps name one point, in the first entry.
  std::vector<std::optional<std::size_t>> baseline;
  double confidence = 0.95;
  std::optional<StoppingRule> stop;
  /// Attribution: bit b of the index on the last axis, `causes`, says whether causes[b] is at work. Empty: there is
  /// none.
  std::vector<Cause> causes;

  [[nodiscard]] std::int64_t points() const;
  [[nodiscard]] std::int64_t members() const { return points() * replicates; }
  [[nodiscard]] MemberKey key(std::int64_t member) const;
  [[nodiscard]] std::int64_t member(MemberKey key) const { return key.replicate * points() + key.point; }
  /// Where the member stands in results, which go by point and then by replicate.
  [[nodiscard]] std::int64_t cell(std::int64_t member) const {
    return key(member).point * replicates + key(member).replicate;
  }
  /// The index on every axis of a point; the last axis varies fastest.
  [[nodiscard]] std::vector<std::size_t> indices(std::int64_t point) const;
  /// How many sets of causes every point of the sweep is computed with; they are neighbours.
  [[nodiscard]] std::int64_t cause_sets() const { return std::int64_t{1} << causes.size(); }
  /// The point that `point` is compared with, or nothing where there is no baseline.
  [[nodiscard]] std::optional<std::int64_t> baseline_point(std::int64_t point) const;
  /// `storage = 2 MWh, price = 50 EUR/t, replicate 3`: for people.
  [[nodiscard]] std::string describe(std::int64_t member) const;
};

/// A distribution that a latin hypercube draws from, by its quantiles.
struct Quantiles {
  enum class Kind : std::uint8_t { uniform, normal, lognormal, triangular, choice } kind = Kind::uniform;
  double a = 0.0;  ///< lower end, mean, median, lowest value
  double b = 1.0;  ///< upper end, standard deviation, sigma, most likely value
  double c = 0.0;  ///< highest value of a triangle
  std::size_t choices = 0;
  /// The value below which a share `p` of (0, 1) lies; of a choice its index.
  [[nodiscard]] double at(double p) const;
};

/// Shares p of (0, 1) for `samples` points on axis `axis`: one in each of `samples` equal strata, in random order, at a
/// random place in its stratum. M. D. McKay, R. J. Beckman, W. J. Conover, Technometrics 21 (1979) 239-245.
[[nodiscard]] std::vector<double> latin_hypercube(std::uint64_t seed, std::size_t axis, std::size_t samples);

}  // namespace gridplus::study
