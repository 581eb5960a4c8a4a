// The block `study.adequacy`, and the forced outage data that devices and transfer limits share.
#include <fmt/format.h>

#include <cmath>

#include "scenarios/decode_parts.hpp"

namespace gridplus::scenario {

namespace {

void decode_transfer_limits(Context& context, const Node& block, const Path& path, AdequacySpec& out) {
  for_each_entry(context, block, "transfer_limits", path, [&](const Node& entry, const Path& place) {
    TransferEntry limit;
    limit.from = entry_text(context, entry, "from", true, place);
    limit.to = entry_text(context, entry, "to", true, place);
    limit.node = &entry;
    const std::size_t problems_before = context.problems.size();
    decode_section(context, section_fields<TransferSection>(), &limit.values, entry, place, {"from", "to"});
    if (context.problems.size() == problems_before)
      check_forced_outage(context, entry, place, limit.values.mttf_h, limit.values.mttr_h,
                          limit.values.forced_outage_rate);
    out.transfer_limits.push_back(std::move(limit));
  });
}

}  // namespace

void check_forced_outage(Context& context, const Node& entry, const Path& path, double mttf_h, double mttr_h,
                         double rate) {
  const bool has_mttf = !std::isnan(mttf_h), has_mttr = !std::isnan(mttr_h), has_rate = !std::isnan(rate);
  constexpr const char* k_allowed = "mttf and mttr, or one of them and forced_outage_rate, or forced_outage_rate alone";
  if (!has_rate && has_mttf != has_mttr) {
    const char* const given = has_mttf ? "mttf" : "mttr";
    context.fail(entry.find(given)->where(), Path(path, given),
                 fmt::format("'{}' alone does not say how often the part is down", given), k_allowed);
  }
  constexpr double k_tolerance = 0.01;
  if (has_rate && has_mttf && has_mttr) {
    const double from_times = mttr_h / (mttf_h + mttr_h);
    if (std::abs(rate - from_times) > k_tolerance * from_times)
      context.fail(entry.find("forced_outage_rate")->where(), Path(path, "forced_outage_rate"),
                   fmt::format("{:.4g} is given, and mttr / (mttf + mttr) is {:.4g}", rate, from_times), k_allowed);
  }
  if (has_rate && rate == 0.0 && has_mttf != has_mttr)
    context.fail(entry.find("forced_outage_rate")->where(), Path(path, "forced_outage_rate"),
                 "a part that never fails has no mean time of it", "forced_outage_rate: 0 alone");
}

ForcedOutage to_forced_outage(double mttf_h, double mttr_h, double rate) {
  if (!std::isnan(mttf_h) && !std::isnan(mttr_h)) return ForcedOutage::from_times(mttf_h, mttr_h);
  if (std::isnan(rate) || rate <= 0.0) return {};
  if (!std::isnan(mttr_h)) return {rate, mttr_h * (1.0 - rate) / rate, mttr_h};
  if (!std::isnan(mttf_h)) return {rate, mttf_h, mttf_h * rate / (1.0 - rate)};
  ForcedOutage outage;
  outage.unavailability = rate;
  return outage;
}

void decode_adequacy(Context& context, const Node& root, Spec& spec) {
  const Path top, study_path(top, "study");
  const Node* const study = root.find("study");
  if (study == nullptr || !study->is_map()) return;  // decode_study says so
  const Node* const block = find_map(context, *study, "adequacy", study_path);
  if (block == nullptr) return;
  const Path path(study_path, "adequacy");
  decode_section(context, section_fields<AdequacySection>(), &spec.adequacy.values, *block, path, {"transfer_limits"});
  decode_transfer_limits(context, *block, path, spec.adequacy);
}

}  // namespace gridplus::scenario
