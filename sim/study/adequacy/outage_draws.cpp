#include "sim/study/adequacy/outage_draws.hpp"

#include <algorithm>
#include <cmath>

#include "sim/core/error.hpp"
#include "sim/study/adequacy/number_stream.hpp"

namespace gridplus::adequacy {

namespace {

constexpr std::uint32_t k_load_entity = 0xffffffffu;  // no part has this number

}  // namespace

double draw_load_level(std::uint64_t seed, std::int64_t sample) {
  return uniform(outage_key(seed, sample, k_load_entity));
}

OutageDraws::OutageDraws(const AdequacyModel& model, Durations durations)
    : seed_(model.seed),
      period_h_(model.time.duration_h()),
      step_h_(model.time.step_h()),
      in_steps_(durations == Durations::steps) {
  for (std::size_t c = 0; c < model.component_count(); ++c) {
    const ForcedOutage& outage = model.outage_of(c);
    if (!outage.fails()) continue;
    ensure(outage.has_times(), "a sequential study needs mean times of failure and repair");
    Part part{static_cast<std::uint32_t>(c), outage.unavailability, outage.mttf_h, outage.mttr_h};
    if (in_steps_) {
      const double change = -std::expm1(-(1.0 / outage.mttf_h + 1.0 / outage.mttr_h) * step_h_);
      part.up_h = -1.0 / std::log1p(-outage.unavailability * change);
      part.down_h = -1.0 / std::log1p(-(1.0 - outage.unavailability) * change);
    }
    parts_.push_back(part);
  }
}

double OutageDraws::duration_h(double mean, double u) const {
  const double time = -mean * std::log(u);
  return in_steps_ ? step_h_ * (std::floor(time) + 1.0) : time;
}

void OutageDraws::draw(std::int64_t sample, std::vector<Outage>& out) const {
  out.clear();
  for (const Part& part : parts_) draw_part(part, sample, out);
}

void OutageDraws::draw_part(const Part& part, std::int64_t sample, std::vector<Outage>& out) const {
  NumberStream numbers(outage_key(seed_, sample, part.component));
  bool down = numbers.next() < part.unavailability;
  for (double t = 0.0; t < period_h_; down = !down) {
    const double end = t + duration_h(down ? part.down_h : part.up_h, numbers.next());
    if (down) out.push_back({part.component, t, std::min(end, period_h_)});
    t = end;
  }
}

}  // namespace gridplus::adequacy
