// What every device model promises, checked by the tests of each.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/device/bank.hpp"

namespace gridplus::test {

constexpr double k_energy_tolerance_mwh = 1e-9;

/// A step of `step_h` hours; `step` may be raised by the caller. The profiles, if any, must outlive it.
inline StepContext context_of(double step_h = 1.0, const ProfileTable* profiles = nullptr) {
  StepContext context;
  context.step_h = step_h;
  context.profiles = profiles;
  return context;
}

/// Runs prepare() and expects no issue.
template <class M>
typename M::Params prepared(typename M::Params params) {
  ParamIssues issues;
  M::prepare(params, issues);
  EXPECT_TRUE(issues.empty()) << (issues.empty() ? "" : issues.front().problem);
  return params;
}

/// The key of the field that prepare() blames, or empty.
template <class M>
std::string blamed(typename M::Params params) {
  ParamIssues issues;
  M::prepare(params, issues);
  for (const ParamIssue& issue : issues) {
    EXPECT_FALSE(issue.problem.empty());
    EXPECT_FALSE(issue.allowed.empty());
  }
  return issues.empty() ? std::string() : std::string(issues.front().key);
}

/// A number in [low, high], at a thousandth of the range.
inline double number(double low, double high) {
  return low + (high - low) * 1e-3 * *rc::gen::inRange(0, 1001);
}

/// A step length that people use.
inline double step_length_h() {
  return *rc::gen::element(1.0 / 60.0, 0.25, 1.0, 3.0, 24.0);
}

/// A command, often far outside of what is possible.
inline double wild_power_mw(double scale_mw) {
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return 0.0;
    case 1:
      return 1e12;
    case 2:
      return -1e12;
    case 3:
      return -number(0.0, scale_mw);
    default:
      return number(0.0, 1.5 * scale_mw);
  }
}

/// What the segments of an offer charge for going from `from_mw` to `to_mw`, per hour.
inline double integral_of_segments(const ProducerOffer& offer, double from_mw, double to_mw) {
  double sum = 0.0, begin = from_mw;
  for (const CostSegment& segment : offer.cost()) {
    const double end = std::min(segment.to_mw, to_mw);
    if (end > begin) sum += (end - begin) * segment.marginal_per_mwh, begin = end;
  }
  return sum;
}

/// Prices do not fall with output, and the segments reach what may be dispatched.
inline void expect_ascending_segments(const ProducerOffer& offer) {
  RC_ASSERT(offer.segment_count >= 1u);
  for (std::size_t i = 1; i < offer.segment_count; ++i) {
    RC_ASSERT(offer.segments[i].to_mw > offer.segments[i - 1].to_mw);
    RC_ASSERT(offer.segments[i].marginal_per_mwh >= offer.segments[i - 1].marginal_per_mwh);
  }
  RC_ASSERT(offer.segments[offer.segment_count - 1].to_mw >= offer.max_mw - 1e-9);
}

/// A producer does exactly what it offered when that is commanded, and never anything else when more is asked.
/// Steps the state by the wild command. Returns the response.
template <ProducerModel M>
ProducerResponse expect_delivers(const typename M::Params& params, typename M::State& state,
                                 const ProducerCommand& wild, const StepContext& context) {
  const ProducerOffer offer = M::offer(params, state, context);
  RC_ASSERT(offer.min_mw <= offer.max_mw);
  RC_ASSERT(offer.max_mw <= std::max(offer.available_mw, 0.0) + 1e-12);
  RC_ASSERT(!(offer.online && offer.may_start));
  expect_ascending_segments(offer);

  if (offer.online || offer.may_start) {
    const double inside_mw = offer.min_mw + (offer.max_mw - offer.min_mw) * number(0.0, 1.0);
    const double asked_mw = std::clamp(inside_mw, offer.min_mw, offer.max_mw);
    typename M::State trial = state;
    const ProducerResponse exact = M::step(params, trial, {true, asked_mw}, context);
    RC_ASSERT(exact.online);
    RC_ASSERT(exact.p_mw == asked_mw);
    RC_ASSERT(exact.start_cost == (exact.started ? offer.start_cost : 0.0));
  }
  if (offer.may_stop) {
    typename M::State trial = state;
    RC_ASSERT(!M::step(params, trial, {false, 0.0}, context).online);
  }

  const ProducerResponse response = M::step(params, state, wild, context);
  if (response.online) {
    RC_ASSERT(response.p_mw >= offer.min_mw);
    RC_ASSERT(response.p_mw <= offer.max_mw);
    RC_ASSERT(response.balancing_up_mw >= 0.0);
    RC_ASSERT(response.balancing_down_mw >= 0.0);
    RC_ASSERT(offer.online || offer.may_start);
  } else {
    RC_ASSERT(response.p_mw == 0.0);
    RC_ASSERT(!offer.online || offer.may_stop);
  }
  RC_ASSERT(response.available_mw == offer.available_mw);
  return response;
}

/// The segments of the offer integrate to differences of cost(), and cost() is convex.
template <ProducerModel M>
void expect_cost_matches_segments(const typename M::Params& params, const typename M::State& state, double from_mw,
                                  double to_mw, const StepContext& context) {
  const ProducerOffer offer = M::offer(params, state, context);
  const double low = std::min(from_mw, to_mw), high = std::max(from_mw, to_mw), middle = 0.5 * (low + high);
  const double cost_low = M::cost(params, low, context).cost_per_h;
  const double cost_high = M::cost(params, high, context).cost_per_h;
  const double cost_middle = M::cost(params, middle, context).cost_per_h;
  const double scale = 1.0 + std::abs(cost_low) + std::abs(cost_high);
  RC_ASSERT(std::abs(integral_of_segments(offer, low, high) - (cost_high - cost_low)) <= 1e-9 * scale);
  RC_ASSERT(cost_middle <= 0.5 * (cost_low + cost_high) + 1e-9 * scale);
}

/// A store does exactly what it offered, keeps its energy within bounds, and loses nothing unaccounted.
/// `keeps`: share of the energy that standing leaves.
template <StorageModel M>
StorageResponse expect_stores(const typename M::Params& params, typename M::State& state, double wild_mw,
                              const StepContext& context, double keeps) {
  const StorageOffer offer = M::offer(params, state, context);
  RC_ASSERT(offer.max_charge_mw >= 0.0);
  RC_ASSERT(offer.max_discharge_mw >= 0.0);
  RC_ASSERT(offer.energy_mwh <= offer.energy_max_mwh + k_energy_tolerance_mwh);
  const auto between = [](double low, double high) { return std::min(low + (high - low) * number(0.0, 1.0), high); };
  for (const double asked_mw :
       {between(offer.min_discharge_mw, offer.max_discharge_mw), -between(offer.min_charge_mw, offer.max_charge_mw)}) {
    typename M::State trial = state;
    RC_ASSERT(M::step(params, trial, {asked_mw}, context).p_mw == asked_mw);
  }

  const StorageResponse response = M::step(params, state, {wild_mw}, context);
  RC_ASSERT(response.p_mw <= offer.max_discharge_mw);
  RC_ASSERT(response.p_mw >= -offer.max_charge_mw);
  RC_ASSERT(response.p_mw * wild_mw >= 0.0);
  RC_ASSERT(response.energy_mwh >= std::min(offer.energy_min_mwh, keeps * offer.energy_mwh) - k_energy_tolerance_mwh);
  RC_ASSERT(response.energy_mwh <= offer.energy_max_mwh + k_energy_tolerance_mwh);
  RC_ASSERT(response.losses_mwh >= -k_energy_tolerance_mwh);
  const double drawn_mwh = -response.p_mw * context.step_h;
  RC_ASSERT(std::abs(offer.energy_mwh + drawn_mwh - response.losses_mwh - response.energy_mwh) <=
            k_energy_tolerance_mwh);
  return response;
}

}  // namespace gridplus::test
