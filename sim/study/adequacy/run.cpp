// The choice of the method, and what speaks against it.
#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.hpp"
#include "sim/study/adequacy/methods.hpp"

namespace gridplus::adequacy {

namespace {

[[noreturn]] void refuse(std::string problem, std::string allowed, std::string hint) {
  throw InputError(Diagnostic{{}, "study.adequacy.method", std::move(problem), std::move(allowed), std::move(hint)});
}

/// The first part that fails but has no times, or the number of parts.
std::size_t part_without_times(const AdequacyModel& model) {
  std::size_t c = 0;
  while (c < model.component_count() && (!model.outage_of(c).fails() || model.outage_of(c).has_times())) ++c;
  return c;
}

Method choose(const AdequacyModel& model, const Options& options) {
  if (options.method != Method::automatic) return options.method;
  if (options.rare_events != RareEvents::none) return Method::state_sampling;
  if (model.areas.size() == 1 && model.storage.empty()) return Method::analytic;
  return model.storage.empty() && part_without_times(model) < model.component_count() ? Method::state_sampling
                                                                                      : Method::sequential;
}

void check(const AdequacyModel& model, const Options& options, Method method) {
  if (method == Method::analytic && model.areas.size() > 1)
    refuse(fmt::format("convolution knows one area, the system has {}", model.areas.size()),
           "analytic for one area; state_sampling or sequential for several", "--copper-plate makes it one area");
  if (method != Method::sequential && !model.storage.empty())
    refuse(fmt::format("{} sees no course of time, and storage '{}' needs it",
                       k_method_names[static_cast<std::size_t>(method)], model.storage[0].name),
           "sequential where there is storage", "--ignore-storage leaves storage out");
  const std::size_t c = part_without_times(model);
  if (method == Method::sequential && c < model.component_count())
    refuse(fmt::format("'{}' has a forced outage rate but no mean time to repair, which sequential needs",
                       model.name_of(c)),
           "mttf and mttr, or forced_outage_rate and mttr", "state_sampling needs the rate alone");
  if (method != Method::state_sampling && options.rare_events != RareEvents::none)
    refuse("rare events are sought by drawing states", "cross_entropy with state_sampling", "--method state_sampling");
  if (method != Method::sequential && options.durations != Durations::exponential)
    refuse("durations are drawn by the sequential method alone", "durations: steps with sequential",
           "--method sequential");
}

}  // namespace

AdequacyResult run(const AdequacyModel& model, const Options& options, const Execution& execution) {
  const Method method = choose(model, options);
  check(model, options, method);
  AdequacyResult result = method == Method::analytic         ? analytic(model, options, execution)
                          : method == Method::state_sampling ? state_sampling(model, options, execution)
                                                             : sequential(model, options, execution);
  double demand_mwh = 0.0;
  for (const Area& area : model.areas)
    for (const Watts watts : area.demand) demand_mwh += to_mw(watts) * model.time.step_h();
  result.demand_mwh = demand_mwh;
  return result;
}

SampleRecord replay(const AdequacyModel& model, const Options& options, const Execution& execution,
                    std::int64_t sample) {
  const Method method = choose(model, options);
  check(model, options, method);
  if (method == Method::analytic)
    refuse("convolution takes no samples, so there is none to replay", "state_sampling or sequential",
           "--method sequential");
  return method == Method::sequential ? sequential_sample(model, options, sample)
                                      : sampled_state(model, options, execution, sample);
}

}  // namespace gridplus::adequacy
