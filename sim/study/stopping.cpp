#include "sim/study/stopping.hpp"

#include <bit>
#include <cmath>

namespace gridplus::study {

LocalStopBoard::LocalStopBoard(std::int64_t members) : values_(static_cast<std::size_t>(members)) {
  for (auto& value : values_) value.store(k_unknown, std::memory_order_relaxed);
}

std::uint64_t LocalStopBoard::to_bits(double value) {
  return std::bit_cast<std::uint64_t>(std::isnan(value) ? k_not_known : value);
}

bool LocalStopBoard::from_bits(std::uint64_t bits, double& value) {
  if (bits == k_unknown) return false;
  value = std::bit_cast<double>(bits);
  return true;
}

void LocalStopBoard::publish(std::int64_t member, double value) {
  values_[static_cast<std::size_t>(member)].store(to_bits(value), std::memory_order_release);
}

bool LocalStopBoard::find(std::int64_t member, double& value) {
  return from_bits(values_[static_cast<std::size_t>(member)].load(std::memory_order_acquire), value);
}

StoppingTracker::StoppingTracker(const Design& design, StopBoard& board)
    : design_(design), board_(board), points_(static_cast<std::size_t>(design.stop ? design.points() : 0)) {}

bool StoppingTracker::precise(const Estimate& estimate) const {
  const double half = 0.5 * (estimate.ci_high - estimate.ci_low);
  const double wanted = design_.stop->half_width * (design_.stop->relative ? std::abs(estimate.mean) : 1.0);
  return half <= wanted;  // false where it is not known
}

void StoppingTracker::follow(Point& state, std::int64_t point) {
  const StoppingRule& rule = *design_.stop;
  double value = 0.0;
  while (state.end == 0 && state.known < design_.replicates &&
         board_.find(design_.member({point, static_cast<std::uint32_t>(state.known)}), value)) {
    if (!std::isnan(value)) state.mean.add(value);
    ++state.known;
    const bool decides = state.known >= rule.minimum && (state.known - rule.minimum) % rule.every == 0;
    if (decides && precise(state.mean.estimate(design_.confidence))) state.end = state.known;
  }
}

std::int64_t StoppingTracker::replicates(std::int64_t point) {
  if (!design_.stop) return design_.replicates;
  const std::scoped_lock lock(guard_);
  Point& state = points_[static_cast<std::size_t>(point)];
  follow(state, point);
  return state.end > 0 ? state.end : design_.replicates;
}

bool StoppingTracker::needed(std::int64_t member) {
  if (!design_.stop) return true;
  const MemberKey key = design_.key(member);
  return key.replicate < replicates(key.point);
}

}  // namespace gridplus::study
