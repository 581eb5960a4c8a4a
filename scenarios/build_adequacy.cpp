#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "scenarios/build_parts.hpp"
#include "scenarios/decode_parts.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

void check_adequacy(const Spec& spec, const Model& model, Diagnostics& problems) {
  const auto& limits = spec.adequacy.transfer_limits;
  if (limits.empty()) return;
  const std::vector<std::string> areas = adequacy::area_names(model);
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const auto check = [&](const std::string& name, const char* key) {
      if (name.empty() || std::find(areas.begin(), areas.end(), name) != areas.end()) return;
      problems.add({limits[i].node->find(key)->where(), fmt::format("study.adequacy.transfer_limits[{}].{}", i, key),
                    fmt::format("no bus lies in an area '{}'", name), fmt::format("{}", fmt::join(areas, ", ")),
                    did_you_mean(name, areas)});
    };
    check(limits[i].from, "from");
    check(limits[i].to, "to");
    if (!limits[i].from.empty() && limits[i].from == limits[i].to)
      problems.add({limits[i].node->where(),
                    fmt::format("study.adequacy.transfer_limits[{}]", i),
                    "the limit leads from an area to itself",
                    "two different areas",
                    {}});
  }
}

adequacy::Options adequacy_options(const AdequacySpec& spec) {
  const AdequacySection& values = spec.values;
  adequacy::Options options;
  options.method = values.method;
  options.samples = values.samples;
  options.precision = values.precision;
  options.precision_of = values.precision_of;
  options.confidence = values.confidence;
  options.durations = values.durations;
  options.sharing = values.sharing;
  options.rare_events = values.rare_events;
  options.load_uncertainty = values.load_uncertainty;
  options.worst = values.worst;
  if (!std::isnan(values.increment_mw))
    options.increment = std::max<adequacy::Watts>(1, adequacy::to_watts(values.increment_mw));
  return options;
}

adequacy::ReductionOptions reduction_options(const AdequacySpec& spec) {
  adequacy::ReductionOptions options;
  options.copper_plate = spec.values.copper_plate;
  options.ignore_storage = spec.values.ignore_storage;
  for (const TransferEntry& entry : spec.transfer_limits) {
    const TransferSection& values = entry.values;
    options.transfer_limits.push_back({entry.from, entry.to, values.limit_mw,
                                       std::isnan(values.reverse_limit_mw) ? values.limit_mw : values.reverse_limit_mw,
                                       to_forced_outage(values.mttf_h, values.mttr_h, values.forced_outage_rate)});
  }
  return options;
}

}  // namespace gridplus::scenario
