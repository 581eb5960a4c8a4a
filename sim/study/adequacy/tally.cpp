#include "sim/study/adequacy/tally.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/core/parallel.hpp"
#include "sim/core/random.hpp"

namespace gridplus::adequacy {

namespace {

constexpr double k_unknown = std::numeric_limits<double>::quiet_NaN();

Estimate estimate(double value, double standard_error, double quantile) {
  if (std::isnan(value)) return {value, value, value, value};
  return {value, standard_error, std::max(0.0, value - quantile * standard_error), value + quantile * standard_error};
}

bool worse(const SampleRecord& a, const SampleRecord& b) {
  return a.eens_mwh != b.eens_mwh ? a.eens_mwh > b.eens_mwh : a.sample < b.sample;
}

}  // namespace

void Moments::add(const Score& score) {
  const std::array<double, k_scores> values{score.lole_h, score.lole_days, score.eens_mwh, score.events};
  for (std::size_t i = 0; i < k_scores; ++i) {
    sum_[i] += values[i];
    square_[i] += values[i] * values[i];
  }
  lole_times_events_ += score.lole_h * score.events;
  ++scored_;
}

void Moments::add(const Moments& other) {
  for (std::size_t i = 0; i < k_scores; ++i) {
    sum_[i] += other.sum_[i];
    square_[i] += other.square_[i];
  }
  lole_times_events_ += other.lole_times_events_;
  scored_ += other.scored_;
}

double Moments::variance(std::size_t i, std::int64_t samples) const {
  const auto n = static_cast<double>(samples);
  const double mean = sum_[i] / n;
  return samples < 2 ? k_unknown : std::max(0.0, (square_[i] - n * mean * mean) / (n - 1.0));
}

double Moments::variance_of_eens(std::int64_t samples) const {
  return variance(2, samples);
}

Indices Moments::indices(std::int64_t samples, double period_h, double confidence) const {
  const auto n = static_cast<double>(samples);
  const double quantile = normal_quantile(0.5 + 0.5 * confidence);
  const auto of = [&](std::size_t i) { return estimate(sum_[i] / n, std::sqrt(variance(i, samples) / n), quantile); };
  Indices out{{}, of(0), of(1), of(2), of(3), {}};
  out.lolp = estimate(out.lole_h.value / period_h, out.lole_h.standard_error / period_h, quantile);
  // A quotient of two means; its error to first order (Cochran, Sampling Techniques, 3rd ed., 1977, section 6.4).
  const double ratio = sum_[0] / sum_[3], events = sum_[3] / n;
  const double covariance = (lole_times_events_ - sum_[0] * events) / (n - 1.0);
  const double variance_of_ratio =
      (variance(0, samples) + ratio * ratio * variance(3, samples) - 2.0 * ratio * covariance) / (n * events * events);
  out.lold_h = estimate(ratio, std::sqrt(std::max(0.0, variance_of_ratio)), quantile);
  if (!(sum_[3] > 0.0)) out.lold_h = {k_unknown, k_unknown, k_unknown, k_unknown};
  return out;
}

double Moments::coefficient_of_variation(PrecisionOf index, std::int64_t samples) const {
  const std::size_t i = index == PrecisionOf::eens ? 2 : 0;
  if (!(sum_[i] > 0.0)) return std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(samples);
  return std::sqrt(variance(i, samples) / n) / (sum_[i] / n);
}

void BlockTally::consider(const SampleRecord& sample, std::int64_t most) {
  if (static_cast<std::int64_t>(worst.size()) == most && (most == 0 || !worse(sample, worst.back()))) return;
  worst.insert(std::upper_bound(worst.begin(), worst.end(), sample, worse), sample);
  if (static_cast<std::int64_t>(worst.size()) > most) worst.pop_back();
}

Tally::Tally(const AdequacyModel& model, const Options& options) : model_(model), options_(options) {
  const std::size_t regions = model.areas.size() + 1;
  sum_.regions.resize(regions);
  hours_.assign(regions, std::vector<double>(model.steps()));
  energy_mwh_ = hours_;
}

void Tally::add(BlockTally&& block, std::int64_t samples) {
  samples_ += samples;
  for (std::size_t r = 0; r < block.regions.size(); ++r) sum_.regions[r].add(block.regions[r]);
  for (const StepShortage& shortage : block.shortages) {
    hours_[shortage.area][shortage.step] += shortage.hours;
    energy_mwh_[shortage.area][shortage.step] += shortage.energy_mwh;
  }
  sum_.periods.insert(sum_.periods.end(), block.periods.begin(), block.periods.end());
  for (const SampleRecord& sample : block.worst) sum_.consider(sample, options_.worst);
  sum_.plain_square += block.plain_square;
}

double Tally::coefficient_of_variation() const {
  return sum_.regions.back().coefficient_of_variation(options_.precision_of, samples_);
}

bool Tally::precise() const {
  constexpr std::int64_t k_fewest_scored = 100;
  return options_.precision > 0.0 && sum_.regions.back().scored() >= k_fewest_scored &&
         coefficient_of_variation() <= options_.precision;
}

void Tally::fill(AdequacyResult& result) const {
  const double period_h = model_.time.duration_h(), step_h = model_.time.step_h();
  const auto n = static_cast<double>(samples_);
  result.samples = samples_;
  result.coefficient_of_variation = coefficient_of_variation();
  result.precision_reached = options_.precision <= 0.0 || precise();
  const auto profile = [&](std::size_t region) {
    Profile out;
    for (std::size_t k = 0; k < model_.steps(); ++k) {
      out.lolp.push_back(hours_[region][k] / (n * step_h));
      out.unserved_mw.push_back(energy_mwh_[region][k] / (n * step_h));
    }
    return out;
  };
  for (std::size_t a = 0; a < model_.areas.size(); ++a) {
    result.area.push_back(sum_.regions[a].indices(samples_, period_h, options_.confidence));
    result.area_profile.push_back(profile(a));
  }
  result.system = sum_.regions.back().indices(samples_, period_h, options_.confidence);
  result.system_profile = profile(model_.areas.size());
  result.periods = sum_.periods;
  result.worst = sum_.worst;
  const double mean = sum_.regions.back().mean_eens(samples_),
               variance = sum_.regions.back().variance_of_eens(samples_);
  if (variance > 0.0 && sum_.plain_square > 0.0)
    result.variance_reduction = (sum_.plain_square / n - mean * mean) / variance;
}

void sample_in_rounds(std::int64_t most, std::int64_t block, const Execution& execution, Tally& tally,
                      const std::function<void(std::int64_t, std::int64_t, int, BlockTally&)>& body) {
  constexpr std::int64_t k_least_blocks = 16, k_most_blocks = 256;
  for (std::int64_t done = 0; done < most;) {
    // Rounds grow with what is done, so that looking whether to stop costs little and overshoots little.
    const std::int64_t round = std::clamp(done / block / 4, k_least_blocks, k_most_blocks);
    const std::int64_t left = (most - done + block - 1) / block;
    const auto blocks = static_cast<std::size_t>(std::min(round, left));
    std::vector<BlockTally> tallies(blocks);
    const auto end_of = [&](std::size_t b) { return std::min(most, done + static_cast<std::int64_t>(b + 1) * block); };
    parallel_for(blocks, execution.threads, 1, [&](std::size_t b, int worker) {
      body(done + static_cast<std::int64_t>(b) * block, end_of(b), worker, tallies[b]);
    });
    for (std::size_t b = 0; b < blocks; ++b)
      tally.add(std::move(tallies[b]), end_of(b) - (done + static_cast<std::int64_t>(b) * block));
    done = end_of(blocks - 1);
    if (execution.report) execution.report(done, tally.coefficient_of_variation());
    if (tally.precise() || (execution.stop_requested && execution.stop_requested())) return;
  }
}

}  // namespace gridplus::adequacy
