// The methods of an adequacy study. Each gives the same result for any number of threads.
#pragma once

#include <functional>

#include "sim/study/adequacy/options.hpp"

namespace gridplus::adequacy {

/// Told now and then how many samples are done and how precise the result is (coefficient of variation).
using ProgressReport = std::function<void(std::int64_t samples, double coefficient_of_variation)>;

struct Execution {
  int threads = 1;
  ProgressReport report;                 ///< may be empty
  std::function<bool()> stop_requested;  ///< may be empty; asked between rounds
};

/// Convolution. One area; storage is not seen. Exact where capacities are multiples of the table's increment; lolf is
/// exact where they do not vary with time.
[[nodiscard]] AdequacyResult analytic(const AdequacyModel& model, const Options& options, const Execution& execution);

/// Independent states of the parts at steps drawn at random. Storage is not seen. lolf is found from each state that
/// falls short by the balance of frequencies (Melo, Pereira, Leite da Silva, IEEE Trans. Power Systems 7 (1992) 1539).
[[nodiscard]] AdequacyResult state_sampling(const AdequacyModel& model, const Options& options,
                                            const Execution& execution);

/// Independent periods, each walked through in time, storage included.
[[nodiscard]] AdequacyResult sequential(const AdequacyModel& model, const Options& options, const Execution& execution);

/// One sample of either kind of Monte Carlo in full, as a study with the same options takes it.
[[nodiscard]] SampleRecord sequential_sample(const AdequacyModel& model, const Options& options, std::int64_t sample);
[[nodiscard]] SampleRecord sampled_state(const AdequacyModel& model, const Options& options, const Execution& execution,
                                         std::int64_t sample);

/// Chooses the method, checks that it fits the model and runs it. Throws InputError that says what does not fit.
[[nodiscard]] AdequacyResult run(const AdequacyModel& model, const Options& options, const Execution& execution);

/// The sample of that number of run(). Throws InputError where the method takes no samples.
[[nodiscard]] SampleRecord replay(const AdequacyModel& model, const Options& options, const Execution& execution,
                                  std::int64_t sample);

}  // namespace gridplus::adequacy
