#include <algorithm>
#include <cmath>

#include "sim/study/adequacy/methods.hpp"
#include "sim/study/adequacy/tally.hpp"

namespace gridplus::adequacy {

namespace {

constexpr std::int64_t k_default_periods = 10'000;
constexpr std::int64_t k_block = 8;
/// Totals of so many periods are kept one by one (32 bytes each).
constexpr std::int64_t k_most_kept = 2'000'000;

Score score_of(const PeriodTotals& totals) {
  return {totals.lole_h, totals.lole_days, totals.eens_mwh, totals.events};
}

/// But for the outages.
SampleRecord record_of(const PeriodOutcome& outcome, std::int64_t sample) {
  SampleRecord record;
  record.sample = sample;
  record.eens_mwh = outcome.system.eens_mwh;
  record.lole_h = outcome.system.lole_h;
  record.load_factor = outcome.load_factor;
  if (!outcome.shortages.empty()) record.first_step = outcome.shortages.front().step;
  return record;
}

void add(const PeriodOutcome& outcome, std::int64_t sample, const Options& options, BlockTally& out) {
  if (sample < k_most_kept) out.periods.push_back(outcome.system);
  if (outcome.shortages.empty()) return;
  for (std::size_t a = 0; a < outcome.areas.size(); ++a)
    if (outcome.areas[a].lole_h > 0.0) out.regions[a].add(score_of(outcome.areas[a]));
  out.regions.back().add(score_of(outcome.system));
  out.shortages.insert(out.shortages.end(), outcome.shortages.begin(), outcome.shortages.end());
  out.consider(record_of(outcome, sample), options.worst);
}

}  // namespace

AdequacyResult sequential(const AdequacyModel& model, const Options& options, const Execution& execution) {
  const LoadLevels levels(model, options.load_uncertainty);
  const OutageDraws draws(model, options.durations);
  std::vector<PeriodWalk> walks;
  for (int i = 0; i < std::max(execution.threads, 1); ++i) walks.emplace_back(model, levels, draws, options.sharing);
  Tally tally(model, options);
  sample_in_rounds(options.samples > 0 ? options.samples : k_default_periods, k_block, execution, tally,
                   [&](std::int64_t first, std::int64_t last, int worker, BlockTally& out) {
                     out.regions.resize(model.areas.size() + 1);
                     for (std::int64_t sample = first; sample < last; ++sample)
                       add(walks[static_cast<std::size_t>(worker)].walk(sample), sample, options, out);
                   });
  AdequacyResult result;
  result.method = Method::sequential;
  tally.fill(result);
  for (SampleRecord& worst : result.worst) draws.draw(worst.sample, worst.outages);
  return result;
}

SampleRecord sequential_sample(const AdequacyModel& model, const Options& options, std::int64_t sample) {
  const LoadLevels levels(model, options.load_uncertainty);
  const OutageDraws draws(model, options.durations);
  PeriodWalk walk(model, levels, draws, options.sharing);
  const PeriodOutcome& outcome = walk.walk(sample);
  SampleRecord record = record_of(outcome, sample);
  record.outages = outcome.outages;
  return record;
}

}  // namespace gridplus::adequacy
