// Draws of single states: a step, a load level, and which parts are down; plain, or from distributions that make
// shortage frequent, with the likelihood ratio that keeps estimates unbiased.
//
// The distributions are found by the cross-entropy method (Rubinstein and Kroese, The Cross-Entropy Method, 2004; for
// adequacy: Gonzalez-Fernandez and Leite da Silva, IEEE Trans. Power Systems 26 (2011) 1704). Every part gets an
// unavailability of its own; steps are drawn by classes of net demand, and load levels by their own probabilities.
#pragma once

#include <span>
#include <vector>

#include "sim/study/adequacy/load_levels.hpp"
#include "sim/study/adequacy/options.hpp"

namespace gridplus::adequacy {

struct SystemState {
  std::uint32_t step = 0;
  std::size_t level = 0, step_class = 0;
  double weight = 1.0;                    ///< likelihood ratio: probability over probability drawn from
  std::vector<std::uint8_t> down;         ///< of every part
  std::vector<std::uint32_t> down_parts;  ///< those that are, ascending
};

class StateDraws {
 public:
  StateDraws(const AdequacyModel& model, const LoadLevels& levels);

  /// State `sample` of the draws numbered `phase`.
  void draw(std::int64_t sample, std::uint64_t phase, SystemState& out) const;

  /// Sets the distributions to the weighted frequencies of `states`, kept within bounds so that any state can be drawn
  /// and no weight of a part that is up exceeds 20.
  void learn(std::span<const SystemState> states);

 private:
  /// Probabilities, and those that are drawn from.
  struct Distribution {
    std::vector<double> p, q;
    [[nodiscard]] std::size_t draw(double u) const;
    void learn(const std::vector<double>& frequency);
  };
  struct Part {
    std::uint32_t component = 0;
    double p = 0.0, q = 0.0;
  };

  std::uint64_t seed_;
  std::size_t components_;
  std::vector<std::uint32_t> steps_by_demand_;
  std::vector<std::size_t> class_begin_;
  Distribution step_class_, level_;
  std::vector<Part> parts_;
};

}  // namespace gridplus::adequacy
