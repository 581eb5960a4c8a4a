// Gathers samples into estimates. Samples are taken in blocks of fixed size and added in the order of their numbers, so
// that sums, and where sampling stops, are the same for any number of threads.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "sim/study/adequacy/methods.hpp"
#include "sim/study/adequacy/period.hpp"

namespace gridplus::adequacy {

/// What one sample adds to the estimates of the system or an area, weight included: their expectations are the indices.
struct Score {
  double lole_h = 0.0, lole_days = 0.0, eens_mwh = 0.0, events = 0.0;
};

/// Sums of scores and their products.
class Moments {
 public:
  void add(const Score& score);
  void add(const Moments& other);
  /// Estimates over `samples`, of which those that scored nothing were not added.
  [[nodiscard]] Indices indices(std::int64_t samples, double period_h, double confidence) const;
  [[nodiscard]] double coefficient_of_variation(PrecisionOf index, std::int64_t samples) const;
  [[nodiscard]] std::int64_t scored() const { return scored_; }
  [[nodiscard]] double variance_of_eens(std::int64_t samples) const;
  [[nodiscard]] double mean_eens(std::int64_t samples) const { return sum_[2] / static_cast<double>(samples); }

 private:
  static constexpr std::size_t k_scores = 4;
  [[nodiscard]] double variance(std::size_t i, std::int64_t samples) const;
  std::array<double, k_scores> sum_{}, square_{};
  double lole_times_events_ = 0.0;
  std::int64_t scored_ = 0;
};

/// One block of samples.
struct BlockTally {
  std::vector<Moments> regions;         ///< areas, then the system
  std::vector<StepShortage> shortages;  ///< weighted
  std::vector<PeriodTotals> periods;
  std::vector<SampleRecord> worst;
  double plain_square = 0.0;  ///< sum of weight times the square of unweighted unserved energy
  /// Keeps `sample` if it is among the `most` worst.
  void consider(const SampleRecord& sample, std::int64_t most);
};

class Tally {
 public:
  Tally(const AdequacyModel& model, const Options& options);
  void add(BlockTally&& block, std::int64_t samples);
  /// Fills the result but for the outages of the worst samples.
  void fill(AdequacyResult& result) const;
  [[nodiscard]] double coefficient_of_variation() const;
  /// Precise enough to stop, and by enough samples that scored to be believed.
  [[nodiscard]] bool precise() const;
  [[nodiscard]] std::int64_t samples() const { return samples_; }

 private:
  const AdequacyModel& model_;
  const Options& options_;
  std::int64_t samples_ = 0;
  BlockTally sum_;
  std::vector<std::vector<double>> hours_, energy_mwh_;  ///< [region][step]
};

/// Takes samples 0, 1, ... until `most`, or until the tally is precise. `body` takes those in [first, last).
void sample_in_rounds(
    std::int64_t most, std::int64_t block, const Execution& execution, Tally& tally,
    const std::function<void(std::int64_t first, std::int64_t last, int worker, BlockTally& out)>& body);

}  // namespace gridplus::adequacy
